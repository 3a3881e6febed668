//! What can happen to a store whose old records were reclaimed: a snapshot stands for them, and while it or what was
//! made of the records is there, nothing is lost; where neither is, that is said.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use laurels::event::{Sequence, Time};
use laurels::store::tree::{Tree, Trees, Trouble, Write};
use laurels::store::{Error, Options, Store, Until};

use super::conformance::{Home, backup};
use super::faults::FaultyDisk;
use super::hazards::{Folder, reclaiming, tiny};
use super::site::Site;

pub(super) fn time(second: i64) -> Time {
    Time::from_unix(second, 0).unwrap()
}

/// A closed store of which half the records are gone, and where the others begin.
pub(super) fn halved(options: Options) -> (Folder, Site, Sequence) {
    let folder = Folder::new(options);
    let mut site = Site::default();
    let store = folder.embedded();
    fill_at(&mut site, &store, 150, 1);
    fill_at(&mut site, &store, 150, 2);
    store.reclaim(time(2)).unwrap();
    let kept = store.kept_from();
    assert!((100..=151).contains(&kept.0), "{kept:?}");
    fill_at(&mut site, &store, 20, 3);
    site.assert_kept_from(&store, kept);
    (folder, site, kept)
}

pub(super) fn snapshot(folder: &Folder) -> PathBuf {
    let names = folder.names("snapshot");
    assert_eq!(names.len(), 1, "{names:?}");
    folder.path("snapshot").join(&names[0])
}

pub(super) fn lose(folder: &Folder, name: &str) {
    fs::remove_dir_all(folder.path(name)).unwrap();
    if name == "sled" {
        fs::remove_file(folder.path("sled.seal")).unwrap();
    }
}

pub(super) fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn sled_and_ids_that_are_lost_are_made_again_from_the_snapshot_and_what_came_after() {
    for lost in [&["sled"][..], &["ids"], &["sled", "ids"]] {
        for options in [reclaiming(), Options { checkpoint_on_close: false, ..reclaiming() }] {
            let (folder, mut site, kept) = halved(options);
            for name in lost {
                lose(&folder, name);
            }
            let store = folder.embedded();
            site.assert_kept_from(&store, kept);
            fill_at(&mut site, &store, 30, 4);
            drop(store);
            site.assert_kept_from(&folder.embedded(), kept);
        }
    }
}

#[test]
fn sled_that_breaks_in_use_is_made_again_from_the_snapshot() {
    let disk = FaultyDisk::default();
    let (folder, mut site, kept) = halved(Options { disk: Arc::new(disk.clone()), ..reclaiming() });
    let store = folder.embedded();
    disk.state().panic = Some("sled/db");
    fill_at(&mut site, &store, 20, 4);
    store.checkpoint().unwrap();
    assert!(folder.is_set_aside());
    site.assert_kept_from(&store, kept);
    drop(store);
    site.assert_kept_from(&folder.embedded(), kept);
}

#[test]
fn a_damaged_snapshot_is_taken_again_while_what_it_stands_for_is_there() {
    let (folder, site, kept) = halved(reclaiming());
    let length = fs::metadata(snapshot(&folder)).unwrap().len() as usize;
    for at in [0, 20, length / 2, length - 1] {
        flip(&snapshot(&folder), at);
        site.assert_kept_from(&folder.embedded(), kept);
        lose(&folder, "sled");
        lose(&folder, "ids");
        site.assert_kept_from(&folder.embedded(), kept);
    }
}

#[test]
fn where_the_snapshot_and_what_it_stands_for_are_both_gone_a_restore_is_named() {
    for (lost, named) in [("sled", "documents"), ("ids", "event ids")] {
        let (folder, _, kept) = halved(reclaiming());
        let path = snapshot(&folder);
        flip(&path, fs::metadata(&path).unwrap().len() as usize / 2);
        lose(&folder, lost);
        let Err(Error::Damaged { problem, .. }) = folder.try_open() else { panic!("it was opened") };
        assert!(problem.contains(&format!("events 1 to {}", kept.0 - 1)), "{problem}");
        assert!(problem.contains(named) && problem.contains("laurels restore"), "{problem}");
    }
}

