//! The thread that owns sled: it reads cold documents for everybody, writes behind what changed, and puts sled
//! right when it breaks.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::super::Error;
use super::super::documents::Held;
use super::super::materialized::Materialized;
use super::super::published::Sums;
use super::super::tree::Trouble;
use super::replay::Replay;
use super::{Request, Shared, seal, write};
use crate::document::Document;
use crate::event::Sequence;
use crate::key::Key;

/// After a checkpoint that failed, the next is not tried for so long, unless somebody asks for it.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// How many times their size documents may take in sled, after many overwrites.
const ROOM_FACTOR: u64 = 4;

/// What the thread has.
pub(super) struct Keeper {
    pub(super) shared: Arc<Shared>,
    requests: Receiver<Request>,
    /// What was asked for while there was something else to do.
    deferred: VecDeque<Request>,
    /// None after a trouble that passes. It is opened again when it is needed.
    pub(super) sled: Option<Materialized>,
    /// What is in sled, durably.
    pub(super) behind: Sums,
    /// Whether another snapshot must be taken, since the one there was is damaged.
    pub(super) snapshot_due: bool,
    /// By the time that the threads have.
    failed_at: Option<Duration>,
}

impl Keeper {
    /// Opens sled, and brings the documents and sums in memory to the end of the journal.
    pub(super) fn open(shared: Arc<Shared>, requests: Receiver<Request>) -> Result<Keeper, Error> {
        let behind = Sums::default();
        let mut keeper = Keeper {
            shared,
            requests,
            deferred: VecDeque::new(),
            sled: None,
            behind,
            snapshot_due: false,
            failed_at: None,
        };
        match keeper.find_snapshot().and_then(|()| keeper.open_and_replay()) {
            Ok(()) => {}
            Err(Trouble::Broken(why)) => {
                keeper.set_aside(&why)?;
                keeper.open_and_replay().map_err(|trouble| keeper.shared.error(trouble))?;
            }
            Err(trouble) => return Err(keeper.shared.error(trouble)),
        }
        if keeper.snapshot_due {
            // Until there is one again, nothing could make sled again.
            match keeper.take_snapshot() {
                Ok(()) => tracing::warn!("another snapshot was taken; nothing is lost"),
                Err(error) => {
                    tracing::error!(%error, "another snapshot cannot be taken: back this store up now")
                }
            }
        }
        Ok(keeper)
    }

    /// Does what is asked, until it is told to close.
    pub(super) fn run(mut self) {
        while let Some(request) = self.next_request() {
            match request {
                Request::Load { keys, then } => {
                    let shared = self.shared.clone();
                    then(self.attempt(|sled| load(&shared, sled, &keys)));
                }
                Request::Users { after, limit, reply } => {
                    let _ = reply.send(self.attempt(|sled| sled.keys(Key::USERS, after.as_ref(), limit)));
                }
                Request::Checkpoint { reply: Some(reply) } => {
                    let _ = reply.send(self.checkpoint());
                }
                Request::Checkpoint { reply: None } => self.wished_checkpoint(),
                Request::Reclaim { before, reply } => {
                    let _ = reply.send(self.reclaim(before));
                }
                Request::Close => break,
            }
        }
        if self.shared.options.checkpoint_on_close
            && let Err(error) = self.checkpoint()
        {
            tracing::error!(%error, "not everything was written behind at the end; the next start replays it");
        }
    }

    fn next_request(&mut self) -> Option<Request> {
        self.deferred.pop_front().or_else(|| self.shared.options.threads.receive(&self.requests).ok())
    }

    fn wished_checkpoint(&mut self) {
        self.shared.wished.store(false, Ordering::SeqCst);
        if self.failed_at.is_some_and(|at| self.shared.options.threads.elapsed() - at < RETRY_AFTER) {
            return;
        }
        if let Err(error) = self.checkpoint() {
            tracing::error!(%error, "a checkpoint failed; nothing is lost, and it is tried again");
        }
    }

    /// Writes everything behind that is published now.
    pub(super) fn checkpoint(&mut self) -> Result<(), Error> {
        // sled on a full disk would break, and there would be no room to make it again.
        let room = self.shared.documents.dirty_bytes().saturating_mul(ROOM_FACTOR);
        let done = self.shared.room.check(&self.shared.sled_path(), room).and_then(|()| self.write_behind());
        let done = done.and_then(|()| self.shared.ids.flush());
        self.failed_at = done.is_err().then(|| self.shared.options.threads.elapsed());
        done
    }

