//! A disk that can be made to fail, and that remembers what was synced.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use laurels::store::disk::{Disk, File, Lock, SystemDisk};

/// The system's disk, with faults.
#[derive(Clone, Default)]
pub(crate) struct FaultyDisk(Arc<Mutex<State>>);

/// What goes wrong, and what happened.
#[derive(Default)]
pub(crate) struct State {
    /// Files whose path has this in it cannot be written any further: of a write so many bytes still go through.
    pub(crate) full: Option<(&'static str, usize)>,
    /// Files whose path has this in it cannot be synced.
    pub(crate) no_sync: Option<&'static str>,
    /// Files whose path has this in it cannot be cut off.
    pub(crate) no_truncate: Option<&'static str>,
    /// Syncing a file whose path has this in it panics, once.
    pub(crate) panic: Option<&'static str>,
    /// So many changes still go through, of files and of names; then the machine is dead.
    pub(crate) left: Option<usize>,
    /// How much room there is said to be.
    pub(crate) free: Option<u64>,
    /// How often each file and directory was synced.
    pub(crate) synced: BTreeMap<PathBuf, usize>,
    /// What each file had in it when it was synced last, where its path has this in it.
    pub(crate) watched: Option<&'static str>,
    pub(crate) contents: BTreeMap<PathBuf, Vec<u8>>,
}

impl fmt::Debug for FaultyDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultyDisk")
    }
}

impl FaultyDisk {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// How often files and directories whose path ends with this were synced.
    pub(crate) fn syncs(&self, end: &str) -> usize {
        self.state().synced.iter().filter(|(path, _)| path.ends_with(end)).map(|(_, times)| times).sum()
    }

    fn file(&self, path: &Path, file: Arc<dyn File>) -> Arc<dyn File> {
        Arc::new(FaultyFile { disk: self.clone(), path: path.to_owned(), file })
    }

    /// One more change, if the machine still lives.
    fn change(&self) -> io::Result<()> {
        match &mut self.state().left {
            None => Ok(()),
            Some(0) => Err(io::Error::other("the machine is dead")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }

    fn hits(path: &Path, part: Option<&str>) -> bool {
        part.is_some_and(|part| path.to_str().unwrap().contains(part))
    }
}

impl Disk for FaultyDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Ok(self.file(path, SystemDisk.open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.change()?;
        Ok(self.file(path, SystemDisk.create(path)?))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        SystemDisk.list(directory)
    }

    fn create_directory(&self, directory: &Path) -> io::Result<()> {
        self.change()?;
        SystemDisk.create_directory(directory)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        SystemDisk.lock(path)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        SystemDisk.canonical(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change()?;
        SystemDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change()?;
        SystemDisk.remove(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.change()?;
        *self.state().synced.entry(directory.to_owned()).or_default() += 1;
        SystemDisk.sync_directory(directory)
    }

    fn free_bytes(&self, directory: &Path) -> io::Result<u64> {
        match self.state().free {
            Some(free) => Ok(free),
            None => SystemDisk.free_bytes(directory),
        }
    }
}

struct FaultyFile {
    disk: FaultyDisk,
    path: PathBuf,
    file: Arc<dyn File>,
}

impl File for FaultyFile {
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.disk.change()?;
        let full = self.disk.state().full.filter(|(part, _)| FaultyDisk::hits(&self.path, Some(part)));
        if let Some((_, still)) = full {
            self.file.write_at(&bytes[..still.min(bytes.len())], offset)?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.file.write_at(bytes, offset)
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.disk.change()?;
        if FaultyDisk::hits(&self.path, self.disk.state().no_truncate) {
            return Err(io::Error::other("this file cannot be cut off"));
        }
        self.file.truncate(size)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.change()?;
        let mut state = self.disk.state();
        if FaultyDisk::hits(&self.path, state.panic) {
            state.panic = None;
            drop(state);
            panic!("the disk panics, as it was told to");
        }
        if FaultyDisk::hits(&self.path, state.no_sync) {
            return Err(io::Error::other("this file cannot be synced"));
        }
        *state.synced.entry(self.path.clone()).or_default() += 1;
        if FaultyDisk::hits(&self.path, state.watched) {
            let contents = std::fs::read(&self.path)?;
            state.contents.insert(self.path.clone(), contents);
        }
        self.file.sync()
    }
}
