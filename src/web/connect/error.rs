//! Errors as Connect writes them: a status of HTTP, and the same facts as gRPC's as JSON.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::{HeaderValue, Response, StatusCode};
use prost_reflect::{DescriptorPool, DynamicMessage};
use prost_types::Any;
use serde_json::{Value, json};

use crate::rpc::{Body, Code, DESCRIPTORS, Ending};
use crate::web::plain;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What details may be made of.
static KNOWN: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let mut pool = DescriptorPool::new();
    for descriptors in DESCRIPTORS {
        pool.decode_file_descriptor_set(descriptors)
            .expect("the descriptors are compiled in, and tests read them");
    }
    pool
});

/// The answer to a call that ended in an error.
pub(in crate::web) fn refuse(ending: &Ending) -> Response<Body> {
    plain::respond(status(ending.code), JSON, body(ending).to_string())
}

/// An error as JSON.
pub(super) fn body(ending: &Ending) -> Value {
    let mut body = json!({ "code": name(ending.code) });
    if !ending.message.is_empty() {
        body["message"] = ending.message.as_str().into();
    }
    if !ending.details.is_empty() {
        body["details"] = ending.details.iter().map(detail).collect();
    }
    body
}

fn detail(any: &Any) -> Value {
    let name = any.type_url.rsplit('/').next().unwrap_or_default();
    let mut detail = json!({ "type": name, "value": STANDARD_NO_PAD.encode(&any.value) });
    let message = KNOWN.get_message_by_name(name);
    let message = message.and_then(|message| DynamicMessage::decode(message, &any.value[..]).ok());
    if let Some(debug) = message.and_then(|message| serde_json::to_value(message).ok()) {
        detail["debug"] = debug;
    }
    detail
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
