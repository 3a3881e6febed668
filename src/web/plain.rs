//! What is no call: whether the server is well, what it speaks, and what to ask instead.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

use super::methods::Methods;
use super::{Routes, connect, media, notifications};
use crate::diagnostic::nearest;
use crate::rpc::{Body, Code, Ending};

/// Says whether the server is well.
pub(super) const HEALTH: &str = "/healthz";
/// Longest path for which a similar one is looked for.
const SIMILAR_MAX_BYTES: usize = 128;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// `ok`, or why nothing should be sent here: what `grpc.health.v1` says of the whole server, in a word.
pub(super) async fn health<S: Routes>(inner: S, method: &Method) -> Response<Body> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return only(&[Method::GET, Method::HEAD], method);
    }
    let (status, says) = match connect::is_serving(inner).await {
        true => (StatusCode::OK, "ok\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not serving\n"),
    };
    let mut response = respond(status, TEXT, says);
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response
}

/// The front page; for any other path, which ones there are.
pub(super) fn page(request: &Request<Body>, methods: &Methods) -> Response<Body> {
    match (request.uri().path(), request.method()) {
        ("/", &Method::GET | &Method::HEAD) => {
            let says = json!({
                "laurels": "an achievements server",
                "grpc": "native and gRPC-Web; reflection says which services there are",
                "json": "POST /laurels.v1.AchievementService/RecordEvent with content-type: application/json; so with every method that is no stream",
                "notifications": "GET /v1/notifications?user=… as server-sent events",
                "health": "GET /healthz",
            });
            respond(StatusCode::OK, JSON, says.to_string())
        }
        ("/", method) => only(&[Method::GET, Method::HEAD], method),
        (path, _) => not_found(path, methods),
    }
}

/// The path is there, the method is not.
pub(super) fn only(methods: &[Method], asked: &Method) -> Response<Body> {
    let allowed = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let allow = HeaderValue::try_from(format!("{allowed}, OPTIONS")).expect("names of methods are ASCII");
    let mut response = match *asked {
        Method::OPTIONS => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        _ => {
            let problem = format!("this path takes {allowed} only");
            refuse(StatusCode::METHOD_NOT_ALLOWED, Code::Unimplemented, problem)
        }
    };
    response.headers_mut().insert(ALLOW, allow);
    response
}

/// A call in a form that none comes in.
pub(super) fn unknown_media() -> Response<Body> {
    let problem = format!("send this call with one of these content types: {}", media::ACCEPTED);
    let mut response = refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::Unknown, problem);
    let accepted = HeaderValue::from_static(media::ACCEPTED);
    response.headers_mut().insert(HeaderName::from_static("accept-post"), accepted);
    response
}

/// Native gRPC needs trailers after an answer and streams in both directions.
pub(super) fn needs_http2() -> Response<Body> {
    let problem = "native gRPC needs HTTP/2; over HTTP/1.1, send application/grpc-web or application/json";
    refuse(StatusCode::HTTP_VERSION_NOT_SUPPORTED, Code::Unimplemented, problem)
}

/// An answer with this body, which has a length.
pub(super) fn respond(
    status: StatusCode,
    media: HeaderValue,
    body: impl Into<bytes::Bytes>,
) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::new(body.into())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, media);
    response
}

fn not_found(path: &str, methods: &Methods) -> Response<Body> {
    let others = ["/", HEALTH, notifications::PATH].into_iter().chain(methods.paths());
    let near = nearest(path, others.filter(|_| path.len() <= SIMILAR_MAX_BYTES));
    let instead = match near {
        Some(near) => format!("did you mean {near}?"),
        None => "GET / says what there is".to_owned(),
    };
    // What Connect makes of 404 where nothing else is said.
    refuse(StatusCode::NOT_FOUND, Code::Unimplemented, format!("there is nothing at this path; {instead}"))
}

/// An error in the form of Connect's, with another status than the code's own.
fn refuse(status: StatusCode, code: Code, problem: impl Into<String>) -> Response<Body> {
    let mut response = connect::refuse(&Ending::new(code, problem));
    *response.status_mut() = status;
    response
}
