//! Letting go of old records, and living without them.
//!
//! A record goes only when a durable [snapshot](super::super::snapshot) stands for it. A snapshot is taken when what
//! can go is worth it, right after a checkpoint, from what is in sled then. It is fuzzy: each document carries the
//! sequence it stands for, and the records after the snapshot's base are kept. A journal that does
//! not begin with the first event is believed only together with one.

use std::collections::BTreeSet;

use super::super::backup::format::{Block, Extent, RunOfIds};
use super::super::materialized::Materialized;
use super::super::published::Sums;
use super::super::snapshot::{Snapshot, Unfinished};
use super::super::tree::Trouble;
use super::super::{Error, journal};
use super::keeper::Keeper;
use super::{Shared, write};
use crate::badge::BadgeNumber;
use crate::document::Document;
use crate::event::{Sequence, Time};
use crate::key::Key;
use crate::outcome::Rarity;

/// So many documents are read from sled before who waits is served.
const DOCUMENTS_AT_ONCE: usize = 256;
/// About so many bytes of documents make a block, unless one alone takes more.
const BLOCK_BYTES: u64 = 128 << 10;
/// So many event ids make a block.
const IDS_AT_ONCE: usize = 8192;

impl Keeper {
    /// Lets go of records of events that arrived before this time, as far as that is worth it.
    pub(super) fn reclaim(&mut self, before: Time) -> Result<(), Error> {
        let old = self.shared.journal.old(before)?;
        let Some(newest) = old.last() else { return Ok(()) };
        if newest.last > self.covered() {
            let bytes = old.iter().map(|segment| segment.bytes).sum::<u64>();
            let last_one = self.shared.snapshot().map_or(0, |snapshot| snapshot.bytes);
            if bytes >= self.shared.options.reclaim_min_bytes.max(last_one) {
                self.take_snapshot()?;
            }
        }
        let covered = self.covered();
        let gone = old.iter().take_while(|segment| segment.last <= covered);
        let Some(last) = gone.map(|segment| segment.last).last() else { return Ok(()) };
        // What is in sled must not be older than what the journal can make of it.
        self.checkpoint()?;
        match self.shared.journal.take_away(last)? {
            true => tracing::info!(until = last.0, "the records of old events were reclaimed"),
            false => tracing::info!("old records are reclaimed later, since a backup needs them now"),
        }
        Ok(())
    }

    /// Writes down all that there is, so that it stands for the records up to now.
    pub(super) fn take_snapshot(&mut self) -> Result<(), Error> {
        // The other one stays until this one is there.
        self.shared
            .room
            .check(self.shared.layout.root(), self.shared.snapshot().map_or(0, |snapshot| snapshot.bytes))?;
        let mut tried = false;
        loop {
            self.checkpoint()?;
            let mut sled = self.sled()?;
            let (shared, sums) = (self.shared.clone(), self.behind.clone());
            let written = write_snapshot(&shared, &sled, &sums, || self.serve_between(&sled));
            match written {
                Ok(snapshot) => {
                    self.sled = Some(sled);
                    let path = shared.layout.snapshot();
                    shared.set_snapshot(Some(snapshot.clone()));
                    let replaced = snapshot.replace_others(&*shared.options.disk);
                    return replaced.map_err(|source| Error::io(format!("clear {}", path.display()), source));
                }
                Err(trouble) => {
                    Snapshot::clear_unfinished(&*shared.options.disk, &shared.layout.snapshot());
                    if tried {
                        return Err(self.give_up(sled, trouble));
                    }
                    sled = self.recover(sled, trouble)?;
                }
            }
            self.sled = Some(sled);
            tried = true;
        }
    }

    /// Up to where a snapshot stands for the records.
    fn covered(&self) -> Sequence {
        self.shared.snapshot().map_or(Sequence(0), |snapshot| snapshot.extent.base)
    }

