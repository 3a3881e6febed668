//! The threads that serve connections: as many as there are cores, each with a runtime to itself.
//!
//! A connection stays with its thread, and so does all that is done for its calls. A runtime whose threads take work from
//! one another wakes another thread for nearly each call, which costs more than the call: docs/design.md has the figures.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle, available_parallelism};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// How many there are where the system does not say how many cores it has.
const WORKERS_UNKNOWN: usize = 2;

/// Threads that serve connections. When this is dropped, connections under way are at an end, and so are the threads.
pub(super) struct Workers {
    connections: JoinSet<()>,
    all: Vec<Worker>,
}

struct Worker {
    runtime: Handle,
    /// Held by each of its connections: so they are counted.
    held: Arc<()>,
    /// Dropped to end it.
    running: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Workers {
    /// Starts one for each core.
    pub(super) fn start() -> io::Result<Workers> {
        Workers::of(available_parallelism().map_or(WORKERS_UNKNOWN, usize::from))
    }

    fn of(count: usize) -> io::Result<Workers> {
        let all = (0..count).map(Worker::start).collect::<io::Result<_>>()?;
        Ok(Workers { connections: JoinSet::new(), all })
    }

    /// Serves a connection, on the thread that has the fewest.
    pub(super) fn serve(&mut self, connection: impl Future<Output = ()> + Send + 'static) {
        let least = self.all.iter().min_by_key(|worker| Arc::strong_count(&worker.held));
        let worker = least.expect("there is one for each core");
        let held = worker.held.clone();
        let counted = async move {
            connection.await;
            drop(held);
        };
        self.connections.spawn_on(counted, &worker.runtime);
    }

    /// Waits for a connection to end; none where there is none. Those that have ended are kept until then.
    pub(super) async fn ended(&mut self) -> Option<()> {
        // How it ended is nothing to anybody else.
        self.connections.join_next().await.map(drop)
    }
}

impl Worker {
    fn start(number: usize) -> io::Result<Worker> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (running, dropped) = oneshot::channel::<()>();
        let body = move || {
            // Nothing is ever sent: what is waited for is that the other side is gone.
            let _ = runtime.block_on(dropped);
        };
        let thread = thread::Builder::new().name(format!("laurels-port-{number}")).spawn(body)?;
        Ok(Worker { runtime: handle, held: Arc::default(), running: Some(running), thread: Some(thread) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.running.take());
        // What its connections hold, the store too, is let go of before anything else ends.
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a thread that serves connections has panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn connections_are_spread_over_the_threads_and_stay_there() {
        let mut workers = Workers::of(3).unwrap();
        let (sender, mut names) = mpsc::unbounded_channel();
        for _ in 0..6 {
            let sender = sender.clone();
            workers.serve(async move {
                sender.send(thread::current().name().unwrap().to_owned()).unwrap();
                pending().await
            });
        }
        let mut seen = Vec::new();
        while seen.len() < 6 {
            seen.push(names.recv().await.unwrap());
        }
        seen.sort();
        let each = [0, 0, 1, 1, 2, 2].map(|number| format!("laurels-port-{number}"));
        assert_eq!(seen, each);
    }

    #[tokio::test]
    async fn who_has_ended_makes_room_for_the_next() {
        let mut workers = Workers::of(2).unwrap();
        workers.serve(pending());
        workers.serve(async {});
        workers.ended().await.unwrap();
        let (sender, name) = oneshot::channel();
        workers.serve(async move { sender.send(thread::current().name().unwrap().to_owned()).unwrap() });
        assert_eq!(name.await.unwrap(), "laurels-port-1");
    }

    #[tokio::test]
    async fn what_connections_hold_is_let_go_of_before_they_are_dropped() {
        let mut workers = Workers::of(2).unwrap();
        let store = Arc::new(());
        for _ in 0..4 {
            let held = store.clone();
            workers.serve(async move {
                pending::<()>().await;
                drop(held);
            });
        }
        drop(workers);
        assert_eq!(Arc::strong_count(&store), 1);
    }
}
