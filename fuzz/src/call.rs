//! One call: a body of gRPC messages goes in, what was answered comes out.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body::{Body as _, Frame};
use laurels::rpc::Calls;
use tonic::body::Body;
use tonic::codegen::http::Request;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

/// What was answered.
pub struct Answer {
    /// The messages, without what stands before each.
    pub messages: Vec<Bytes>,
    /// How the call ended. None: it goes on.
    pub status: Option<Status>,
}

impl Answer {
    /// Whether the call ended well.
    pub fn is_ok(&self) -> bool {
        self.status.as_ref().is_some_and(|status| status.code() == Code::Ok)
    }
}

/// A gRPC body of these messages.
pub fn body(messages: &[&[u8]]) -> Vec<u8> {
    let message = |message: &&[u8]| {
        let length = u32::try_from(message.len()).expect("an input is short");
        [&[0], &length.to_be_bytes()[..], message].concat()
    };
    messages.iter().flat_map(message).collect()
}

/// Calls a method, and takes at most so many messages of the answer. The body comes in pieces of so many bytes.
pub async fn call(calls: &Calls, method: &str, body: &[u8], piece: usize, most: usize) -> Answer {
    let pieces = body.chunks(piece.max(1)).map(Bytes::copy_from_slice).collect();
    let request = Request::post(format!("http://laurels/laurels.v1.AchievementService/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Body::new(Pieces(pieces)))
        .expect("the request is well-formed");
    let response = calls.answer(request).await;
    let (parts, mut body) = response.into_parts();
    let mut answer = Answer { messages: Vec::new(), status: Status::from_header_map(&parts.headers) };
    let mut rest = Vec::new();
    while answer.status.is_none() && answer.messages.len() < most {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let frame = frame.expect("an answer ends with a status").expect("an answer does not fail");
        match frame.into_data() {
            Ok(data) => rest.extend_from_slice(&data),
            Err(frame) => {
                let trailers = frame.into_trailers().unwrap_or_default();
                answer.status = Status::from_header_map(&trailers);
                assert!(
                    answer.status.is_some(),
                    "trailers have a status: {:?}",
                    MetadataMap::from_headers(trailers)
                );
            }
        }
        while let Some(message) = take(&mut rest) {
            answer.messages.push(message);
        }
    }
    answer
}

/// The next whole message.
fn take(rest: &mut Vec<u8>) -> Option<Bytes> {
    let mut header = rest.get(..5)?;
    assert_eq!(header.get_u8(), 0, "answers are not compressed");
    let end = 5 + header.get_u32() as usize;
    rest.get(5..end)?;
    let message = rest.drain(..end).collect::<Vec<_>>();
    Some(Bytes::from(message).slice(5..))
}

/// A request's body that comes in pieces.
struct Pieces(VecDeque<Bytes>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}
