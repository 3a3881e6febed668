//! What is where in a data directory, and who may use it.
//!
//! ```text
//! LOCK          held while a server has the directory open
//! format        which Laurels may open it
//! identity      which store this is; also in every segment's header
//! journal/      what happened: the truth. NNN.log, and NNN.index beside what is closed
//! sled/         documents, written behind; can be made again from the journal
//! sled.seal     up to where they were written behind, kept outside sled to tell whether it forgot
//! sled.broken-N a sled directory that was set aside; may be deleted
//! ids/          fingerprints of event ids; can be made again from the journal
//! snapshot/     stands for records that were reclaimed. NNN.snapshot
//! RESTORING     this is not a store yet: a restore is making one of it, or was cut short
//! ```

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk::{Disk, Lock};
use super::{Error, Identity, Options, small_file};

/// The format of all files together. It is raised when an older Laurels must not touch what this one writes,
/// in whichever file: it refuses the directory before it reads or changes anything else in it.
const FORMAT: u32 = 1;

/// Where it is noted.
pub(super) const FORMAT_NOTE: &str = "format";

#[derive(Serialize, Deserialize)]
struct Format {
    format: u32,
    /// The Laurels that needed it first.
    laurels: String,
}
/// What stands in a directory until a restore has made a store of it.
pub(super) const RESTORING: &str = "RESTORING";

/// A data directory that this process has to itself.
pub(super) struct Layout {
    directory: PathBuf,
    /// Unlocked when it is closed.
    _lock: Lock,
}

impl Layout {
    /// Makes the directory where it is not there, and locks it.
    pub(super) fn open(disk: &dyn Disk, directory: &Path) -> Result<Layout, Error> {
        let failed = |source| Error::io(format!("open the directory {}", directory.display()), source);
        let made = make(disk, directory).map_err(failed)?;
        if disk.list(directory).map_err(failed)?.iter().any(|name| name == RESTORING) {
            let problem = "a restore was cut short here, so this is no store; run it again";
            return Err(Error::damaged(directory.display(), problem));
        }
        Layout::prepare(disk, directory, made)
    }

    /// Makes the directory, and marks it as no store yet.
    pub(super) fn begin_restore(disk: &dyn Disk, directory: &Path) -> Result<Layout, Error> {
        let failed = |source| Error::io(format!("make the directory {}", directory.display()), source);
        let made = make(disk, directory).map_err(failed)?;
        disk.create(&directory.join(RESTORING)).and_then(|file| file.sync()).map_err(failed)?;
        disk.sync_directory(directory).map_err(failed)?;
        Layout::prepare(disk, directory, made)
    }

    /// Locks a directory and makes what is in it; so many were made, it and those above it.
    fn prepare(disk: &dyn Disk, directory: &Path, made: usize) -> Result<Layout, Error> {
        let failed = |source| Error::io(format!("open the directory {}", directory.display()), source);
        let layout = Layout::lock(disk, directory)?;
        note_format(disk, directory)?;
        disk.create_directory(&layout.journal()).map_err(failed)?;
        disk.create_directory(&layout.ids()).map_err(failed)?;
        disk.sync_directory(directory).map_err(failed)?;
        // The name of each directory that was made is in the one above it.
        let whole = disk.canonical(directory).map_err(failed)?;
        for above in whole.ancestors().skip(1).take(made.max(1)) {
            disk.sync_directory(above).map_err(failed)?;
        }
        Ok(layout)
    }

    /// Locks a directory that is there, and leaves it as it is.
    pub(super) fn lock(disk: &dyn Disk, directory: &Path) -> Result<Layout, Error> {
        let failed = |source| Error::io(format!("open the directory {}", directory.display()), source);
        let in_use = || Error::InUse { directory: directory.display().to_string() };
        let lock = disk.lock(&directory.join("LOCK")).map_err(failed)?.ok_or_else(in_use)?;
        is_noted(disk, directory)?;
        Ok(Layout { directory: directory.to_owned(), _lock: lock })
    }

    pub(super) fn root(&self) -> &Path {
        &self.directory
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.directory.join("journal")
    }

    pub(super) fn ids(&self) -> PathBuf {
        self.directory.join("ids")
    }

    pub(super) fn snapshot(&self) -> PathBuf {
        self.directory.join("snapshot")
    }

    /// Which store this is: as the file says, or else as `journal` knows, or else a new one.
    pub(super) fn identity(&self, options: &Options, journal: Option<Identity>) -> Result<Identity, Error> {
        let disk = &*options.disk;
        let path = self.directory.join("identity");
        let failed = |source| Error::io(format!("read or write {}", path.display()), source);
        let kept = small_file::read(disk, &path).map_err(failed)?;
        let kept = kept.and_then(|bytes| Some(Identity(u64::from_le_bytes(bytes.try_into().ok()?))));
        match (kept, journal) {
            (Some(kept), Some(journal)) if kept != journal => Err(Error::damaged(
                path.display(),
                "the journal beside it belongs to another store; put back the files that belong together",
            )),
            (Some(kept), _) => Ok(kept),
            (None, known) => {
                let identity = known.unwrap_or(options.new_identity);
                small_file::write(disk, &path, &identity.0.to_le_bytes()).map_err(failed)?;
                Ok(identity)
            }
        }
    }
}

/// Makes a directory and those above it; says how many of them.
fn make(disk: &dyn Disk, directory: &Path) -> std::io::Result<usize> {
    let is_missing = |path: &&Path| {
        let listed = disk.list(path);
        // Above a relative one comes the empty path, which is there.
        !path.as_os_str().is_empty()
            && listed.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    };
    let missing = directory.ancestors().take_while(is_missing).count();
    disk.create_directory(directory)?;
    Ok(missing)
}

/// Refuses what a newer Laurels wrote; says whether it is noted who did.
pub(super) fn is_noted(disk: &dyn Disk, directory: &Path) -> Result<bool, Error> {
    let path = directory.join(FORMAT_NOTE);
    let failed = |source| Error::io(format!("read {}", path.display()), source);
    let kept = small_file::read(disk, &path).map_err(failed)?;
    match kept.and_then(|bytes| postcard::from_bytes::<Format>(&bytes).ok()) {
        Some(Format { format, laurels }) if format > FORMAT => {
            Err(Error::Newer { directory: directory.display().to_string(), laurels, format, known: FORMAT })
        }
        Some(Format { format, .. }) => Ok(format == FORMAT),
        None => Ok(false),
    }
}

/// Notes the format, where that is missing or damaged: each file has its own too, and is either refused or made
/// again by that.
fn note_format(disk: &dyn Disk, directory: &Path) -> Result<(), Error> {
    if is_noted(disk, directory)? {
        return Ok(());
    }
    let path = directory.join(FORMAT_NOTE);
    let failed = |source| Error::io(format!("write {}", path.display()), source);
    let ours = Format { format: FORMAT, laurels: env!("CARGO_PKG_VERSION").to_owned() };
    let bytes = postcard::to_stdvec(&ours).map_err(|error| failed(std::io::Error::other(error)))?;
    small_file::write(disk, &path, &bytes).map_err(failed)
}

/// What is in this directory is a store from now on.
pub(super) fn end_restore(disk: &dyn Disk, directory: &Path) -> Result<(), Error> {
    let failed = |source| Error::io(format!("finish {}", directory.display()), source);
    disk.sync_directory(directory).map_err(failed)?;
    disk.remove(&directory.join(RESTORING)).map_err(failed)?;
    disk.sync_directory(directory).map_err(failed)
}
