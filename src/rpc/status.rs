//! What callers are told when something cannot be done: one mapping, for calls and for the events of
//! a stream alike.
//!
//! A [`Refusal`] becomes the status of a call, with google.rpc details, or the [`EventError`] of one event;
//! both say the same. It holds public text only: what the caller cannot act on stays in the log.

use std::collections::HashMap;
use std::time::Duration;

use smol_str::SmolStr;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::proto::{ErrorReason, EventError};
use crate::access::{Refused, Why};
use crate::service::Error;

/// The domain of every `ErrorInfo`.
pub(super) const DOMAIN: &str = "laurels";

/// Longest text about one field, and longest value of metadata, in bytes. A longer one is cut. A status
/// travels in HTTP headers, of which common clients take 8 KiB.
const PROBLEM_MAX_BYTES: usize = 300;
/// Longest message, in bytes. A longer one is cut.
const MESSAGE_MAX_BYTES: usize = 600;

/// Why a call, or one event of a stream, is not served.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    /// The stable name of what went wrong.
    pub(super) reason: ErrorReason,
    message: String,
    /// Paths of the fields at fault, with what is wrong and what to send instead.
    fields: Vec<(String, String)>,
    retry_after: Option<Duration>,
    /// What a program may want to read.
    metadata: Vec<(&'static str, String)>,
}

impl Refusal {
    /// A refusal that concerns no single field.
    pub(super) fn new(reason: ErrorReason, message: impl Into<String>) -> Refusal {
        Refusal {
            reason,
            message: cut(message.into(), MESSAGE_MAX_BYTES),
            fields: Vec::new(),
            retry_after: None,
            metadata: Vec::new(),
        }
    }

    /// One field is wrong. The problem goes on from the field's name; an empty path is the message itself.
    pub(super) fn field(path: impl Into<String>, problem: impl Into<String>) -> Refusal {
        Refusal::fields(ErrorReason::InvalidField, vec![(path.into(), problem.into())])
    }

    /// Adds something that a program may want to read.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Refusal {
        self.metadata.push((name, cut(value.into(), PROBLEM_MAX_BYTES)));
        self
    }

    fn fields(reason: ErrorReason, fields: Vec<(String, String)>) -> Refusal {
        let say = |(path, problem): &(String, String)| match path.is_empty() {
            true => format!("the message {problem}"),
            false => format!("{path} {problem}"),
        };
        let message = fields.iter().map(say).collect::<Vec<_>>().join("; ");
        let cut = |(path, problem)| (path, cut(problem, PROBLEM_MAX_BYTES));
        Refusal { fields: fields.into_iter().map(cut).collect(), ..Refusal::new(reason, message) }
    }

    /// Names what is at fault, beside a message that stands for itself.
    #[must_use]
    pub(super) fn about(mut self, fields: Vec<(String, String)>) -> Refusal {
        let cut = |(path, problem)| (path, cut(problem, PROBLEM_MAX_BYTES));
        self.fields = fields.into_iter().map(cut).collect();
        self
    }

    /// The same of a request that has itself what is otherwise in its event.
    #[must_use]
    pub(super) fn without_event(mut self) -> Refusal {
        for (path, _) in &mut self.fields {
            if let Some(own) = path.strip_prefix("event.") {
                *path = own.to_owned();
            }
        }
        self
    }

    #[must_use]
    fn after(mut self, retry_after: Duration) -> Refusal {
        self.retry_after = Some(retry_after);
        self
    }
}

