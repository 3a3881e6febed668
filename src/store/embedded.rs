//! The store inside the server.
//!
//! ```text
//! commit ──▶ journal (one write, one sync) ──▶ ids, documents, sums in memory ──▶ returns
//!                 │                                    │ now and then
//!                 └── replayed at opening ──▶        sled, by a thread of its own
//! ```
//!
//! The journal is the truth; sled and the runs of ids only spare replaying all of it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::behind::{Behind, Shared};
use super::documents::Documents;
use super::ids::Ids;
use super::journal::{EntryRef, Journal};
use super::layout::Layout;
use super::published::{Published, follows};
use super::room::Room;
use super::{Earlier, Error, Identity, Options, Page, Store, Then, Timelines, Until, backup};
use crate::award::{News, Place};
use crate::catalog::Numbers;
use crate::document::Document;
use crate::event::{EventId, Sequence, Time, UserId};
use crate::key::Key;
use crate::outcome::{Outcome, Rarity, Record};

/// Room that a group may take besides its events' own bytes, when the disk is asked for it.
const ROOM_PER_EVENT: u64 = 1024;

/// A store in a directory of its own. Closing it, by dropping it, writes everything behind.
pub struct Embedded {
    behind: Behind,
    pub(super) shared: Arc<Shared>,
    /// One group at a time.
    writing: Mutex<()>,
}

impl Embedded {
    /// Opens the store in this directory, or makes one. It is this process's alone until it is closed.
    pub fn open(directory: &Path, options: Options) -> Result<Embedded, Error> {
        let layout = Layout::open(&*options.disk, directory)?;
        Embedded::open_in(layout, options)
    }

    /// Opens the store in a directory that this process has to itself already.
    pub(super) fn open_in(layout: Layout, options: Options) -> Result<Embedded, Error> {
        let disk = options.disk.clone();
        let known = Journal::identity_in(&*disk, &layout.journal())?;
        let identity = layout.identity(&options, known)?;
        let ids = Ids::open(disk, &layout.ids(), identity)?;
        let known = Behind::sealed(&options, layout.root(), identity)?.max(ids.last());
        let shared = Arc::new(Shared {
            journal: Journal::open(&layout.journal(), identity, known, &options)?,
            ids,
            documents: Documents::new(options.cache_bytes, options.hash_seed),
            published: Published::default(),
            room: Room::new(layout.root().to_owned(), &options),
            snapshot: Mutex::new(None),
            journal_bytes: AtomicU64::new(0),
            behind: AtomicU64::new(0),
            wished: AtomicBool::new(false),
            layout,
            options,
            identity,
        });
        let behind = Behind::start(shared.clone())?;
        Ok(Embedded { behind, shared, writing: Mutex::new(()) })
    }

    /// The last event up to which everything is written behind: an opening replays what comes after.
    pub fn written_behind(&self) -> Sequence {
        Sequence(self.shared.behind.load(Ordering::SeqCst))
    }

    pub(super) fn behind(&self) -> &Behind {
        &self.behind
    }

    fn all_at_hand(&self, keys: &[Key]) -> Option<Vec<Arc<Document>>> {
        keys.iter().map(|key| self.at_hand(key)).collect()
    }

    /// Shows to everybody what is durable now.
    fn publish(&self, group: &[Outcome], lengths: &[usize]) {
        let shared = &self.shared;
        let records = group.iter().map(|outcome| &outcome.record);
        shared.ids.note(records.map(|record| (record.event.id.as_str(), record.sequence)));
        for (outcome, length) in group.iter().zip(lengths) {
            for (key, document) in &outcome.documents {
                shared.documents.publish(key, document.clone(), *length as u64);
            }
        }
        // Last: whoever sees an event in the sums finds all that it did.
        shared.published.advance(group);
    }

    /// Has everything written behind when it is time for that.
    fn check_what_is_behind(&self, written: u64) {
        let shared = &self.shared;
        let journal = shared.journal_bytes.fetch_add(written, Ordering::SeqCst) + written;
        let dirty = shared.documents.dirty_bytes();
        if journal >= shared.options.checkpoint_journal_bytes
            || dirty >= shared.options.checkpoint_dirty_bytes
        {
            self.behind.wish(shared);
        }
    }