#[test]
fn a_journal_that_begins_late_is_refused_without_a_snapshot_that_reaches_it() {
    let (folder, mut site, kept) = halved(reclaiming());
    fill_at(&mut site, &folder.embedded(), 100, 4);
    let moved = folder.path("elsewhere");
    fs::rename(folder.path("snapshot"), &moved).unwrap();
    let Err(Error::Damaged { problem, .. }) = folder.try_open() else { panic!("it was opened") };
    assert!(problem.contains(&format!("events 1 to {} are lost", kept.0 - 1)), "{problem}");
    fs::rename(&moved, folder.path("snapshot")).unwrap();

    // Segments beyond the snapshot, too: these nothing stands for.
    let base: u64 = folder.names("snapshot")[0].split('.').next().unwrap().parse().unwrap();
    for name in folder.names("journal") {
        let first: u64 = name.split('.').next().unwrap().parse().unwrap();
        if first <= base + 1 {
            fs::remove_file(folder.path("journal").join(name)).unwrap();
        }
    }
    let Err(Error::Damaged { problem, .. }) = folder.try_open() else { panic!("it was opened") };
    assert!(problem.contains(&format!("events {} to ", base + 1)), "{problem}");
}

#[test]
fn nothing_goes_that_is_not_old_or_not_worth_a_snapshot() {
    let mut site = Site::default();
    let folder = Folder::new(reclaiming());
    let store = folder.embedded();
    fill_at(&mut site, &store, 200, 5);
    store.reclaim(time(5)).unwrap();
    site.assert_kept(&store);
    // One late event among early ones keeps its whole segment.
    let folder = Folder::new(Options { segment_bytes: 1 << 20, ..reclaiming() });
    let (store, mut site) = (folder.embedded(), Site::default());
    fill_at(&mut site, &store, 100, 9);
    fill_at(&mut site, &store, 100, 1);
    store.reclaim(time(9)).unwrap();
    site.assert_kept(&store);

    let folder = Folder::new(Options { reclaim_min_bytes: 1 << 20, ..tiny() });
    let (store, mut site) = (folder.embedded(), Site::default());
    fill_at(&mut site, &store, 200, 1);
    store.reclaim(time(9)).unwrap();
    site.assert_kept(&store);
    assert!(!folder.path("snapshot").exists());
}

#[test]
fn one_snapshot_serves_until_what_it_stands_for_is_gone_and_the_next_is_worth_it() {
    // What is measured is how much is written, and zeros say nothing.
    let folder = Folder::new(Options { ahead_bytes: 0, ..reclaiming() });
    let (store, mut site) = (folder.embedded(), Site::default());
    for second in 0..4 {
        fill_at(&mut site, &store, 100, second);
    }
    store.reclaim(time(1)).unwrap();
    let (first, mut kept) = (snapshot(&folder), store.kept_from());
    for second in 2..=4 {
        store.reclaim(time(second)).unwrap();
        assert!(store.kept_from() > kept && snapshot(&folder) == first);
        kept = store.kept_from();
        site.assert_kept_from(&store, kept);
    }
    let bytes = fs::metadata(&first).unwrap().len();
    fill_at(&mut site, &store, 20, 4);
    store.reclaim(time(5)).unwrap();
    assert_eq!(snapshot(&folder), first, "what is old now is less than what would be written");
    let journal = || {
        let names = folder.names("journal");
        names.iter().map(|name| fs::metadata(folder.path("journal").join(name)).unwrap().len()).sum::<u64>()
    };
    while journal() < 2 * bytes {
        fill_at(&mut site, &store, 100, 5);
    }
    store.reclaim(time(6)).unwrap();
    assert_ne!(snapshot(&folder), first);
    assert!(journal() < 8000, "{}", journal());
    site.assert_kept_from(&store, store.kept_from());
}

/// A snapshot that was taken while the records could not go yet, and damaged since, was believed when they could.
#[test]
fn no_record_goes_on_the_word_of_a_damaged_snapshot() {
    let folder = Folder::new(reclaiming());
    let (store, mut site) = (folder.embedded(), Site::default());
    for _ in 0..20 {
        fill_at(&mut site, &store, 100, 1);
    }
    let held = store.backup(Until::Head).unwrap();
    store.reclaim(time(2)).unwrap();
    drop(held);
    drop(store);
    let path = snapshot(&folder);
    flip(&path, fs::metadata(&path).unwrap().len() as usize / 2);
    let store = folder.embedded();
    site.assert_kept(&store);
    store.reclaim(time(2)).unwrap();
    let kept = store.kept_from();
    assert!(kept > Sequence(1));
    drop(store);
    lose(&folder, "sled");
    lose(&folder, "ids");
    site.assert_kept_from(&folder.embedded(), kept);
}

