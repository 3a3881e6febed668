//! Snapshots: every checksum of each, and what one stands for where the journal does not begin with the first event.

use std::ops::ControlFlow;

use super::super::backup::format::Block;
use super::super::disk::Disk;
use super::super::layout::Layout;
use super::super::published::Sums;
use super::super::snapshot::Snapshot;
use super::super::{Error, Identity};
use super::events;
use super::finding::{Findings, Severity};
use super::ids::Runs;
use crate::event::Sequence;

/// The snapshots there are.
pub(super) struct Snapshots {
    /// Up to where one stands for the records, as its name says, be it whole or not.
    pub(super) base: Sequence,
    /// The first event of which there is a record.
    first: Sequence,
    /// The one that an opening would use.
    whole: Option<Snapshot>,
    /// Others that are whole.
    replaced: Vec<Snapshot>,
    /// Where each of the others is damaged, and how.
    damaged: Vec<(String, String)>,
}

/// Reads every snapshot. There are records from the event `first` on.
pub(super) fn read(
    disk: &dyn Disk,
    layout: &Layout,
    identity: Identity,
    first: Sequence,
) -> Result<Snapshots, Error> {
    let directory = layout.snapshot();
    let found = Snapshot::latest(disk, &directory, identity)?;
    let used = found.whole.map(|snapshot| snapshot.extent.base).filter(|base| base.next() >= first);
    let mut snapshots =
        Snapshots { base: found.base, first, whole: None, replaced: Vec::new(), damaged: Vec::new() };
    for base in Snapshot::bases(disk, &directory)? {
        match Snapshot::checked(disk, &directory, base, identity) {
            Ok(snapshot) if used == Some(base) => snapshots.whole = Some(snapshot),
            Ok(snapshot) => snapshots.replaced.push(snapshot),
            Err(Error::Damaged { place, problem }) => snapshots.damaged.push((place, problem)),
            Err(error) => return Err(error),
        }
    }
    Ok(snapshots)
}

impl Snapshots {
    /// The one that stands for records that are gone, if any are.
    pub(super) fn in_place(&self) -> Option<&Snapshot> {
        self.whole.as_ref().filter(|_| self.is_needed())
    }

    /// Whether what cannot be made of the journal alone can be made all the same.
    pub(super) fn suffice(&self) -> bool {
        self.whole.is_some() || !self.is_needed()
    }

    /// The last event that there was when the latest was taken.
    pub(super) fn reach(&self) -> Sequence {
        self.whole.as_ref().map_or(Sequence(0), |snapshot| snapshot.extent.reach)
    }

    /// The sums that stand for the records that are gone.
    pub(super) fn sums(&self) -> Result<Sums, Error> {
        let mut sums = Sums::default();
        if let Some(snapshot) = self.in_place() {
            let _: ControlFlow<()> = snapshot.read(|block| match block {
                Block::Sums(kept) => {
                    sums = kept;
                    ControlFlow::Break(())
                }
                Block::About(_)
                | Block::Documents(_)
                | Block::Run(_)
                | Block::Ids(_)
                | Block::Events(..)
                | Block::End(_) => ControlFlow::Continue(()),
            })?;
        }
        Ok(sums)
    }

    /// Notes the ids of the events whose records are gone.
    pub(super) fn note_ids(&self, runs: &mut Runs) -> Result<(), Error> {
        let Some(snapshot) = self.in_place() else { return Ok(()) };
        let _: ControlFlow<()> = snapshot.read(|block| {
            if let Block::Ids(entries) = block {
                let gone = entries.into_iter().filter(|(_, sequence)| *sequence < self.first.0);
                gone.for_each(|entry| runs.note_entry(entry));
            }
            ControlFlow::Continue(())
        })?;
        Ok(())
    }

    /// Tells which are damaged, and what that means with sled and ids as far as these go.
    pub(super) fn tell(&self, sled: Sequence, ids: Sequence, findings: &mut Findings<'_>) {
        for snapshot in &self.replaced {
            let problem = "a snapshot that a later one has replaced; it is taken away";
            findings.add(Severity::Note, snapshot.path().display(), problem);
        }
        let gone = Sequence(self.first.0 - 1);
        for (place, problem) in &self.damaged {
            let (severity, what) = match self.is_needed() {
                false => (
                    Severity::MadeAgain,
                    "nothing is lost: all records that it is to stand for are there, and the next one takes its place"
                        .to_owned(),
                ),
                true if self.whole.is_some() => (
                    Severity::MadeAgain,
                    "nothing is lost: another stands for the records that are gone".to_owned(),
                ),
                true if sled >= gone && ids >= gone => (
                    Severity::MadeAgain,
                    "nothing is lost while sled and ids are there, so keep these: the next start takes another snapshot"
                        .to_owned(),
                ),
                true => (
                    Severity::Journal,
                    format!(
                        "the records of {} were reclaimed, and what was made of them is not all there, either: make a \
                         store of a backup, with `laurels restore`",
                        events(Sequence(1), self.first)
                    ),
                ),
            };
            findings.add(severity, place, format!("{problem}; {what}"));
        }
    }

    fn is_needed(&self) -> bool {
        self.first > Sequence(1)
    }
}
