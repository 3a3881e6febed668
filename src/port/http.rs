//! HTTP on one connection: 1.1 or 2, whichever its first bytes say.

use std::convert::Infallible;
use std::error::Error;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::sync::watch;
use tokio::task::yield_now;
use tower::util::{Oneshot, ServiceExt};

use super::body::{Body, watched};
use super::connection::Noticed;
use super::limits::Limits;
use super::stream::Stream;
use super::under_way::{Answer, Answering, UnderWay};

/// How long a connection without any call under way has to be silent when the server goes down, before it is let go.
/// Its caller may not have heard that it should end it, and what was answered last may still be on its way out.
const SILENCE: Duration = Duration::from_secs(1);

/// How HTTP is spoken on every connection.
pub(super) struct Speech {
    protocol: Builder<TokioExecutor>,
    body_stall: Duration,
}

/// HTTP within these limits.
pub(super) fn speech(limits: &Limits) -> Speech {
    let mut protocol = Builder::new(TokioExecutor::new());
    // Half-closed connections are let go (hyper's default): what a client that is gone was listening to ends at once,
    // and no known client of HTTP/1.1 closes its side while it waits.
    protocol
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.http1_idle)
        .max_buf_size(limits.headers_bytes as usize);
    protocol
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.calls_per_connection)
        .max_local_error_reset_streams(limits.resets)
        .max_pending_accept_reset_streams(limits.taken_back)
        .max_header_list_size(limits.headers_bytes)
        .initial_stream_window_size(limits.call_window_bytes)
        .initial_connection_window_size(limits.connection_window_bytes)
        .keep_alive_interval(limits.keep_alive_interval)
        .keep_alive_timeout(limits.keep_alive_timeout);
    Speech { protocol, body_stall: limits.body_stall }
}

/// Answers the calls of one connection until it ends. When it is told to go down, it takes no further call, and ends
/// when those under way are answered: by its caller, or when it has been silent since.
pub(super) async fn serve<S, B>(
    Speech { protocol, body_stall }: &Speech,
    stream: Stream,
    noticed: Noticed,
    calls: S,
    mut going_down: watch::Receiver<bool>,
) -> Result<(), Box<dyn Error + Send + Sync>>
where
    S: tower::Service<Request<Body>, Response = Response<B>, Error = Infallible, Future: Send>,
    S: Clone + Send + Sync + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let under_way = UnderWay::none();
    let noted =
        Noted { calls, noticed: noticed.clone(), under_way: under_way.clone(), body_stall: *body_stall };
    let connection = protocol.serve_connection(TokioIo::new(stream), noted);
    tokio::pin!(connection);
    let mut seen = 0;
    let answering = poll_fn(|cx| {
        let answered = under_way.answered();
        if std::mem::replace(&mut seen, answered) != answered {
            behind_others(cx);
            return Poll::Pending;
        }
        let ended = connection.as_mut().poll(cx);
        seen = under_way.answered();
        ended
    });
    tokio::select! {
        biased;
        ended = answering => return ended,
        // An error says that the port is gone, and its connections go as well.
        _ = going_down.wait_for(|down| *down) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        ended = connection => ended,
        () = silent(&under_way, &noticed) => Ok(()),
    }
}

/// Has what is polled here polled again, but behind all that its thread has to do: a call that was answered wakes its connection,
/// and others are answered next, so that one write takes the answers of all. It comes to an end, since only so many can be under way.
fn behind_others(cx: &mut Context<'_>) {
    // It is never ready the first time.
    let _ = pin!(yield_now()).poll(cx);
}

/// Waits until no call is under way, and for a while nothing was written or waits to be.
async fn silent(under_way: &UnderWay, noticed: &Noticed) {
    loop {
        under_way.ended().await;
        let before = noticed.writes();
        tokio::time::sleep(SILENCE).await;
        if under_way.is_none() && before.is_some() && noticed.writes() == before {
            return;
        }
    }
}

/// Notes that a connection asks for something, and hands it on.
struct Noted<S> {
    calls: S,
    noticed: Noticed,
    under_way: UnderWay,
    body_stall: Duration,
}

impl<S, B> hyper::service::Service<Request<Incoming>> for Noted<S>
where
    S: tower::Service<Request<Body>, Response = Response<B>> + Clone,
{
    type Response = Response<Answer<B>>;
    type Error = S::Error;
    type Future = Answering<Oneshot<S, Request<Body>>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.noticed.asks();
        let answer = self.calls.clone().oneshot(watched(request, self.body_stall));
        Answering::new(answer, self.under_way.begin())
    }
}
