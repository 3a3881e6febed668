//! Documents and sums in sled: the only file that names it.
//!
//! sled is trusted with nothing: all that is in it can be made again from the journal. What is known to go wrong
//! is handled here, and each of these has a test in `tests/it/store/hazards.rs`:
//!
//! * its `flush` does not sync, so [`Materialized::sync`] does, through a file handle of our own; and the directories
//!   once, since it does not;
//! * its thread that flushes now and then is not started;
//! * a snapshot that it was writing when it was killed would keep it from opening, and is taken away before;
//! * it panics on damage: a panic is caught and becomes a [`Trouble`];
//! * a batch of many keys takes memory without measure: a batch has at most [`BATCH_MAX_KEYS`];
//! * large leaves would go to `blobs/`, which it does not sync: values are [cut into pages](stored);
//! * it hangs or deadlocks when used from several threads: it lives in one, that of [`super::behind`].

mod stored;

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::disk::File;
use super::{Error, Options};
use crate::key::Key;
use stored::{Header, Step};

pub(super) use stored::StoredKey;

/// Most keys of a batch: with ten times as many sled was seen to take gigabytes.
pub(super) const BATCH_MAX_KEYS: usize = 1000;

/// So many broken sleds are kept. When there are more, they are taken away: they would fill the disk.
const SET_ASIDE_MAX: u32 = 3;
/// sled panics when its cache is smaller than 256 bytes.
const CACHE_MIN_BYTES: u64 = 1024;
/// A closed sled gives its lock back a little later: it is asked so often, with a pause in between.
const LOCK_TRIES: u32 = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Why sled did not do what it was told.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It cannot be trusted any more: set it aside, and make it again.
    Broken(String),
    /// It is not to blame: the disk is full, or the like. Try again later, after opening it again.
    Passing(io::Error),
    /// Something else failed.
    Other(Error),
}

/// An open sled.
pub(super) struct Materialized {
    /// None only while it is dropped.
    db: Option<sled::Db>,
    /// Our own handle of sled's file.
    file: Arc<dyn File>,
    directory: PathBuf,
    options: Options,
}

impl Materialized {
    /// Opens the sled in this directory, or makes one.
    pub(super) fn open(directory: &Path, options: &Options) -> Result<Materialized, Trouble> {
        let disk = &options.disk;
        disk.create_directory(directory).map_err(Trouble::Passing)?;
        remove_unfinished_snapshots(directory).map_err(Trouble::Passing)?;
        let db = open_sled(directory, options.sled_cache_bytes)?;
        let opened = (|| {
            let file = disk.open(&directory.join("db"))?;
            for directory in [&directory.join("blobs"), directory] {
                disk.sync_directory(directory)?;
            }
            disk.sync_directory(directory.parent().unwrap_or(directory))?;
            Ok(file)
        })();
        let file = opened.map_err(Trouble::Passing)?;
        Ok(Materialized { db: Some(db), file, directory: directory.to_owned(), options: options.clone() })
    }

    /// The value under a key.
    pub(super) fn get(&self, key: StoredKey<'_>) -> Result<Option<Vec<u8>>, Trouble> {
        let key = key.bytes();
        let Some(page) = self.contained(|db| db.get(&key))? else { return Ok(None) };
        let unreadable = || Trouble::Broken("a value is not what was written".to_owned());
        let (header, first) = Header::parse(&page).ok_or_else(unreadable)?;
        let mut value = first.to_vec();
        for key in header.page_keys(&key) {
            let page = self.contained(|db| db.get(&key))?.ok_or_else(unreadable)?;
            value.extend_from_slice(&page);
        }
        Ok(Some(value))
    }