    fn write_behind(&mut self) -> Result<(), Error> {
        let mut sled = self.sled()?;
        let mut tried = false;
        loop {
            let journal_bytes = self.shared.journal_bytes.load(Ordering::SeqCst);
            // First the sums, then the documents: these have at least what the sums say.
            let sums = self.shared.published.sums();
            let leaving = self.shared.documents.leave();
            if leaving.is_empty() && sums == self.behind {
                self.sled = Some(sled);
                return Ok(());
            }
            let shared = self.shared.clone();
            let documents = leaving.sorted();
            let each = documents.iter().map(|(key, document)| Ok((*key, &***document)));
            let written = write::write(&shared, &sled, each, &sums, || self.serve_between(&sled));
            match written {
                Ok(sizes) => {
                    self.sled = Some(sled);
                    let written = documents.iter().zip(sizes);
                    let written = written.map(|((key, document), bytes)| (*key, *document, bytes));
                    shared.documents.left(&leaving, written);
                    shared.journal_bytes.fetch_sub(journal_bytes, Ordering::SeqCst);
                    shared.behind.store(sums.sequence.0, Ordering::SeqCst);
                    self.behind = sums;
                    return Ok(());
                }
                Err(trouble) if tried => return Err(self.give_up(sled, trouble)),
                Err(trouble) => sled = self.recover(sled, trouble)?,
            }
            tried = true;
        }
    }

    /// Serves those who read, between two batches.
    pub(super) fn serve_between(&mut self, sled: &Materialized) -> Result<(), Trouble> {
        while let Ok(request) = self.requests.try_recv() {
            let Request::Load { keys, then } = request else {
                self.deferred.push_back(request);
                continue;
            };
            match load(&self.shared, sled, &keys) {
                Ok(found) => then(Ok(found)),
                Err(trouble) => {
                    self.deferred.push_back(Request::Load { keys, then });
                    return Err(trouble);
                }
            }
        }
        Ok(())
    }

    /// Reads something; if sled breaks over it, once more when it is put right.
    fn attempt<T>(&mut self, read: impl Fn(&Materialized) -> Result<T, Trouble>) -> Result<T, Error> {
        let sled = self.sled()?;
        let sled = match read(&sled) {
            Ok(found) => {
                self.sled = Some(sled);
                return Ok(found);
            }
            Err(trouble) => self.recover(sled, trouble)?,
        };
        match read(&sled) {
            Ok(found) => {
                self.sled = Some(sled);
                Ok(found)
            }
            Err(trouble) => Err(self.give_up(sled, trouble)),
        }
    }

    /// Takes sled in hand; opens it where it is closed.
    pub(super) fn sled(&mut self) -> Result<Materialized, Error> {
        if let Some(sled) = self.sled.take() {
            return Ok(sled);
        }
        let opened = Materialized::open(&self.shared.sled_path(), &self.shared.options).and_then(|sled| {
            let found = write::read_sums(&sled)?.unwrap_or_default().sequence;
            match found < self.behind.sequence {
                true => Err(forgotten(found, self.behind.sequence)),
                false => Ok(sled),
            }
        });
        match opened {
            Ok(sled) => Ok(sled),
            Err(Trouble::Broken(why)) => self.rebuild(&why),
            Err(trouble) => Err(self.shared.error(trouble)),
        }
    }

    /// A sled to go on with after a trouble, or why there is none now.
    pub(super) fn recover(&mut self, sled: Materialized, trouble: Trouble) -> Result<Materialized, Error> {
        match trouble {
            Trouble::Broken(why) => {
                sled.abandon();
                self.rebuild(&why)
            }
            trouble @ (Trouble::Passing(_) | Trouble::Other(_)) => Err(self.give_up(sled, trouble)),
        }
    }

    pub(super) fn give_up(&mut self, sled: Materialized, trouble: Trouble) -> Error {
        match &trouble {
            // It is looked at again when it is opened.
            Trouble::Broken(_) => sled.abandon(),
            // sled goes on failing after an error; one that is opened again does not.
            Trouble::Passing(_) => drop(sled),
            Trouble::Other(_) => self.sled = Some(sled),
        }
        self.shared.error(trouble)
    }

