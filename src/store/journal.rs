//! The journal: what happened, in order, append-only and checksummed. It is what makes a commit durable, and
//! all else in the store can be made again from it.
//!
//! One commit is one [frame], one write and one sync. Frames are in [segments](segment), files that are
//! closed when they are large enough. The last one has zeros after its last frame, which the next frames are written
//! over: so their syncs write data and no more. What a crash leaves is put right when it is [opened](open).

mod effects;
mod frame;
mod old;
pub(super) mod open;
pub(super) mod recover;
pub(super) mod segment;
pub(super) mod sidecar;
mod walk;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use quick_cache::UnitWeighter;
use quick_cache::sync::Cache;

use super::disk::{Disk, File};
use super::hash::Seeded;
use super::{Error, Identity};
use crate::event::Sequence;
use crate::outcome::Record;
use segment::Segment;

pub(super) use effects::{Effects, Replayed, each_change};
pub(super) use frame::{Entry, EntryRef, Frame, arrival, is_event, push_raw, raw_entries};
pub(super) use open::gap;
pub(super) use walk::Walk;

/// So many segments are kept open for reading; others are opened when they are read.
const OPEN_FILES: usize = 64;
/// Frames read lately are kept, up to so many bytes: retries and live streams ask for neighbours.
const FRAMES_BYTES: u64 = 16 << 20;

/// Zeros are written in pieces of so many bytes.
const PAGE_BYTES: usize = 4096;
static PAGE: [u8; PAGE_BYTES] = [0; PAGE_BYTES];

type Frames = Cache<(u64, u64), Arc<Frame>, ByBytes, Hasher>;
type Files = Cache<u64, Arc<dyn File>, UnitWeighter, Hasher>;
/// Nobody can choose the keys, so no seed is needed.
type Hasher = Seeded;

/// An open journal.
pub(super) struct Journal {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    identity: Identity,
    segment_bytes: u64,
    /// How far ahead there are to be zeros.
    ahead_bytes: u64,
    /// In order; never empty. The last one is appended to.
    segments: RwLock<Vec<Arc<Segment>>>,
    tail: Mutex<Tail>,
    /// How many read on for longer, and need what they have not read yet.
    holders: Mutex<u32>,
    /// By the segment's first sequence.
    files: Files,
    /// By the segment's first sequence and the offset.
    frames: Frames,
}

/// What only the writer has.
#[derive(Default)]
struct Tail {
    draft: frame::Draft,
    /// Up to where the last segment is known to have zeros.
    zeros: u64,
    /// Why nothing can be written any more.
    failed: Option<String>,
}

#[derive(Clone)]
struct ByBytes;

impl quick_cache::Weighter<(u64, u64), Arc<Frame>> for ByBytes {
    fn weight(&self, _: &(u64, u64), frame: &Arc<Frame>) -> u64 {
        frame.size() as u64 + 100
    }
}

fn caches() -> (Files, Frames) {
    let files =
        Cache::with(OPEN_FILES, OPEN_FILES as u64, UnitWeighter, Hasher::default(), Default::default());
    let frames = Cache::with(64, FRAMES_BYTES, ByBytes, Hasher::default(), Default::default());
    (files, frames)
}

impl Journal {
    /// The last event that can be read.
    pub(super) fn head(&self) -> Sequence {
        Sequence(self.last_segment().next().0 - 1)
    }

    /// The first event of which there is a record.
    pub(super) fn first(&self) -> Sequence {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.first().expect("a journal is opened with a segment, and the last one stays").first
    }

    /// From now on nothing is taken away, until [`release`](Journal::release) is called as often as this.
    pub(super) fn hold(&self) {
        *self.holders.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }

    pub(super) fn release(&self) {
        *self.holders.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
    }

