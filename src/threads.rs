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
    System { since: Instant },
    Scheduled(Arc<dyn Schedule>),
}

/// The runtime of a task that waits, so that its own threads can wake it. From outside, each waking may take a call of the
/// system.
#[derive(Clone, Debug, Default)]
pub struct Home(Option<Handle>);

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
        Threads(Kind::System { since: Instant::now() })
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

    /// Where the task that asks for it is at home.
    pub fn home(&self) -> Home {
        match &self.0 {
            Kind::System { .. } => Home(Handle::try_current().ok()),
            Kind::Scheduled(_) => Home(None),
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

impl Home {
    /// Wakes all of these, each at home, in their order there. Whose home is not known is woken from here.
    pub fn wake<T: Send + 'static>(all: impl IntoIterator<Item = (Home, T)>, wake: fn(T)) {
        let mut homes: Vec<(Handle, Vec<T>)> = Vec::new();
        for (Home(home), one) in all {
            let Some(home) = home else {
                wake(one);
                continue;
            };
            match homes.iter_mut().find(|(known, _)| known.id() == home.id()) {
                Some((_, waiting)) => waiting.push(one),
                None => homes.push((home, vec![one])),
            }
        }
        for (home, mut waiting) in homes {
            match waiting.len() {
                1 => waiting.drain(..).for_each(wake),
                _ => drop(home.spawn(async move { waiting.into_iter().for_each(wake) })),
            }
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use tokio::sync::oneshot;

    use super::*;

    /// A runtime of one thread with this name, until what is answered is dropped.
    fn home(name: &str) -> (Home, oneshot::Sender<()>) {
        let (sender, home) = channel();
        let (end, ended) = oneshot::channel();
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                sender.send(Threads::default().home()).unwrap();
                drop(ended.await);
            });
        };
        Builder::new().name(name.to_owned()).spawn(run).unwrap();
        (home.recv().unwrap(), end)
    }

    #[test]
    fn those_who_wait_are_woken_at_home_and_in_order() {
        let ((one, _ends), (other, _end)) = (home("one"), home("other"));
        let (sender, woken) = channel();
        let wake = |(number, sender): (u8, Sender<_>)| {
            sender.send((thread::current().name().unwrap().to_owned(), number)).unwrap();
        };
        let all = [(0, &one), (1, &other), (2, &one), (3, &other), (4, &one)];
        Home::wake(all.map(|(number, home)| (home.clone(), (number, sender.clone()))), wake);
        drop(sender);
        let mut woken: Vec<_> = woken.iter().collect();
        woken.sort_by_key(|(name, _)| name.clone());
        let at = |name: &str, number| (name.to_owned(), number);
        assert_eq!(woken, [at("one", 0), at("one", 2), at("one", 4), at("other", 1), at("other", 3)]);
    }

    #[test]
    fn who_has_no_runtime_is_woken_at_once() {
        let home = Threads::default().home();
        let (sender, woken) = channel();
        let wake = |(number, sender): (u8, Sender<_>)| {
            sender.send((thread::current().id(), number)).unwrap();
        };
        Home::wake([1, 2].map(|number| (home.clone(), (number, sender.clone()))), wake);
        let here = thread::current().id();
        assert_eq!(woken.try_iter().collect::<Vec<_>>(), [(here, 1), (here, 2)]);
    }
}
