//! Why a caller is not let in.

use std::time::Duration;

/// Why a caller may not do something: public text, without anything that was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// What kind of refusal it is.
    pub why: Why,
    /// What is wrong, and what to do instead.
    pub message: String,
}

/// What a caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Send a key or a token.
    Missing,
    /// Send another.
    Invalid,
    /// Get a new one: this one was good.
    Expired,
    /// Get a new one: this one was taken back.
    Revoked,
    /// Ask for one that may do more.
    Denied,
    /// Wait for so long.
    TooFast(Duration),
}

impl Refused {
    pub(super) fn new(why: Why, message: impl Into<String>) -> Refused {
        Refused { why, message: message.into() }
    }

    pub(super) fn denied(message: impl Into<String>) -> Refused {
        Refused::new(Why::Denied, message)
    }
}
