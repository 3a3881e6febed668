//! Connections: how many there are, and how long one may take until it asks for something.
//!
//! Every connection is a file descriptor, and so are the store's files. Without a limit, a thousand
//! connections that say nothing would keep the store from opening its next segment. So the store's share is left out
//! of what connections may take, and whoever connects and asks for nothing is let go.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tokio_stream::{Stream, StreamExt};
use tonic::codegen::http;
use tonic::transport::server::{Connected, TcpIncoming};

/// Most connections at once. A further one is closed as soon as it is made. There are fewer where the
/// system allows fewer open files.
pub const CONNECTIONS_MAX: u64 = 16 * 1024;
/// So many of the files that may be open are left for the store, or half of them where there are few.
const DESCRIPTORS_KEPT: u64 = 512;
/// How long a connection may take to send the headers of its first call. Then it ends: a client that has nothing
/// to ask yet connects again when it has.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long to wait after a connection could not be accepted: most often because too many files are
/// open, and asking again at once would only take the time that is needed to close some.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What happens to one connection after the other is logged so often at most.
const LOGGED_EVERY: Duration = Duration::from_secs(60);

/// The connections of a listener, as many at once as may be.
pub(super) fn accept(listener: TcpListener) -> impl Stream<Item = io::Result<Connection>> {
    let most = most(raise_open_files());
    tracing::debug!(most, "so many connections may be open at once");
    let mut gate = Gate {
        room: Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS))),
        turned_away: Seldom::default(),
        failed: Seldom::default(),
    };
    // Answers are small and awaited: without TCP_NODELAY the kernel would hold them back for more.
    let connections = TcpIncoming::from(listener).with_nodelay(Some(true)).then(async |connection| {
        if connection.is_err() {
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
        connection
    });
    connections.filter_map(move |connection| gate.admit(connection).transpose())
}

/// Notes that a connection has asked for something.
pub(super) fn note<B>(request: http::Request<B>) -> http::Request<B> {
    if let Some(Asked(asked)) = request.extensions().get() {
        asked.store(true, Ordering::Relaxed);
    }
    request
}

/// Has the system allow as many open files as it does at most, and as are needed; says how many.
fn raise_open_files() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let needed = CONNECTIONS_MAX + DESCRIPTORS_KEPT;
    let current = current.unwrap_or(needed);
    let wanted = needed.min(maximum.unwrap_or(needed));
    let raise = || setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    if current < wanted && raise().is_ok() { wanted } else { current }
}

/// How many connections there may be where so many files may be open.
fn most(files: u64) -> u64 {
    let kept = DESCRIPTORS_KEPT.min(files / 2);
    CONNECTIONS_MAX.min(files - kept)
}

/// Lets connections in.
struct Gate {
    room: Arc<Semaphore>,
    turned_away: Seldom,
    failed: Seldom,
}

impl Gate {
    fn admit(&mut self, connection: io::Result<TcpStream>) -> io::Result<Option<Connection>> {
        let stream = connection.inspect_err(|error| {
            if let Some(times) = self.failed.happened() {
                tracing::warn!(%error, times, "connections could not be accepted; those there are go on");
            }
        })?;
        let Ok(room) = self.room.clone().try_acquire_owned() else {
            if let Some(times) = self.turned_away.happened() {
                tracing::warn!(
                    times,
                    "as many connections are open as may be, and further ones are closed; look for clients that do not close theirs, or allow more open files"
                );
            }
            return Ok(None);
        };
        let asked = Asked(Arc::new(AtomicBool::new(false)));
        let deadline = Some(Box::pin(tokio::time::sleep(HANDSHAKE_TIMEOUT)));
        Ok(Some(Connection { stream, asked, deadline, _room: room }))
    }
}

/// Counts what happens, and has it logged now and then.
#[derive(Default)]
struct Seldom {
    times: u64,
    logged: Option<Instant>,
}

impl Seldom {
    /// How often it happened since it was logged last, if it is time to log it.
    fn happened(&mut self) -> Option<u64> {
        self.times += 1;
        if self.logged.is_some_and(|at| at.elapsed() < LOGGED_EVERY) {
            return None;
        }
        self.logged = Some(Instant::now());
        Some(std::mem::take(&mut self.times))
    }
}

/// Whether a connection has asked for something.
#[derive(Clone)]
pub(super) struct Asked(Arc<AtomicBool>);

/// A connection, and the room that it takes until it ends.
pub(super) struct Connection {
    stream: TcpStream,
    asked: Asked,
    /// When it ends if nothing is asked; None once something was.
    deadline: Option<Pin<Box<Sleep>>>,
    _room: OwnedSemaphorePermit,
}

impl Connected for Connection {
    type ConnectInfo = Asked;

    fn connect_info(&self) -> Asked {
        self.asked.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.asked.0.load(Ordering::Relaxed) {
            self.deadline = None;
        }
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            tracing::debug!("a connection that asked for nothing is closed");
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_keeps_its_share_of_open_files() {
        assert_eq!(most(64), 32);
        assert_eq!(most(1024), 512);
        assert_eq!(most(20_000), CONNECTIONS_MAX);
    }

    #[test]
    fn what_happens_a_thousand_times_is_logged_once_a_while() {
        let mut seldom = Seldom::default();
        let logged = (0..1000).filter(|_| seldom.happened().is_some()).count();
        assert_eq!((logged, seldom.times), (1, 999));
    }
}
