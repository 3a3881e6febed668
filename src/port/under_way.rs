//! The calls of one connection that are not answered yet.
//!
//! HTTP/2 goes down by asking: the server says that it will, and waits until a ping is answered, lest a call be lost
//! that is on its way. A caller who does something else meanwhile, as a page of PHP does between two messages,
//! answers nothing. So a connection is let go as well when nothing is under way on it any more and all that was to be
//! said is said.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::sync::Notify;

/// How many there are. All clones count the same.
#[derive(Clone, Debug)]
pub(super) struct UnderWay(Arc<Counted>);

#[derive(Debug, Default)]
struct Counted {
    calls: AtomicUsize,
    /// How many have begun to be answered, ever.
    answered: AtomicUsize,
    /// Tells who waits that there is none. Only then: each call would pay for more.
    none: Notify,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Call(UnderWay);

impl UnderWay {
    /// None yet.
    pub(super) fn none() -> UnderWay {
        UnderWay(Arc::default())
    }

    /// One more begins.
    pub(super) fn begin(&self) -> Call {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        Call(self.clone())
    }

    /// Whether there is none.
    pub(super) fn is_none(&self) -> bool {
        self.0.calls.load(Ordering::SeqCst) == 0
    }

    /// How many calls have begun to be answered, ever.
    pub(super) fn answered(&self) -> usize {
        self.0.answered.load(Ordering::Relaxed)
    }

    /// Waits until there is none.
    pub(super) async fn ended(&self) {
        loop {
            // Before it is looked, so that what ends in between is heard.
            let none = self.0.none.notified();
            if self.is_none() {
                return;
            }
            none.await;
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let Counted { calls, none, .. } = &*self.0.0;
        if calls.fetch_sub(1, Ordering::SeqCst) == 1 {
            none.notify_waiters();
        }
    }
}

pin_project! {
    /// What becomes of a call: its answer, whose body is under way until its end was handed over.
    pub(super) struct Answering<F> {
        #[pin]
        answer: F,
        call: Option<Call>,
    }
}

impl<F> Answering<F> {
    pub(super) fn new(answer: F, call: Call) -> Answering<F> {
        Answering { answer, call: Some(call) }
    }
}

impl<F: Future<Output = Result<Response<B>, E>>, B, E> Future for Answering<F> {
    type Output = Result<Response<Answer<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.answer.poll(cx));
        let call = this.call.take();
        if let Some(Call(UnderWay(counted))) = &call {
            counted.answered.fetch_add(1, Ordering::Relaxed);
        }
        Poll::Ready(answer.map(|answer| answer.map(|body| Answer { body, _call: call })))
    }
}

pin_project! {
    /// The body of an answer.
    pub(super) struct Answer<B> {
        #[pin]
        body: B,
        _call: Option<Call>,
    }
}

impl<B: Body<Data = Bytes>> Body for Answer<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use http_body_util::{BodyExt, Full};

    use super::*;

    #[tokio::test]
    async fn a_call_is_under_way_until_the_body_of_its_answer_is_gone() {
        let under_way = UnderWay::none();
        under_way.ended().await;
        let answer = Response::new(Full::new(Bytes::from_static(b"answer")));
        let call = Answering::new(ready(Ok::<_, ()>(answer)), under_way.begin());
        assert!(!under_way.is_none());
        let body = call.await.unwrap().into_body();
        assert!(!under_way.is_none());
        let never_answered =
            Answering::new(ready(Ok::<_, ()>(Response::new(Full::<Bytes>::default()))), under_way.begin());
        assert_eq!(body.collect().await.unwrap().to_bytes(), "answer");
        assert!(!under_way.is_none());
        drop(never_answered);
        assert!(under_way.is_none());
        under_way.ended().await;
    }
}
