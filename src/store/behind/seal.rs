//! A note beside sled of what it was last known to hold: so that a sled that has forgotten something is not
//! taken for one that never had it, and a journal that has lost its end not for a whole one.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::disk::Disk;
use super::super::{Error, Identity, small_file};
use crate::event::Sequence;

/// Its name, in the data directory.
pub(super) const NAME: &str = "sled.seal";

#[derive(Serialize, Deserialize)]
struct Seal {
    identity: u64,
    sequence: Sequence,
}

/// Notes that everything up to this event is in sled, durably.
pub(super) fn write(
    disk: &dyn Disk,
    path: &Path,
    identity: Identity,
    sequence: Sequence,
) -> Result<(), Error> {
    let written = postcard::to_stdvec(&Seal { identity: identity.0, sequence })
        .map_err(std::io::Error::other)
        .and_then(|bytes| small_file::write(disk, path, &bytes));
    written.map_err(|source| Error::io(format!("write {}", path.display()), source))
}

/// What was noted last. Without a note that can be read, nothing.
pub(in crate::store) fn read(disk: &dyn Disk, path: &Path, identity: Identity) -> Result<Sequence, Error> {
    Ok(noted(disk, path, identity)?.unwrap_or_default())
}

/// What was noted last, if there is a note of this store that can be read.
pub(in crate::store) fn noted(
    disk: &dyn Disk,
    path: &Path,
    identity: Identity,
) -> Result<Option<Sequence>, Error> {
    let failed = |source| Error::io(format!("read {}", path.display()), source);
    let bytes = small_file::read(disk, path).map_err(failed)?;
    let seal = bytes.and_then(|bytes| postcard::from_bytes::<Seal>(&bytes).ok());
    Ok(seal.filter(|seal| seal.identity == identity.0).map(|seal| seal.sequence))
}

/// Takes the note back.
pub(super) fn remove(disk: &dyn Disk, path: &Path) -> Result<(), Error> {
    match disk.remove(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(format!("remove {}", path.display()), error))
        }
        _ => Ok(()),
    }
}
