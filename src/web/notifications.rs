//! `GET /v1/notifications`: `LiveNotifications` as server-sent events, for pages, curl and whatever reads lines.
//!
//! ```text
//! id: CURSOR            goes on after this one: a browser sends it as Last-Event-ID when it connects again
//! event: award          or `revocation`
//! data: {"cursor":…}    the Notification as JSON
//! ```
//!
//! A heartbeat is a comment with an `id`: no event to a page, bytes to every proxy, and after a silent hour a browser goes
//! on from where the silence ended. `: heartbeat, live` says that everything up to now has come.

mod events;
mod query;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, COOKIE, HeaderValue};
use http::{Request, Response};
use http_body_util::Full;

use super::connect::{self, frame, headers};
use super::methods::Method;
use super::{Routes, plain};
use crate::rpc::{Body, Code, Ending};
use events::Events;
use query::{LAST_EVENT_ID, Query};

/// Where they are.
pub(super) const PATH: &str = "/v1/notifications";
/// The call that it is.
pub(super) const CALL: &str = "/laurels.v1.AchievementService/LiveNotifications";

/// The stream, or why there is none.
pub(super) async fn answer<S: Routes>(inner: S, method: &Method, request: Request<Body>) -> Response<Body> {
    let is_head = match *request.method() {
        http::Method::GET => false,
        http::Method::HEAD => true,
        _ => return plain::only(&[http::Method::GET, http::Method::HEAD], request.method()),
    };
    let response = match ask(method, request) {
        Ok(request) => super::call_as_grpc(inner, request).await,
        Err(ending) => return connect::refuse(&ending),
    };
    let (head, body) = response.into_parts();
    if let Some(ending) = Ending::read(&head.headers).filter(|ending| ending.code != Code::Ok) {
        return connect::refuse(&ending);
    }
    let body = if is_head { Body::empty() } else { Body::new(Events::of(body, method.output.clone())) };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    super::pass_on_at_once(headers);
    response
}

/// The call that is meant. Of the credential nothing is left but what admission looks at.
fn ask(method: &Method, request: Request<Body>) -> Result<Request<Body>, Ending> {
    let query = Query::read(request.uri().query().unwrap_or_default(), request.headers())?;
    let message = query.message(&method.input)?;
    let authorization = query.authorization(request.headers())?;
    let (mut head, _) = headers::to_grpc(request)?.into_parts();
    head.method = http::Method::POST;
    head.uri = http::Uri::from_static(CALL);
    head.headers.remove(COOKIE);
    head.headers.remove(LAST_EVENT_ID);
    if let Some(authorization) = authorization {
        head.headers.insert(http::header::AUTHORIZATION, authorization);
    }
    Ok(Request::from_parts(head, Body::new(Full::new(frame(&message)))))
}
