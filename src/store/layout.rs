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
//! ```

use std::path::{Path, PathBuf};

use super::disk::{Disk, Lock};
use super::{Error, Identity, Options, small_file};

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
        let is_missing = |path: &&Path| {
            let listed = disk.list(path);
            // Above a relative one comes the empty path, which is there.
            !path.as_os_str().is_empty()
                && listed.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
        };
        let missing = directory.ancestors().take_while(is_missing).count();
        disk.create_directory(directory).map_err(failed)?;
        let layout = Layout::lock(disk, directory)?;
        disk.create_directory(&layout.journal()).map_err(failed)?;
        disk.create_directory(&layout.ids()).map_err(failed)?;
        disk.sync_directory(directory).map_err(failed)?;
        // The name of each directory that was made is in the one above it.
        let whole = disk.canonical(directory).map_err(failed)?;
        for above in whole.ancestors().skip(1).take(missing.max(1)) {
            disk.sync_directory(above).map_err(failed)?;
        }
        Ok(layout)
    }

    /// Locks a directory that is there, and leaves it as it is.
    pub(super) fn lock(disk: &dyn Disk, directory: &Path) -> Result<Layout, Error> {
        let failed = |source| Error::io(format!("open the directory {}", directory.display()), source);
        let in_use = || Error::InUse { directory: directory.display().to_string() };
        let lock = disk.lock(&directory.join("LOCK")).map_err(failed)?.ok_or_else(in_use)?;
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
