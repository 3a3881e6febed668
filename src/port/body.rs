//! The body of a request, and how long it may stop half-way.
//!
//! A stream of HTTP/2 may be silent as long as it likes: pings say whether anybody is there. HTTP/1.1 has none, and a
//! caller who stops in the middle of a body would hold a connection for ever.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Version};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Sleep;

/// What a request carries.
#[derive(Debug)]
pub struct Body {
    incoming: Incoming,
    /// How long it may stop. None: as long as it likes.
    stall: Option<Duration>,
    /// When it has stopped for too long; None while it comes.
    stalled: Option<Pin<Box<Sleep>>>,
}

/// A body stopped half-way.
#[derive(Debug, thiserror::Error)]
#[error("the rest of the request did not come")]
pub struct Stalled;

/// Watches over the body of a request.
pub(super) fn watched(request: Request<Incoming>, stall: Duration) -> Request<Body> {
    let stall = (request.version() < Version::HTTP_2).then_some(stall);
    request.map(|incoming| Body { incoming, stall, stalled: None })
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
            self.stalled = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let Some(stall) = self.stall else { return Poll::Pending };
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
        match stalled.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => Poll::Ready(Some(Err(Stalled.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