/// A snapshot is fuzzy: events are recorded while it is taken.
#[test]
fn a_snapshot_taken_while_events_are_recorded_is_complete_with_the_journal() {
    let folder = Folder::new(Options { checkpoint_on_close: false, ..reclaiming() });
    let (store, mut site) = (folder.embedded(), Site::default());
    let groups = site.views(1500, 5);
    let old = time(1_700_000_001);
    let mut steps = vec![Sequence(1)];
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| groups.iter().for_each(|group| store.commit(group).unwrap()));
        while !writer.is_finished() {
            store.reclaim(old).unwrap();
            steps.push(store.kept_from());
        }
    });
    steps.dedup();
    assert!(steps.len() > 2, "it was reclaimed while events were recorded: {steps:?}");
    let kept = store.kept_from();
    drop(store);
    lose(&folder, "sled");
    lose(&folder, "ids");
    site.assert_kept_from(&folder.embedded(), kept);
}

#[test]
fn what_a_backup_needs_stays_until_it_is_taken() {
    let folder = Folder::new(reclaiming());
    let (store, mut site) = (folder.embedded(), Site::default());
    // More than fits into the first piece.
    for _ in 0..20 {
        fill_at(&mut site, &store, 100, 1);
    }
    let mut pieces = store.backup(Until::Head).unwrap();
    let mut bytes = pieces.next().unwrap().unwrap();
    store.reclaim(time(2)).unwrap();
    assert_eq!(store.kept_from(), Sequence(1));
    bytes.extend(pieces.by_ref().flat_map(Result::unwrap));
    drop(pieces);
    store.reclaim(time(2)).unwrap();
    assert!(store.kept_from() > Sequence(1900));
    site.assert_kept(&*folder.restored(&bytes, Until::Head).unwrap());
}

#[test]
fn a_backup_after_reclaiming_goes_back_to_where_its_snapshot_is_complete() {
    let (folder, site, kept) = halved(reclaiming());
    let store = folder.embedded();
    let whole = backup(&store, Until::Head);
    // Taken when there were 300 events.
    for events in [300, 305, 320] {
        let until = Until::Event(Sequence(events));
        let then = site.only(events as usize);
        then.assert_kept_from(&*folder.restored(&whole, until).unwrap(), kept);
        then.assert_kept_from(&*folder.restored(&backup(&store, until), Until::Head).unwrap(), kept);
    }
    for until in [Until::Event(Sequence(299)), Until::Time(time(1))] {
        let refused =
            |error| matches!(error, Some(Error::Refused { problem }) if problem.contains("event 300"));
        assert!(refused(folder.restored(&whole, until).err()), "{until:?}");
        let taken = store.backup(until).and_then(|pieces| pieces.collect::<Result<Vec<_>, _>>());
        assert!(refused(taken.err()), "{until:?}");
    }
}

#[test]
fn a_snapshot_for_which_there_is_no_room_leaves_everything_as_it_was() {
    let disk = FaultyDisk::default();
    let folder = Folder::new(Options { disk: Arc::new(disk.clone()), ..reclaiming() });
    let (store, mut site) = (folder.embedded(), Site::default());
    fill_at(&mut site, &store, 200, 1);
    disk.state().full = Some(("snapshot", 100));
    assert!(store.reclaim(time(2)).is_err());
    assert!(folder.names("snapshot").is_empty(), "what was begun takes no room");
    fill_at(&mut site, &store, 20, 1);
    site.assert_kept(&store);
    disk.state().full = None;
    store.reclaim(time(2)).unwrap();
    assert!(store.kept_from() > Sequence(1));
    site.assert_kept_from(&store, store.kept_from());
}

