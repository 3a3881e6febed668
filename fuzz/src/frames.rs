//! Segments of a journal, made of bytes that hardly anybody would take for one.

use std::path::PathBuf;

use laurels::event::Sequence;
use laurels::store::Identity;

use super::disk::MemoryDisk;

/// Where the store is.
pub const DIRECTORY: &str = "/data";
/// The store whose journal it is.
pub const IDENTITY: Identity = Identity(7);

const PREAMBLE: &[u8; 8] = b"LAURELSJ";
const FORMAT: u32 = 1;
const MAGIC: [u8; 4] = [0xff, b'L', 0xfe, b'F'];
const HEADER_BYTES: usize = 24;

/// The file of the segment that begins with this event.
pub fn path(first: Sequence) -> PathBuf {
    PathBuf::from(DIRECTORY).join("journal").join(format!("{:020}.log", first.0))
}

/// Writes a segment of what stands in the input: its frames are as they are there, but for what no chance would get
/// right. Answers the sequence after its last event.
pub fn put(disk: &MemoryDisk, first: Sequence, input: &[u8]) -> Sequence {
    let mut bytes = preamble(first);
    let seed = crc32c::crc32c(&bytes);
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    let next = frames(&mut bytes, seed, first, input);
    disk.put(&path(first), bytes);
    next
}

fn preamble(first: Sequence) -> Vec<u8> {
    [PREAMBLE, &FORMAT.to_le_bytes()[..], &IDENTITY.0.to_le_bytes(), &first.0.to_le_bytes()].concat()
}

fn frames(bytes: &mut Vec<u8>, seed: u32, mut next: Sequence, mut input: &[u8]) -> Sequence {
    while let Some((header, rest)) = input.split_first_chunk::<HEADER_BYTES>() {
        let number =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (payload, after) = rest.split_at(rest.len().min(number(4) as usize));
        input = after;
        let (count, first) = (number(12), u64::from(number(16)) | (u64::from(number(20)) << 32));
        let sum = crc32c::crc32c_append(seed, &count.to_le_bytes());
        let sum = crc32c::crc32c_append(sum, &first.to_le_bytes());
        let sum = crc32c::crc32c_append(sum, payload);
        bytes.extend(MAGIC);
        bytes.extend(u32::try_from(payload.len()).expect("an input is short").to_le_bytes());
        bytes.extend(sum.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(first.to_le_bytes());
        bytes.extend(payload);
        next = Sequence(first.saturating_add(u64::from(count)));
    }
    bytes.extend(input);
    next
}
