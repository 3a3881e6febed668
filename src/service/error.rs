//! Why a call failed, shaped by what the caller can do about it.

use std::sync::Arc;
use std::time::Duration;

use crate::event::{EventId, Invalid};
use crate::store;

use super::RETRY_AFTER;

/// Why a call failed. The texts are for the caller: what the server alone should know is in the source.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Send something else: these fields are wrong.
    #[error("{}", says(.0))]
    Invalid(Vec<Invalid>),
    /// Ask for something else: these fields of the request are wrong.
    #[error("{}", says_of_request(.0))]
    InvalidRequest(Vec<Invalid>),
    /// Take another id: this one belongs to an event with other contents.
    #[error(
        "the event id {:?} belongs to another event, with other contents; take an id that cannot clash",
        .0.as_str()
    )]
    IdReused(EventId),
    /// Send it again after a while: too much is waiting.
    #[error("too many events are waiting; send this one again in {} ms", retry_after.as_millis())]
    Overloaded {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Send it again after a while: the disk is full or failing. Reading goes on.
    #[error("events cannot be kept now: the disk is full or failing; reading goes on")]
    ReadOnly {
        /// How long to wait.
        retry_after: Duration,
        /// Why, for the log only.
        source: Arc<store::Error>,
    },
    /// Send it to the next server: this one is going down.
    #[error("the server is going down; send it again")]
    ShuttingDown,
    /// The cursor cannot be read.
    #[error("the cursor cannot be read; take one that this server gave")]
    CursorInvalid,
    /// The cursor comes from another store, or from a future that this one has not had.
    #[error("the cursor belongs to another store; begin again from {oldest:?}")]
    CursorForeign {
        /// A cursor to begin with.
        oldest: String,
    },
    /// What comes after the cursor is no longer kept.
    #[error("what came after the cursor is no longer kept; begin again from {oldest:?}")]
    CursorExpired {
        /// The oldest cursor that works.
        oldest: String,
    },
    /// It cannot be done as it was asked for: ask for something else.
    #[error("{0}")]
    Refused(String),
    /// A fault of the server's own.
    #[error("a fault of the server's own; its log has the details")]
    Internal(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl Error {
    pub(super) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
        Error::Internal(Arc::new(error))
    }

    /// What a store's error means to a caller.
    pub(super) fn from_store(error: store::Error) -> Error {
        match error {
            store::Error::ReadOnly { .. } => {
                Error::ReadOnly { retry_after: RETRY_AFTER, source: Arc::new(error) }
            }
            store::Error::Refused { problem } => Error::Refused(problem),
            store::Error::Expired { .. }
            | store::Error::Damaged { .. }
            | store::Error::InUse { .. }
            | store::Error::Newer { .. }
            | store::Error::Io { .. } => Error::internal(error),
        }
    }
}

/// The thread that decides and keeps is no more.
#[derive(Debug, thiserror::Error)]
#[error("the writer died; restart the server")]
pub(super) struct WriterDied;

/// There is a mistake in the engine.
#[derive(Debug, thiserror::Error)]
#[error("deciding the event panicked; nothing of it is kept")]
pub(super) struct DecidingPanicked;

fn says_of_request(wrong: &[Invalid]) -> String {
    wrong
        .iter()
        .map(|invalid| format!("{} {}", invalid.field, invalid.problem))
        .collect::<Vec<_>>()
        .join("; ")
}

fn says(wrong: &[Invalid]) -> String {
    let each = wrong.iter().map(|invalid| format!("event.{} {}", invalid.field, invalid.problem));
    each.collect::<Vec<_>>().join("; ")
}