    /// A new sled with what the broken one had. What came after is in memory still.
    fn rebuild(&mut self, why: &str) -> Result<Materialized, Error> {
        self.set_aside(why)?;
        let shared = self.shared.clone();
        let fresh = Materialized::open(&shared.sled_path(), &shared.options);
        let sled = fresh.map_err(|trouble| shared.error(trouble))?;
        let made = self.bridge(&sled, Sums::default()).and_then(|sums| {
            let mut replay = Replay::new(&shared, &sled, sums);
            replay.run(self.behind.sequence)?;
            replay.sums = self.behind.clone();
            replay.write()
        });
        match made {
            Ok(()) => {
                tracing::info!(until = self.behind.sequence.0, "sled is made again from the journal");
                shared.documents.known.set_complete(true);
                Ok(sled)
            }
            Err(trouble) => {
                match &trouble {
                    Trouble::Broken(_) => sled.abandon(),
                    // It lacks documents, so nobody may read it. Opened again it does not go as far as it should, and
                    // is made anew.
                    Trouble::Passing(_) | Trouble::Other(_) => drop(sled),
                }
                Err(shared.error(trouble))
            }
        }
    }

    fn set_aside(&self, why: &str) -> Result<(), Error> {
        // Whoever decides meanwhile would take what is not made again yet for what never was.
        self.shared.documents.known.set_complete(false);
        let directory = self.shared.sled_path();
        seal::remove(&*self.shared.options.disk, &self.shared.seal_path())?;
        let aside = (self.shared.options.trees)
            .set_aside(&directory, &self.shared.options)
            .map_err(|source| Error::io(format!("set {} aside", directory.display()), source))?;
        tracing::error!(
            why, set_aside = ?aside,
            "sled is broken; nothing is lost: it is made again from the journal, which takes a while"
        );
        Ok(())
    }

    fn open_and_replay(&mut self) -> Result<(), Trouble> {
        let shared = self.shared.clone();
        let path = shared.sled_path();
        let sealed = seal::read(&*shared.options.disk, &shared.seal_path(), shared.identity)
            .map_err(Trouble::Other)?;
        let was_there = shared.options.trees.is_in(&path);
        let sled = Materialized::open(&path, &shared.options)?;
        // Of a new one it is known at once that it has nothing.
        shared.documents.known.read_on(&sled)?;
        let behind = match write::read_sums(&sled)? {
            Some(sums) if sums.sequence < sealed => return Err(forgotten(sums.sequence, sealed)),
            None if was_there && sealed > Sequence(0) => return Err(forgotten(Sequence(0), sealed)),
            None if sealed > Sequence(0) => {
                tracing::error!(path = %path.display(), "sled is gone; nothing is lost: it is made again from the journal");
                Sums::default()
            }
            found => found.unwrap_or_default(),
        };
        let head = shared.journal.head();
        let reach = shared.snapshot().map_or(Sequence(0), |snapshot| snapshot.extent.reach);
        let known = behind.sequence.max(sealed).max(shared.ids.last()).max(reach);
        if known > head {
            return Err(Trouble::Other(shared.journal_lost(head, known)));
        }
        let behind = self.bridge(&sled, behind)?;
        let mut replay = Replay::new(&shared, &sled, behind);
        replay.run(head)?;
        for (key, document, bytes) in replay.finish()? {
            shared.documents.publish(&key, document, bytes);
        }
        shared.behind.store(replay.behind.sequence.0, Ordering::SeqCst);
        shared.published.set(replay.sums);
        self.behind = replay.behind;
        shared.documents.known.set_complete(true);
        self.sled = Some(sled);
        Ok(())
    }
}

fn load(shared: &Shared, sled: &Materialized, keys: &[Key]) -> Result<Vec<Arc<Document>>, Trouble> {
    let loaded = keys.iter().map(|key| {
        // It may have come since it was asked for.
        if let Some(document) = shared.documents.at_hand(key) {
            return Ok(document);
        }
        let (document, bytes) = write::read(shared, sled, key)?.unwrap_or_default();
        Ok(shared.documents.fetched(key, Held { document: Arc::new(document), bytes }))
    });
    loaded.collect()
}

fn forgotten(found: Sequence, expected: Sequence) -> Trouble {
    Trouble::Broken(format!("it goes up to event {}, and went up to {} once", found.0, expected.0))
}
