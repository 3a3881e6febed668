//! Threads, and waiting for one another. Nothing in the store or the service starts a thread or waits for one
//! but through here, so that a test can decide who goes on when: with a [`Schedule`] of its own it runs one thread
//! at a time, in an order that a seed determines.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvError, TryRecvError};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Builder, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinError;

/// Decides which thread goes on. Time is its own, too.
pub trait Schedule: fmt::Debug + Send + Sync + 'static {
    /// Starts what is to run like a thread; the schedule says when it does.
    fn spawn(&self, name: &str, body: Box<dyn FnOnce() + Send>) -> io::Result<()>;

    /// Called by a thread that has nothing to do until another has done something.
    fn wait(&self);

    /// How much time has passed since some moment. Never goes back.
    fn elapsed(&self) -> Duration;
}

/// How threads are started and wait: as the system does it, or by a [`Schedule`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Threads(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// `tasks` is the runtime in which it was begun, if it was in one.
    System {
        since: Instant,
        tasks: Option<Handle>,
    },
    Scheduled(Arc<dyn Schedule>),
}

/// A thread that was started.
pub struct Thread(Started);

enum Started {
    System(JoinHandle<()>),
    /// How its body ended, once it has.
    Scheduled(Arc<OnceLock<Result<(), Panicked>>>, Arc<dyn Schedule>),
}

/// A thread died of a panic.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a thread panicked")]
pub struct Panicked;

impl Default for Threads {
    fn default() -> Threads {
        Threads(Kind::System { since: Instant::now(), tasks: Handle::try_current().ok() })
    }
}

impl Threads {
    /// Threads that a schedule lets run.
    pub fn scheduled(schedule: Arc<dyn Schedule>) -> Threads {
        Threads(Kind::Scheduled(schedule))
    }

    /// Starts a thread.
    pub fn spawn(&self, name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<Thread> {
        match &self.0 {
            Kind::System { .. } => {
                Ok(Thread(Started::System(Builder::new().name(name.to_owned()).spawn(body)?)))
            }
            Kind::Scheduled(schedule) => {
                let ended = Arc::new(OnceLock::new());
                let ending = ended.clone();
                let body = move || {
                    // Nothing of what a thread shares is looked at after a panic but what copes with that.
                    let result = catch_unwind(AssertUnwindSafe(body)).map_err(|_| Panicked);
                    // It ends once.
                    let _ = ending.set(result);
                };
                schedule.spawn(name, Box::new(body))?;
                Ok(Thread(Started::Scheduled(ended, schedule.clone())))
            }
        }
    }

    /// Waits for what another thread sends.
    pub fn receive<T>(&self, receiver: &Receiver<T>) -> Result<T, RecvError> {
        let Kind::Scheduled(schedule) = &self.0 else { return receiver.recv() };
        loop {
            match receiver.try_recv() {
                Ok(received) => return Ok(received),
                Err(TryRecvError::Disconnected) => return Err(RecvError),
                Err(TryRecvError::Empty) => schedule.wait(),
            }
        }
    }

    /// Waits for what tasks send, and takes at most `limit` of it; 0 came when the channel is closed. None when nothing
    /// came and no time is left: `left` says how much is, or none where there is no end to it, and is asked again
    /// whenever the thread is woken, also by [`Threads::waker`].
    pub fn receive_many<T>(
        &self,
        queue: &mut mpsc::Receiver<T>,
        into: &mut Vec<T>,
        limit: usize,
        left: impl Fn() -> Option<Duration>,
    ) -> Option<usize> {
        let Kind::Scheduled(schedule) = &self.0 else { return receive_many(queue, into, limit, left) };
        let mut received = 0;
        while received < limit {
            match queue.try_recv() {
                Ok(item) => {
                    into.push(item);
                    received += 1;
                }
                Err(mpsc::error::TryRecvError::Empty) if received > 0 => break,
                Err(mpsc::error::TryRecvError::Empty) if left().is_some_and(|left| left.is_zero()) => {
                    return None;
                }
                Err(mpsc::error::TryRecvError::Empty) => schedule.wait(),
                Err(mpsc::error::TryRecvError::Disconnected) => break,
            }
        }
        Some(received)
    }

    /// Wakes the thread that asks for it, where it waits in [`Threads::receive_many`].
    pub fn waker(&self) -> Waker {
        match &self.0 {
            Kind::System { .. } => Waker::from(Arc::new(Unpark(thread::current()))),
            // It is asked in turn.
            Kind::Scheduled(_) => Waker::noop().clone(),
        }
    }

    /// Does what may wait for the disk or for a thread, from a task, without holding other tasks up.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        match &self.0 {
            Kind::System { .. } => tokio::task::spawn_blocking(work).await,
            Kind::Scheduled(_) => Ok(work()),
        }
    }

    /// Has tasks woken by a task instead of by this thread: from outside, each one that is woken may take a call of the
    /// system, since no thread of the runtime is awake.
    pub fn wake_together(&self, waking: impl FnOnce() + Send + 'static) {
        match &self.0 {
            Kind::System { tasks: Some(tasks), .. } => drop(tasks.spawn(async move { waking() })),
            Kind::System { tasks: None, .. } | Kind::Scheduled(_) => waking(),
        }
    }

    /// How much time has passed since some moment. Never goes back.
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Kind::System { since, .. } => since.elapsed(),
            Kind::Scheduled(schedule) => schedule.elapsed(),
        }
    }
}

/// As [`Threads::receive_many`], on a thread of the system's.
fn receive_many<T>(
    queue: &mut mpsc::Receiver<T>,
    into: &mut Vec<T>,
    limit: usize,
    left: impl Fn() -> Option<Duration>,
) -> Option<usize> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(received) = queue.poll_recv_many(&mut Context::from_waker(&waker), into, limit) {
            return Some(received);
        }
        match left() {
            None => thread::park(),
            Some(left) if left.is_zero() => return None,
            Some(left) => thread::park_timeout(left),
        }
    }
}

/// Wakes a thread that has parked.
struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Thread {
    /// Waits until it has ended.
    pub fn join(self) -> Result<(), Panicked> {
        match self.0 {
            Started::System(handle) => handle.join().map_err(|_| Panicked),
            Started::Scheduled(ended, schedule) => loop {
                match ended.get() {
                    Some(result) => return *result,
                    None => schedule.wait(),
                }
            },
        }
    }
}
