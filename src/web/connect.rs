//! Calls by the Connect protocol: one message in, one message out, as JSON or protobuf over any HTTP.
//!
//! `curl -d '{"event":{…}}' -H 'content-type: application/json' …/laurels.v1.AchievementService/RecordEvent` is such a
//! call. Streams are not: by JSON there are server-sent events, and gRPC or gRPC-Web for the others.

mod compression;
mod error;
pub(super) mod headers;

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, VARY};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};

use super::methods::Method;
use super::{Routes, json};
use crate::rpc::{Body, Code, Ending, Sizes};

pub(super) use error::refuse;

/// How long a request may take until it is here. Then it is answered DEADLINE_EXCEEDED, and what was sent is forgotten.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// What stands before a message in gRPC: whether it is compressed, and its length.
const FRAME_HEADER_BYTES: usize = 5;

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// As JSON.
    Json,
    /// As protobuf.
    Proto,
}

/// The answer to one call.
pub(super) async fn answer<S: Routes>(
    inner: S,
    method: &Method,
    format: Format,
    sizes: Sizes,
    request: Request<Body>,
) -> Response<Body> {
    let packs = compression::accepts_gzip(request.headers());
    let (head, message) = match ask(inner, method, format, sizes, request).await {
        Ok(answered) => answered,
        Err(ending) => return refuse(&ending),
    };
    let mut response = Response::new(());
    *response.headers_mut() = head;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, format.media());
    headers.append(VARY, HeaderValue::from(ACCEPT_ENCODING));
    let body = match packs.then(|| compression::pack(&message)).flatten() {
        Some(packed) => {
            headers.insert(CONTENT_ENCODING, compression::GZIP);
            packed
        }
        None => message,
    };
    response.map(|()| Body::new(Full::new(body)))
}

/// Whether `grpc.health.v1` says that the whole server serves.
pub(super) async fn is_serving<S: Routes>(inner: S) -> bool {
    /// `HealthCheckResponse { status: SERVING }`.
    const SERVING: &[u8] = &[0x08, 0x01];
    let request = Request::post("/grpc.health.v1.Health/Check").body(Body::empty());
    let request = request.expect("the path is a path");
    let asked = call(inner, request, Bytes::new()).await;
    asked.is_ok_and(|(_, message)| message == SERVING)
}

/// A stream by Connect's own protocol: the answer is one, and ends at once with what to use instead.
pub(super) fn no_streams(request: &Request<Body>) -> Response<Body> {
    const LAST: u8 = 2;
    let error = error_json(&streams_by());
    let says = [b"{\"error\":", &error[..], b"}"].concat();
    let mut body = BytesMut::with_capacity(FRAME_HEADER_BYTES + says.len());
    body.put_u8(LAST);
    body.put_u32(u32::try_from(says.len()).expect("the text is short"));
    body.put(&says[..]);
    let mut response = Response::new(Body::new(Full::new(body.freeze())));
    *response.status_mut() = StatusCode::OK;
    if let Some(media) = request.headers().get(CONTENT_TYPE) {
        response.headers_mut().insert(CONTENT_TYPE, media.clone());
    }
    response
}

/// A message as gRPC has it in a body.
pub(super) fn frame(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(FRAME_HEADER_BYTES + message.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).expect("a request is no longer than a few kilobytes"));
    frame.put(message);
    frame.freeze()
}

/// Takes the next whole message out of a body.
pub(super) fn next_message(body: &mut BytesMut) -> Option<Bytes> {
    let length = body.get(1..FRAME_HEADER_BYTES)?.try_into().ok()?;
    let end = FRAME_HEADER_BYTES + u32::from_be_bytes(length) as usize;
    body.get(..end)?;
    let mut message = body.split_to(end);
    message.advance(FRAME_HEADER_BYTES);
    Some(message.freeze())
}

/// An error as JSON, where it is no answer by itself.
pub(super) fn error_json(ending: &Ending) -> Vec<u8> {
    error::Body::of(ending).to_json()
}

/// Asks; answers headers and the message as it is to be written.
async fn ask<S: Routes>(
    inner: S,
    method: &Method,
    format: Format,
    sizes: Sizes,
    request: Request<Body>,
) -> Result<(HeaderMap, Bytes), Ending> {
    if method.is_stream {
        return Err(streams_by());
    }
    let encoding = compression::of(request.headers())?;
    let request = headers::to_grpc(request)?;
    let (head, body) = request.into_parts();
    let most = format.most(sizes);
    let body = compression::unpack(encoding, read(body, most).await?, most)?;
    let message = match format {
        Format::Proto => body,
        Format::Json => json::read(&method.input, &body)
            .map_err(|mistake| Ending::invalid(&mistake.path, &mistake.problem))?
            .into(),
    };
    let (head, message) = call(inner, Request::from_parts(head, Body::empty()), message).await?;
    let unreadable =
        || Ending::new(Code::Internal, "the answer cannot be written as JSON; ask as application/proto");
    let message = match format {
        Format::Proto => message,
        Format::Json => json::write(&method.output, &message).ok_or_else(unreadable)?.into(),
    };
    Ok((head, message))
}

/// Calls the gRPC routes with one message; answers headers and one message.
async fn call<S: Routes>(
    inner: S,
    request: Request<Body>,
    message: Bytes,
) -> Result<(HeaderMap, Bytes), Ending> {
    let request = request.map(|_| Body::new(Full::new(frame(&message))));
    let (head, body) = super::call_as_grpc(inner, request).await.into_parts();
    if let Some(ending) = Ending::read(&head.headers).filter(|ending| ending.code != Code::Ok) {
        return Err(ending);
    }
    let cut_short = || Ending::new(Code::Unavailable, "the answer was cut short; ask again");
    let collected = body.collect().await.map_err(Ending::from)?;
    let trailers = collected.trailers().cloned().unwrap_or_default();
    let ending = Ending::read(&trailers).ok_or_else(cut_short)?;
    if ending.code != Code::Ok {
        return Err(ending);
    }
    let mut bytes = BytesMut::from(collected.to_bytes());
    let message = next_message(&mut bytes).ok_or_else(cut_short)?;
    Ok((headers::from_grpc(&head.headers, &trailers), message))
}

/// Reads a body that has at most so many bytes.
async fn read(body: Body, most: usize) -> Result<Bytes, Ending> {
    let late = |_| {
        let problem = format!("the request was not here after {REQUEST_TIMEOUT:?}; send it at once");
        Ending::new(Code::DeadlineExceeded, problem)
    };
    let read =
        tokio::time::timeout(REQUEST_TIMEOUT, Limited::new(body, most).collect()).await.map_err(late)?;
    read.map(|collected| collected.to_bytes()).map_err(|error| match error.is::<LengthLimitError>() {
        true => too_large(most),
        false => Ending::invalid("", "is cut short; send the whole of it"),
    })
}

fn too_large(most: usize) -> Ending {
    Ending::too_large(format!("the message has too many bytes; at most {most} are allowed"), most)
}

fn streams_by() -> Ending {
    let instead = "this call is a stream: use gRPC or gRPC-Web, or for notifications GET /v1/notifications as server-sent events";
    Ending::new(Code::Unimplemented, instead)
}

impl Format {
    fn media(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Format::Json => "application/json",
            Format::Proto => "application/proto",
        })
    }

    fn most(self, sizes: Sizes) -> usize {
        match self {
            Format::Json => sizes.json_bytes,
            Format::Proto => sizes.request_bytes,
        }
    }
}
