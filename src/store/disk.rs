//! The disk, as far as the store needs one: so that tests can make it fail, and count what was synced.
//!
//! Everything but sled's own files goes through here. Of sled's, only the syncing does.

use std::any::Any;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// A lock that was let go of is held a moment longer where its process was just about to start another program, which has all
/// that is open until it runs. So a lock is asked for so often, with a pause in between, before it is somebody else's.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Held for as long as a directory is this process's alone.
pub type Lock = Box<dyn Any + Send + Sync>;

/// Where files are. [`SystemDisk`] is the real one.
pub trait Disk: fmt::Debug + Send + Sync + 'static {
    /// Opens a file that is there, to read and write.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// Makes an empty file, to read and write. What was there under this name is gone.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>>;

    /// The names of the files in a directory.
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;

    /// Makes a directory, and those above it, unless it is there.
    fn create_directory(&self, directory: &Path) -> io::Result<()>;

    /// Locks this file, which is made if it is not there, against other processes. None where one has it.
    fn lock(&self, path: &Path) -> io::Result<Option<Lock>>;

    /// The whole path of what is there, from the root on.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;

    /// Gives a file or a directory another name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Takes a file away.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;

    /// How many bytes the file system of this directory has left for us.
    fn free_bytes(&self, directory: &Path) -> io::Result<u64>;
}

/// An open file.
pub trait File: Send + Sync {
    /// How long it is.
    fn size(&self) -> io::Result<u64>;

    /// Fills the buffer from there on. An error where the file ends before.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes all of the bytes there.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts it off after so many bytes.
    fn truncate(&self, size: u64) -> io::Result<()>;

    /// Makes its contents durable.
    fn sync(&self) -> io::Result<()>;
}

/// The operating system's file systems.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(fs::OpenOptions::new().read(true).write(true).open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let mut options = fs::OpenOptions::new();
        Ok(Arc::new(options.read(true).write(true).create(true).truncate(true).open(path)?))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let names = fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name()));
        // A name that is no text is none of ours.
        Ok(names
            .collect::<io::Result<Vec<_>>>()?
            .into_iter()
            .filter_map(|name| name.into_string().ok())
            .collect())
    }

    fn create_directory(&self, directory: &Path) -> io::Result<()> {
        fs::create_dir_all(directory)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let file = fs::File::options().create(true).truncate(false).write(true).open(path)?;
        for tries_left in (0..LOCK_TRIES).rev() {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Box::new(file))),
                Err(fs::TryLockError::WouldBlock) if tries_left > 0 => thread::sleep(LOCK_PAUSE),
                Err(fs::TryLockError::WouldBlock) => {}
                Err(fs::TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(None)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        path.canonicalize()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        fs::File::open(directory)?.sync_all()
    }

    fn free_bytes(&self, directory: &Path) -> io::Result<u64> {
        let room = rustix::fs::statvfs(directory)?;
        Ok(room.f_bavail.saturating_mul(room.f_frsize))
    }
}

impl File for fs::File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.set_len(size)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_lock_that_a_program_has_for_a_moment_is_waited_for_and_one_that_is_held_is_not_had() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("LOCK");
        let held = SystemDisk.lock(&path).unwrap().unwrap();
        assert!(SystemDisk.lock(&path).unwrap().is_none());
        let file = held.downcast::<fs::File>().unwrap();
        let mut program = Command::new("sleep").arg("0.01").stdin(Stdio::from(*file)).spawn().unwrap();
        assert!(SystemDisk.lock(&path).unwrap().is_some());
        program.wait().unwrap();
    }
}
