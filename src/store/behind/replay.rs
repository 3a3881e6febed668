//! Makes documents again from the journal: those that sled does not have, or not as they are now.
//!
//! Nothing is decided: each event's changes are applied to documents that do not have them yet. What sled has of a
//! document is not read when the document is first met, but at the end, in the order of the keys, so that sled goes to
//! pages where it just was; until then what happened to it waits, as the bytes that the journal has. What does not fit
//! into memory is written behind on the way.

mod waiting;

use std::collections::HashMap;
use std::sync::Arc;

use super::super::documents::OVERHEAD_BYTES;
use super::super::hash::Seeded;
use super::super::journal::{Effects, Frame, Replayed};
use super::super::materialized::Materialized;
use super::super::published::Sums;
use super::super::tree::Trouble;
use super::{Shared, write};
use crate::award::News;
use crate::document::Document;
use crate::event::Sequence;
use crate::key::Key;
use waiting::Waiting;

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
    /// What happened to documents that is not in sled.
    waiting: HashMap<Key, Waiting, Seeded>,
    /// About how many bytes these documents take, without what sled has of them.
    bytes: u64,
}

impl<'a> Replay<'a> {
    pub(super) fn new(shared: &'a Shared, sled: &'a Materialized, behind: Sums) -> Replay<'a> {
        let waiting = HashMap::with_hasher(Seeded::new(shared.options.hash_seed));
        Replay { shared, sled, sums: behind.clone(), behind, waiting, bytes: 0 }
    }

    /// Goes on up to and with this event; of ids, too, those that are not noted yet.
    pub(super) fn run(&mut self, until: Sequence) -> Result<(), Trouble> {
        let shared = self.shared;
        let noted = shared.ids.last();
        shared.ids.reserve(until.0.saturating_sub(noted.0));
        let mut walk = shared.journal.walk(self.sums.sequence.min(noted).next()).in_passing();
        while let Some(frame) = walk.next_frame().map_err(Trouble::Other)? {
            let is_last =
                self.frame(&frame, until).map_err(|error| Trouble::Other(walk.unreadable(error)))?;
            if is_last {
                break;
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
        let (shared, sled) = (self.shared, self.sled);
        // Of what waits, all documents together may be more than there is room for.
        let documents = self.take().map(|(key, waiting)| {
            let (document, _) = made(shared, sled, &key, waiting)?;
            Ok((key, document))
        });
        write::write(shared, sled, documents, &self.sums, || Ok(()))?;
        self.behind = self.sums.clone();
        Ok(())
    }

    /// The documents that are not in sled as they are at the end, with about how many bytes each takes. Where they are
    /// more than may be held, the rest goes to sled: which is none the worse for having what the sums there do not have.
    pub(super) fn finish(&mut self) -> Result<Vec<(Key, Arc<Document>, u64)>, Trouble> {
        let (shared, sled) = (self.shared, self.sled);
        let mut bytes = 0;
        let mut documents = Vec::with_capacity(self.waiting.len());
        let mut waiting = self.take();
        while let Some((key, steps)) = waiting.next() {
            let (document, of_document) = made(shared, sled, &key, steps)?;
            bytes += of_document + OVERHEAD_BYTES;
            documents.push((key, Arc::new(document), of_document));
            if bytes > shared.options.checkpoint_dirty_bytes {
                let rest = waiting.by_ref().map(|(key, steps)| {
                    let (document, _) = made(shared, sled, &key, steps)?;
                    Ok((key, document))
                });
                write::documents(shared, sled, rest, || Ok(()))?;
            }
        }
        Ok(documents)
    }

    /// What waits, sorted by key.
    fn take(&mut self) -> impl Iterator<Item = (Key, Waiting)> + use<> {
        let mut waiting: Vec<_> = self.waiting.drain().collect();
        waiting.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        self.bytes = 0;
        waiting.into_iter()
    }

    /// Takes a frame in, up to and with this event; says whether that was the last one.
    fn frame(&mut self, frame: &Frame, until: Sequence) -> Result<bool, postcard::Error> {
        let events = frame.next().0 - frame.first().0;
        let share = frame.size() as u64 / events.max(1);
        let mut next = frame.first();
        let mut ids = Vec::new();
        let mut is_last = false;
        for entry in frame.raw_entries() {
            match Replayed::read(entry)? {
                // The header is what events are found by: one that counts otherwise would hide some.
                Replayed::Event(effects) if effects.sequence != next => return Err(MISCOUNTED),
                Replayed::Event(effects) if effects.sequence > until => {
                    is_last = true;
                    break;
                }
                Replayed::Event(effects) => {
                    ids.push((effects.id, effects.sequence));
                    self.event(&effects, share);
                    next = next.next();
                }
                // What was taken into use before is in the sums.
                Replayed::Catalog(_) | Replayed::Timeline(_) if frame.first() <= self.sums.sequence => {}
                Replayed::Catalog(numbers) => self.sums.numbers = Arc::new(numbers),
                Replayed::Timeline(timeline) => self.sums.timelines.begin(timeline),
            }
        }
        self.shared.ids.note(ids.into_iter());
        match is_last || next == frame.next() {
            true => Ok(is_last),
            false => Err(MISCOUNTED),
        }
    }

    fn event(&mut self, effects: &Effects<'_>, share: u64) {
        if effects.sequence <= self.sums.sequence {
            return;
        }
        for (key, changes) in &effects.changes {
            let waiting = self.waiting(Key::from_text(key), share);
            waiting.changes(effects.sequence, changes);
        }
        for news in News::of(&effects.awards, &effects.revoked) {
            let waiting = self.waiting(Key::user(&news.award().user), share);
            waiting.news(effects.sequence, news);
        }
        self.sums.rarity.add(effects.newcomers, &effects.awards, &effects.revoked);
        self.sums.sequence = effects.sequence;
    }

    /// What waits for this document, which so many bytes are about to come to.
    fn waiting(&mut self, key: Key, bytes: u64) -> &mut Waiting {
        let waiting = self.waiting.entry(key).or_insert_with(|| {
            self.bytes += OVERHEAD_BYTES;
            Waiting::default()
        });
        waiting.bytes += bytes;
        self.bytes += bytes;
        waiting
    }
}

/// A document with what waited for it, and about how many bytes it takes.
fn made(
    shared: &Shared,
    sled: &Materialized,
    key: &Key,
    waiting: Waiting,
) -> Result<(Document, u64), Trouble> {
    let (mut document, bytes) = write::read(shared, sled, key)?.unwrap_or_default();
    let bytes = bytes + waiting.bytes;
    waiting.apply_to(&mut document);
    Ok((document, bytes))
}
