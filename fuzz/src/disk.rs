//! A disk in memory, and trees on it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use laurels::store::Options;
use laurels::store::disk::{Disk, File, Lock};
use laurels::store::tree::{Tree, Trees, Trouble, Write};

type Contents = Arc<Mutex<Vec<u8>>>;

/// Files in memory. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk(Arc<Mutex<BTreeMap<PathBuf, Contents>>>);

impl MemoryDisk {
    /// Writes a file.
    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        self.files().insert(path.to_owned(), Arc::new(Mutex::new(bytes)));
    }

    /// The segments of the journal.
    pub fn journal(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let is_segment = |path: &Path| path.extension().is_some_and(|extension| extension == "log");
        let files = self.files();
        let segments = files.iter().filter(|(path, _)| is_segment(path));
        segments.map(|(path, contents)| (path.clone(), lock(contents).clone())).collect()
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Contents>> {
        lock(&self.0)
    }

    fn take(&self, path: &Path) -> io::Result<Contents> {
        self.files().remove(path).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk for MemoryDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let contents = self.files().get(path).cloned().ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(MemoryFile(contents)))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let contents = Contents::default();
        self.files().insert(path.to_owned(), contents.clone());
        Ok(Arc::new(MemoryFile(contents)))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let files = self.files();
        let within = files.keys().filter(|path| path.parent() == Some(directory));
        Ok(within.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    fn create_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let contents = self.take(from)?;
        self.files().insert(to.to_owned(), contents);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.take(path).map(drop)
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, _: &Path) -> io::Result<Option<Lock>> {
        Ok(Some(Box::new(())))
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }

    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(u64::MAX)
    }
}

struct MemoryFile(Contents);

impl File for MemoryFile {
    fn size(&self) -> io::Result<u64> {
        Ok(lock(&self.0).len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let contents = lock(&self.0);
        let rest = usize::try_from(offset).ok().and_then(|offset| contents.get(offset..));
        let found = rest.and_then(|rest| rest.get(..buffer.len())).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(found);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut contents = lock(&self.0);
        let begin = usize::try_from(offset).map_err(io::Error::other)?;
        let end = begin + bytes.len();
        if contents.len() < end {
            contents.resize(end, 0);
        }
        contents[begin..end].copy_from_slice(bytes);
        Ok(())
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        lock(&self.0).truncate(usize::try_from(size).map_err(io::Error::other)?);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Trees in memory. Clones share them; each is found where it was.
#[derive(Clone, Debug, Default)]
pub struct MemoryTrees(Arc<Mutex<BTreeMap<PathBuf, Pairs>>>);

type Pairs = Arc<Mutex<BTreeMap<Vec<u8>, Vec<u8>>>>;

impl Trees for MemoryTrees {
    fn open(&self, directory: &Path, _: &Options) -> Result<Box<dyn Tree>, Trouble> {
        Ok(Box::new(MemoryTree(lock(&self.0).entry(directory.to_owned()).or_default().clone())))
    }

    fn is_in(&self, directory: &Path) -> bool {
        lock(&self.0).contains_key(directory)
    }

    fn set_aside(&self, directory: &Path, _: &Options) -> io::Result<Option<PathBuf>> {
        lock(&self.0).remove(directory);
        Ok(None)
    }
}

struct MemoryTree(Pairs);

impl Tree for MemoryTree {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        Ok(lock(&self.0).get(key).cloned())
    }

    fn write(&self, batch: Vec<Write>) -> Result<(), Trouble> {
        let mut pairs = lock(&self.0);
        for (key, value) in batch {
            match value {
                Some(value) => drop(pairs.insert(key, value)),
                None => drop(pairs.remove(&key)),
            }
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), Trouble> {
        Ok(())
    }

    fn keys(&self, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, Trouble> {
        Ok(lock(&self.0).range(from.to_vec()..).take(limit).map(|(key, _)| key.clone()).collect())
    }

    fn abandon(self: Box<Self>) {}
}
