//! Headers of Connect as gRPC's, and back.

use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Request};

use crate::rpc::{Body, Ending};

/// Most digits of `connect-timeout-ms`, as Connect has it.
const TIMEOUT_MAX_DIGITS: usize = 10;
/// Most digits of `grpc-timeout`, as gRPC has it.
const GRPC_TIMEOUT_MAX: u64 = 99_999_999;

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");
const TIMEOUT: HeaderName = HeaderName::from_static("connect-timeout-ms");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// What concerns the connection or the body, and not the call.
const OWN: [HeaderName; 13] = [
    PROTOCOL_VERSION,
    TIMEOUT,
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::DATE,
];

/// The request with what gRPC knows of its headers.
pub(in crate::web) fn to_grpc(request: Request<Body>) -> Result<Request<Body>, Ending> {
    let (mut head, body) = request.into_parts();
    let version = head.headers.get(PROTOCOL_VERSION);
    if version.is_some_and(|version| version != "1") {
        return Err(Ending::invalid("connect-protocol-version", "must be 1"));
    }
    let timeout = head.headers.get(TIMEOUT).map(timeout).transpose()?;
    head.headers = metadata(&head.headers);
    if let Some(timeout) = timeout {
        head.headers.insert(GRPC_TIMEOUT, timeout);
    }
    Ok(Request::from_parts(head, body))
}

/// Headers and trailers of a gRPC answer as headers.
pub(super) fn from_grpc(head: &HeaderMap, trailers: &HeaderMap) -> HeaderMap {
    let mut headers = metadata(head);
    for (name, value) in &metadata(trailers) {
        if let Ok(name) = HeaderName::try_from(format!("trailer-{name}")) {
            headers.append(name, value.clone());
        }
    }
    headers
}

/// Without what is the protocol's own.
fn metadata(headers: &HeaderMap) -> HeaderMap {
    let is_own = |name: &HeaderName| OWN.contains(name) || name.as_str().starts_with("grpc-");
    let kept = headers.iter().filter(|(name, _)| !is_own(name));
    let mut metadata = HeaderMap::new();
    for (name, value) in kept {
        metadata.append(name, value.clone());
    }
    metadata
}

fn timeout(sent: &HeaderValue) -> Result<HeaderValue, Ending> {
    let problem = || Ending::invalid("connect-timeout-ms", "must be a whole number of at most 10 digits");
    let digits = sent.to_str().ok().filter(|text| text.len() <= TIMEOUT_MAX_DIGITS);
    let digits = digits.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit())).ok_or_else(problem)?;
    let milliseconds: u64 = digits.parse().map_err(|_| problem())?;
    let timeout = match milliseconds <= GRPC_TIMEOUT_MAX {
        true => format!("{milliseconds}m"),
        false => format!("{}S", milliseconds / 1000),
    };
    HeaderValue::try_from(timeout).map_err(|_| problem())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_of_any_length_is_one_that_grpc_can_write() {
        let grpc = |sent: &'static str| {
            timeout(&HeaderValue::from_static(sent)).ok().map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(grpc("300"), Some("300m".into()));
        assert_eq!(grpc("99999999"), Some("99999999m".into()));
        assert_eq!(grpc("9999999999"), Some("9999999S".into()));
        for wrong in ["", "1.5", "-1", "12345678901", "+1", "1s"] {
            assert_eq!(grpc(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_grpcs_own_cannot_be_sent_through() {
        let request = Request::post("/a")
            .header("authorization", "Bearer key")
            .header("grpc-timeout", "1n")
            .header("grpc-encoding", "gzip")
            .header("content-length", "7")
            .header("connect-timeout-ms", "20")
            .body(Body::empty())
            .unwrap();
        let headers = to_grpc(request).unwrap().headers().clone();
        assert_eq!(
            (&headers["authorization"], &headers["grpc-timeout"]),
            (&"Bearer key".parse().unwrap(), &"20m".parse().unwrap())
        );
        assert_eq!(headers.len(), 2);
    }
}
