//! The one port: connections are accepted, limited, and their calls read, whatever the calls are.
//!
//! ```text
//! accept ──▶ a worker: connection ──▶ tls ──▶ http ──▶ a service of calls
//!  how many              asks in time  if set   HTTP/1.1 and HTTP/2, told apart by what comes first
//! ```
//!
//! tonic's own server reads HTTP/2 only where there is TLS; browsers and curl speak HTTP/1.1 as well. So
//! this is hyper under our own accept loop. What is asked is not looked at here: a call that
//! fails, or a connection that breaks, is nothing to any other.

mod accept;
mod body;
mod connection;
pub mod exposure;
mod http;
mod limits;
mod seldom;
mod stream;
pub mod tls;
mod under_way;
mod workers;

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use ::http::{Request, Response};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;
use tower::Service;

use accept::{Accepted, Gate};
use connection::Connection;
use http::Speech;
use seldom::Seldom;
use stream::Stream;
use tls::Tls;
use workers::Workers;

pub use body::{Body, Stalled};
pub use limits::{CONNECTIONS_MAX, Limits};

/// Where callers come in.
#[derive(Debug)]
pub struct Port {
    listener: TcpListener,
    limits: Limits,
    tls: Option<Tls>,
}

impl Port {
    /// A port that listens already: without TLS, and with the limits that hold if nothing else is said.
    pub fn new(listener: TcpListener) -> Port {
        Port { listener, limits: Limits::default(), tls: None }
    }

    /// The same with other limits.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Port {
        Port { limits, ..self }
    }

    /// The same with TLS, and nothing else.
    #[must_use]
    pub fn tls(self, tls: Tls) -> Port {
        Port { tls: Some(tls), ..self }
    }

    /// Has every call answered, until `shutdown`; then no further connection is accepted, and it returns when the last
    /// call is answered and its connection has ended. Dropped before, it ends all connections at once. An error is that there
    /// is no room for the threads that serve.
    pub async fn serve<S, B>(self, calls: S, shutdown: impl Future<Output = ()>) -> io::Result<()>
    where
        S: Service<Request<Body>, Response = Response<B>, Error = Infallible, Future: Send>,
        S: Clone + Send + Sync + 'static,
        B: ::http_body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let speech = Arc::new(http::speech(&self.limits));
        let door = self.tls.map(|tls| {
            Arc::new(Door { tls, patience: self.limits.tls_handshake, failed: Seldom::default() })
        });
        let gate = Gate::new(self.listener, &self.limits);
        let (down, going_down) = watch::channel(false);
        let mut workers = Workers::start()?;
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = gate.next() => {
                    let (speech, door) = (speech.clone(), door.clone());
                    let (calls, going_down) = (calls.clone(), going_down.clone());
                    workers.serve(async move {
                        // Who is there notices by itself, and it is nothing to anybody else.
                        if let Err(error) = serve(accepted, door.as_deref(), &speech, calls, going_down).await {
                            tracing::debug!(error, "a connection ended early");
                        }
                    });
                }
                // Taken out as they end, so that what they leave behind is not kept.
                Some(()) = workers.ended() => {}
            }
        }
        // Whoever comes now is refused by the system, instead of waiting for an answer that never comes.
        drop(gate);
        down.send_replace(true);
        while workers.ended().await.is_some() {}
        Ok(())
    }
}

/// Serves a connection from its beginning to its end.
async fn serve<S, B>(
    accepted: Accepted,
    door: Option<&Door>,
    speech: &Speech,
    calls: S,
    mut going_down: watch::Receiver<bool>,
) -> Result<(), Box<dyn Error + Send + Sync>>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible, Future: Send>,
    S: Clone + Send + Sync + 'static,
    B: ::http_body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let (connection, noticed) = accepted.open()?;
    let stream = match door {
        None => Stream::Plain(connection),
        Some(door) => tokio::select! {
            opened = door.open(connection) => match opened {
                Some(stream) => stream,
                None => return Ok(()),
            },
            // Nothing is under way yet that would have to be answered.
            _ = going_down.wait_for(|down| *down) => return Ok(()),
        },
    };
    http::serve(speech, stream, noticed, calls, going_down).await
}

/// What a connection passes before anything is read of it.
struct Door {
    tls: Tls,
    patience: Duration,
    failed: Seldom,
}

impl Door {
    /// Agrees on TLS with whoever connected, or lets them go.
    async fn open(&self, connection: Connection) -> Option<Stream> {
        let problem = match timeout(self.patience, self.tls.acceptor().accept(connection)).await {
            Ok(Ok(stream)) => return Some(Stream::Tls(Box::new(stream))),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it took too long".to_owned(),
        };
        // Not each: anybody may connect, and say anything.
        self.failed.happened(|times| {
            tracing::info!(
                problem,
                times,
                "callers were let go, since they could not agree with the server on TLS"
            );
        });
        None
    }
}
