//! Which event ids there have been, for ever.
//!
//! Of an id only a fingerprint of 64 bits is kept, with the sequence of its event; whether it is the same id
//! is read from the journal. The latest are in a table in memory. At a checkpoint they go to a [run], a
//! sorted file, and of that only a filter and a sparse index stay in memory: 1.2 MB for a million ids
//! (9.05 bits each for the filter, three eighths of a bit for the index; a test holds this to be so). Runs are
//! [merged](merge) in tiers, so that a thousand checkpoints leave a dozen of them.
//!
//! All of it can be made again from the journal: a run that is missing or damaged is, at the next opening.

mod merge;
pub(super) mod run;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::disk::Disk;
use super::hash::Seeded;
use super::{Error, Identity};
use crate::event::{EventId, Sequence};
pub(super) use run::{Run, Span};

/// While the journal is replayed, so many ids are held in memory before they go to a run.
const RECENT_MAX: usize = 1 << 20;

/// A fingerprint and a sequence.
pub(super) type Entry = (u64, u64);

/// All event ids of one store.
pub(super) struct Ids {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    identity: Identity,
    fingerprint: fn(&str, Identity) -> u64,
    kept: RwLock<Kept>,
    /// Held by who writes runs: one at a time.
    writing: Mutex<()>,
}

#[derive(Default)]
struct Kept {
    recent: Recent,
    /// What is on its way to a run.
    leaving: Option<Arc<Recent>>,
    /// In the order of their sequences, without gaps, from the first event.
    runs: Vec<Arc<Run>>,
}

/// Ids in memory: of the events from one on, up to another.
#[derive(Default)]
struct Recent {
    first: u64,
    last: u64,
    /// Fingerprints are seeded already.
    by_fingerprint: HashMap<u64, u64, Seeded>,
    /// Those whose fingerprint was in the table already.
    clashes: Vec<Entry>,
}

/// The fingerprint of an id: seeded, so that nobody can choose ids that clash.
pub(super) fn fingerprint(id: &str, identity: Identity) -> u64 {
    xxh3_64_with_seed(id.as_bytes(), identity.0)
}

impl Ids {
    /// Opens what there is in this directory. Ids after [`Ids::last`] are to be noted again.
    pub(super) fn open(disk: Arc<dyn Disk>, directory: &Path, identity: Identity) -> Result<Ids, Error> {
        Ids::open_with(disk, directory, identity, fingerprint)
    }

    fn open_with(
        disk: Arc<dyn Disk>,
        directory: &Path,
        identity: Identity,
        fingerprint: fn(&str, Identity) -> u64,
    ) -> Result<Ids, Error> {
        let runs = run::open_all(&*disk, directory, identity)
            .map_err(|source| Error::io(format!("open {}", directory.display()), source))?;
        let last = runs.last().map_or(0, |run| run.last);
        let kept = Kept {
            recent: Recent::after(last),
            leaving: None,
            runs: runs.into_iter().map(Arc::new).collect(),
        };
        let kept = RwLock::new(kept);
        Ok(Ids {
            disk,
            directory: directory.to_owned(),
            identity,
            fingerprint,
            kept,
            writing: Mutex::new(()),
        })
    }

    /// The last event whose id is noted.
    pub(super) fn last(&self) -> Sequence {
        Sequence(self.kept.read().unwrap_or_else(PoisonError::into_inner).recent.last)
    }

    /// Makes room for the ids of so many events that are about to be noted.
    pub(super) fn reserve(&self, events: u64) {
        let events = usize::try_from(events).unwrap_or(usize::MAX).min(RECENT_MAX);
        self.kept.write().unwrap_or_else(PoisonError::into_inner).recent.by_fingerprint.reserve(events);
    }

