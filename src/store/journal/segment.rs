//! One file of the journal: a header, then frames.

use std::path::{Path, PathBuf};
use std::sync::{OnceLock, PoisonError, RwLock};

use super::super::disk::{Disk, File};
use super::super::{Error, Identity};
use crate::event::{Sequence, Time};

/// What a segment's file name ends with.
pub(super) const LOG: &str = "log";
/// What helps where a segment is damaged.
pub(super) const WHAT_TO_DO: &str = "put the file back from a backup, or keep what is before the damage, as docs/operations.md says under \"A damaged journal\"";
/// Bytes before the first frame.
pub(in crate::store) const PREAMBLE_BYTES: usize = 32;

const CHECKSUM_AT: usize = PREAMBLE_BYTES - 4;
const MAGIC: [u8; 8] = *b"LAURELSJ";
/// The format of segments and frames. A newer one is refused.
pub(super) const FORMAT: u32 = 1;
/// The frames of so many bytes share one entry of the index in memory.
const MARK_EVERY_BYTES: u64 = 64 << 10;

/// One segment. Whether it is open for appending is the journal's business.
pub(in crate::store) struct Segment {
    pub(in crate::store) path: PathBuf,
    /// The sequence its first event has.
    pub(in crate::store) first: Sequence,
    /// What the checksums of its frames begin with.
    pub(super) seed: u32,
    /// What of it is durable and can be read.
    pub(super) extent: RwLock<Extent>,
    /// When the last of its events arrived, once that was asked for after it was closed.
    pub(super) newest: OnceLock<Time>,
}

/// How far a segment goes, and what is where.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::store) struct Extent {
    /// Where the last frame ends.
    pub(in crate::store) end: u64,
    /// The sequence after its last event.
    pub(in crate::store) next: Sequence,
    /// Ascending. The first is the first frame's.
    pub(in crate::store) marks: Vec<Mark>,
}

/// Where a frame begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::store) struct Mark {
    pub(in crate::store) sequence: Sequence,
    pub(in crate::store) offset: u64,
}

impl Segment {
    pub(in crate::store) fn new(
        directory: &Path,
        identity: Identity,
        first: Sequence,
        extent: Extent,
    ) -> Segment {
        let path = path(directory, first);
        // Without the checksum at its end: with it, the sum would be the same for all.
        let seed = crc32c::crc32c(&preamble(identity, first)[..CHECKSUM_AT]);
        Segment { path, first, seed, extent: RwLock::new(extent), newest: OnceLock::new() }
    }

    /// Makes the file. Durable when it returns.
    pub(super) fn create(
        disk: &dyn Disk,
        directory: &Path,
        identity: Identity,
        first: Sequence,
    ) -> std::io::Result<Segment> {
        let segment = Segment::new(directory, identity, first, Extent::empty(first));
        let file = disk.create(&segment.path)?;
        file.write_at(&preamble(identity, first), 0)?;
        file.sync()?;
        disk.sync_directory(directory)?;
        Ok(segment)
    }

    pub(super) fn extent(&self) -> Extent {
        self.extent.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where its durable part ends.
    pub(super) fn end(&self) -> u64 {
        self.extent.read().unwrap_or_else(PoisonError::into_inner).end
    }

    /// The sequence after its last event.
    pub(super) fn next(&self) -> Sequence {
        self.extent.read().unwrap_or_else(PoisonError::into_inner).next
    }

    /// Where its durable part ends, and the sequence after its last event, at one moment.
    pub(super) fn reached(&self) -> Mark {
        let extent = self.extent.read().unwrap_or_else(PoisonError::into_inner);
        Mark { sequence: extent.next, offset: extent.end }
    }

    /// Where to begin to look for an event: at or before the first frame that may have it.
    pub(super) fn mark_before(&self, sequence: Sequence) -> Mark {
        let extent = self.extent.read().unwrap_or_else(PoisonError::into_inner);
        // A frame without events has the sequence of what follows, so "less" rather than "not more".
        let after = extent.marks.partition_point(|mark| mark.sequence < sequence);
        let mark = extent.marks.get(after.saturating_sub(1)).copied();
        mark.unwrap_or(Mark { sequence: self.first, offset: PREAMBLE_BYTES as u64 })
    }

    /// An error that names a position in this file.
    pub(super) fn damaged(&self, offset: u64, problem: impl Into<String>) -> Error {
        Error::damaged(format!("{}:{offset}", self.path.display()), problem)
    }
}

impl Extent {
    pub(in crate::store) fn empty(first: Sequence) -> Extent {
        Extent { end: PREAMBLE_BYTES as u64, next: first, marks: Vec::new() }
    }