    /// A batch to be filled.
    pub(super) fn batch(&self) -> Batch<'_> {
        Batch { materialized: self, batch: sled::Batch::default(), keys: 0 }
    }

    /// Makes all that was written durable.
    pub(super) fn sync(&self) -> Result<(), Trouble> {
        self.contained(|db| db.flush())?;
        let synced = catch_unwind(AssertUnwindSafe(|| {
            self.sync_blobs()?;
            self.file.sync()
        }));
        match synced {
            Ok(Ok(())) => Ok(()),
            // After a failed sync nobody knows what is on the disk, and another one may succeed without doing it.
            Ok(Err(error)) => Err(Trouble::Broken(format!("it cannot be synced: {error}"))),
            Err(panic) => Err(Trouble::Broken(panic_text(&*panic))),
        }
    }

    /// The keys of documents that begin with `prefix`, in order, after one of them, at most `limit`.
    pub(super) fn keys(&self, prefix: &str, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, Trouble> {
        let prefix = StoredKey::Document(&Key::from_text(prefix)).bytes();
        // The least key after another is that one and a zero.
        let from = after.map(|after| [StoredKey::Document(after).bytes(), vec![0]].concat());
        let from = from.unwrap_or_else(|| prefix.clone());
        self.contained(|db| {
            let keys = db.range(from..).keys().take(limit).collect::<Result<Vec<_>, _>>()?;
            let within = keys.iter().take_while(|key| key.starts_with(&prefix));
            Ok(within.filter_map(|key| StoredKey::document(key)).collect())
        })
    }

    /// Gives up a broken sled without closing it: it would go on to use what is broken. Its memory is lost.
    pub(super) fn abandon(mut self) {
        std::mem::forget(self.db.take());
    }

    fn header(&self, key: &[u8]) -> Result<Option<Header>, Trouble> {
        let page = self.contained(|db| db.get(key))?;
        Ok(page.and_then(|page| Some(Header::parse(&page)?.0)))
    }

    fn contained<T>(&self, action: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, Trouble> {
        let db = self.db.as_ref().ok_or_else(|| Trouble::Broken("it is closed".to_owned()))?;
        contained(|| action(db))
    }

    /// There should be none; but where there is one, sled itself never syncs it.
    fn sync_blobs(&self) -> io::Result<()> {
        let blobs = self.directory.join("blobs");
        let disk = &self.options.disk;
        let names = disk.list(&blobs)?;
        for name in &names {
            disk.open(&blobs.join(name))?.sync()?;
        }
        if !names.is_empty() {
            disk.sync_directory(&blobs)?;
        }
        Ok(())
    }
}

impl Drop for Materialized {
    fn drop(&mut self) {
        let db = self.db.take();
        if catch_unwind(AssertUnwindSafe(|| drop(db))).is_err() {
            tracing::error!(
                "sled panicked while it was closed; what it holds is checked at the next opening"
            );
        }
    }
}

/// Values to be written, in batches of a bounded size. Each value is there wholly or as it was, wherever that stops.
pub(super) struct Batch<'a> {
    materialized: &'a Materialized,
    batch: sled::Batch,
    keys: usize,
}

impl Batch<'_> {
    /// Adds a value. Answers whether some were written just now.
    pub(super) fn put(&mut self, key: StoredKey<'_>, value: &[u8]) -> Result<bool, Trouble> {
        let key = key.bytes();
        // Only who has further pages needs to know what was there. Pages that a value no longer has when it
        // shrinks to one stay until it has some again; values hardly ever shrink.
        let old = match stored::is_paged(&key, value.len()) {
            true => self.materialized.header(&key)?,
            false => None,
        };
        let mut written = false;
        for step in stored::steps(&key, value, old) {
            match step {
                Step::Put(key, page) => self.batch.insert(key, &*page),
                Step::Remove(key) => self.batch.remove(key),
            }
            self.keys += 1;
            if self.keys == BATCH_MAX_KEYS {
                self.write()?;
                written = true;
            }
        }
        Ok(written)
    }

    /// Writes what was added. Durable only after [`Materialized::sync`].
    pub(super) fn write(&mut self) -> Result<(), Trouble> {
        self.keys = 0;
        let batch = std::mem::take(&mut self.batch);
        self.materialized.contained(|db| db.apply_batch(batch))
    }
}

