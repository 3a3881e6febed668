//! What can go wrong, shaped by what the caller can do about it.

use std::fmt;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::generated::{ErrorReason, EventError};

/// Why a call, or one event of a stream, failed.
///
/// Displays as its [`message`](Error::message); programs ask [`reason`](Error::reason),
/// [`retryable`](Error::retryable) and [`fields`](Error::fields).
#[derive(Debug)]
pub struct Error(Box<Facts>);

#[derive(Debug)]
struct Facts {
    reason: Option<ErrorReason>,
    message: String,
    fields: Vec<FieldProblem>,
    retryable: bool,
    retry_after: Option<Duration>,
    oldest_cursor: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// The path of the field: `event.user`.
    pub field: String,
    /// What is wrong with it, and what to send instead.
    pub problem: String,
}

impl Error {
    /// Which of the server's reasons it is. None where the server did not say, because it was not
    /// reached, or is newer than this client.
    pub fn reason(&self) -> Option<ErrorReason> {
        self.0.reason
    }

    /// Whether the same may be sent again with hope of success. An event is counted once however often it
    /// is sent, as long as it has an id.
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }

    /// How long the server asks to wait before the same is sent again.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What is wrong, as a sentence for a person.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The fields at fault.
    pub fn fields(&self) -> &[FieldProblem] {
        &self.0.fields
    }

    /// A cursor to begin with, where the one sent belongs to another store, or is older than what is kept.
    pub fn oldest_cursor(&self) -> Option<&str> {
        self.0.oldest_cursor.as_deref()
    }

    /// The connection ended, or went silent, without a word from the server: for callers who notice
    /// that an answer they wait for is missing.
    pub fn lost(how: &str) -> Error {
        Error::local(format!("no connection to the server: {how}"), true, None)
    }

    pub(crate) fn unreachable(url: &str, source: tonic::transport::Error) -> Error {
        let cause = innermost(&source);
        // As rustls words it. Nothing is gained by trying again: somebody has to say whom to believe.
        let believed = !cause.contains("invalid peer certificate");
        let message = match believed {
            true => format!("cannot reach {url}: {cause}"),
            false => format!(
                "the certificate of {url} is not believed ({cause}); name the authority that signed it, and the server as in its certificate"
            ),
        };
        Error::local(message, believed, Some(source.into()))
    }

    pub(crate) fn bad_url(url: &str, problem: &str) -> Error {
        let message = format!("{url:?} {problem}; write a URL such as http://127.0.0.1:50051");
        Error::local(message, false, None)
    }

    pub(crate) fn bad_key() -> Error {
        let message =
            "the key cannot be sent: it has characters that no key has; copy it again, without line breaks";
        Error::local(message.to_owned(), false, None)
    }

    pub(crate) fn bad_tls(problem: &str) -> Error {
        Error::local(problem.to_owned(), false, None)
    }

    pub(crate) fn unusable_tls(source: tonic::transport::Error) -> Error {
        let message = format!("TLS cannot be set up: {}", innermost(&source));
        Error::local(message, false, Some(source.into()))
    }

    fn local(
        message: String,
        retryable: bool,
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Error {
        let (fields, retry_after, oldest_cursor) = (Vec::new(), None, None);
        Error(Box::new(Facts {
            reason: None,
            message,
            fields,
            retryable,
            retry_after,
            oldest_cursor,
            source,
        }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Error {
        let details = status.get_error_details();
        let info = details.error_info();
        let reason = info.and_then(|info| ErrorReason::from_str_name(&info.reason));
        let violations = details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
        let fields = violations
            .iter()
            .map(|wrong| FieldProblem { field: wrong.field.clone(), problem: wrong.description.clone() });
        let message = match std::error::Error::source(&status) {
            Some(source) => format!("no connection to the server: {}", innermost(source)),
            None if status.message().is_empty() => format!("the server answered {:?}", status.code()),
            None => status.message().to_owned(),
        };
        Error(Box::new(Facts {
            reason,
            message,
            fields: fields.collect(),
            retryable: reason.map_or_else(|| is_passing(status.code()), reason_is_passing),
            retry_after: details.retry_info().and_then(|retry| retry.retry_delay),
            oldest_cursor: info.and_then(|info| info.metadata.get("oldest").cloned()),
            source: Some(status.into()),
        }))
    }
}

impl From<EventError> for Error {
    fn from(error: EventError) -> Error {
        let reason = Some(error.reason()).filter(|reason| *reason != ErrorReason::Unspecified);
        let retry_after = error.retry_delay.and_then(|delay| delay.try_into().ok());
        let fields = match error.field.is_empty() {
            true => Vec::new(),
            false => vec![FieldProblem { field: error.field, problem: error.message.clone() }],
        };
        Error(Box::new(Facts {
            reason,
            message: error.message,
            fields,
            retryable: reason.is_some_and(reason_is_passing),
            retry_after,
            oldest_cursor: None,
            source: None,
        }))
    }
}

/// As the brackets in `errors.proto` say.
fn reason_is_passing(reason: ErrorReason) -> bool {
    match reason {
        ErrorReason::Overloaded
        | ErrorReason::StoreReadOnly
        | ErrorReason::ShuttingDown
        | ErrorReason::RateLimited
        | ErrorReason::Internal => true,
        ErrorReason::Unspecified
        | ErrorReason::InvalidField
        | ErrorReason::BadgesInvalid
        | ErrorReason::EventTimeInFuture
        | ErrorReason::EventIdReused
        | ErrorReason::MessageTooLarge
        | ErrorReason::BadgeNotFound
        | ErrorReason::CursorInvalid
        | ErrorReason::CursorForeign
        | ErrorReason::CursorExpired
        | ErrorReason::PageTokenInvalid
        | ErrorReason::CredentialsMissing
        | ErrorReason::CredentialsInvalid
        | ErrorReason::CredentialsExpired
        | ErrorReason::CredentialsRevoked
        | ErrorReason::PermissionDenied => false,
    }
}

/// A status without a reason comes from the connection, or from a proxy before the server.
fn is_passing(code: Code) -> bool {
    match code {
        Code::Unavailable
        | Code::Unknown
        | Code::Cancelled
        | Code::Aborted
        | Code::DeadlineExceeded
        | Code::Internal => true,
        Code::Ok
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::DataLoss
        | Code::Unauthenticated => false,
    }
}

/// The cause at the bottom, which alone says anything: "Connection refused".
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::ErrorDetails;

    #[test]
    fn a_status_is_read_for_its_reason_fields_and_patience() {
        let mut details = ErrorDetails::new();
        details
            .set_error_info("ERROR_REASON_INVALID_FIELD", "laurels", [])
            .add_bad_request_violation("event.user", "must be set, to 1 to 128 bytes")
            .set_retry_info(Some(Duration::from_millis(250)));
        let error = Error::from(Status::with_error_details(Code::InvalidArgument, "event.user …", details));
        assert_eq!(error.reason(), Some(ErrorReason::InvalidField));
        assert_eq!(error.fields()[0].field, "event.user");
        assert_eq!(error.retry_after(), Some(Duration::from_millis(250)));
        assert!(!error.retryable());
    }

    #[test]
    fn a_reason_outweighs_the_code() {
        let with_reason = |reason: &str, code| {
            let details = ErrorDetails::with_error_info(reason, "laurels", []);
            Error::from(Status::with_error_details(code, "…", details))
        };
        assert!(with_reason("ERROR_REASON_OVERLOADED", Code::ResourceExhausted).retryable());
        assert!(!with_reason("ERROR_REASON_MESSAGE_TOO_LARGE", Code::ResourceExhausted).retryable());
        // A reason of a newer server: the code is all there is to go by.
        let unknown = with_reason("ERROR_REASON_OF_TOMORROW", Code::Unavailable);
        assert_eq!((unknown.reason(), unknown.retryable()), (None, true));
    }

    #[test]
    fn an_event_of_a_stream_fails_with_the_same_facts() {
        let error = Error::from(EventError {
            reason: ErrorReason::Overloaded.into(),
            field: "event.time".into(),
            message: "…".into(),
            retry_delay: Some(prost_types::Duration { seconds: 1, nanos: 0 }),
        });
        assert!(error.retryable());
        assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
        assert_eq!(error.fields()[0].field, "event.time");
    }
}
