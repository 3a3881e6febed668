//! Makes documents again from the journal: those that sled does not have, or not as they are now.
//!
//! Nothing is decided: each event's changes are applied to documents that do not have them yet. What does not
//! fit into memory is written behind on the way.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::sync::Arc;

use super::super::documents::OVERHEAD_BYTES;
use super::super::hash::Seeded;
use super::super::journal::{Entry, Frame};
use super::super::materialized::Materialized;
use super::super::published::Sums;
use super::super::tree::Trouble;
use super::{Shared, write};
use crate::document::Document;
use crate::event::Sequence;
use crate::key::Key;
use crate::outcome::Record;

/// What is said of a frame whose events are not those that its header tells.
const MISCOUNTED: postcard::Error = postcard::Error::DeserializeBadEncoding;

/// Documents on their way to the end of the journal.
pub(super) struct Replay<'a> {
    shared: &'a Shared,
    sled: &'a Materialized,
    /// What is in sled.
    pub(super) behind: Sums,
    /// How far it came.
    pub(super) sums: Sums,
    /// What is not in sled, with about how many bytes each takes.
    pub(super) changed: HashMap<Key, (Arc<Document>, u64), Seeded>,
    bytes: u64,
}

impl<'a> Replay<'a> {
    pub(super) fn new(shared: &'a Shared, sled: &'a Materialized, behind: Sums) -> Replay<'a> {
        let changed = HashMap::with_hasher(Seeded::new(shared.options.hash_seed));
        Replay { shared, sled, sums: behind.clone(), behind, changed, bytes: 0 }
    }

    /// Goes on up to and with this event; of ids, too, those that are not noted yet.
    pub(super) fn run(&mut self, until: Sequence) -> Result<(), Trouble> {
        let shared = self.shared;
        let from = self.sums.sequence.min(shared.ids.last()).next();
        let mut walk = shared.journal.walk(from);
        while let Some(frame) = walk.next_frame().map_err(Trouble::Other)? {
            let share = frame.size() as u64 / u64::max(1, frame.next().0 - frame.first().0);
            let unreadable = |error| Trouble::Other(walk.unreadable(error));
            let mut next = frame.first();
            for entry in frame.entries() {
                match entry.map_err(unreadable)? {
                    // The header is what events are found by: one that counts otherwise would hide some.
                    Entry::Event(record) if record.sequence != next => return Err(unreadable(MISCOUNTED)),
                    Entry::Event(record) if record.sequence > until => return Ok(()),
                    Entry::Event(record) => {
                        self.event(&record, share)?;
                        next = next.next();
                    }
                    Entry::Catalog(numbers) => {
                        // What was taken into use before is in the sums.
                        if self.is_new(&frame) {
                            self.sums.numbers = Arc::new(numbers);
                        }
                    }
                    Entry::Timeline(timeline) => {
                        if self.is_new(&frame) {
                            self.sums.timelines.begin(timeline);
                        }
                    }
                }
            }
            if next != frame.next() {
                return Err(unreadable(MISCOUNTED));
            }
            if self.bytes > shared.options.checkpoint_dirty_bytes {
                self.write()?;
            }
            if shared.ids.is_full() {
                shared.ids.flush().map_err(Trouble::Other)?;
            }
        }
        Ok(())
    }

    /// Writes behind what it has, so that it need not be held.
    pub(super) fn write(&mut self) -> Result<(), Trouble> {
        let mut changed: Vec<_> = self.changed.iter().map(|(key, (document, _))| (key, document)).collect();
        changed.sort_unstable_by_key(|(key, _)| *key);
        write::write(self.shared, self.sled, &changed, &self.sums, || Ok(()))?;
        self.changed.clear();
        self.bytes = 0;
        self.behind = self.sums.clone();
        Ok(())
    }

    fn is_new(&self, frame: &Frame) -> bool {
        frame.first() > self.sums.sequence
    }

    fn event(&mut self, record: &Record, share: u64) -> Result<(), Trouble> {
        self.shared.ids.note([(&record.event.id, record.sequence)].into_iter());
        if record.sequence <= self.sums.sequence {
            return Ok(());
        }
        for (key, of_document) in record.shares() {
            let (document, bytes) = match self.changed.entry(key) {
                Occupied(known) => known.into_mut(),
                Vacant(free) => {
                    let read = write::read(self.shared, self.sled, free.key())?;
                    let (document, bytes) = read.unwrap_or_default();
                    self.bytes += bytes + OVERHEAD_BYTES;
                    free.insert((Arc::new(document), bytes))
                }
            };
            of_document.apply_to(Arc::make_mut(document));
            *bytes += share;
            self.bytes += share;
        }
        self.sums.count(record);
        Ok(())
    }
}