/// The machine dies after each change to the disk while records are reclaimed. Whatever is left is opened, also
/// where sled and the ids were lost with it.
#[test]
fn a_crash_anywhere_while_records_are_reclaimed_loses_nothing() {
    let mut reached = Vec::new();
    for changes in 0.. {
        let disk = FaultyDisk::default();
        let folder = Folder::new(Options { disk: Arc::new(disk.clone()), ..reclaiming() });
        let (store, mut site) = (folder.embedded(), Site::default());
        fill_at(&mut site, &store, 60, 1);
        store.reclaim(time(2)).unwrap();
        fill_at(&mut site, &store, 60, 1);
        store.checkpoint().unwrap();
        disk.state().left = Some(changes);
        let reclaimed = store.reclaim(time(2)).is_ok();
        let crashed = folder.crashed();
        let kept = crashed.embedded().kept_from();
        reached.push(kept);
        site.assert_kept_from(&crashed.embedded(), kept);
        for name in ["sled", "ids"] {
            lose(&crashed, name);
            site.assert_kept_from(&crashed.embedded(), kept);
        }
        let store = crashed.embedded();
        fill_at(&mut site, &store, 5, 1);
        store.reclaim(time(2)).unwrap();
        site.assert_kept_from(&store, store.kept_from());
        if reclaimed {
            break;
        }
    }
    reached.dedup();
    assert!(reached.is_sorted() && reached.len() > 3, "{reached:?}");
}

/// sled was trusted with nothing, since the journal could make it again. A snapshot of it stands for the journal, so
/// what sled has lost in silence must be noticed before.
#[test]
fn awards_that_sled_has_lost_are_made_again_before_a_snapshot_stands_for_them() {
    let trees = Forgetful { trees: Options::default().trees, forgets: Arc::default() };
    let folder = Folder::new(Options { trees: Arc::new(trees.clone()), ..reclaiming() });
    let (store, mut site) = (folder.embedded(), Site::default());
    fill_at(&mut site, &store, 200, 1);
    store.checkpoint().unwrap();
    trees.forgets.store(true, Ordering::SeqCst);
    store.reclaim(time(2)).unwrap();
    assert!(folder.is_set_aside() && !trees.forgets.load(Ordering::SeqCst));
    let kept = store.kept_from();
    assert!(kept > Sequence(1));
    drop(store);
    lose(&folder, "sled");
    site.assert_kept_from(&folder.embedded(), kept);
}

/// Trees that, until they are set aside, do not know the keys of users.
#[derive(Clone, Debug)]
struct Forgetful {
    trees: Arc<dyn Trees>,
    forgets: Arc<AtomicBool>,
}

struct ForgetfulTree {
    tree: Box<dyn Tree>,
    forgets: Arc<AtomicBool>,
}

impl Trees for Forgetful {
    fn open(&self, directory: &Path, options: &Options) -> Result<Box<dyn Tree>, Trouble> {
        let tree = self.trees.open(directory, options)?;
        Ok(Box::new(ForgetfulTree { tree, forgets: self.forgets.clone() }))
    }

    fn is_in(&self, directory: &Path) -> bool {
        self.trees.is_in(directory)
    }

    fn set_aside(&self, directory: &Path, options: &Options) -> io::Result<Option<PathBuf>> {
        self.forgets.store(false, Ordering::SeqCst);
        self.trees.set_aside(directory, options)
    }
}

impl Tree for ForgetfulTree {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        self.tree.get(key)
    }

    fn write(&self, batch: Vec<Write>) -> Result<(), Trouble> {
        self.tree.write(batch)
    }

    fn sync(&self) -> Result<(), Trouble> {
        self.tree.sync()
    }

    fn keys(&self, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, Trouble> {
        let mut keys = self.tree.keys(from, limit)?;
        if self.forgets.load(Ordering::SeqCst) {
            keys.retain(|key| !key.windows(6).any(|part| part == b"user-3"));
        }
        Ok(keys)
    }

    fn abandon(self: Box<Self>) {
        self.tree.abandon();
    }
}

/// So many views that arrive in this second, kept in groups of ten.
pub(crate) fn fill_at(site: &mut Site, store: &dyn Store, count: usize, second: i64) {
    let arrival = Time::from_unix(second, 0).unwrap();
    let begin = site.records.len();
    let mut groups = site.views(count, 10);
    for record in groups.iter_mut().flatten().map(|outcome| &mut outcome.record) {
        record.arrival = arrival;
    }
    for record in &mut site.records[begin..] {
        record.arrival = arrival;
    }
    for group in groups {
        store.commit(&group).unwrap();
    }
}
