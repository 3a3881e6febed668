//! How large the messages of callers may be, whatever protocol they come in.

use crate::config;

/// Largest message of a call that sends one, if nothing else is said. A larger one is refused with MESSAGE_TOO_LARGE.
const REQUEST_MAX_BYTES: usize = 64 * 1024;
/// Largest message of the stream of events, if nothing else is said. A larger one ends the stream with
/// MESSAGE_TOO_LARGE, after all events before it are answered.
const STREAMED_MAX_BYTES: usize = 1024 * 1024;
/// Largest request as JSON, and largest after it was unpacked, if nothing else is said. A larger one is refused with
/// MESSAGE_TOO_LARGE. JSON writes the same with more bytes than protobuf.
const JSON_MAX_BYTES: usize = 256 * 1024;

/// How large messages may be. Each default is what holds if nothing else is said; none is more than 4 MiB, which is
/// what tonic takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Largest message of a call that sends one, as protobuf. A larger one is refused.
    pub request_bytes: usize,
    /// Largest message of the stream of events. A larger one ends the stream, after all events before it are answered.
    pub streamed_bytes: usize,
    /// Largest request as JSON, packed or not. What is made of it has at most [`Sizes::request_bytes`] all the same.
    pub json_bytes: usize,
}

impl Default for Sizes {
    fn default() -> Sizes {
        Sizes {
            request_bytes: REQUEST_MAX_BYTES,
            streamed_bytes: STREAMED_MAX_BYTES,
            json_bytes: JSON_MAX_BYTES,
        }
    }
}

impl From<&config::Limits> for Sizes {
    fn from(limits: &config::Limits) -> Sizes {
        Sizes {
            request_bytes: limits.request_bytes,
            streamed_bytes: limits.streamed_bytes,
            json_bytes: limits.json_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_of_messages_are_those_of_the_settings() {
        assert_eq!(Sizes::default(), Sizes::from(&config::Config::default().limits));
    }
}
