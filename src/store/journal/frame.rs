//! What one commit appends: a frame.
//!
//! ```text
//! magic 4 │ length of payload 4 │ crc32c 4 │ events in it 4 │ sequence of the first 8 │ payload
//! payload: (length 4 │ entry)*, an entry being an `Entry` in postcard's format: events, or one of another kind
//! ```
//!
//! All numbers are little-endian. The checksum covers what follows it, and begins with the store's identity,
//! so that nobody can make a frame out of an event's data. The magic is no UTF-8.

use serde::{Deserialize, Serialize};

use crate::catalog::Numbers;
use crate::event::{Sequence, Time};
use crate::outcome::Record;

use super::super::Timeline;

/// Bytes before the payload.
pub(in crate::store) const HEADER_BYTES: usize = 24;
/// Most bytes of a payload. A larger group is refused; the writer's groups are thousands of times smaller.
pub(in crate::store) const PAYLOAD_MAX_BYTES: usize = 1 << 30;
/// A write buffer that had to grow beyond this is given back.
const BUFFER_KEPT_BYTES: usize = 4 << 20;

pub(super) const MAGIC: [u8; 4] = [0xff, b'L', 0xfe, b'F'];
const LENGTH_BYTES: usize = 4;

/// One thing that happened. New kinds go to the end: their place is their number in the files.
#[derive(Debug, PartialEq, Deserialize)]
pub(in crate::store) enum Entry {
    /// An event, and what it did.
    Event(Box<Record>),
    /// Numbers were taken into use.
    Catalog(Numbers),
    /// The store was restored, and went another way from here on.
    Timeline(Timeline),
}

/// An [`Entry`] to be written.
#[derive(Clone, Copy, Debug, Serialize)]
pub(in crate::store) enum EntryRef<'a> {
    Event(&'a Record),
    Catalog(&'a Numbers),
    Timeline(&'a Timeline),
}

/// What stands before a payload.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Header {
    pub(super) length: usize,
    checksum: u32,
    pub(super) count: u32,
    pub(super) first: Sequence,
}

impl Header {
    /// The header, if this can be one.
    pub(super) fn parse(bytes: &[u8; HEADER_BYTES]) -> Option<Header> {
        let (magic, rest) = bytes.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (checksum, rest) = rest.split_first_chunk::<4>()?;
        let (count, rest) = rest.split_first_chunk::<4>()?;
        let first = u64::from_le_bytes(*rest.first_chunk::<8>()?);
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let header = Header {
            length,
            checksum: u32::from_le_bytes(*checksum),
            count: u32::from_le_bytes(*count),
            first: Sequence(first),
        };
        let possible = *magic == MAGIC && length <= PAYLOAD_MAX_BYTES && first <= u64::MAX / 2;
        possible.then_some(header)
    }

    /// The sequence after its last event.
    pub(super) fn next(&self) -> Sequence {
        Sequence(self.first.0 + u64::from(self.count))
    }

    /// Bytes of the whole frame.
    pub(super) fn frame_bytes(&self) -> u64 {
        (HEADER_BYTES + self.length) as u64
    }

    /// Whether this is the payload that was written.
    pub(super) fn vouches_for(&self, payload: &[u8], seed: u32) -> bool {
        self.length == payload.len() && self.checksum == checksum(seed, self.count, self.first, payload)
    }
}

fn checksum(seed: u32, count: u32, first: Sequence, payload: &[u8]) -> u32 {
    let mut before = [0; 12];
    before[..4].copy_from_slice(&count.to_le_bytes());
    before[4..].copy_from_slice(&first.0.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c_append(seed, &before), payload)
}

/// A frame that was read, and whose checksum was right.
#[derive(Debug)]
pub(in crate::store) struct Frame {
    pub(super) header: Header,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    /// The sequence of its first event; without events, that of what comes next.
    pub(in crate::store) fn first(&self) -> Sequence {
        self.header.first
    }

    /// The sequence after its last event.
    pub(in crate::store) fn next(&self) -> Sequence {
        self.header.next()
    }

    /// Bytes of the payload.
    pub(in crate::store) fn size(&self) -> usize {
        self.payload.len()
    }

    /// What is in it, in order.
    pub(in crate::store) fn entries(&self) -> impl Iterator<Item = Result<Entry, postcard::Error>> {
        self.raw_entries().map(postcard::from_bytes)
    }

    /// Whether its entries, as they are cut, are all of the payload.
    pub(in crate::store) fn is_filled(&self) -> bool {
        self.raw_entries().map(|entry| LENGTH_BYTES + entry.len()).sum::<usize>() == self.payload.len()
    }

    /// The events from this one on, in order. Those before it are not even decoded.
    pub(in crate::store) fn events_from(
        &self,
        from: Sequence,
    ) -> impl Iterator<Item = Result<Record, postcard::Error>> {
        let before = usize::try_from(from.0.saturating_sub(self.header.first.0)).unwrap_or(usize::MAX);
        let events = self.raw_entries().filter(|bytes| is_event(bytes)).skip(before);
        events.filter_map(|bytes| match postcard::from_bytes(bytes) {
            Ok(Entry::Event(record)) => Some(Ok(*record)),
            Ok(Entry::Catalog(_) | Entry::Timeline(_)) => None,
            Err(error) => Some(Err(error)),
        })
    }

    /// What is in it, in order, as it stands there.
    pub(in crate::store) fn raw_entries(&self) -> impl Iterator<Item = &[u8]> {
        raw_entries(&self.payload)
    }
}

/// The entries of a payload, in order, as they stand there.
pub(in crate::store) fn raw_entries(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<LENGTH_BYTES>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (entry, after) = after.split_at_checked(length)?;
        rest = after;
        Some(entry)
    })
}

