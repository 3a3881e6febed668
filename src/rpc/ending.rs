//! How a call ended, for what stands before the gRPC routes and speaks another protocol.
//!
//! Also said here, as the service itself would, are mistakes that are seen before a message is protobuf at all.

use std::error::Error;

use prost::Message;
use prost_types::Any;
use tonic::codegen::http::HeaderMap;
use tonic::{Code, Status};
use tonic_types::pb;

use super::proto::ErrorReason;
use super::status::Refusal;

/// How a call ended: what its trailers say.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The status code.
    pub code: Code,
    /// For a person to read. Empty where all went well.
    pub message: String,
    /// For a program: messages of `google.rpc`.
    pub details: Vec<Any>,
}

impl Ending {
    /// What these trailers say, or these headers of an answer that is nothing but an error.
    pub fn read(trailers: &HeaderMap) -> Option<Ending> {
        Status::from_header_map(trailers).map(Ending::from)
    }

    /// One without details.
    pub fn new(code: Code, message: impl Into<String>) -> Ending {
        Ending { code, message: message.into(), details: Vec::new() }
    }

    /// One field is wrong. The problem goes on from the field's path; an empty path is the message itself.
    pub fn invalid(path: &str, problem: &str) -> Ending {
        Status::from(Refusal::field(path, problem)).into()
    }

    /// The message is larger than this many bytes, which is the most there may be.
    pub fn too_large(problem: impl Into<String>, most: usize) -> Ending {
        let refusal = Refusal::new(ErrorReason::MessageTooLarge, problem);
        Status::from(refusal.with("limit", most.to_string())).into()
    }

    /// The error of a request's body: the call that reads it ends like this.
    pub fn into_body_error(self) -> Box<dyn Error + Send + Sync> {
        let details =
            pb::Status { code: self.code.into(), message: self.message.clone(), details: self.details };
        Box::new(Status::with_details(self.code, self.message, details.encode_to_vec().into()))
    }
}

impl From<Status> for Ending {
    fn from(status: Status) -> Ending {
        // Details that cannot be read are as good as none.
        let details = pb::Status::decode(status.details()).unwrap_or_default().details;
        Ending { code: status.code(), message: status.message().to_owned(), details }
    }
}
