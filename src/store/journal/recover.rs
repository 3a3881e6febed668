//! Reads a segment from its beginning: to find what is where, and where it ends. Zeros up to the end of the file are
//! what the next frames were to be written over, and nothing more.
//!
//! A commit is written only after the one before it was synced. So where a frame is bad and nothing good
//! comes after it, the last commit was cut short by a crash: nobody was told of it, and it is cut off. Where a
//! good frame comes after a bad one, the bad one was durable once: that is damage, and it is not passed over.

use std::ops::ControlFlow;

use super::super::Error;
use super::super::disk::File;
use super::frame::{Frame, HEADER_BYTES, Header, MAGIC};
use super::segment::{Extent, Mark, PREAMBLE_BYTES, Segment};
use crate::event::Sequence;

/// How much is read at a time when looking for frames after a bad one.
const SEARCH_BYTES: usize = 1 << 20;

/// Where a segment stops making sense.
#[derive(Debug, PartialEq)]
pub(in crate::store) struct Fault {
    pub(in crate::store) offset: u64,
    /// Bytes from there to the end of the file.
    pub(in crate::store) bytes: u64,
    pub(in crate::store) problem: &'static str,
    /// The first good frame after it.
    pub(in crate::store) good_after: Option<Mark>,
}

/// All good frames from the beginning, and what stands after them, if anything.
pub(super) fn scan(segment: &Segment, file: &dyn File) -> Result<(Extent, Option<Fault>), Error> {
    scan_from(segment, file, Extent::empty(segment.first), |_, _| ControlFlow::Continue(()))
}

/// All good frames after what `extent` has, and what stands after them, if anything. Each is shown, with its
/// offset, until one says to stop.
pub(in crate::store) fn scan_from(
    segment: &Segment,
    file: &dyn File,
    mut extent: Extent,
    mut each: impl FnMut(u64, &Frame) -> ControlFlow<()>,
) -> Result<(Extent, Option<Fault>), Error> {
    let failed = |source| Error::io(format!("read {}", segment.path.display()), source);
    let size = file.size().map_err(failed)?;
    let mut payload = Vec::new();
    while extent.end < size {
        match frame_at(file, extent.end, size, &mut payload, segment.seed).map_err(failed)? {
            Ok(header) if header.first == extent.next => {
                let frame = Frame { header, payload };
                if each(extent.end, &frame).is_break() {
                    break;
                }
                extent.grow(&header);
                payload = frame.payload;
            }
            Ok(_) => return fault(segment, file, extent, size, "a frame is out of order"),
            Err(_) if only_zeros(file, extent.end, size).map_err(failed)? => break,
            Err(problem) => return fault(segment, file, extent, size, problem),
        }
    }
    Ok((extent, None))
}

fn fault(
    segment: &Segment,
    file: &dyn File,
    extent: Extent,
    size: u64,
    problem: &'static str,
) -> Result<(Extent, Option<Fault>), Error> {
    let offset = extent.end;
    let good_after = search(segment, file, offset, size, extent.next)
        .map_err(|source| Error::io(format!("read {}", segment.path.display()), source))?;
    Ok((extent, Some(Fault { offset, bytes: size - offset, problem, good_after })))
}

fn only_zeros(file: &dyn File, from: u64, size: u64) -> std::io::Result<bool> {
    let mut chunk = Vec::new();
    let mut at = from;
    while at < size {
        chunk.resize(usize::try_from(size - at).unwrap_or(usize::MAX).min(SEARCH_BYTES), 0);
        file.read_at(&mut chunk, at)?;
        if chunk.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        at += chunk.len() as u64;
    }
    Ok(true)
}

/// The frame at this offset, or what is wrong with it.
fn frame_at(
    file: &dyn File,
    offset: u64,
    size: u64,
    payload: &mut Vec<u8>,
    seed: u32,
) -> std::io::Result<Result<Header, &'static str>> {
    if size - offset < HEADER_BYTES as u64 {
        return Ok(Err("a frame's header is cut short"));
    }
    let mut bytes = [0; HEADER_BYTES];
    file.read_at(&mut bytes, offset)?;
    let Some(header) = Header::parse(&bytes) else { return Ok(Err("there is no frame")) };
    if header.frame_bytes() > size - offset {
        return Ok(Err("a frame is cut short"));
    }
    payload.resize(header.length, 0);
    file.read_at(payload, offset + HEADER_BYTES as u64)?;
    if !header.vouches_for(payload, seed) {
        return Ok(Err("a frame's checksum is wrong"));
    }
    Ok(Ok(header))
}

/// The first good frame from `from` on that is later than `expected`.
fn search(
    segment: &Segment,
    file: &dyn File,
    from: u64,
    size: u64,
    expected: Sequence,
) -> std::io::Result<Option<Mark>> {
    let mut payload = Vec::new();
    let mut chunk = Vec::new();
    let mut at = from.max(PREAMBLE_BYTES as u64);
    while at < size {
        let length = usize::try_from(size - at).unwrap_or(usize::MAX).min(SEARCH_BYTES);
        chunk.resize(length, 0);
        file.read_at(&mut chunk, at)?;
        let candidates = chunk.windows(MAGIC.len()).enumerate().filter(|(_, window)| *window == MAGIC);
        for (position, _) in candidates {
            let offset = at + position as u64;
            if let Ok(header) = frame_at(file, offset, size, &mut payload, segment.seed)?
                && header.first >= expected
            {
                return Ok(Some(Mark { sequence: header.first, offset }));
            }
        }
        // Chunks overlap, so that a magic across their border is seen.
        let step = length.saturating_sub(MAGIC.len() - 1).max(1);
        at += step as u64;
    }
    Ok(None)
}