    /// Notes ids, in the order of their events. What is noted already is left alone.
    pub(super) fn note<'a>(&self, ids: impl Iterator<Item = (&'a str, Sequence)>) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        for (id, sequence) in ids {
            let fingerprint = (!id.is_empty()).then(|| (self.fingerprint)(id, self.identity));
            kept.recent.note(fingerprint, sequence.0);
        }
    }

    /// The events that may have this id: all with its fingerprint, the latest first.
    pub(super) fn candidates(&self, id: &EventId) -> Result<Vec<Sequence>, Error> {
        let fingerprint = (self.fingerprint)(id.as_str(), self.identity);
        let mut found = Vec::new();
        let runs = {
            let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
            kept.recent.find(fingerprint, &mut found);
            if let Some(leaving) = &kept.leaving {
                leaving.find(fingerprint, &mut found);
            }
            let may_have = kept.runs.iter().filter(|run| run.may_have(fingerprint));
            may_have.cloned().collect::<Vec<_>>()
        };
        for run in runs {
            let failed = |source| Error::io("look up an event id", source);
            run.find(fingerprint, &mut found).map_err(failed)?;
        }
        found.sort_unstable_by_key(|sequence| std::cmp::Reverse(*sequence));
        Ok(found.into_iter().map(Sequence).collect())
    }

    /// Whether so many ids are in memory that they should go to a run before more are noted.
    pub(super) fn is_full(&self) -> bool {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).recent.len() >= RECENT_MAX
    }

    /// Moves all ids from memory to runs, and merges runs where there are many. After an error they are
    /// still in memory.
    pub(super) fn flush(&self) -> Result<(), Error> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |source| Error::io("write event ids down", source);
        // What an earlier attempt left goes first: runs have no gaps.
        while let Some(leaving) = self.leaving() {
            let run = run::write(
                &*self.disk,
                &self.directory,
                self.identity,
                Span { level: 0, first: leaving.first, last: leaving.last },
                leaving.len() as u64,
                leaving.sorted().into_iter().map(Ok),
            );
            let run = Arc::new(run.map_err(failed)?);
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            kept.runs.push(run);
            kept.leaving = None;
        }
        self.merge().map_err(failed)
    }

    /// All runs. After [`Ids::flush`] they have everything that was noted before.
    pub(super) fn runs(&self) -> Vec<Arc<Run>> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).runs.clone()
    }

    /// Forgets everything, for [`Ids::add_run`] to put something else in its place.
    pub(super) fn forget(&self) -> Result<(), Error> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = std::mem::take(&mut *self.kept.write().unwrap_or_else(PoisonError::into_inner));
        self.kept.write().unwrap_or_else(PoisonError::into_inner).recent = Recent::after(0);
        // The last first: those that are left begin with the first event, wherever this is cut off.
        for run in gone.runs.iter().rev() {
            self.disk.remove(&run.path).map_err(|source| Error::io("forget event ids", source))?;
        }
        Ok(())
    }

    /// Adds a run of so many sorted entries, which follows those that are there.
    pub(super) fn add_run(
        &self,
        span: Span,
        entries: u64,
        sorted: impl Iterator<Item = std::io::Result<Entry>>,
    ) -> Result<(), Error> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let run = run::write(&*self.disk, &self.directory, self.identity, span, entries, sorted);
        let run = run.map_err(|source| Error::io("write event ids down", source))?;
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.runs.push(Arc::new(run));
        kept.recent = Recent::after(span.last);
        Ok(())
    }

    fn leaving(&self) -> Option<Arc<Recent>> {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.leaving.is_none() && kept.recent.last >= kept.recent.first {
            let last = kept.recent.last;
            let recent = std::mem::replace(&mut kept.recent, Recent::after(last));
            kept.leaving = Some(Arc::new(recent));
        }
        kept.leaving.clone()
    }

    fn merge(&self) -> std::io::Result<()> {
        loop {
            let runs = self.kept.read().unwrap_or_else(PoisonError::into_inner).runs.clone();
            let Some(range) = merge::due(&runs) else { return Ok(()) };
            let merged = merge::merge(&*self.disk, &self.directory, self.identity, &runs[range.clone()])?;
            let gone = {
                let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
                kept.runs.splice(range, [Arc::new(merged)]).collect::<Vec<_>>()
            };
            // Who still reads one of them has it open.
            for run in gone {
                self.disk.remove(&run.path)?;
            }
        }
    }
}

impl Recent {
    fn after(last: u64) -> Recent {
        Recent { first: last + 1, last, ..Recent::default() }
    }

    fn len(&self) -> usize {
        self.by_fingerprint.len() + self.clashes.len()
    }

    /// What has no id has no fingerprint, and is passed over.
    fn note(&mut self, fingerprint: Option<u64>, sequence: u64) {
        if sequence <= self.last {
            return;
        }
        self.last = sequence;
        let Some(fingerprint) = fingerprint else { return };
        match self.by_fingerprint.entry(fingerprint) {
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(sequence);
            }
            std::collections::hash_map::Entry::Occupied(_) => self.clashes.push((fingerprint, sequence)),
        }
    }

    fn find(&self, fingerprint: u64, found: &mut Vec<u64>) {
        if let Some(sequence) = self.by_fingerprint.get(&fingerprint) {
            found.push(*sequence);
            found.extend(
                self.clashes.iter().filter(|(of, _)| *of == fingerprint).map(|(_, sequence)| *sequence),
            );
        }
    }

    fn sorted(&self) -> Vec<Entry> {
        let entries = self.by_fingerprint.iter().map(|(fingerprint, sequence)| (*fingerprint, *sequence));
        let mut entries: Vec<_> = entries.chain(self.clashes.iter().copied()).collect();
        entries.sort_unstable();
        entries
    }
}

#[cfg(test)]
mod tests;
