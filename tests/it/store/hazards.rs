//! The embedded store: that it is a store, and what the tests of its hazards share.
//!
//! A crash is played by copying the directory of an open store (what the kernel has), or by closing without a
//! checkpoint.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use laurels::event::Sequence;
use laurels::store::{Embedded, Error, Options, Store, Until, restore};

use super::conformance::Home;
use super::faults::FaultyDisk;
use super::site::Site;

mod usual {
    super::super::conformance::conformance!(super::Folder::new(super::Options::default()));
}

mod killed_at_every_close {
    super::super::conformance::conformance!(super::Folder::new(super::Options {
        checkpoint_on_close: false,
        ..super::Options::default()
    }));
}

mod with_next_to_no_memory {
    super::super::conformance::conformance!(super::Folder::new(super::tiny()));
}

mod that_reclaims_whatever_it_may {
    super::super::conformance::conformance!(super::Folder::new(super::reclaiming()));
}

/// A directory for one store, that goes away with it.
pub(crate) struct Folder {
    directory: tempfile::TempDir,
    pub(crate) options: Options,
    restored: AtomicUsize,
}

impl Folder {
    pub(crate) fn new(options: Options) -> Folder {
        Folder { directory: tempfile::tempdir().unwrap(), options, restored: AtomicUsize::new(0) }
    }

    /// With a disk that can fail, and that is asked for its room at every commit.
    pub(crate) fn faulty() -> (Folder, FaultyDisk) {
        let disk = FaultyDisk::default();
        let options =
            Options { disk: Arc::new(disk.clone()), free_asked_every: Duration::ZERO, ..Options::default() };
        (Folder::new(options), disk)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("data").join(name)
    }

    pub(crate) fn try_open(&self) -> Result<Embedded, Error> {
        Embedded::open(&self.path(""), self.options.clone())
    }

    pub(crate) fn embedded(&self) -> Embedded {
        self.try_open().unwrap()
    }

    /// What a crash would leave now. Opened with the usual disk.
    pub(crate) fn crashed(&self) -> Folder {
        let copy = Folder::new(Options::default());
        copy_directory(&self.path(""), &copy.path(""));
        copy
    }

    pub(crate) fn names(&self, directory: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(directory)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn is_set_aside(&self) -> bool {
        self.path("sled.broken-1").exists()
    }
}

impl Home for Folder {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.embedded())
    }

    fn restored(&self, backup: &[u8], until: Until) -> Result<Arc<dyn Store>, Error> {
        let number = self.restored.fetch_add(1, Ordering::SeqCst);
        let directory = self.directory.path().join(format!("restored-{number}"));
        let options = Options { new_timeline: Options::default().new_timeline, ..self.options.clone() };
        restore(backup, "backup", &directory, until, &options)?;
        Ok(Arc::new(Embedded::open(&directory, options)?))
    }
}

/// Options with which everything goes to the disk all the time, and nothing stays in memory.
pub(crate) fn tiny() -> Options {
    Options {
        segment_bytes: 2000,
        cache_bytes: 1,
        checkpoint_journal_bytes: 3000,
        checkpoint_dirty_bytes: 2000,
        dirty_max_bytes: 8000,
        ..Options::default()
    }
}

/// The same, and old records go whenever that is asked for.
pub(crate) fn reclaiming() -> Options {
    Options { reclaim_min_bytes: 1, ..tiny() }
}

pub(crate) fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_directory(&entry.path(), &to),
            // The store's own thread may be at work: what it took away since it was listed was gone at the crash.
            false => match std::fs::copy(entry.path(), to) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                copied => drop(copied.unwrap()),
            },
        }
    }
}

#[test]
fn a_second_server_is_turned_away_until_the_first_is_gone() {
    let folder = Folder::new(Options::default());
    let store = folder.embedded();
    assert!(matches!(folder.try_open(), Err(Error::InUse { .. })));
    drop(store);
    folder.embedded();
}