impl From<Error> for Refusal {
    /// Also writes to the log what is the server's own fault: each error passes here once.
    fn from(error: Error) -> Refusal {
        let message = error.to_string();
        let plain = |reason| Refusal::new(reason, message.clone());
        match error {
            Error::Invalid(wrong) => {
                let reason = match wrong.iter().all(|invalid| invalid.in_future) {
                    true => ErrorReason::EventTimeInFuture,
                    false => ErrorReason::InvalidField,
                };
                let path = |field: SmolStr| format!("event.{field}");
                Refusal::fields(reason, wrong.into_iter().map(|one| (path(one.field), one.problem)).collect())
            }
            Error::InvalidRequest(wrong) => {
                let reason = match wrong.iter().all(|invalid| invalid.in_future) {
                    true => ErrorReason::EventTimeInFuture,
                    false => ErrorReason::InvalidField,
                };
                let told = wrong.into_iter().map(|one| (one.field.to_string(), one.problem));
                Refusal::fields(reason, told.collect())
            }
            Error::IdReused(id) => {
                let problem = "belongs to another event, with other contents; take an id that cannot clash";
                let refusal = plain(ErrorReason::EventIdReused).with("event_id", id.as_str());
                Refusal { fields: vec![("event.id".to_owned(), problem.to_owned())], ..refusal }
            }
            Error::Overloaded { retry_after } => plain(ErrorReason::Overloaded).after(retry_after),
            Error::ReadOnly { retry_after, source } => {
                // Not louder: a line for each event of a stream would fill the disk that is full.
                tracing::debug!(cause = %causes(&source), "an event was refused: the store only reads");
                plain(ErrorReason::StoreReadOnly).after(retry_after)
            }
            Error::ShuttingDown => plain(ErrorReason::ShuttingDown),
            Error::CursorInvalid => plain(ErrorReason::CursorInvalid),
            Error::CursorForeign { oldest } => plain(ErrorReason::CursorForeign).with("oldest", oldest),
            Error::CursorExpired { oldest } => plain(ErrorReason::CursorExpired).with("oldest", oldest),
            Error::Refused(problem) => {
                let problem = cut(problem, PROBLEM_MAX_BYTES);
                Refusal { fields: vec![("until".to_owned(), problem)], ..plain(ErrorReason::InvalidField) }
            }
            Error::Internal(source) => {
                tracing::error!(cause = %causes(source.as_ref()), "a call failed");
                plain(ErrorReason::Internal)
            }
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Refusal {
        let Refused { why, message } = refused;
        match why {
            Why::Missing => Refusal::new(ErrorReason::CredentialsMissing, message),
            Why::Invalid => Refusal::new(ErrorReason::CredentialsInvalid, message),
            Why::Expired => Refusal::new(ErrorReason::CredentialsExpired, message),
            Why::Revoked => Refusal::new(ErrorReason::CredentialsRevoked, message),
            Why::Denied => Refusal::new(ErrorReason::PermissionDenied, message),
            Why::TooFast(wait) => Refusal::new(ErrorReason::RateLimited, message).after(wait),
        }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Status {
        let mut details = ErrorDetails::new();
        let metadata = refusal.metadata.into_iter().map(|(name, value)| (name.to_owned(), value));
        details.set_error_info(refusal.reason.as_str_name(), DOMAIN, metadata.collect::<HashMap<_, _>>());
        for (path, problem) in refusal.fields {
            details.add_bad_request_violation(path, problem);
        }
        if refusal.retry_after.is_some() {
            details.set_retry_info(refusal.retry_after);
        }
        Status::with_error_details(code(refusal.reason), refusal.message, details)
    }
}

impl From<Refusal> for EventError {
    fn from(refusal: Refusal) -> EventError {
        EventError {
            reason: refusal.reason.into(),
            field: refusal.fields.into_iter().next().map(|(path, _)| path).unwrap_or_default(),
            message: refusal.message,
            retry_delay: refusal.retry_after.and_then(|delay| delay.try_into().ok()),
        }
    }
}

/// The code that `errors.proto` states in brackets.
fn code(reason: ErrorReason) -> Code {
    match reason {
        ErrorReason::Unspecified => Code::Unknown,
        ErrorReason::InvalidField
        | ErrorReason::EventTimeInFuture
        | ErrorReason::CursorInvalid
        | ErrorReason::PageTokenInvalid => Code::InvalidArgument,
        ErrorReason::EventIdReused => Code::AlreadyExists,
        ErrorReason::MessageTooLarge | ErrorReason::Overloaded | ErrorReason::RateLimited => {
            Code::ResourceExhausted
        }
        ErrorReason::BadgeNotFound => Code::NotFound,
        ErrorReason::BadgesInvalid => Code::FailedPrecondition,
        ErrorReason::CursorForeign | ErrorReason::CursorExpired => Code::OutOfRange,
        ErrorReason::StoreReadOnly | ErrorReason::ShuttingDown => Code::Unavailable,
        ErrorReason::CredentialsMissing
        | ErrorReason::CredentialsInvalid
        | ErrorReason::CredentialsExpired
        | ErrorReason::CredentialsRevoked => Code::Unauthenticated,
        ErrorReason::PermissionDenied => Code::PermissionDenied,
        ErrorReason::Internal => Code::Internal,
    }
}

fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
    text
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::event::{EventId, Invalid};
    use crate::store;

    fn invalid(field: &'static str, in_future: bool) -> Invalid {
        Invalid { in_future, ..Invalid::new(field, "is wrong") }
    }

    #[test]
    fn a_call_and_an_event_of_a_stream_are_told_the_same() {
        let overloaded = Error::Overloaded { retry_after: Duration::from_millis(250) };
        for (error, reason, code, field) in [
            (
                Error::Invalid(vec![invalid("user", false), invalid("time", true)]),
                ErrorReason::InvalidField,
                Code::InvalidArgument,
                "event.user",
            ),
            (
                Error::Invalid(vec![invalid("time", true)]),
                ErrorReason::EventTimeInFuture,
                Code::InvalidArgument,
                "event.time",
            ),
            (
                Error::IdReused(EventId::default()),
                ErrorReason::EventIdReused,
                Code::AlreadyExists,
                "event.id",
            ),
            (overloaded, ErrorReason::Overloaded, Code::ResourceExhausted, ""),
            (Error::ShuttingDown, ErrorReason::ShuttingDown, Code::Unavailable, ""),
            (Error::CursorInvalid, ErrorReason::CursorInvalid, Code::InvalidArgument, ""),
            (Error::CursorExpired { oldest: "c".into() }, ErrorReason::CursorExpired, Code::OutOfRange, ""),
            (Error::Refused("not so far".into()), ErrorReason::InvalidField, Code::InvalidArgument, "until"),
        ] {
            let refusal = Refusal::from(error);
            let status = Status::from(refusal.clone());
            let details = status.get_error_details();
            let info = details.error_info().unwrap();
            assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason.as_str_name(), "laurels"));
            assert_eq!(status.code(), code);

            let error = EventError::from(refusal);
            assert_eq!((error.reason(), error.field.as_str()), (reason, field));
            assert_eq!(error.message, status.message());
            let violation = details.bad_request().map(|wrong| wrong.field_violations[0].field.as_str());
            assert_eq!(violation.unwrap_or_default(), field);
            let delay = details.retry_info().and_then(|retry| retry.retry_delay);
            assert_eq!(error.retry_delay, delay.map(|delay| delay.try_into().unwrap()));
        }
    }

    #[test]
    fn what_the_caller_cannot_act_on_stays_in_the_log() {
        let secret = "secret/path/journal: checksum";
        let damaged = store::Error::Damaged { place: secret.into(), problem: secret.into() };
        let read_only = Error::ReadOnly {
            retry_after: Duration::from_secs(5),
            source: Arc::new(store::Error::ReadOnly { reason: secret.into() }),
        };
        for error in [Error::Internal(Arc::new(damaged)), read_only] {
            let status = Status::from(Refusal::from(error));
            assert!(!format!("{status:?} {:?}", status.get_error_details()).contains("secret"), "{status:?}");
        }
    }

    #[test]
    fn a_status_fits_into_headers_however_long_the_mistake() {
        let long = |field| Invalid::new(field, "é".repeat(20_000));
        let wrong = ["id", "type", "user", "subject", "time", "data_json"].map(long);
        let status = Status::from(Refusal::from(Error::Invalid(wrong.into())));
        // The message is percent-encoded, the details are in base 64.
        assert!(status.message().len() * 3 + status.details().len() * 4 / 3 < 8_000);
        assert_eq!(status.get_error_details().bad_request().unwrap().field_violations.len(), 6);
    }
}