    /// Looks for the snapshot. Where the journal does not begin with the first event, there must be one.
    pub(super) fn find_snapshot(&mut self) -> Result<(), Trouble> {
        let (shared, first) = (self.shared.clone(), self.shared.journal.first());
        let disk = &*shared.options.disk;
        let found =
            Snapshot::latest(disk, &shared.layout.snapshot(), shared.identity).map_err(Trouble::Other)?;
        if found.base.next() < first {
            let lost = journal::gap(&shared.layout.journal(), found.base.next(), first);
            return Err(Trouble::Other(lost));
        }
        let reaching = found.whole.filter(|snapshot| snapshot.extent.base.next() >= first);
        let whole = match reaching.as_ref().map(Snapshot::check) {
            Some(Err(error)) => {
                tracing::error!(%error, "the snapshot that stands for reclaimed records is damaged");
                None
            }
            Some(Ok(())) | None => reaching,
        };
        if let Some(snapshot) = &whole {
            let cleared = snapshot.replace_others(disk);
            cleared.map_err(|source| Trouble::Other(Error::io("clear the snapshots", source)))?;
        }
        self.snapshot_due = first > Sequence(1) && whole.is_none();
        shared.set_snapshot(whole);
        Ok(())
    }

    /// Has sled and the event ids know what the journal can no longer tell. Answers what sled has then.
    pub(super) fn bridge(&mut self, sled: &Materialized, behind: Sums) -> Result<Sums, Trouble> {
        let shared = self.shared.clone();
        let gone = Sequence(shared.journal.first().0 - 1);
        let (documents, ids) = (behind.sequence < gone, shared.ids.last() < gone);
        if !documents && !ids {
            return Ok(behind);
        }
        let Some(snapshot) = &shared.snapshot() else {
            return Err(Trouble::Other(unaccounted(&shared, gone, documents)));
        };
        tracing::warn!(
            base = snapshot.extent.base.0,
            documents,
            ids,
            "a snapshot is read; what came after it is replayed"
        );
        if ids {
            ids_from(snapshot, &shared).map_err(Trouble::Other)?;
        }
        match documents {
            true => documents_from(snapshot, sled, &shared),
            false => Ok(behind),
        }
    }
}

/// Why a store cannot be opened of which too much is gone.
fn unaccounted(shared: &Shared, gone: Sequence, documents: bool) -> Error {
    let what = if documents { "documents" } else { "event ids" };
    let problem = format!(
        "the records of events 1 to {} were reclaimed, and the snapshot that stands for them is damaged, as are the \
         {what} that were made of them; make a store of a backup, with `laurels restore`",
        gone.0
    );
    Error::damaged(shared.layout.root().display(), problem)
}

/// The badges that a document's user may have held after this event. The document is of a later one: what was taken back
/// since was held then, or came and went in between.
fn held_at(document: &Document, sequence: Sequence) -> BTreeSet<BadgeNumber> {
    let held = document.awards().iter().map(|award| award.badge);
    let since = document.revoked().iter().filter(|revocation| revocation.place.sequence > sequence);
    held.chain(since.map(|revocation| revocation.award.badge)).collect()
}

