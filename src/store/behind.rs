//! What is written behind the journal, and read from there: the door to the thread that owns sled.
//!
//! sled is used by one thread only, the [keeper], which is asked through a channel. A checkpoint of its
//! own accord happens after so many bytes of journal or of changed documents; commits do not wait for it.

mod keeper;
mod reclaim;
mod replay;
pub(super) mod seal;
pub(super) mod write;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::documents::Documents;
use super::ids::Ids;
use super::journal::Journal;
use super::layout::Layout;
use super::published::Published;
use super::room::Room;
use super::snapshot::Snapshot;
use super::tree::Trouble;
use super::{Error, Identity, Options, Then};
use crate::document::Document;
use crate::event::{Sequence, Time};
use crate::key::Key;
use crate::threads::{Thread, Threads};
use keeper::Keeper;

/// The name of the thread that owns sled.
const THREAD: &str = "laurels-sled";

/// What the store's own thread shares with everybody.
pub(super) struct Shared {
    pub(super) layout: Layout,
    pub(super) options: Options,
    pub(super) identity: Identity,
    pub(super) journal: Journal,
    pub(super) ids: Ids,
    pub(super) documents: Documents,
    pub(super) published: Published,
    pub(super) room: Room,
    /// What stands for records that were reclaimed. The thread that owns sled takes it.
    pub(super) snapshot: Mutex<Option<Snapshot>>,
    /// Bytes of journal since the last checkpoint.
    pub(super) journal_bytes: AtomicU64,
    /// Up to which event everything is written behind.
    pub(super) behind: AtomicU64,
    /// Whether a checkpoint is on its way already.
    pub(super) wished: AtomicBool,
}

enum Request {
    Load { keys: Vec<Key>, then: Then },
    Users { after: Option<Key>, limit: usize, reply: Sender<Result<Vec<Key>, Error>> },
    Checkpoint { reply: Option<Sender<Result<(), Error>>> },
    Reclaim { before: Time, reply: Sender<Result<(), Error>> },
    Close,
}

/// The thread that owns sled.
pub(super) struct Behind {
    requests: Sender<Request>,
    threads: Threads,
    thread: Option<Thread>,
}

impl Behind {
    /// Starts the thread. Documents and sums are there when it returns.
    pub(super) fn start(shared: Arc<Shared>) -> Result<Behind, Error> {
        let (requests, received) = channel();
        let (opened, wait) = channel();
        let threads = shared.options.threads.clone();
        let thread = threads.spawn(THREAD, move || {
            let keeper = Keeper::open(shared, received);
            match keeper {
                Ok(keeper) => {
                    let _ = opened.send(Ok(()));
                    keeper.run();
                }
                Err(error) => drop(opened.send(Err(error))),
            }
        });
        let thread = thread.map_err(|source| Error::io("start a thread", source))?;
        let behind = Behind { requests, threads, thread: Some(thread) };
        behind.answer(&wait)?;
        Ok(behind)
    }

    /// Up to which event everything was written behind once, as far as that was noted beside sled.
    pub(super) fn sealed(options: &Options, root: &Path, identity: Identity) -> Result<Sequence, Error> {
        seal::read(&*options.disk, &root.join(seal::NAME), identity)
    }

    /// Documents as they are now: in memory, or else in sled.
    pub(super) fn load(&self, keys: Vec<Key>) -> Result<Vec<Arc<Document>>, Error> {
        // Who asked may have gone.
        self.ask(|reply| Request::Load { keys, then: Box::new(move |loaded| drop(reply.send(loaded))) })
    }

    /// The same, for who must not wait.
    pub(super) fn load_then(&self, keys: Vec<Key>, then: Then) {
        // Where it cannot be sent, it is dropped, and who waits is told by that.
        let _ = self.requests.send(Request::Load { keys, then });
    }

    /// The keys of users in sled, after one of them.
    pub(super) fn users(&self, after: Option<Key>, limit: usize) -> Result<Vec<Key>, Error> {
        self.ask(|reply| Request::Users { after, limit, reply })
    }

    /// Writes behind what is published.
    pub(super) fn checkpoint(&self) -> Result<(), Error> {
        self.ask(|reply| Request::Checkpoint { reply: Some(reply) })
    }

    /// Lets go of records of events that arrived before this time, as far as that is worth it.
    pub(super) fn reclaim(&self, before: Time) -> Result<(), Error> {
        self.ask(|reply| Request::Reclaim { before, reply })
    }

    /// Has everything written behind some time soon.
    pub(super) fn wish(&self, shared: &Shared) {
        if !shared.wished.swap(true, Ordering::SeqCst) {
            // Without the thread nothing is written behind, and who reads will be told.
            let _ = self.requests.send(Request::Checkpoint { reply: None });
        }
    }

    fn ask<T>(&self, request: impl FnOnce(Sender<Result<T, Error>>) -> Request) -> Result<T, Error> {
        let (reply, wait) = channel();
        // Where it cannot be sent, no answer comes either.
        let _ = self.requests.send(request(reply));
        self.answer(&wait)
    }

    fn answer<T>(&self, wait: &Receiver<Result<T, Error>>) -> Result<T, Error> {
        let gone = || Error::io("ask the thread that owns sled", std::io::ErrorKind::BrokenPipe.into());
        self.threads.receive(wait).unwrap_or_else(|_| Err(gone()))
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        let _ = self.requests.send(Request::Close);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that owns sled has panicked; the next start replays what it left");
        }
    }
}

impl Shared {
    /// What stands for records that were reclaimed.
    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        self.snapshot.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_snapshot(&self, snapshot: Option<Snapshot>) {
        *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }

    fn sled_path(&self) -> PathBuf {
        self.layout.root().join("sled")
    }

    fn seal_path(&self) -> PathBuf {
        self.layout.root().join(seal::NAME)
    }

    fn error(&self, trouble: Trouble) -> Error {
        let place = self.sled_path();
        match trouble {
            Trouble::Broken(why) => Error::damaged(
                place.display(),
                format!("{why}; stop the server and remove it: it is made again from the journal"),
            ),
            Trouble::Passing(source) => Error::io(format!("use {}", place.display()), source),
            Trouble::Other(error) => error,
        }
    }

    fn journal_lost(&self, head: Sequence, known: Sequence) -> Error {
        let problem = format!(
            "the journal ends with event {}, and went on to {} once: events {} to {} are lost; put its last file back from a backup, or go on without them, as docs/operations.md says under \"A damaged journal\"",
            head.0,
            known.0,
            head.next().0,
            known.0
        );
        Error::damaged(self.layout.journal().display(), problem)
    }
}
