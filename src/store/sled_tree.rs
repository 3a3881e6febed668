//! A [`Tree`] that is sled: the only file that names it. What is known to go wrong with it is handled here, and
//! each of these has a test in `tests/it/store/sled_hazards.rs`:
//!
//! * its `flush` does not sync, so [`Tree::sync`] does, through a file handle of our own; and the directories
//!   once, since it does not;
//! * its thread that flushes now and then is not started;
//! * a snapshot that it was writing when it was killed would keep it from opening, and is taken away before;
//! * it panics on damage: a panic is caught and becomes a [`Trouble`];
//! * it hangs or deadlocks when used from several threads: it lives in one, that of [`super::behind`];
//! * what it replaced in memory it hands to `crossbeam-epoch`, which frees a little now and then: less than a batch
//!   replaces, so that memory grew with all that was ever written. [`Garbage`] has it freed.

use std::cell::Cell;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Options;
use super::disk::{Disk, File};
use super::tree::{Tree, Trees, Trouble, Write};

/// So many broken sleds are kept. When there are more, they are taken away: they would fill the disk.
const SET_ASIDE_MAX: u32 = 3;
/// sled panics when its cache is smaller than 256 bytes.
const CACHE_MIN_BYTES: u64 = 1024;
/// A closed sled gives its lock back a little later: it is asked so often, with a pause in between.
const LOCK_TRIES: u32 = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(10);
/// After so many keys that were read or written, what sled replaced for them is freed. One time frees up to eight bags of
/// 64 things, and a key replaces fewer than ten: its page, and pages that are read for it or leave sled's cache.
const FREE_EVERY_KEYS: usize = 32;

/// Every sled is a directory of its own.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SledTrees;

struct SledTree {
    /// None only while it is dropped.
    db: Option<sled::Db>,
    /// Our own handle of sled's file.
    file: Arc<dyn File>,
    directory: PathBuf,
    disk: Arc<dyn Disk>,
    garbage: Garbage,
}

/// What sled replaced, and is not freed yet.
#[derive(Default)]
struct Garbage {
    /// Keys since some was freed.
    keys: Cell<usize>,
}

impl Trees for SledTrees {
    fn open(&self, directory: &Path, options: &Options) -> Result<Box<dyn Tree>, Trouble> {
        let disk = &options.disk;
        disk.create_directory(directory).map_err(Trouble::Passing)?;
        remove_unfinished_snapshots(directory).map_err(Trouble::Passing)?;
        let db = open_sled(directory, options.tree_cache_bytes)?;
        let opened = (|| {
            let file = disk.open(&directory.join("db"))?;
            for directory in [&directory.join("blobs"), directory] {
                disk.sync_directory(directory)?;
            }
            disk.sync_directory(directory.parent().unwrap_or(directory))?;
            Ok(file)
        })();
        let file = opened.map_err(Trouble::Passing)?;
        let garbage = Garbage::default();
        Ok(Box::new(SledTree {
            db: Some(db),
            file,
            directory: directory.to_owned(),
            disk: disk.clone(),
            garbage,
        }))
    }

    fn is_in(&self, directory: &Path) -> bool {
        directory.join("db").exists()
    }

    fn set_aside(&self, directory: &Path, options: &Options) -> io::Result<Option<PathBuf>> {
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
}

impl Tree for SledTree {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        let value = self.contained(|db| db.get(key))?.map(|value| value.to_vec());
        self.garbage.of(1);
        Ok(value)
    }

    fn write(&self, batch: Vec<Write>) -> Result<(), Trouble> {
        let keys = batch.len();
        let mut writes = sled::Batch::default();
        for (key, value) in batch {
            match value {
                Some(value) => writes.insert(key, value),
                None => writes.remove(key),
            }
        }
        self.contained(|db| db.apply_batch(writes))?;
        self.garbage.of(keys);
        Ok(())
    }

    fn sync(&self) -> Result<(), Trouble> {
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

    fn keys(&self, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, Trouble> {
        let keys: Vec<_> = self.contained(|db| {
            let keys = db.range(from..).keys().take(limit);
            keys.map(|key| Ok(key?.to_vec())).collect()
        })?;
        self.garbage.of(keys.len());
        Ok(keys)
    }

    fn abandon(mut self: Box<Self>) {
        // Its memory is lost.
        std::mem::forget(self.db.take());
    }
}

impl SledTree {
    fn contained<T>(&self, action: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, Trouble> {
        let db = self.db.as_ref().ok_or_else(|| Trouble::Broken("it is closed".to_owned()))?;
        contained(|| action(db))
    }

    /// There should be none; but where there is one, sled itself never syncs it.
    fn sync_blobs(&self) -> io::Result<()> {
        let blobs = self.directory.join("blobs");
        let names = self.disk.list(&blobs)?;
        for name in &names {
            self.disk.open(&blobs.join(name))?.sync()?;
        }
        if !names.is_empty() {
            self.disk.sync_directory(&blobs)?;
        }
        Ok(())
    }
}

impl Garbage {
    /// Frees what was replaced for this many keys, or for others before.
    fn of(&self, keys: usize) {
        let mut due = self.keys.get() + keys;
        while due >= FREE_EVERY_KEYS {
            // Pinned anew each time: what is pinned keeps what it may see.
            crossbeam_epoch::pin().flush();
            due -= FREE_EVERY_KEYS;
        }
        self.keys.set(due);
    }
}

impl Drop for SledTree {
    fn drop(&mut self) {
        let db = self.db.take();
        if catch_unwind(AssertUnwindSafe(|| drop(db))).is_err() {
            tracing::error!(
                "sled panicked while it was closed; what it holds is checked at the next opening"
            );
        }
    }
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
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_file_in_blobs_is_synced_though_there_should_be_none() {
        let directory = tempfile::tempdir().unwrap();
        let sled = SledTrees.open(&directory.path().join("sled"), &Options::default()).unwrap();
        sled.sync().unwrap();
        // A directory cannot be opened to be written: so it shows that it was tried.
        fs::create_dir(directory.path().join("sled/blobs/7")).unwrap();
        assert!(matches!(sled.sync(), Err(Trouble::Broken(_))));
    }

    /// Writes so many batches of new keys, with the smallest values: what is replaced for each is mostly of the index.
    fn write_batches(sled: &dyn Tree, batches: std::ops::Range<usize>) {
        for batch in batches {
            let write = |number: usize| (format!("{batch:04}-{number:04}").into_bytes(), Some(vec![1]));
            sled.write((0..1000).map(write).collect()).unwrap();
        }
    }

    #[test]
    fn what_batches_replaced_is_freed_while_more_are_written() {
        const BEFORE: usize = 60;
        // A few free all that those before them left; what other tests have going on may delay it.
        const AFTER: usize = 40;
        let directory = tempfile::tempdir().unwrap();
        let sled = SledTrees.open(&directory.path().join("sled"), &Options::default()).unwrap();
        write_batches(&*sled, 0..BEFORE);
        // What is freed is freed in the order in which it was replaced, and this comes after all of it.
        let freed = Arc::new(AtomicBool::new(false));
        let frees = freed.clone();
        crossbeam_epoch::pin().defer(move || frees.store(true, Ordering::SeqCst));
        let mut after = BEFORE..BEFORE + AFTER;
        assert!(after.any(|batch| {
            write_batches(&*sled, batch..batch + 1);
            freed.load(Ordering::SeqCst)
        }));
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