fn write_snapshot(
    shared: &Shared,
    sled: &Materialized,
    sums: &Sums,
    mut between: impl FnMut() -> Result<(), Trouble>,
) -> Result<Snapshot, Trouble> {
    let disk = &*shared.options.disk;
    // Whatever is in sled, or noted of ids, is in the journal, durably.
    let extent = Extent { base: sums.sequence, reach: shared.journal.head() };
    let begun = Unfinished::begin(disk, &shared.layout.snapshot(), shared.identity, extent);
    let mut snapshot = begun.map_err(Trouble::Other)?;
    snapshot.sums(sums).map_err(Trouble::Other)?;
    let mut found = Rarity::default();
    let mut after = None;
    loop {
        let keys = sled.keys("", after.as_ref(), DOCUMENTS_AT_ONCE)?;
        let mut block: Vec<(Key, Document)> = Vec::new();
        let mut bytes = 0;
        for key in &keys {
            let Some((document, size)) = write::read(shared, sled, key)? else { continue };
            for badge in held_at(&document, sums.sequence) {
                *found.holders.entry(badge).or_default() += 1;
            }
            block.push((key.clone(), document));
            bytes += size;
            if bytes >= BLOCK_BYTES {
                snapshot.documents(&std::mem::take(&mut block)).map_err(Trouble::Other)?;
                bytes = 0;
            }
        }
        if !block.is_empty() {
            snapshot.documents(&block).map_err(Trouble::Other)?;
        }
        let Some(last) = keys.last() else { break };
        after = Some(last.clone());
        between()?;
    }
    // sled is about to stand for the journal, which until now could put right whatever it had lost.
    if let Some((badge, _)) =
        sums.rarity.holders.iter().find(|(badge, count)| found.holders.get(badge) < Some(count))
    {
        return Err(Trouble::Broken(format!("awards of the badge with the number {} are missing", badge.0)));
    }
    for run in shared.ids.runs() {
        let failed = |source| Trouble::Other(Error::io("read event ids", source));
        snapshot.run(RunOfIds { span: run.span(), entries: run.entries }).map_err(Trouble::Other)?;
        let mut block = Vec::with_capacity(IDS_AT_ONCE);
        for entry in run.iter() {
            block.push(entry.map_err(failed)?);
            if block.len() == IDS_AT_ONCE {
                snapshot.ids(&block).map_err(Trouble::Other)?;
                block.clear();
                between()?;
            }
        }
        snapshot.ids(&block).map_err(Trouble::Other)?;
    }
    snapshot.finish().map_err(Trouble::Other)
}

/// Documents and sums, to sled.
fn documents_from(snapshot: &Snapshot, sled: &Materialized, shared: &Shared) -> Result<Sums, Trouble> {
    let (mut reader, _) = snapshot.reader().map_err(Trouble::Other)?;
    let fault = |fault| Trouble::Other(snapshot.fault(fault));
    let mut sums = Sums::default();
    let mut batch = sled.batch();
    while let Some(raw) = reader.next().map_err(fault)? {
        match raw.parse().map_err(fault)? {
            Block::Sums(kept) => sums = kept,
            Block::Documents(documents) => {
                for (key, document) in &documents {
                    let bytes = postcard::to_stdvec(document).map_err(|error| {
                        Trouble::Other(Error::io("write a document", std::io::Error::other(error)))
                    })?;
                    write::put(shared, &mut batch, key, &bytes)?;
                }
            }
            Block::About(_) | Block::Run(_) | Block::Ids(_) | Block::Events(..) | Block::End(_) => {}
        }
    }
    batch.write()?;
    let none = std::iter::empty::<Result<(Key, Document), Trouble>>();
    write::write(shared, sled, none, &sums, || Ok(()))?;
    Ok(sums)
}

/// Event ids, in place of those that are there.
fn ids_from(snapshot: &Snapshot, shared: &Shared) -> Result<(), Error> {
    let (mut reader, _) = snapshot.reader()?;
    shared.ids.forget()?;
    while let Some(raw) = reader.next().map_err(|fault| snapshot.fault(fault))? {
        if let Block::Run(run) = snapshot.parse(&raw)? {
            let mut left = run.entries;
            let blocks = std::iter::from_fn(|| {
                (left > 0).then(|| match reader.next().map(|raw| raw.map(|raw| raw.parse())) {
                    Ok(Some(Ok(Block::Ids(ids)))) => {
                        left = left.saturating_sub(ids.len() as u64);
                        Ok(ids)
                    }
                    _ => {
                        left = 0;
                        Err(std::io::Error::other("the snapshot has fewer event ids than it says"))
                    }
                })
            });
            let entries = blocks.flat_map(|block| match block {
                Ok(ids) => ids.into_iter().map(Ok).collect::<Vec<_>>(),
                Err(error) => vec![Err(error)],
            });
            shared.ids.add_run(run.span, run.entries, entries)?;
        }
    }
    Ok(())
}