    /// Waits for a checkpoint where there is too much in memory that is not written behind.
    fn bound_memory(&self) -> Result<(), Error> {
        if self.shared.documents.dirty_bytes() < self.shared.options.dirty_max_bytes {
            return Ok(());
        }
        self.behind.checkpoint().map_err(|error| Error::ReadOnly {
            reason: format!("too much is not written behind, and writing behind fails: {error}"),
        })
    }
}

impl Store for Embedded {
    fn identity(&self) -> Identity {
        self.shared.identity
    }

    fn head(&self) -> Sequence {
        self.shared.published.head()
    }

    fn timelines(&self) -> Timelines {
        self.shared.published.timelines()
    }

    fn numbers(&self) -> Numbers {
        Numbers::clone(&self.shared.published.numbers())
    }

    fn adopt(&self, numbers: &Numbers) -> Result<(), Error> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if *self.shared.published.numbers() == *numbers {
            return Ok(());
        }
        self.shared.room.take(ROOM_PER_EVENT)?;
        let lengths = self.shared.journal.append([EntryRef::Catalog(numbers)].into_iter())?;
        self.shared.published.adopt(numbers.clone());
        self.check_what_is_behind(lengths.iter().sum::<usize>() as u64);
        Ok(())
    }

    fn recorded(&self, id: &EventId) -> Result<Option<Earlier>, Error> {
        let mut reclaimed = None;
        for sequence in self.shared.ids.candidates(id)? {
            match self.shared.journal.record(sequence) {
                Ok(record) => {
                    if let Some(record) = record.filter(|record| record.event.id == *id) {
                        return Ok(Some(Earlier::Kept(Box::new(record))));
                    }
                }
                Err(Error::Expired { .. }) => reclaimed = Some(Earlier::Reclaimed(sequence)),
                Err(error) => return Err(error),
            }
        }
        Ok(reclaimed)
    }

    fn at_hand(&self, key: &Key) -> Option<Arc<Document>> {
        self.shared.documents.at_hand(key)
    }

    fn load(&self, keys: &[Key]) -> Result<Vec<Arc<Document>>, Error> {
        match self.all_at_hand(keys) {
            Some(documents) => Ok(documents),
            None => self.behind.load(keys.to_vec()),
        }
    }

    fn load_then(&self, keys: Vec<Key>, then: Then) {
        match self.all_at_hand(&keys) {
            Some(documents) => then(Ok(documents)),
            None => self.behind.load_then(keys, then),
        }
    }

    fn commit(&self, group: &[Outcome]) -> Result<(), Error> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if group.is_empty() {
            return Ok(());
        }
        follows(self.head(), group)?;
        self.bound_memory()?;
        self.shared.room.take(group.len() as u64 * ROOM_PER_EVENT)?;
        let records = group.iter().map(|outcome| EntryRef::Event(&outcome.record));
        let lengths = self.shared.journal.append(records)?;
        self.publish(group, &lengths);
        self.check_what_is_behind(lengths.iter().sum::<usize>() as u64);
        Ok(())
    }

    fn news_after(&self, after: Place, user: Option<&UserId>, limit: usize) -> Result<Page<News>, Error> {
        match user {
            Some(user) => self.news_of(user, after, limit),
            None => self.news_of_all(after, limit),
        }
    }

    fn records_after(&self, after: Sequence, limit: usize) -> Result<Vec<Record>, Error> {
        self.records(after, limit)
    }

    fn users_after(&self, after: Option<&UserId>, limit: usize) -> Result<Vec<UserId>, Error> {
        self.users(after, limit)
    }

    fn rarity(&self) -> Rarity {
        self.shared.published.sums().rarity
    }

    fn checkpoint(&self) -> Result<(), Error> {
        self.behind.checkpoint()
    }

    fn kept_from(&self) -> Sequence {
        self.shared.journal.first()
    }

    fn reclaim(&self, before: Time) -> Result<(), Error> {
        self.behind.reclaim(before)
    }

    fn backup(&self, until: Until) -> Result<super::Backup, Error> {
        Ok(Box::new(backup::Backup::begin(self.shared.clone(), until)?))
    }
}
