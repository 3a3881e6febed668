//! gRPC-Web: gRPC without trailers, for those whose HTTP has none: browsers, PHP's curl, proxies.
//!
//! The trailers come as the last frame of the body, marked by the highest bit of its first byte; the text form is all
//! of it in base 64. An error without any message has its status in the headers, as in gRPC.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Request, Response};
use http_body::Frame;

use super::Routes;
use crate::rpc::{Body, Ending};

/// Marks the frame that has the trailers.
const TRAILERS: u8 = 0x80;

/// The answer to one call; its body may be a stream.
pub(super) async fn answer<S: Routes>(inner: S, request: Request<Body>, is_text: bool) -> Response<Body> {
    let answer_is_text = wants_text(request.headers()).unwrap_or(is_text);
    let request = match is_text {
        true => request.map(|body| Body::new(FromText { body, rest: BytesMut::new() })),
        false => request,
    };
    let mut response = super::call_as_grpc(inner, request).await;
    let media = match answer_is_text {
        true => "application/grpc-web-text+proto",
        false => "application/grpc-web+proto",
    };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    super::pass_on_at_once(response.headers_mut());
    response.map(|body| Body::new(Framed { body, is_text: answer_is_text }))
}

/// Which form an answer is asked in, if in any.
fn wants_text(headers: &HeaderMap) -> Option<bool> {
    let accept = headers.get(ACCEPT)?.to_str().ok()?;
    accept.contains("application/grpc-web").then(|| accept.contains("application/grpc-web-text"))
}

/// An answer's body, with the trailers as its last frame.
struct Framed {
    body: Body,
    is_text: bool,
}

impl http_body::Body for Framed {
    type Data = Bytes;
    type Error = <Body as http_body::Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)?) else { return Poll::Ready(None) };
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => last_frame(&frame.into_trailers().unwrap_or_default()),
        };
        // Each piece by itself, with its padding: so a message of a stream is there as soon as it was sent.
        let data = if self.is_text { STANDARD.encode(&data).into() } else { data };
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

fn last_frame(trailers: &HeaderMap) -> Bytes {
    let mut lines = BytesMut::new();
    for (name, value) in trailers {
        lines.put(name.as_str().as_bytes());
        lines.put(&b":"[..]);
        lines.put(value.as_bytes());
        lines.put(&b"\r\n"[..]);
    }
    let mut frame = BytesMut::with_capacity(5 + lines.len());
    frame.put_u8(TRAILERS);
    frame.put_u32(u32::try_from(lines.len()).expect("trailers are short"));
    frame.put(lines);
    frame.freeze()
}

/// A request's body that comes in base 64.
struct FromText {
    body: Body,
    /// Up to three characters that wait for the rest of their four.
    rest: BytesMut,
}

impl FromText {
    /// Decodes all of these characters that make fours.
    fn decode(&mut self, text: &[u8]) -> Result<Bytes, Ending> {
        self.rest.put(text);
        let fours = self.rest.split_to(self.rest.len() / 4 * 4);
        let mut bytes = BytesMut::with_capacity(fours.len() / 4 * 3);
        // Pieces that were each encoded by themselves have their padding in the middle of the body.
        for piece in fours.chunks(4).collect::<Vec<_>>().chunk_by(|four, _| !four.ends_with(b"=")) {
            let decoded = STANDARD.decode(piece.concat());
            bytes.put(
                &decoded.map_err(|_| Ending::invalid("", "is not base 64, as its content type says"))?[..],
            );
        }
        Ok(bytes.freeze())
    }

    fn end(&self) -> Result<(), Ending> {
        match self.rest.is_empty() {
            true => Ok(()),
            false => Err(Ending::invalid("", "is cut short; send the whole of it, with its padding")),
        }
    }
}

impl http_body::Body for FromText {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)?) else {
            return Poll::Ready(self.end().err().map(|ending| Err(ending.into_body_error())));
        };
        let decoded = match frame.into_data() {
            Ok(text) => self.decode(&text).map(Frame::data).map_err(Ending::into_body_error),
            Err(trailers) => Ok(trailers),
        };
        Poll::Ready(Some(decoded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_is_read_however_it_is_cut() {
        let text = format!("{}{}{}", STANDARD.encode(b"a"), STANDARD.encode(b"bcd"), STANDARD.encode(b"ef"));
        for piece in 1..text.len() {
            let mut body = FromText { body: Body::empty(), rest: BytesMut::new() };
            let pieces = text.as_bytes().chunks(piece).map(|piece| body.decode(piece).unwrap());
            assert_eq!(pieces.collect::<Vec<_>>().concat(), b"abcdef");
            assert!(body.end().is_ok());
        }
        let mut body = FromText { body: Body::empty(), rest: BytesMut::new() };
        assert!(body.decode(b"ab!d").is_err());
        assert!(body.decode(b"abcde").is_ok() && body.end().is_err());
    }
}
