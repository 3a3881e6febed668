//! A guard before every request's body: a message over its limit ends the request with a reason.
//!
//! A gRPC body is a row of messages, each behind five bytes: a flag and the length. tonic reads these too, but
//! answers OUT_OF_RANGE without details, and INTERNAL to a body that is cut short. The guard only looks at
//! the five bytes; what it lets through is not changed or copied, and what came before a bad
//! message is read before the refusal.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http;

use super::Sizes;
use super::proto::ErrorReason;
use super::status::Refusal;

const SERVICE: &str = "/laurels.v1.AchievementService/";
const STREAM: &str = "/laurels.v1.AchievementService/RecordEvents";
const HEADER_BYTES: usize = 5;

/// Puts the guard before the body of a request.
pub(super) fn guard(sizes: Sizes, request: http::Request<Body>) -> http::Request<Body> {
    let path = request.uri().path();
    let most = if path == STREAM { sizes.streamed_bytes } else { sizes.request_bytes };
    let needs_one = path != STREAM && path.starts_with(SERVICE);
    request.map(|body| Body::new(Guarded { body, lengths: Lengths::new(most, needs_one), refused: None }))
}

struct Guarded {
    body: Body,
    lengths: Lengths,
    /// What comes next instead of more of the body.
    refused: Option<Refusal>,
}

impl http_body::Body for Guarded {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(refusal) = self.refused.clone() {
            return Poll::Ready(Some(Err(refusal.into())));
        }
        let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)?) else {
            return Poll::Ready(self.lengths.end().err().map(|refusal| Err(refusal.into())));
        };
        let mut data = match frame.into_data() {
            Ok(data) => data,
            Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
        };
        if let Err((good, refusal)) = self.lengths.pass(&data) {
            data.truncate(good);
            self.refused = Some(refusal);
        }
        Poll::Ready(Some(Ok(Frame::data(data))))
    }
}

/// How far a body has come.
struct Lengths {
    most: usize,
    /// Whether a body without any message is refused.
    needs_one: bool,
    /// What is here of the next message's five bytes.
    header: [u8; HEADER_BYTES],
    /// How many of them are.
    here: usize,
    /// What is missing of a message.
    missing: usize,
}

impl Lengths {
    fn new(most: usize, needs_one: bool) -> Lengths {
        Lengths { most, needs_one, header: [0; HEADER_BYTES], here: 0, missing: 0 }
    }

    /// Follows some more bytes. An error says how many of them are before the message that is refused.
    fn pass(&mut self, data: &[u8]) -> Result<(), (usize, Refusal)> {
        let mut at = 0;
        while at < data.len() {
            if self.missing > 0 {
                let here = self.missing.min(data.len() - at);
                self.missing -= here;
                at += here;
                continue;
            }
            let begin = at;
            let more = (HEADER_BYTES - self.here).min(data.len() - at);
            self.header[self.here..self.here + more].copy_from_slice(&data[at..at + more]);
            at += more;
            self.here += more;
            if self.here == HEADER_BYTES {
                let [flag, a, b, c, d] = self.header;
                let length = u32::from_be_bytes([a, b, c, d]) as usize;
                self.missing = self.accept(flag, length).map_err(|refusal| (begin, refusal))?;
                self.here = 0;
                self.needs_one = false;
            }
        }
        Ok(())
    }

    fn accept(&self, flag: u8, length: usize) -> Result<usize, Refusal> {
        // 1 says that the message is compressed; tonic refuses that as gRPC prescribes.
        if flag > 1 {
            return Err(Refusal::field("", format!("begins with the byte {flag}, where gRPC has 0 or 1")));
        }
        if length > self.most {
            let most = self.most;
            let problem = format!("the message has {length} bytes; at most {most} are allowed");
            return Err(Refusal::new(ErrorReason::MessageTooLarge, problem).with("limit", most.to_string()));
        }
        Ok(length)
    }

    fn end(&self) -> Result<(), Refusal> {
        if self.missing > 0 || self.here > 0 {
            return Err(Refusal::field("", "is cut short; send the whole of it"));
        }
        match self.needs_one {
            true => Err(Refusal::field("", "is missing; send one, even if it is empty")),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 300;

    fn message(length: usize) -> Vec<u8> {
        let header = [0].into_iter().chain(u32::try_from(length).unwrap().to_be_bytes());
        header.chain(vec![7; length]).collect()
    }

    /// How many bytes pass, and the refusal, when the body comes in pieces of so many bytes.
    fn pass(body: &[u8], piece: usize) -> (usize, Option<Refusal>) {
        let mut lengths = Lengths::new(MOST, true);
        let mut passed = 0;
        for piece in body.chunks(piece) {
            match lengths.pass(piece) {
                Ok(()) => passed += piece.len(),
                Err((good, refusal)) => return (passed + good, Some(refusal)),
            }
        }
        (passed, lengths.end().err())
    }

    #[test]
    fn all_before_a_message_that_is_too_large_passes_however_the_body_is_cut() {
        let good = [message(0), message(MOST), message(1)].concat();
        let body = [good.clone(), message(MOST + 1), message(1)].concat();
        for piece in 1..body.len() {
            assert_eq!(pass(&good, piece), (good.len(), None));
            let (passed, refusal) = pass(&body, piece);
            // Up to four bytes of the header may have passed before the length was known.
            assert!((good.len()..good.len() + HEADER_BYTES).contains(&passed), "{passed} by {piece}");
            let refusal = refusal.unwrap();
            assert_eq!(refusal.reason, ErrorReason::MessageTooLarge);
        }
    }

    #[test]
    fn a_body_without_a_message_or_with_half_of_one_is_refused() {
        for (body, says) in [
            (vec![], "the message is missing"),
            (message(9)[..8].to_vec(), "the message is cut short"),
            (message(9)[..3].to_vec(), "the message is cut short"),
            ([message(9), vec![0]].concat(), "the message is cut short"),
            (vec![2, 0, 0, 0, 0], "begins with the byte 2"),
        ] {
            let (_, refusal) = pass(&body, 64);
            let status = Status::from(refusal.unwrap());
            assert!(status.message().contains(says), "{status:?}");
            assert_eq!(status.code(), tonic::Code::InvalidArgument);
        }
    }
}