/// Renames a broken sled, so that it can be looked at, or takes it away where enough were kept. Says where it
/// is now.
pub(super) fn set_aside(directory: &Path, options: &Options) -> io::Result<Option<PathBuf>> {
    if !directory.exists() {
        return Ok(None);
    }
    let asides = (1..=SET_ASIDE_MAX).map(|number| directory.with_extension(format!("broken-{number}")));
    let aside = asides.into_iter().find(|path| !path.exists());
    match &aside {
        Some(aside) => options.disk.rename(directory, aside)?,
        None => fs::remove_dir_all(directory)?,
    }
    options.disk.sync_directory(directory.parent().unwrap_or(directory))?;
    Ok(aside)
}

fn open_sled(directory: &Path, cache_bytes: u64) -> Result<sled::Db, Trouble> {
    let mut tries = 1;
    loop {
        // The configuration of an opened sled must not be used for another.
        let config = sled::Config::new().path(directory).cache_capacity(cache_bytes.max(CACHE_MIN_BYTES));
        match contained(|| config.flush_every_ms(None).open()) {
            Err(Trouble::Broken(why)) if why.contains("could not acquire lock") && tries < LOCK_TRIES => {
                tries += 1;
                std::thread::sleep(LOCK_PAUSE);
            }
            opened => return opened,
        }
    }
}

fn remove_unfinished_snapshots(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            tracing::warn!(path = %path.display(), "a snapshot that sled had not finished is taken away");
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn contained<T>(action: impl FnOnce() -> sled::Result<T>) -> Result<T, Trouble> {
    // Whatever state a panic leaves sled in is not looked at again: it is abandoned.
    match catch_unwind(AssertUnwindSafe(action)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(error))) if is_passing(&error) => Err(Trouble::Passing(error)),
        Ok(Err(error)) => Err(Trouble::Broken(error.to_string())),
        Err(panic) => Err(Trouble::Broken(panic_text(&*panic))),
    }
}

/// Whether an error says nothing about the state of sled's files.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::OutOfMemory
    ) || matches!(
        error.raw_os_error().map(rustix::io::Errno::from_raw_os_error),
        Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE)
    )
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    format!("it panicked: {}", text.unwrap_or("without a word"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::disk::SystemDisk;

    fn open(directory: &Path) -> Materialized {
        let options = Options { disk: Arc::new(SystemDisk), ..Options::default() };
        Materialized::open(&directory.join("sled"), &options).unwrap()
    }

    #[test]
    fn a_batch_never_has_more_than_a_thousand_keys() {
        let directory = tempfile::tempdir().unwrap();
        let sled = open(directory.path());
        let mut batch = sled.batch();
        let keys: Vec<_> = (0..2500).map(|number| Key::new([("n", &*format!("{number:04}"))])).collect();
        let written: Vec<_> =
            (0..2500).filter(|at| batch.put(StoredKey::Document(&keys[*at]), b"value").unwrap()).collect();
        assert_eq!(written, [999, 1999]);
        assert_eq!(sled.get(StoredKey::Document(&keys[2499])).unwrap(), None);
        batch.write().unwrap();
        assert_eq!(sled.get(StoredKey::Document(&keys[2499])).unwrap().as_deref(), Some(&b"value"[..]));
    }

    #[test]
    fn a_file_in_blobs_is_synced_though_there_should_be_none() {
        let directory = tempfile::tempdir().unwrap();
        let sled = open(directory.path());
        sled.sync().unwrap();
        // A directory cannot be opened to be written: so it shows that it was tried.
        fs::create_dir(directory.path().join("sled/blobs/7")).unwrap();
        assert!(matches!(sled.sync(), Err(Trouble::Broken(_))));
    }

    #[test]
    fn a_panic_is_a_trouble_with_its_text() {
        let trouble = contained(|| -> sled::Result<()> { panic!("page {} is odd", 7) });
        assert!(matches!(trouble, Err(Trouble::Broken(why)) if why == "it panicked: page 7 is odd"));
    }

    #[test]
    fn a_full_disk_is_not_sleds_fault() {
        let full = || -> sled::Result<()> { Err(sled::Error::Io(io::ErrorKind::StorageFull.into())) };
        assert!(matches!(contained(full), Err(Trouble::Passing(_))));
        let short = || -> sled::Result<()> { Err(sled::Error::Io(io::ErrorKind::UnexpectedEof.into())) };
        assert!(matches!(contained(short), Err(Trouble::Broken(_))));
    }
}
