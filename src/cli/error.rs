//! Why a command failed, for a person to read.

use laurels_client::{Error as ServerError, ErrorReason};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The server refused, or was not reached.
    #[error("{}", describe(.0))]
    Server(#[from] ServerError),
    /// The command is wrong in a way that this text tells.
    #[error("{0}")]
    Usage(String),
    /// The operating system said no.
    #[error("cannot {action}: {source}")]
    Io {
        /// What was to be done.
        action: String,
        /// What it answered.
        source: std::io::Error,
    },
    /// What the command says cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] std::io::Error),
    /// The store cannot be opened.
    #[error("{}", with_cause(.0))]
    Store(#[from] crate::store::Error),
    /// The service did not do it.
    #[error(transparent)]
    Service(#[from] crate::service::Error),
    /// The key file cannot be used.
    #[error(transparent)]
    Keys(#[from] crate::access::FileError),
    /// The badge files cannot be read.
    #[error(transparent)]
    Unreadable(#[from] crate::catalog::Unreadable),
}

impl Error {
    pub(super) fn io(action: impl Into<String>, source: std::io::Error) -> Error {
        Error::Io { action: action.into(), source }
    }
}

/// An error with what it comes from: "cannot open" alone helps nobody.
fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// What a server said, with the fields at fault and the reason: its name is what the documentation
/// lists.
pub(super) fn describe(error: &ServerError) -> String {
    let mut text = error.to_string();
    for wrong in error.fields().iter().filter(|wrong| !error.to_string().contains(&wrong.field)) {
        text = format!("{text}; {}: {}", wrong.field, wrong.problem);
    }
    match error.reason() {
        Some(reason @ ErrorReason::CredentialsMissing) => format!(
            "{text} [{}]\nSet LAURELS_KEY to a key, or name a file that has one with --key-file.",
            reason.as_str_name()
        ),
        Some(reason) => format!("{text} [{}]", reason.as_str_name()),
        None => text,
    }
}
