//! Reading the journal in order.
//!
//! Frames that are passed over are not read, and so their checksums say nothing. What is checked of every
//! frame is that it begins with the event after the one before: a header that counts wrongly would hide events.

use std::ops::Deref;
use std::sync::{Arc, PoisonError};

use super::super::Error;
use super::Journal;
use super::frame::{Frame, HEADER_BYTES, Header};
use super::segment::{self, Mark, PREAMBLE_BYTES, Segment};
use crate::event::Sequence;

/// How much is read at once while looking for the first frame.
const SEEK_BYTES: u64 = 64 << 10;

/// Goes through the frames of a journal.
pub(in crate::store) struct Walk<J> {
    journal: J,
    segment: Arc<Segment>,
    offset: u64,
    /// The sequence that the frame there begins with.
    next: Sequence,
    /// The frame before it, where there was one in this segment: its place and its first sequence.
    before: Option<(u64, Sequence)>,
    /// Frames that end before this event are passed over.
    from: Sequence,
    sought: bool,
    /// Whether frames that were read are kept for who asks for them, or for their neighbours, soon.
    keeps: bool,
}

impl<J: Deref<Target = Journal>> Walk<J> {
    /// All frames from the one with this event on.
    pub(in crate::store) fn new(journal: J, from: Sequence) -> Walk<J> {
        let segment = {
            let segments = journal.segments.read().unwrap_or_else(PoisonError::into_inner);
            // Numbers taken into use just before this event may stand at the end of the segment before.
            let after = segments.partition_point(|segment| segment.first < from);
            segments[after.saturating_sub(1)].clone()
        };
        let Mark { sequence: next, offset } = segment.mark_before(from);
        Walk { journal, segment, offset, next, before: None, from, sought: false, keeps: true }
    }

    /// The same, of which nobody will ask for a frame soon.
    pub(in crate::store) fn in_passing(self) -> Walk<J> {
        Walk { keeps: false, ..self }
    }

    /// The next frame. None where the durable part ends; asked again later, it goes on.
    pub(in crate::store) fn next_frame(&mut self) -> Result<Option<Arc<Frame>>, Error> {
        if !self.sought {
            self.seek()?;
        }
        while self.offset >= self.segment.end() {
            let Some(next) = self.segment_after() else { return Ok(None) };
            // It may have grown while we looked; now that there is a next one, it grows no more.
            if self.offset < self.segment.end() {
                break;
            }
            self.segment = next;
            (self.offset, self.before) = (PREAMBLE_BYTES as u64, None);
        }
        let frame = self.read()?;
        self.pass(&frame.header)?;
        Ok(Some(frame))
    }

    /// An error that says that this frame's entries are no entries.
    pub(in crate::store) fn unreadable(&self, error: postcard::Error) -> Error {
        let problem = format!(
            "the frame before this place has what Laurels {} does not know ({error}); start the newer Laurels that wrote it",
            env!("CARGO_PKG_VERSION")
        );
        self.segment.damaged(self.offset, problem)
    }

    /// Passes over frames that end before the event sought, by their headers only. No checksum is looked at on the
    /// way, so a header that does not follow the one before is damage: one that names fewer events than its frame
    /// has would let the event sought be passed over.
    fn seek(&mut self) -> Result<(), Error> {
        let reached = self.segment.reached();
        let end = reached.offset;
        let mut chunk = Vec::new();
        let mut chunk_at = self.offset;
        while self.offset < end {
            let within = usize::try_from(self.offset - chunk_at).unwrap_or(usize::MAX);
            let Some(bytes) = chunk.get(within..).and_then(|rest: &[u8]| rest.first_chunk::<HEADER_BYTES>())
            else {
                let length = usize::try_from((end - self.offset).min(SEEK_BYTES)).unwrap_or(usize::MAX);
                if length < HEADER_BYTES {
                    return Err(self.bad_frame());
                }
                chunk.resize(length, 0);
                chunk_at = self.offset;
                let file = self.journal.file(&self.segment).map_err(|error| self.failed(error))?;
                file.read_at(&mut chunk, chunk_at).map_err(|error| self.failed(error))?;
                continue;
            };
            let header = Header::parse(bytes);
            let header = header.ok_or_else(|| self.bad_frame())?;
            if header.next() > self.from || header.first >= self.from {
                break;
            }
            self.pass(&header)?;
        }
        if self.offset > end || self.offset == end && self.next != reached.sequence {
            return Err(self.bad_frame());
        }
        self.sought = true;
        Ok(())
    }

    /// Goes on to what follows this frame, if it is the one that is due here.
    fn pass(&mut self, header: &Header) -> Result<(), Error> {
        if header.first != self.next {
            return Err(self.bad_frame());
        }
        self.before = Some((self.offset, self.next));
        self.offset += header.frame_bytes();
        self.next = header.next();
        Ok(())
    }

    fn read(&self) -> Result<Arc<Frame>, Error> {
        let key = (self.segment.first.0, self.offset);
        if let Some(frame) = self.journal.frames.get(&key) {
            return Ok(frame);
        }
        let frame = self.read_at(self.offset).map_err(|error| self.failed(error))?;
        let frame = Arc::new(frame.ok_or_else(|| self.bad_frame())?);
        if self.keeps {
            self.journal.frames.insert(key, frame.clone());
        }
        Ok(frame)
    }

    /// The frame at this place of the segment, if there is a whole one.
    fn read_at(&self, offset: u64) -> std::io::Result<Option<Frame>> {
        let left = self.segment.end().saturating_sub(offset);
        if left < HEADER_BYTES as u64 {
            return Ok(None);
        }
        let file = self.journal.file(&self.segment)?;
        let mut bytes = [0; HEADER_BYTES];
        file.read_at(&mut bytes, offset)?;
        let header = Header::parse(&bytes).filter(|header| header.frame_bytes() <= left);
        let Some(header) = header else { return Ok(None) };
        let mut payload = vec![0; header.length];
        file.read_at(&mut payload, offset + HEADER_BYTES as u64)?;
        Ok(header.vouches_for(&payload, self.segment.seed).then_some(Frame { header, payload }))
    }

    fn segment_after(&self) -> Option<Arc<Segment>> {
        let segments = self.journal.segments.read().unwrap_or_else(PoisonError::into_inner);
        let after = segments.partition_point(|segment| segment.first <= self.segment.first);
        segments.get(after).cloned()
    }

    /// An error that says which frame is damaged: the one here, or the one before, which was passed over by what its
    /// header says.
    fn bad_frame(&self) -> Error {
        let before = self.before.filter(|(offset, _)| !matches!(self.read_at(*offset), Ok(Some(_))));
        let (offset, event) = before.unwrap_or((self.offset, self.next));
        let problem = format!(
            "the frame with event {} was whole once, and is not now; {}",
            event.0,
            segment::WHAT_TO_DO
        );
        self.segment.damaged(offset, problem)
    }

    fn failed(&self, source: std::io::Error) -> Error {
        if source.kind() == std::io::ErrorKind::NotFound && self.segment.first < self.journal.first() {
            // It was taken away meanwhile.
            return self.journal.expired(Sequence(self.segment.first.0 - 1));
        }
        Error::io(format!("read {}", self.segment.path.display()), source)
    }
}
