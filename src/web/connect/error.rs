//! Errors as Connect writes them: a status of HTTP, and the same facts as gRPC's as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::{HeaderValue, Response, StatusCode};
use prost_reflect::DynamicMessage;
use prost_types::Any;
use serde::Serialize;

use crate::rpc::{self, Code, Ending};
use crate::web::methods::DESCRIBED;
use crate::web::plain;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The answer to a call that ended in an error.
pub(in crate::web) fn refuse(ending: &Ending) -> Response<rpc::Body> {
    plain::respond(status(ending.code), JSON, Body::of(ending).to_json())
}

/// An error as JSON.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    code: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<Detail<'a>>,
}

#[derive(Serialize)]
struct Detail<'a> {
    r#type: &'a str,
    value: String,
    /// The same for a person; None: this is no type that we know.
    #[serde(skip_serializing_if = "Option::is_none")]
    debug: Option<DynamicMessage>,
}

impl<'a> Body<'a> {
    /// Says what the ending says.
    pub(super) fn of(ending: &'a Ending) -> Body<'a> {
        let details = ending.details.iter().map(Detail::of).collect();
        Body { code: name(ending.code), message: &ending.message, details }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("nothing in it has a form that JSON lacks")
    }
}

impl<'a> Detail<'a> {
    fn of(any: &'a Any) -> Detail<'a> {
        let name = any.type_url.rsplit('/').next().unwrap_or_default();
        let debug = DESCRIBED.get_message_by_name(name);
        let debug = debug.and_then(|known| DynamicMessage::decode(known, &any.value[..]).ok());
        // A duration that JSON cannot write would take the whole error with it.
        let debug = debug.filter(|message| serde_json::to_value(message).is_ok());
        Detail { r#type: name, value: STANDARD_NO_PAD.encode(&any.value), debug }
    }
}

/// The names of the codes, as Connect has them.
fn name(code: Code) -> &'static str {
    match code {
        // Not an error; whoever says it is one says no more than that.
        Code::Ok | Code::Unknown => "unknown",
        Code::Cancelled => "canceled",
        Code::InvalidArgument => "invalid_argument",
        Code::DeadlineExceeded => "deadline_exceeded",
        Code::NotFound => "not_found",
        Code::AlreadyExists => "already_exists",
        Code::PermissionDenied => "permission_denied",
        Code::ResourceExhausted => "resource_exhausted",
        Code::FailedPrecondition => "failed_precondition",
        Code::Aborted => "aborted",
        Code::OutOfRange => "out_of_range",
        Code::Unimplemented => "unimplemented",
        Code::Internal => "internal",
        Code::Unavailable => "unavailable",
        Code::DataLoss => "data_loss",
        Code::Unauthenticated => "unauthenticated",
    }
}

/// The statuses of HTTP, as Connect has them.
fn status(code: Code) -> StatusCode {
    match code {
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Ok | Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
    }
}