/// Only the directory above the store's own was synced: where that was new too, a power cut could take the name of
/// all of it away.
#[test]
fn every_directory_that_was_made_for_a_store_is_durable() {
    let directory = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::default();
    let options = Options { disk: Arc::new(disk.clone()), ..Options::default() };
    let store = Embedded::open(&directory.path().join("new/newer/data"), options.clone()).unwrap();
    let above = directory.path().canonicalize().unwrap();
    for made_in in ["", "new", "new/newer", "new/newer/data"] {
        assert!(disk.state().synced.contains_key(&above.join(made_in)), "{made_in:?}");
    }
    drop(store);
    *disk.state() = Default::default();
    let store = Embedded::open(&directory.path().join("new/newer/data"), options).unwrap();
    assert!(!disk.state().synced.contains_key(&above.join("new")), "it was there");
    drop(store);
}

#[test]
fn a_crash_at_any_time_loses_nothing_that_was_committed() {
    let folder = Folder::new(tiny());
    let store = folder.embedded();
    let mut site = Site::default();
    for round in 0..30 {
        site.fill(&store, 15);
        if round % 3 == 0 {
            site.assert_kept(&folder.crashed().embedded());
        }
    }
}

#[test]
fn an_opening_replays_only_what_is_not_written_behind() {
    let folder = Folder::new(Options { checkpoint_on_close: false, ..Options::default() });
    let mut site = Site::default();
    let store = folder.embedded();
    site.fill(&store, 50);
    store.checkpoint().unwrap();
    site.fill(&store, 10);
    assert_eq!(store.written_behind(), Sequence(50));
    drop(store);
    let store = folder.embedded();
    assert_eq!(store.written_behind(), Sequence(50));
    site.assert_kept(&store);
    // What was replayed is at hand, and what was not has to be read.
    let at_hand = site.documents.iter().filter(|(key, _)| store.at_hand(key).is_some()).count();
    drop(store);
    let store = folder.embedded();
    let replayed = site.documents.iter().filter(|(key, _)| store.at_hand(key).is_some());
    let replayed: Vec<_> = replayed.map(|(_, document)| document.sequence).collect();
    assert!(replayed.len() < at_hand && replayed.iter().all(|sequence| *sequence > Sequence(50)));
}

#[test]
fn ids_that_are_gone_or_damaged_are_read_from_the_journal_again() {
    for damage in [None, Some(60)] {
        let folder = Folder::new(Options::default());
        let mut site = Site::default();
        let store = folder.embedded();
        site.fill(&store, 30);
        store.checkpoint().unwrap();
        site.fill(&store, 30);
        drop(store);
        let runs = folder.names("ids");
        assert_eq!(runs.len(), 2);
        let path = folder.path("ids").join(&runs[0]);
        match damage {
            None => std::fs::remove_file(path).unwrap(),
            Some(at) => {
                let mut bytes = std::fs::read(&path).unwrap();
                bytes[at] ^= 0x10;
                std::fs::write(path, bytes).unwrap();
            }
        }
        site.assert_kept(&folder.embedded());
        site.assert_kept(&folder.embedded());
    }
}

#[test]
fn writing_stops_before_the_disk_is_full_and_goes_on_by_itself() {
    let (folder, disk) = Folder::faulty();
    let store = folder.embedded();
    let mut site = Site::default();
    site.fill(&store, 10);
    disk.state().free = Some(folder.options.free_min_bytes - 1);
    let mut ahead = site.clone();
    let group = ahead.views(3, 3).remove(0);
    for _ in 0..2 {
        assert!(matches!(store.commit(&group), Err(Error::ReadOnly { .. })));
        assert!(matches!(store.adopt(&numbers()), Err(Error::ReadOnly { .. })));
        site.assert_kept(&store);
    }
    disk.state().free = Some(folder.options.free_min_bytes * 2);
    store.commit(&group).unwrap();
    store.adopt(&numbers()).unwrap();
    ahead.assert_kept(&store);
}

fn numbers() -> laurels::catalog::Numbers {
    let mut numbers = laurels::catalog::Numbers::default();
    numbers.slot(laurels::catalog::Fingerprint(1));
    numbers
}
