//! Event ids: every run's checksum and order, and that together they have the id of each event, and nothing else.
//!
//! Of what a run has, and of what the journal says it must have, only a sum of hashes is held: the order does not
//! matter to it, and no two lists that differ have the same but by a chance of one in 2^128.

use std::cmp::Reverse;
use std::path::PathBuf;

use xxhash_rust::xxh3::xxh3_128;

use super::super::disk::Disk;
use super::super::ids::{Entry, fingerprint, run};
use super::super::layout::Layout;
use super::super::{Error, Identity};
use super::finding::{Findings, Severity};
use super::{Progress, Stage, events, is_unfinished};
use crate::event::{EventId, Sequence};

const AGAIN: &str = "nothing is lost: the next start reads the ids from the journal again";

/// The runs that an opening would use.
pub(super) struct Runs {
    identity: Identity,
    runs: Vec<Run>,
}

struct Run {
    path: PathBuf,
    last: u64,
    kept: Sum,
    noted: Sum,
}

#[derive(Clone, Copy, Default, PartialEq)]
struct Sum {
    count: u64,
    sum: u128,
}

impl Sum {
    fn add(&mut self, (fingerprint, sequence): Entry) {
        let bytes = (u128::from(fingerprint) << 64 | u128::from(sequence)).to_le_bytes();
        self.count += 1;
        self.sum = self.sum.wrapping_add(xxh3_128(&bytes));
    }
}

/// Reads every run.
pub(super) fn read(
    disk: &dyn Disk,
    layout: &Layout,
    identity: Identity,
    findings: &mut Findings<'_>,
) -> Result<Runs, Error> {
    let directory = layout.ids();
    let mut runs = Runs { identity, runs: Vec::new() };
    let names = match disk.list(&directory) {
        Ok(names) => names,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(source) => return Err(Error::io(format!("list {}", directory.display()), source)),
    };
    for name in names.iter().filter(|name| is_unfinished(name)) {
        let place = directory.join(name);
        findings.add(
            Severity::Note,
            place.display(),
            "a crash kept this file from being complete; the next start takes it away",
        );
    }
    let mut spans: Vec<_> = names.iter().filter_map(|name| Some((run::span_of(name)?, name))).collect();
    // In the order in which an opening looks at them.
    spans.sort_unstable_by_key(|((first, last), _)| (*first, Reverse(*last)));
    let count = spans.len() as u64;
    for (done, ((first, last), name)) in spans.into_iter().enumerate() {
        findings.progress(Progress { stage: Stage::Ids, done: done as u64, of: count });
        let (path, due) = (directory.join(name), runs.last().next().0);
        let Some(kept) = check(disk, path.clone(), identity, (first, last), findings)? else { continue };
        if first == due && last >= first {
            runs.runs.push(Run { path, last, kept, noted: Sum::default() });
        } else if last < due {
            let problem = "its ids were merged into another file; the next start takes this one away";
            findings.add(Severity::Note, path.display(), problem);
        } else {
            let what = match first > due {
                true => {
                    format!("the ids of {} are missing before it", events(Sequence(due), Sequence(first)))
                }
                false => "it overlaps the one before".to_owned(),
            };
            findings.add(Severity::MadeAgain, path.display(), format!("{what}; {AGAIN}"));
        }
    }
    Ok(runs)
}

fn check(
    disk: &dyn Disk,
    path: PathBuf,
    identity: Identity,
    span: (u64, u64),
    findings: &mut Findings<'_>,
) -> Result<Option<Sum>, Error> {
    let (mut sum, mut before, mut sorted) = (Sum::default(), (0, 0), true);
    let scanned = disk.open(&path).and_then(|file| {
        run::scan(&*file, identity, |entry| {
            sum.add(entry);
            sorted &= std::mem::replace(&mut before, entry) <= entry;
        })
    });
    let problem = match scanned {
        Ok(Some(found)) if (found.first, found.last) == span && sorted => return Ok(Some(sum)),
        Ok(Some(found)) if (found.first, found.last) == span => {
            let problem = format!(
                "its entries are not in order, so that not all are found: remove {}, and the ids are read from the journal again",
                path.parent().unwrap_or(&path).display()
            );
            findings.add(Severity::Unnoticed, path.display(), problem);
            return Ok(Some(sum));
        }
        Ok(Some(_)) => "it covers other events than its name says",
        Ok(None) => "its checksum is wrong, or it belongs to another store",
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => "it is cut short",
        Err(source) => return Err(Error::io(format!("read {}", path.display()), source)),
    };
    findings.add(Severity::MadeAgain, path.display(), format!("{problem}; {AGAIN}"));
    Ok(None)
}

impl Runs {
    /// The last event whose id is in a run.
    pub(super) fn last(&self) -> Sequence {
        Sequence(self.runs.last().map_or(0, |run| run.last))
    }

    /// Takes in that the journal has this event.
    pub(super) fn note(&mut self, id: &EventId, sequence: Sequence) {
        if !id.as_str().is_empty() {
            self.note_entry((fingerprint(id.as_str(), self.identity), sequence.0));
        }
    }

    /// Takes in that there was an event with an id of this fingerprint.
    pub(super) fn note_entry(&mut self, entry: Entry) {
        // The first begins with the first event, and there are no gaps between them.
        let at = self.runs.partition_point(|run| run.last < entry.1);
        if let Some(run) = self.runs.get_mut(at) {
            run.noted.add(entry);
        }
    }

    /// Tells which runs have other ids than the journal.
    pub(super) fn compare(&self, findings: &mut Findings<'_>) {
        for run in self.runs.iter().filter(|run| run.kept != run.noted) {
            let what = match run.kept.count == run.noted.count {
                true => "it has other ids than the journal".to_owned(),
                false => format!("it has {} ids, and the journal {}", run.kept.count, run.noted.count),
            };
            let problem = format!(
                "{what}, so that an event sent again may count twice: remove {}, and the ids are read from the journal again",
                run.path.parent().unwrap_or(&run.path).display()
            );
            findings.add(Severity::Unnoticed, run.path.display(), problem);
        }
    }
}
