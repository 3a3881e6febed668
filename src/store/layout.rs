//! What is where in a data directory, and who may use it.
//!
//! ```text
//! LOCK          held while a server has the directory open
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

use super::disk::{Disk, Lock};
use super::{Error, Identity, Options, small_file};

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
        disk.create_directory(directory).map_err(failed)?;
        if disk.list(directory).map_err(failed)?.iter().any(|name| name == RESTORING) {
            let problem = "a restore was cut short here, so this is no store; run it again";
            return Err(Error::damaged(directory.display(), problem));
        }
        Layout::lock(disk, directory)
    }

    /// Makes the directory, and marks it as no store yet.
    pub(super) fn begin_restore(disk: &dyn Disk, directory: &Path) -> Result<Layout, Error> {
        let failed = |source| Error::io(format!("make the directory {}", directory.display()), source);
        disk.create_directory(directory).map_err(failed)?;
        disk.create(&directory.join(RESTORING)).and_then(|file| file.sync()).map_err(failed)?;
        disk.sync_directory(directory).map_err(failed)?;
        Layout::lock(disk, directory)
    }

    fn lock(disk: &dyn Disk, directory: &Path) -> Result<Layout, Error> {
        let failed = |source| Error::io(format!("open the directory {}", directory.display()), source);
        let in_use = || Error::InUse { directory: directory.display().to_string() };
        let lock = disk.lock(&directory.join("LOCK")).map_err(failed)?.ok_or_else(in_use)?;
        let layout = Layout { directory: directory.to_owned(), _lock: lock };
        disk.create_directory(&layout.journal()).map_err(failed)?;
        disk.create_directory(&layout.ids()).map_err(failed)?;
        disk.sync_directory(directory).map_err(failed)?;
        if let Some(parent) = disk.canonical(directory).map_err(failed)?.parent() {
            disk.sync_directory(parent).map_err(failed)?;
        }
        Ok(layout)
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

/// What is in this directory is a store from now on.
pub(super) fn end_restore(disk: &dyn Disk, directory: &Path) -> Result<(), Error> {
    let failed = |source| Error::io(format!("finish {}", directory.display()), source);
    disk.sync_directory(directory).map_err(failed)?;
    disk.remove(&directory.join(RESTORING)).map_err(failed)?;
    disk.sync_directory(directory).map_err(failed)
}