    /// Appends a group, durably; says how many bytes each entry takes. After an error nothing of it is
    /// there.
    pub(super) fn append<'a>(
        &self,
        entries: impl Iterator<Item = EntryRef<'a>>,
    ) -> Result<Vec<usize>, Error> {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let Tail { draft, zeros, failed } = &mut *tail;
        if let Some(reason) = failed {
            return Err(Error::ReadOnly { reason: reason.clone() });
        }
        draft.clear();
        let lengths: Result<Vec<_>, _> = entries.map(|entry| draft.push(entry)).collect();
        let lengths = lengths
            .map_err(|problem| Error::io("write a group of events", std::io::Error::other(problem)))?;
        let segment = self.segment_with_room(zeros)?;
        let end = segment.end();
        let (bytes, header) = draft.finish(segment.next(), segment.seed);
        let after = end + header.frame_bytes();
        let until = if after <= *zeros { *zeros } else { after + self.ahead_bytes };
        if let Err(trouble) = self.write(&segment, end, bytes, until - after.max(*zeros)) {
            *zeros = 0;
            let Trouble { reason, for_good } = trouble;
            tracing::error!(path = %segment.path.display(), for_good, "{reason}");
            *failed = for_good.then(|| reason.clone());
            return Err(Error::ReadOnly { reason });
        }
        *zeros = until;
        segment.extent.write().unwrap_or_else(PoisonError::into_inner).grow(&header);
        Ok(lengths)
    }

    /// The event with this sequence, if there is one.
    pub(super) fn record(&self, sequence: Sequence) -> Result<Option<Record>, Error> {
        let mut walk = self.walk_kept(sequence)?;
        while let Some(frame) = walk.next_frame()? {
            if frame.next() > sequence {
                let record = frame.events_from(sequence).next();
                return record.transpose().map_err(|error| walk.unreadable(error));
            }
        }
        Ok(None)
    }

    /// All frames from the one with this event on, up to what is durable when it gets there.
    pub(super) fn walk(&self, from: Sequence) -> Walk<&Journal> {
        Walk::new(self, from)
    }

    /// The same; an error where the record of this event was reclaimed.
    pub(super) fn walk_kept(&self, from: Sequence) -> Result<Walk<&Journal>, Error> {
        let walk = self.walk(from);
        // What is taken away from now on was there when the walk began, and is missed when it is read.
        match from < self.first() {
            true => Err(self.expired(Sequence(from.0.saturating_sub(1)))),
            false => Ok(walk),
        }
    }

    /// Writes a frame, and after it so many zeros, and syncs them.
    fn write(&self, segment: &Segment, end: u64, bytes: &[u8], zeros: u64) -> Result<(), Trouble> {
        let failed = |what: &str, error: std::io::Error| format!("the journal cannot be {what}: {error}");
        let file = self
            .file(segment)
            .map_err(|error| Trouble { reason: failed("opened", error), for_good: false })?;
        let written = file.write_at(bytes, end);
        if let Err(error) = written.and_then(|()| fill(&*file, end + bytes.len() as u64, zeros)) {
            let reason = failed("written", error);
            return Err(match file.truncate(end) {
                Ok(()) => Trouble { reason, for_good: false },
                Err(error) => {
                    Trouble { reason: format!("{reason}; and not cut back: {error}"), for_good: true }
                }
            });
        }
        file.sync().map_err(|error| {
            // What the kernel has kept of the write after a failed sync is anybody's guess, and a second sync
            // would answer "done" without doing it. Take the group back as far as that is possible.
            let taken_back = file.truncate(end).and_then(|()| file.sync());
            let rest = if taken_back.is_ok() { "" } else { ", nor cut back" };
            let reason = failed("synced", error);
            Trouble {
                reason: format!("{reason}{rest}; it is only read until the server starts again"),
                for_good: true,
            }
        })
    }

    /// The last segment, or a new one where that is full.
    fn segment_with_room(&self, zeros: &mut u64) -> Result<Arc<Segment>, Error> {
        let last = self.last_segment();
        let next = last.next();
        if last.end() < self.segment_bytes || next == last.first {
            return Ok(last);
        }
        let begun = Segment::create(&*self.disk, &self.directory, self.identity, next);
        let begun = begun.map_err(|error| {
            let reason = format!("a segment of the journal cannot be begun: {error}");
            tracing::error!("{reason}");
            Error::ReadOnly { reason }
        })?;
        *zeros = 0;
        self.cut_zeros(&last);
        sidecar::write(&*self.disk, &last);
        let begun = Arc::new(begun);
        self.segments.write().unwrap_or_else(PoisonError::into_inner).push(begun.clone());
        Ok(begun)
    }

    /// Takes away the zeros after the last frame. Where that fails they stay: whoever reads the file passes over them.
    fn cut_zeros(&self, segment: &Segment) {
        if let Err(error) = self.file(segment).and_then(|file| file.truncate(segment.end())) {
            tracing::debug!(path = %segment.path.display(), %error, "zeros were left at the end of a segment");
        }
    }

    fn last_segment(&self) -> Arc<Segment> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.last().expect("a journal is opened with a segment, and the last one stays").clone()
    }

    fn file(&self, segment: &Segment) -> std::io::Result<Arc<dyn File>> {
        self.files.get_or_insert_with(&segment.first.0, || self.disk.open(&segment.path))
    }
}

/// Writes so many zeros, page by page: what is written at once the kernel keeps as one piece, and says of all of it that it
/// was written whenever a part of it was.
fn fill(file: &dyn File, from: u64, zeros: u64) -> std::io::Result<()> {
    let (mut at, until) = (from, from + zeros);
    while at < until {
        let left = usize::try_from(until - at).unwrap_or(PAGE_BYTES);
        let length = (PAGE_BYTES - (at % PAGE_BYTES as u64) as usize).min(left);
        file.write_at(&PAGE[..length], at)?;
        at += length as u64;
    }
    Ok(())
}

impl Drop for Journal {
    fn drop(&mut self) {
        let tail = self.tail.get_mut().unwrap_or_else(PoisonError::into_inner);
        if tail.zeros > 0 {
            self.cut_zeros(&self.last_segment());
        }
    }
}

struct Trouble {
    reason: String,
    /// Or only for this group.
    for_good: bool,
}
