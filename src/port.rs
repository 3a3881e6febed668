//! The one port: connections are accepted, limited, and their calls read, whatever the calls are.
//!
//! ```text
//! accept ──▶ connection ──▶ http ──▶ a service of calls
//!  how many   asks in time   HTTP/1.1 and HTTP/2, told apart by what comes first
//! ```
//!
//! tonic's own server reads HTTP/2 only, and its TLS offers nothing else; browsers and curl speak HTTP/1.1 as well. So
//! this is hyper under our own accept loop. What is asked is not looked at here: a call that
//! fails, or a connection that breaks, is nothing to any other.

mod accept;
mod connection;
mod http;
mod limits;

use std::convert::Infallible;

use ::http::{Request, Response};
use bytes::Bytes;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::Service;

use accept::Gate;

pub use hyper::body::Incoming as Body;
pub use limits::{CONNECTIONS_MAX, Limits};

/// Where callers come in.
#[derive(Debug)]
pub struct Port {
    listener: TcpListener,
    limits: Limits,
}

impl Port {
    /// A port that listens already, with the limits that hold if nothing else is said.
    pub fn new(listener: TcpListener) -> Port {
        Port { listener, limits: Limits::default() }
    }

    /// The same with other limits.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Port {
        Port { limits, ..self }
    }

    /// Has every call answered, until `shutdown`; then no further connection is accepted, and it returns when the last
    /// call is answered and its connection has ended. Dropped before, it ends all connections at once.
    pub async fn serve<S, B>(self, calls: S, shutdown: impl Future<Output = ()>)
    where
        S: Service<Request<Body>, Response = Response<B>, Error = Infallible, Future: Send>,
        S: Clone + Send + Sync + 'static,
        B: ::http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
        B: Send + 'static,
    {
        let gate = Gate::new(self.listener, &self.limits);
        let protocol = http::protocol(&self.limits);
        let going_down = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                (connection, asked) = gate.next() => {
                    let served = http::serve(&protocol, connection, asked, calls.clone());
                    let served = going_down.watch(served);
                    connections.spawn(async move {
                        // Who is there notices by itself, and it is nothing to anybody else.
                        if let Err(error) = served.await {
                            tracing::debug!(error, "a connection ended early");
                        }
                    });
                }
                // Taken out as they end, so that what they leave behind is not kept.
                Some(_) = connections.join_next() => {}
            }
        }
        drop(gate);
        going_down.shutdown().await;
    }
}