    /// Takes in the frame that was written at the end.
    pub(super) fn grow(&mut self, frame: &super::frame::Header) {
        let due = self.marks.last().is_none_or(|mark| self.end - mark.offset >= MARK_EVERY_BYTES);
        if due {
            self.marks.push(Mark { sequence: frame.first, offset: self.end });
        }
        self.end += frame.frame_bytes();
        self.next = frame.next();
    }
}

/// The file that begins with this sequence.
pub(in crate::store) fn path(directory: &Path, first: Sequence) -> PathBuf {
    directory.join(format!("{:020}.{LOG}", first.0))
}

/// The sequence that a segment's file name tells.
pub(super) fn first_of(name: &str) -> Option<Sequence> {
    let number = name.strip_suffix(LOG)?.strip_suffix('.')?;
    let all_digits = number.len() == 20 && number.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| number.parse().ok().map(Sequence)).flatten()
}

fn preamble(identity: Identity, first: Sequence) -> [u8; PREAMBLE_BYTES] {
    let mut bytes = [0; PREAMBLE_BYTES];
    bytes[0..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    bytes[12..20].copy_from_slice(&identity.0.to_le_bytes());
    bytes[20..28].copy_from_slice(&first.0.to_le_bytes());
    let checksum = crc32c::crc32c(&bytes[..CHECKSUM_AT]);
    bytes[CHECKSUM_AT..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// What a segment's header says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::store) enum Preamble {
    /// A store, and the sequence of the first event.
    Of(Identity, Sequence),
    /// Made by a newer version.
    Newer(u32),
    /// It is none.
    Broken,
}

impl Preamble {
    pub(in crate::store) fn read(file: &dyn File) -> std::io::Result<Preamble> {
        let mut bytes = [0; PREAMBLE_BYTES];
        if file.size()? < bytes.len() as u64 {
            return Ok(Preamble::Broken);
        }
        file.read_at(&mut bytes, 0)?;
        Ok(Preamble::parse(&bytes).unwrap_or(Preamble::Broken))
    }

    fn parse(bytes: &[u8; PREAMBLE_BYTES]) -> Option<Preamble> {
        let (covered, checksum) = bytes.split_last_chunk::<4>()?;
        if *checksum != crc32c::crc32c(covered).to_le_bytes() || !covered.starts_with(&MAGIC) {
            return None;
        }
        let format = u32::from_le_bytes(*covered.get(8..)?.first_chunk()?);
        if format != FORMAT {
            return Some(Preamble::Newer(format));
        }
        let identity = u64::from_le_bytes(*covered.get(12..)?.first_chunk()?);
        let first = u64::from_le_bytes(*covered.get(20..)?.first_chunk()?);
        Some(Preamble::Of(Identity(identity), Sequence(first)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame;
    use super::*;

    #[test]
    fn names_sort_like_their_sequences() {
        let name = |first| path(Path::new(""), Sequence(first)).display().to_string();
        assert!(name(9) < name(10));
        assert_eq!(first_of(&name(10)), Some(Sequence(10)));
        assert_eq!(first_of("10.log"), None);
        assert_eq!(first_of("00000000000000000010.index"), None);
    }

    #[test]
    fn a_header_tells_its_store_and_notices_a_flipped_bit() {
        let mut bytes = preamble(Identity(5), Sequence(6));
        assert_eq!(Preamble::parse(&bytes), Some(Preamble::Of(Identity(5), Sequence(6))));
        bytes[14] ^= 1;
        assert_eq!(Preamble::parse(&bytes), None);
    }

    #[test]
    fn frames_share_a_mark_until_they_are_64_kib() {
        let mut extent = Extent::empty(Sequence(1));
        for first in 1..=1000 {
            let mut bytes = [0; frame::HEADER_BYTES];
            bytes[0..4].copy_from_slice(&frame::MAGIC);
            bytes[4..8].copy_from_slice(&1000u32.to_le_bytes());
            bytes[12..16].copy_from_slice(&1u32.to_le_bytes());
            bytes[16..24].copy_from_slice(&u64::to_le_bytes(first));
            extent.grow(&frame::Header::parse(&bytes).unwrap());
        }
        let marked: Vec<_> = extent.marks.iter().map(|mark| mark.sequence.0).collect();
        assert_eq!(marked, Vec::from_iter((1..=1000).step_by(64)));
    }
}
