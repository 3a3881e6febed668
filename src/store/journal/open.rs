//! Opens a journal, and puts right what a crash has left.

use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};

use super::super::disk::{Disk, File};
use super::super::{Error, Identity, Options};
use super::recover::{self, Fault};
use super::segment::{self, Extent, Mark, Preamble, Segment, WHAT_TO_DO};
use super::{Journal, Tail, caches, sidecar};
use crate::event::Sequence;

impl Journal {
    /// Which store the journal in this directory is of, if there is one.
    pub(in crate::store) fn identity_in(
        disk: &dyn Disk,
        directory: &Path,
    ) -> Result<Option<Identity>, Error> {
        for first in firsts(disk, directory)? {
            let path = segment::path(directory, first);
            let preamble = disk.open(&path).and_then(|file| Preamble::read(&*file));
            if let Preamble::Of(identity, _) =
                preamble.map_err(|source| Error::io(format!("read {}", path.display()), source))?
            {
                return Ok(Some(identity));
            }
        }
        Ok(None)
    }

    /// Begins a journal whose first event will have this sequence.
    pub(in crate::store) fn begin(
        disk: &dyn Disk,
        directory: &Path,
        identity: Identity,
        first: Sequence,
    ) -> Result<(), Error> {
        let begun = Segment::create(disk, directory, identity, first);
        begun
            .map(drop)
            .map_err(|source| Error::io(format!("begin a journal in {}", directory.display()), source))
    }

    /// Opens the journal in this directory, or begins one. What can be read afterwards is durable. It went on to
    /// the event `known` at least.
    pub(in crate::store) fn open(
        directory: &Path,
        identity: Identity,
        known: Sequence,
        options: &Options,
    ) -> Result<Journal, Error> {
        let disk = options.disk.clone();
        let failed = |source| Error::io(format!("open the journal in {}", directory.display()), source);
        let mut firsts = firsts(&*disk, directory)?;
        let unfinished = drop_unfinished(&*disk, directory, identity, known, &mut firsts)?;
        let mut segments: Vec<Arc<Segment>> = Vec::new();
        let mut next = match (firsts.first(), unfinished) {
            // What came before the first was reclaimed: the store sees to it that something stands for it.
            (Some(first), _) => *first,
            (None, Some(begun)) => begun,
            (None, None) => Sequence::default().next(),
        };
        for (at, first) in firsts.iter().enumerate() {
            if *first != next {
                return Err(gap(directory, next, *first));
            }
            // What stands before a segment that was begun is complete.
            let segment = match at + 1 == firsts.len() && unfinished.is_none() {
                true => open_last(&*disk, directory, identity, *first, known)?,
                false => open_sealed(&*disk, directory, identity, *first)?,
            };
            next = segment.next();
            segments.push(Arc::new(segment));
        }
        if let Some(begun) = unfinished.filter(|begun| *begun != next) {
            return Err(gap(directory, next, begun));
        }
        if segments.is_empty() && known >= next {
            return Err(gap(directory, next, known.next()));
        }
        if segments.is_empty() {
            segments.push(Arc::new(Segment::create(&*disk, directory, identity, next).map_err(failed)?));
        }
        // A server that was killed when it had begun a segment may have left a name that is not durable.
        disk.sync_directory(directory).map_err(failed)?;
        let (files, frames) = caches();
        Ok(Journal {
            disk,
            directory: directory.to_owned(),
            identity,
            segment_bytes: options.segment_bytes,
            ahead_bytes: options.ahead_bytes,
            segments: RwLock::new(segments),
            tail: Mutex::new(Tail::default()),
            holders: Mutex::new(0),
            files,
            frames,
        })
    }
}

/// Why a journal cannot begin with `found`, where everything up to `next` is accounted for.
pub(in crate::store) fn gap(directory: &Path, next: Sequence, found: Sequence) -> Error {
    let place = segment::path(directory, next);
    let problem = match found > next {
        true => {
            format!("the segment is missing: events {} to {} are lost; {WHAT_TO_DO}", next.0, found.0 - 1)
        }
        false => format!(
            "the segment that begins with event {} overlaps the one before; keep the right one",
            found.0
        ),
    };
    Error::damaged(place.display(), problem)
}

/// The first sequences of its segments, in order.
pub(in crate::store) fn firsts(disk: &dyn Disk, directory: &Path) -> Result<Vec<Sequence>, Error> {
    let failed = |source| Error::io(format!("list {}", directory.display()), source);
    let names = disk.list(directory).map_err(failed)?;
    let mut firsts: Vec<_> = names.iter().filter_map(|name| segment::first_of(name)).collect();
    firsts.sort_unstable();
    Ok(firsts)
}

/// A crash while a segment is begun leaves a file with no whole header, and so without events: take it away.
fn drop_unfinished(
    disk: &dyn Disk,
    directory: &Path,
    identity: Identity,
    known: Sequence,
    firsts: &mut Vec<Sequence>,
) -> Result<Option<Sequence>, Error> {
    let Some(last) = firsts.last() else { return Ok(None) };
    let path = segment::path(directory, *last);
    let failed = |source| Error::io(format!("put {} right", path.display()), source);
    let file = disk.open(&path).map_err(failed)?;
    let unfinished = file.size().map_err(failed)? <= segment::PREAMBLE_BYTES as u64
        && Preamble::read(&*file).map_err(failed)? == Preamble::Broken;
    if !unfinished {
        return Ok(None);
    }
    if *last <= known {
        let segment = Segment::new(directory, identity, *last, Extent::empty(*last));
        check_preamble(&segment, Preamble::Broken, identity)?;
    }
    tracing::warn!(path = %path.display(), "a segment that a crash left without a header is taken away");
    disk.remove(&path).map_err(failed)?;
    disk.sync_directory(directory).map_err(failed)?;
    Ok(firsts.pop())
}

