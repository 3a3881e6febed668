//! What is where in a closed segment, kept beside it, so that opening need not read it. Made again where it
//! is missing or does not fit.

use serde::{Deserialize, Serialize};

use super::super::disk::Disk;
use super::super::small_file;
use super::segment::{Extent, Mark, Segment};
use crate::event::Sequence;

/// The format of these files. One of another format is made again.
const FORMAT: u32 = 1;
/// What the files' names end with.
pub(in crate::store) const INDEX: &str = "index";

#[derive(Serialize, Deserialize)]
struct Kept {
    format: u32,
    seed: u32,
    end: u64,
    next: Sequence,
    marks: Vec<(Sequence, u64)>,
}

/// Writes down what is where. Where that fails nothing is lost but time.
pub(super) fn write(disk: &dyn Disk, segment: &Segment) {
    let Extent { end, next, marks } = segment.extent();
    let marks = marks.iter().map(|mark| (mark.sequence, mark.offset)).collect();
    let kept = Kept { format: FORMAT, seed: segment.seed, end, next, marks };
    let path = segment.path.with_extension(INDEX);
    let written = postcard::to_stdvec(&kept)
        .map_err(std::io::Error::other)
        .and_then(|bytes| small_file::write(disk, &path, &bytes));
    if let Err(error) = written {
        tracing::warn!(path = %path.display(), %error, "the index of a segment was not written; it will be made again");
    }
}

/// Takes it away, if it is there.
pub(super) fn remove(disk: &dyn Disk, segment: &Segment) -> std::io::Result<()> {
    match disk.remove(&segment.path.with_extension(INDEX)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What was written down, if it fits the file.
pub(in crate::store) fn read(
    disk: &dyn Disk,
    segment: &Segment,
    size: u64,
) -> std::io::Result<Option<Extent>> {
    let Some(bytes) = small_file::read(disk, &segment.path.with_extension(INDEX))? else { return Ok(None) };
    let Ok(kept) = postcard::from_bytes::<Kept>(&bytes) else { return Ok(None) };
    if kept.format != FORMAT || kept.seed != segment.seed || kept.end != size {
        return Ok(None);
    }
    let marks = kept.marks.into_iter().map(|(sequence, offset)| Mark { sequence, offset }).collect();
    Ok(Some(Extent { end: kept.end, next: kept.next, marks }))
}
