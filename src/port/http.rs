//! HTTP on one connection: 1.1 or 2, whichever its first bytes say.

use std::convert::Infallible;
use std::error::Error;

use bytes::Bytes;
use http::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulConnection;
use tower::util::{Oneshot, ServiceExt};

use super::Body;
use super::connection::{Asked, Connection};
use super::limits::Limits;

/// How HTTP is spoken on every connection.
pub(super) type Protocol = Builder<TokioExecutor>;

/// HTTP within these limits.
pub(super) fn protocol(limits: &Limits) -> Protocol {
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
    protocol
}

/// Answers the calls of one connection until it ends.
pub(super) fn serve<S, B>(
    protocol: &Protocol,
    connection: Connection,
    asked: Asked,
    calls: S,
) -> impl GracefulConnection<Error = Box<dyn Error + Send + Sync>> + Send + 'static
where
    S: tower::Service<Request<Body>, Response = Response<B>, Error = Infallible, Future: Send>,
    S: Clone + Send + Sync + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    protocol.serve_connection(TokioIo::new(connection), Noted { calls, asked }).into_owned()
}

/// Notes that a connection asks for something, and hands it on.
struct Noted<S> {
    calls: S,
    asked: Asked,
}

impl<S: tower::Service<Request<Body>> + Clone> hyper::service::Service<Request<Body>> for Noted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = Oneshot<S, Request<Body>>;

    fn call(&self, request: Request<Body>) -> Self::Future {
        self.asked.note();
        self.calls.clone().oneshot(request)
    }
}
