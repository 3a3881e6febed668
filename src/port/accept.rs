//! Accepting: how many connections there are.
//!
//! Every connection is a file descriptor, and so are the store's files. Without a limit, a thousand
//! connections that say nothing would keep the store from opening its next segment. So the store's share is left out
//! of what connections may take.

use std::io::{self, ErrorKind};
use std::net;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{Connection, Noticed};
use super::limits::Limits;
use super::seldom::Seldom;

/// So many of the files that may be open are left for the store, or half of them where there are few.
const DESCRIPTORS_KEPT: u64 = 512;
/// How long to wait after a connection could not be accepted: most often because too many files are
/// open, and asking again at once would only take the time that is needed to close some.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Lets connections in, as many at once as may be.
pub(super) struct Gate {
    listener: TcpListener,
    limits: Limits,
    room: Arc<Semaphore>,
    turned_away: Seldom,
    failed: Seldom,
}

impl Gate {
    pub(super) fn new(listener: TcpListener, limits: &Limits) -> Gate {
        let most = most(limits.connections, raise_open_files(limits.connections));
        tracing::debug!(most, "so many connections may be open at once");
        Gate {
            listener,
            limits: limits.clone(),
            room: Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS))),
            turned_away: Seldom::default(),
            failed: Seldom::default(),
        }
    }

    /// Waits for the next connection. Dropped half-way, nothing is lost.
    pub(super) async fn next(&self) -> Accepted {
        loop {
            let accepted = self.listener.accept().await;
            let stream = match accepted.and_then(|(stream, _)| stream.into_std()) {
                Ok(stream) => stream,
                Err(error) => {
                    self.fail(&error).await;
                    continue;
                }
            };
            let Ok(room) = self.room.clone().try_acquire_owned() else {
                self.turned_away.happened(|times| {
                    tracing::warn!(
                        times,
                        "as many connections are open as may be, and further ones are closed; look for clients that do not close theirs, or raise `limits.connections`, and with it the open files that the system allows"
                    );
                });
                continue;
            };
            // Answers are small and awaited: without TCP_NODELAY the kernel would hold them back for more. An
            // error says that nobody is there any more, which reading says too.
            let _ = stream.set_nodelay(true);
            return Accepted { stream, limits: self.limits.clone(), room };
        }
    }

    async fn fail(&self, error: &io::Error) {
        // It concerns the one connection only, which is gone.
        if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) {
            return;
        }
        self.failed.happened(|times| {
            tracing::warn!(%error, times, "connections could not be accepted; those there are go on");
        });
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

/// A connection that was let in, and that no runtime reads yet.
pub(super) struct Accepted {
    stream: net::TcpStream,
    limits: Limits,
    room: OwnedSemaphorePermit,
}

impl Accepted {
    /// Has it read by the runtime of the task that asks for it.
    pub(super) fn open(self) -> io::Result<(Connection, Noticed)> {
        Ok(Connection::new(TcpStream::from_std(self.stream)?, &self.limits, self.room))
    }
}

/// Has the system allow as many open files as it does at most, and as are needed; says how many.
fn raise_open_files(connections: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let needed = connections.saturating_add(DESCRIPTORS_KEPT);
    let current = current.unwrap_or(needed);
    let wanted = needed.min(maximum.unwrap_or(needed));
    let raise = || setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    if current < wanted && raise().is_ok() { wanted } else { current }
}

/// How many connections there may be where so many files may be open.
fn most(connections: u64, files: u64) -> u64 {
    let kept = DESCRIPTORS_KEPT.min(files / 2);
    connections.min(files - kept)
}

#[cfg(test)]
mod tests {
    use super::super::limits::CONNECTIONS_MAX;
    use super::*;

    #[test]
    fn the_store_keeps_its_share_of_open_files() {
        assert_eq!(most(CONNECTIONS_MAX, 64), 32);
        assert_eq!(most(CONNECTIONS_MAX, 1024), 512);
        assert_eq!(most(CONNECTIONS_MAX, 20_000), CONNECTIONS_MAX);
        assert_eq!(most(3, 20_000), 3);
    }
}
