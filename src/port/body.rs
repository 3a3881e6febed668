//! The body of a request, and how long it may stop half-way: a caller who does would hold a connection for ever, or a
//! call of one.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
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
    request.map(|incoming| Body { incoming, stall: Some(stall), stalled: None })
}

impl Body {
    /// The same, as long as it likes: for a stream of messages, whose caller sends what happens.
    #[must_use]
    pub fn that_may_stop(self) -> Body {
        Body { stall: None, ..self }
    }
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