/// The one to which events are appended. What a crash cut short is cut off.
fn open_last(
    disk: &dyn Disk,
    directory: &Path,
    identity: Identity,
    first: Sequence,
    known: Sequence,
) -> Result<Segment, Error> {
    let segment = Segment::new(directory, identity, first, Extent::empty(first));
    let failed = |source| Error::io(format!("open {}", segment.path.display()), source);
    let file = disk.open(&segment.path).map_err(failed)?;
    check_preamble(&segment, Preamble::read(&*file).map_err(failed)?, identity)?;
    let (extent, mut fault) = recover::scan(&segment, &*file)?;
    if let Some(fault) = &mut fault {
        // Nothing good follows, but what was written behind is known to have been whole.
        if fault.good_after.is_none() && known >= extent.next {
            fault.good_after = Some(Mark { sequence: known.next(), offset: fault.offset + fault.bytes });
        }
        if fault.good_after.is_some() {
            return Err(damaged(&segment, &extent, fault));
        }
        tracing::warn!(
            path = %segment.path.display(), position = fault.offset, bytes = fault.bytes, problem = fault.problem,
            "the end of the journal is cut off: a commit that a crash cut short, and that nobody was told of"
        );
        file.truncate(fault.offset).map_err(failed)?;
    }
    write_again(&*file, &extent).map_err(failed)?;
    // A killed server's last write may not be durable yet, and we are about to build on it.
    file.sync().map_err(failed)?;
    Ok(Segment::new(directory, identity, first, extent))
}

/// After a sync that failed, the system may take for clean what never reached the disk: it can be read until the
/// power is cut, and no later sync writes it. That can be what was written last, before the server stopped
/// writing, or that it was cut off again; so both are done once more, and the sync that follows is about them.
fn write_again(file: &dyn File, extent: &Extent) -> std::io::Result<()> {
    let last = extent.marks.last().map_or(extent.end, |mark| mark.offset);
    for (begin, end) in [(0, segment::PREAMBLE_BYTES as u64), (last, extent.end)] {
        let mut bytes = vec![0; usize::try_from(end - begin).map_err(std::io::Error::other)?];
        file.read_at(&mut bytes, begin)?;
        match file.write_at(&bytes, begin) {
            // Some file systems want room for that too; a full disk must still be read.
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(()),
            written => written?,
        }
    }
    // To the size that it has, a file is not cut.
    file.truncate(extent.end + 1)?;
    file.truncate(extent.end)
}

fn open_sealed(
    disk: &dyn Disk,
    directory: &Path,
    identity: Identity,
    first: Sequence,
) -> Result<Segment, Error> {
    let segment = Segment::new(directory, identity, first, Extent::empty(first));
    let failed = |source| Error::io(format!("open {}", segment.path.display()), source);
    let file = disk.open(&segment.path).map_err(failed)?;
    check_preamble(&segment, Preamble::read(&*file).map_err(failed)?, identity)?;
    let size = file.size().map_err(failed)?;
    if let Some(extent) = sidecar::read(disk, &segment, size).map_err(failed)? {
        return Ok(Segment::new(directory, identity, first, extent));
    }
    let (extent, fault) = recover::scan(&segment, &*file)?;
    if let Some(fault) = fault {
        return Err(damaged(&segment, &extent, &fault));
    }
    if extent.end < size {
        // Zeros that a killed server left; the index is of a file without them.
        file.truncate(extent.end).map_err(failed)?;
    }
    let segment = Segment::new(directory, identity, first, extent);
    sidecar::write(disk, &segment);
    Ok(segment)
}

fn check_preamble(segment: &Segment, preamble: Preamble, identity: Identity) -> Result<(), Error> {
    let problem = match preamble {
        Preamble::Of(of, first) if of == identity && first == segment.first => return Ok(()),
        Preamble::Of(of, first) if of == identity => {
            format!("this is the segment that begins with event {}; give it its name back", first.0)
        }
        Preamble::Of(..) => {
            "this segment belongs to another store; put back the one that belongs here".to_owned()
        }
        Preamble::Newer(format) => format!(
            "it has format {format}, and Laurels {} reads up to format {}; start the newer Laurels that wrote it",
            env!("CARGO_PKG_VERSION"),
            segment::FORMAT
        ),
        Preamble::Broken => format!(
            "the header is damaged, and with it all events from {} on are lost; {WHAT_TO_DO}",
            segment.first.0
        ),
    };
    Err(segment.damaged(0, problem))
}

fn damaged(segment: &Segment, extent: &Extent, fault: &Fault) -> Error {
    let lost = match fault.good_after {
        Some(good) if good.sequence > extent.next => {
            format!("events {} to {}", extent.next.0, good.sequence.0 - 1)
        }
        _ => format!("event {} and what follows it in this file", extent.next.0),
    };
    let problem = format!("{}, though it was whole once; {lost} cannot be read; {WHAT_TO_DO}", fault.problem);
    segment.damaged(fault.offset, problem)
}
