//! Merging runs: four neighbours of one level become one of the next.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::super::Identity;
use super::super::disk::Disk;
use super::Entry;
use super::run::{self, Run, Span};

/// So many runs of one level become one of the next.
const FAN_IN: usize = 4;
/// A run does not grow beyond so many entries (256 MiB), so that merging takes a bounded time and memory
/// (8 bytes an entry).
const ENTRIES_MAX: u64 = 1 << 24;

/// Which runs to merge now, if any.
pub(super) fn due(runs: &[Arc<Run>]) -> Option<Range<usize>> {
    let mut windows = runs.windows(FAN_IN).enumerate();
    let (begin, _) = windows.find(|(_, window)| {
        let total: u64 = window.iter().map(|run| run.entries).sum();
        window.iter().all(|run| run.level == window[0].level) && total <= ENTRIES_MAX
    })?;
    Some(begin..begin + FAN_IN)
}

/// One run of these neighbours. They are not taken away. Where one of them is not what was written, there is none: the
/// damage would be in the new one, with a checksum that is right.
pub(super) fn merge(
    disk: &dyn Disk,
    directory: &Path,
    identity: Identity,
    runs: &[Arc<Run>],
) -> io::Result<Run> {
    for run in runs {
        if !run.is_whole(identity)? {
            let problem = format!(
                "{} is damaged; the next start reads its ids from the journal again",
                run.path.display()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
    }
    let first = runs.iter().map(|run| run.first).min().unwrap_or_default();
    let last = runs.iter().map(|run| run.last).max().unwrap_or_default();
    let level = runs.iter().map(|run| run.level).max().unwrap_or_default() + 1;
    let entries = runs.iter().map(|run| run.entries).sum();
    let sorted = Merged { inputs: runs.iter().map(|run| run.iter().peekable()).collect() };
    run::write(disk, directory, identity, Span { level, first, last }, entries, sorted)
}

/// The entries of several sorted lists, sorted.
struct Merged<I: Iterator<Item = io::Result<Entry>>> {
    inputs: Vec<std::iter::Peekable<I>>,
}

impl<I: Iterator<Item = io::Result<Entry>>> Iterator for Merged<I> {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<io::Result<Entry>> {
        // An error counts as the least, and so ends the merging.
        let least = |input: &mut std::iter::Peekable<I>| {
            input.peek().map(|entry| entry.as_ref().map_or((0, 0), |entry| *entry))
        };
        let heads = self.inputs.iter_mut().enumerate().filter_map(|(at, input)| Some((least(input)?, at)));
        let (_, at) = heads.min()?;
        self.inputs[at].next()
    }
}
