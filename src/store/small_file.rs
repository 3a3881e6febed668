//! Small files that are there wholly or not at all: written beside, synced, and renamed into place, with a
//! checksum at the end.

use std::io;
use std::path::Path;

use super::disk::Disk;

const CHECKSUM_BYTES: usize = 4;
/// What a file is called until it is complete. One left behind by a crash is written over.
pub(super) const UNFINISHED: &str = "unfinished";

/// Writes the file. Durable when it returns.
pub(super) fn write(disk: &dyn Disk, path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut bytes = contents.to_vec();
    bytes.extend(crc32c::crc32c(contents).to_le_bytes());
    let unfinished = path.with_extension(UNFINISHED);
    let file = disk.create(&unfinished)?;
    file.write_at(&bytes, 0)?;
    file.sync()?;
    disk.rename(&unfinished, path)?;
    disk.sync_directory(path.parent().unwrap_or(Path::new(".")))
}

/// What was written. None where there is no such file, or not one that was written here.
pub(super) fn read(disk: &dyn Disk, path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match disk.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let size = usize::try_from(file.size()?).map_err(io::Error::other)?;
    let mut bytes = vec![0; size];
    file.read_at(&mut bytes, 0)?;
    let Some(end) = size.checked_sub(CHECKSUM_BYTES) else { return Ok(None) };
    let checksum = crc32c::crc32c(&bytes[..end]).to_le_bytes();
    if bytes[end..] != checksum {
        tracing::warn!(path = %path.display(), "a damaged file is left alone; it is made again");
        return Ok(None);
    }
    bytes.truncate(end);
    Ok(Some(bytes))
}