/// Adds an entry to a payload.
pub(in crate::store) fn push_raw(payload: &mut Vec<u8>, entry: &[u8]) {
    // It comes from a payload, where its length stood in as many bytes.
    payload.extend(u32::try_from(entry.len()).unwrap_or(u32::MAX).to_le_bytes());
    payload.extend(entry);
}

/// Whether an entry is an event.
pub(in crate::store) fn is_event(entry: &[u8]) -> bool {
    // The number of a kind of entry is its first byte.
    entry.first() == Some(&0)
}

/// When an event arrived. What comes after that in the entry is not decoded.
pub(in crate::store) fn arrival(entry: &[u8]) -> Option<Time> {
    let begin = is_event(entry).then_some(&entry[1..])?;
    let ((_, arrival), _) = postcard::take_from_bytes::<(Sequence, Time)>(begin).ok()?;
    Some(arrival)
}

/// A frame in the making. The memory is used again for the next one.
#[derive(Debug, Default)]
pub(super) struct Draft {
    bytes: Vec<u8>,
    count: u32,
}

impl Draft {
    /// Begins another frame.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(BUFFER_KEPT_BYTES);
        self.bytes.resize(HEADER_BYTES, 0);
        self.count = 0;
    }

    /// Adds an entry; says how many bytes it takes.
    pub(super) fn push(&mut self, entry: EntryRef<'_>) -> Result<usize, String> {
        let at = self.bytes.len();
        self.bytes.extend([0; LENGTH_BYTES]);
        postcard::to_io(&entry, &mut self.bytes).map_err(|error| error.to_string())?;
        let length = self.bytes.len() - at - LENGTH_BYTES;
        if self.bytes.len() - HEADER_BYTES > PAYLOAD_MAX_BYTES {
            return Err(format!(
                "a group has more than {PAYLOAD_MAX_BYTES} bytes; record fewer events at once"
            ));
        }
        let as_written = u32::try_from(length).map_err(|error| error.to_string())?;
        self.bytes[at..at + LENGTH_BYTES].copy_from_slice(&as_written.to_le_bytes());
        self.count += u32::from(matches!(entry, EntryRef::Event(_)));
        Ok(length)
    }

    /// The whole frame, as it is to be written.
    pub(super) fn finish(&mut self, first: Sequence, seed: u32) -> (&[u8], Header) {
        let payload = &self.bytes[HEADER_BYTES..];
        let checksum = checksum(seed, self.count, first, payload);
        let header = Header { length: payload.len(), checksum, count: self.count, first };
        // `push` has seen to it that the length fits.
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        self.bytes[0..4].copy_from_slice(&MAGIC);
        self.bytes[4..8].copy_from_slice(&length.to_le_bytes());
        self.bytes[8..12].copy_from_slice(&checksum.to_le_bytes());
        self.bytes[12..16].copy_from_slice(&self.count.to_le_bytes());
        self.bytes[16..24].copy_from_slice(&first.0.to_le_bytes());
        (&self.bytes, header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_another_store_is_not_taken_for_ours() {
        let mut draft = Draft::default();
        draft.clear();
        draft.push(EntryRef::Catalog(&Numbers::default())).unwrap();
        let (bytes, written) = draft.finish(Sequence(7), 1);
        let (header, payload) = bytes.split_first_chunk().unwrap();
        let header = Header::parse(header).unwrap();
        assert_eq!(header, written);
        assert_eq!((header.first, header.next()), (Sequence(7), Sequence(7)));
        assert!(header.vouches_for(payload, 1));
        assert!(!header.vouches_for(payload, 2));
    }

    #[test]
    fn kinds_of_entries_keep_their_numbers() {
        let numbers = postcard::to_stdvec(&EntryRef::Catalog(&Numbers::default())).unwrap();
        assert_eq!(numbers[0], 1);
        assert_eq!(postcard::from_bytes::<Entry>(&numbers), Ok(Entry::Catalog(Numbers::default())));
        let timeline = Timeline { id: 7, first: Sequence(3) };
        let bytes = postcard::to_stdvec(&EntryRef::Timeline(&timeline)).unwrap();
        assert_eq!(bytes[0], 2);
        assert_eq!(postcard::from_bytes::<Entry>(&bytes), Ok(Entry::Timeline(timeline)));
    }
}
