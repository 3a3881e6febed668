//! Checks a data directory: every checksum in it, and that what is kept beside the journal is what the journal makes.
//!
//! Nothing is changed, the file LOCK aside: nothing is cut off, taken away or made again, as an opening would. sled
//! writes as soon as it is opened, so a copy of it is. Checking goes on after a problem as far as that makes sense,
//! so that all of them are seen at once; only with a journal that is not whole, or without the snapshot that stands
//! for reclaimed records, nothing can be compared.
//!
//! Memory is bounded: the journal is read frame by frame, and documents are made again [part] by part, each
//! of them about as large as [`Options::cache_bytes`] allows.

mod documents;
mod finding;
mod ids;
mod journal;
mod part;
mod small;
mod snapshots;
mod sums;
mod tree;

use std::path::Path;

use super::layout::Layout;
use super::{Error, Options, small_file};
use crate::event::Sequence;
use finding::Findings;
use journal::{Known, Watch};
use sums::Recount;

pub use finding::{Counts, Finding, Severity};

/// What there is to say while a directory is checked.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// Something is not as it should be, or a crash left it.
    Found(Finding),
    /// How far it is.
    Progress(Progress),
}

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Bytes done.
    pub done: u64,
    /// Of so many.
    pub of: u64,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// sled is copied.
    Copying,
    /// Event ids are read.
    Ids,
    /// The journal is read.
    Journal,
    /// Documents are made from the journal once more, this part of so many.
    Documents {
        /// From 1.
        part: usize,
        /// It can become more.
        of: usize,
    },
}

/// What was checked, and how it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Events of the journal.
    pub events: u64,
    /// Awards of the journal.
    pub awards: u64,
    /// Documents in sled.
    pub documents: u64,
    /// Segments of the journal.
    pub segments: u64,
    /// Whether what is beside the journal was compared with it. Not where the journal is not whole, nor where the
    /// snapshot that stands for reclaimed records is not.
    pub compared: bool,
    /// How many findings there are of each severity.
    pub found: Counts,
}

impl Report {
    /// Whether nothing is damaged. What a crash leaves is no damage.
    pub fn is_right(&self) -> bool {
        self.compared && self.found.damages() == 0
    }
}

/// Checks the data directory of a store that nobody has open. sled is copied into a directory within `scratch`, which
/// is taken away again. Of the options, disk, trees, and how much memory may be taken are heeded.
pub fn verify(
    directory: &Path,
    scratch: &Path,
    options: &Options,
    mut tell: impl FnMut(News),
) -> Result<Report, Error> {
    let disk = &*options.disk;
    let failed = |source| Error::io(format!("list {}", directory.display()), source);
    let names = disk.list(directory).map_err(failed)?;
    if !names.iter().any(|name| name == "journal" || name == "identity") {
        let problem = "there is no store here; name the directory that the server is given as --data";
        return Err(Error::damaged(directory.display(), problem));
    }
    let layout = Layout::lock(disk, directory)?;
    let mut findings = Findings::new(&mut tell);
    let mut report = Report::default();
    small::left_over(&layout, &names, &mut findings);
    small::left_over_snapshots(disk, &layout, &mut findings)?;
    small::format(disk, &layout, &mut findings)?;

    let firsts = journal::firsts(disk, &layout)?;
    report.segments = firsts.len() as u64;
    let Some(identity) = small::identity(disk, &layout, &firsts, &mut findings)? else {
        report.found = findings.counts();
        return Ok(report);
    };
    let sealed = small::seal(disk, &layout, identity, &mut findings)?;
    let mut sled = tree::open(&layout, scratch, options, sealed, &mut findings)?;
    let mut ids = ids::read(disk, &layout, identity, &mut findings)?;

    let first = firsts.first().copied().unwrap_or(Sequence(1));
    let snapshots = snapshots::read(disk, &layout, identity, first)?;
    snapshots.note_ids(&mut ids)?;

    let promised = sled.sums().map(|sums| sums.sequence).unwrap_or_default();
    let sealed = sealed.unwrap_or_default();
    let reach = (snapshots.reach(), "the snapshot");
    let (last, who) = [(sealed, "sled.seal"), (promised, "sled"), (ids.last(), "ids"), reach]
        .into_iter()
        .max()
        .unwrap_or_default();
    let known = Known { base: snapshots.base, last };
    let recount = Recount::new(promised, snapshots.sums()?);
    let mut watch = Watch { ids: &mut ids, recount, events: 0, awards: 0 };
    let journal = journal::check(disk, &layout, identity, &firsts, known, &mut watch, &mut findings)?;
    let recount = watch.recount;
    (report.events, report.awards) = (watch.events, watch.awards);

    let reaches = journal.reaches(last, who, &mut findings);
    report.compared = reaches && journal.is_whole && snapshots.suffice();
    report.documents = match report.compared {
        true => {
            ids.compare(&mut findings);
            recount.compare(sled.sums(), &sled.place, &mut findings);
            {
                let from = (snapshots.in_place(), &journal);
                documents::compare(&mut sled, from, &recount.now, options, &mut findings)?
            }
        }
        false => documents::read(&mut sled, &mut findings)?,
    };
    let in_sled = sled.sums().map(|sums| sums.sequence).unwrap_or_default();
    snapshots.tell(in_sled, ids.last(), &mut findings);
    report.found = findings.counts();
    Ok(report)
}

/// Whether the file with this name is a file that a crash kept from being complete.
fn is_unfinished(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end == small_file::UNFINISHED)
}

/// Events from one up to, and without, another, in words.
fn events(from: Sequence, until: Sequence) -> String {
    match until.0.saturating_sub(from.0) {
        0 => "no event".to_owned(),
        1 => format!("event {}", from.0),
        _ => format!("events {} to {}", from.0, until.0 - 1),
    }
}
