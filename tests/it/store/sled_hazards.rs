//! What is known to go wrong with sled, each with the test that fails where it is not handled. Whatever
//! happens to it, the store has everything, since all of it can be made again from the journal.

use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use laurels::document::{Change, Document};
use laurels::event::{EventId, Sequence};
use laurels::key::Key;
use laurels::outcome::{Outcome, Record};
use laurels::stat::{Slot, Step};
use laurels::store::{Error, Options, Store};
use proptest::prelude::*;

use super::hazards::{Folder, copy_directory};
use super::site::Site;

/// Options with which nothing clean stays in memory: what is asked for is read from sled.
fn no_cache() -> Options {
    Options { cache_bytes: 1, ..Options::default() }
}

fn filled(options: Options, events: usize) -> (Folder, Site) {
    let folder = Folder::new(options);
    let mut site = Site::default();
    site.fill(&folder.embedded(), events);
    (folder, site)
}

/// A power cut: of sled's file only what was synced is there. A checkpoint that was believed must be in it.
#[test]
fn what_a_checkpoint_wrote_survives_a_power_cut() {
    let (folder, disk) = Folder::faulty();
    disk.state().watched = Some("sled");
    let store = folder.embedded();
    let mut site = Site::default();
    for _ in 0..4 {
        site.fill(&store, 50);
        store.checkpoint().unwrap();
        let crashed = folder.crashed();
        let durable = disk.state().contents[&folder.path("sled").join("db")].clone();
        fs::write(crashed.path("sled").join("db"), durable).unwrap();
        let reopened = crashed.embedded();
        assert!(!crashed.is_set_aside());
        assert_eq!(reopened.written_behind(), Sequence(site.records.len() as u64));
        site.assert_kept(&reopened);
    }
}

#[test]
fn a_checkpoint_whose_sync_fails_is_not_believed() {
    let (folder, disk) = Folder::faulty();
    let store = folder.embedded();
    let mut site = Site::default();
    site.fill(&store, 20);
    store.checkpoint().unwrap();
    site.fill(&store, 20);
    disk.state().no_sync = Some("sled/db");
    assert!(store.checkpoint().is_err());
    assert_eq!(store.written_behind(), Sequence(20));
    // What failed to be synced may be anything: it is not used again.
    assert!(folder.is_set_aside());
    site.assert_kept(&folder.crashed().embedded());
    disk.state().no_sync = None;
    store.checkpoint().unwrap();
    assert_eq!(store.written_behind(), Sequence(40));
    site.assert_kept(&store);
    drop(store);
    site.assert_kept(&folder.embedded());
}

#[test]
fn a_checkpoint_syncs_sled_twice_the_sums_after_the_documents() {
    let (folder, disk) = Folder::faulty();
    let store = folder.embedded();
    Site::default().fill(&store, 20);
    let before = disk.syncs("sled/db");
    store.checkpoint().unwrap();
    assert_eq!(disk.syncs("sled/db"), before + 2);
}

#[test]
fn the_names_of_new_files_are_synced() {
    let (folder, disk) = Folder::faulty();
    let store = folder.embedded();
    for directory in ["data", "sled", "blobs", "journal"] {
        assert!(disk.syncs(directory) > 0, "{directory}");
    }
    Site::default().fill(&store, 5);
    let before = disk.syncs("ids");
    store.checkpoint().unwrap();
    assert!(disk.syncs("ids") > before);
}

#[test]
fn one_thread_owns_sled_and_none_flushes_by_itself() {
    let (folder, mut site) = filled(no_cache(), 10);
    let store = folder.embedded();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| site.assert_kept(&store));
        }
    });
    site.fill(&store, 10);
    let names = thread_names();
    assert!(names.iter().any(|name| name == "laurels-sled"), "{names:?}");
    assert!(!names.iter().any(|name| name.contains("flusher")), "{names:?}");
}

fn thread_names() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).collect()
}

#[test]
fn a_snapshot_that_sled_had_not_finished_is_taken_away() {
    let (folder, site) = filled(no_cache(), 50);
    let snapshot = folder.path("sled").join("snap.00000000000F0000.generating");
    fs::write(&snapshot, b"cut short").unwrap();
    let store = folder.embedded();
    assert!(!snapshot.exists());
    assert!(!folder.is_set_aside());
    assert_eq!(store.written_behind(), Sequence(50));
    site.assert_kept(&store);
}

#[test]
fn large_documents_leave_nothing_in_blobs() {
    let folder = Folder::new(no_cache());
    let store = folder.embedded();
    let mut site = Site::default();
    for round in 0..5 {
        let views = (0..400).map(|number| {
            let user = format!("{}-{round}-{number}", "a-viewer-with-a-long-name".repeat(3));
            site.view(&format!("e{round}-{number}"), &user, &format!("p{}", number % 3))
        });
        let group: Vec<_> = views.collect();
        store.commit(&group).unwrap();
        store.checkpoint().unwrap();
        assert_eq!(folder.names("sled/blobs"), [""; 0]);
    }
    site.assert_kept(&store);
}

#[test]
fn a_document_of_more_pages_than_a_batch_holds_is_kept() {
    // Six thousand viewers with the longest names make a document of 4.6 MB: more than a thousand pages.
    let folder = Folder::new(no_cache());
    let store = folder.embedded();
    let mut record = record_of_many(6000);
    let key = Key::new([("photo", "popular")]);
    let mut document = Document::default();
    for sequence in 1..=2 {
        record.sequence = Sequence(sequence);
        record.event.id = EventId::parse(&format!("e{sequence}")).unwrap();
        record.apply_to(&key, &mut document);
        let documents = vec![(key.clone(), Arc::new(document.clone()))];
        store.commit(&[Outcome { record: record.clone(), documents, left_out: 0 }]).unwrap();
        store.checkpoint().unwrap();
        assert_eq!(*store.load(std::slice::from_ref(&key)).unwrap()[0], document);
    }
    drop(store);
    assert_eq!(*folder.embedded().load(&[key]).unwrap()[0], document);
}

fn record_of_many(viewers: usize) -> Record {
    let mut record = Site::default().view("e", "ann", "popular").record.clone();
    let viewer = |number: usize| Step::Distinct(format!("{number:0>770}").into());
    let changes = (0..viewers).map(|number| Change { slot: Slot(1), step: viewer(number) });
    record.changes = vec![(Key::new([("photo", "popular")]), changes.collect())];
    record.awards.clear();
    record
}

#[test]
fn a_sled_that_is_damaged_while_nobody_looks_is_set_aside_and_made_again() {
    let (folder, site) = filled(no_cache(), 400);
    let db = fs::read(folder.path("sled").join("db")).unwrap();
    let half = db.len() / 2;
    let damages: [(&str, Vec<u8>); 6] = [
        ("empty", Vec::new()),
        ("cut in half", db[..half].to_vec()),
        ("zeroed", vec![0; db.len()]),
        ("zeroed from the middle", [&db[..half], &vec![0; half]].concat()),
        ("junk", db.iter().enumerate().map(|(at, byte)| byte ^ (at * 7) as u8 | 1).collect()),
        ("flipped bits", db.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at % 997 == 0)).collect()),
    ];
    for (damage, bytes) in damages {
        let copy = folder.crashed();
        fs::write(copy.path("sled").join("db"), bytes).unwrap();
        let copy = with(copy, no_cache());
        let store = copy.embedded();
        site.assert_kept(&store);
        assert!(copy.is_set_aside(), "{damage}");
        drop(store);
        let store = copy.embedded();
        assert_eq!(store.written_behind(), Sequence(400), "{damage}");
        site.assert_kept(&store);
    }
}

#[test]
fn other_files_of_sled_that_are_damaged_or_gone_do_no_harm() {
    let (folder, site) = filled(no_cache(), 100);
    site.assert_kept(&folder.embedded());
    for name in folder.names("sled").iter().filter(|name| *name != "blobs" && *name != "db") {
        for bytes in [Some(&b""[..]), Some(b"junk that is long enough to be looked at"), None] {
            let copy = with(folder.crashed(), no_cache());
            let path = copy.path("sled").join(name);
            match bytes {
                Some(bytes) => fs::write(path, bytes).unwrap(),
                None => fs::remove_file(path).unwrap(),
            }
            site.assert_kept(&copy.embedded());
        }
    }
}

#[test]
fn a_sled_that_has_forgotten_a_checkpoint_is_not_believed() {
    let folder = Folder::new(no_cache());
    let mut site = Site::default();
    let before = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        if !site.records.is_empty() {
            copy_directory(&folder.path("sled"), before.path());
        }
        let store = folder.embedded();
        site.fill(&store, 30);
        drop(store);
    }
    fs::remove_dir_all(folder.path("sled")).unwrap();
    copy_directory(before.path(), &folder.path("sled"));
    let store = folder.embedded();
    assert!(folder.is_set_aside());
    site.assert_kept(&store);
}

#[test]
fn a_sled_that_is_gone_is_made_again() {
    let (folder, site) = filled(no_cache(), 100);
    fs::remove_dir_all(folder.path("sled")).unwrap();
    site.assert_kept(&folder.embedded());
    site.assert_kept(&folder.embedded());
    assert!(!folder.is_set_aside(), "there was nothing to set aside");
}

#[test]
fn a_large_sled_is_made_again_in_little_memory() {
    let (mut folder, site) = filled(no_cache(), 300);
    fs::remove_dir_all(folder.path("sled")).unwrap();
    folder.options.checkpoint_dirty_bytes = 3000;
    folder.options.checkpoint_on_close = false;
    let store = folder.embedded();
    assert!(store.written_behind() > Sequence(250), "most was written behind on the way");
    site.assert_kept(&store);
}

#[test]
fn a_sled_that_is_damaged_under_a_running_server_is_made_again() {
    let folder = Folder::new(Options { tree_cache_bytes: 0, ..no_cache() });
    let mut site = Site::default();
    let store = folder.embedded();
    site.fill(&store, 500);
    store.checkpoint().unwrap();
    site.fill(&store, 20);
    overwrite(&folder.path("sled").join("db"));
    site.assert_kept(&store);
    store.checkpoint().unwrap();
    site.fill(&store, 20);
    site.assert_kept(&store);
    drop(store);
    site.assert_kept(&folder.embedded());
}

fn overwrite(path: &Path) {
    use std::os::unix::fs::FileExt;
    let file = fs::File::options().write(true).open(path).unwrap();
    let size = file.metadata().unwrap().len();
    file.write_all_at(&vec![0x5a; size as usize], 0).unwrap();
}

#[test]
fn a_panic_is_contained_and_sled_made_again() {
    let (folder, disk) = Folder::faulty();
    let store = folder.embedded();
    let mut site = Site::default();
    site.fill(&store, 20);
    store.checkpoint().unwrap();
    site.fill(&store, 20);
    disk.state().panic = Some("sled/db");
    store.checkpoint().unwrap();
    assert!(folder.is_set_aside());
    assert_eq!(store.written_behind(), Sequence(40));
    site.assert_kept(&store);
    drop(store);
    site.assert_kept(&folder.embedded());
}

#[test]
fn a_sled_that_breaks_again_and_again_does_not_fill_the_disk() {
    let (folder, disk) = Folder::faulty();
    let mut site = Site::default();
    let store = folder.embedded();
    for _ in 0..6 {
        site.fill(&store, 5);
        disk.state().panic = Some("sled/db");
        store.checkpoint().unwrap();
    }
    let kept = folder.names("").iter().filter(|name| name.starts_with("sled.broken")).count();
    assert_eq!(kept, 3);
    site.assert_kept(&store);
}

/// A sled that broke was made again from the journal in several steps; the disk was full at the second, and what there
/// was of it was taken for whole: documents of long ago were read, and events counted upon them. The simulation found
/// it (seed 85).
#[test]
fn a_sled_that_is_half_made_again_is_not_read() {
    let (mut folder, disk) = Folder::faulty();
    folder.options.cache_bytes = 1;
    folder.options.checkpoint_dirty_bytes = 2000;
    let store = folder.embedded();
    let mut site = Site::default();
    site.fill(&store, 200);
    store.checkpoint().unwrap();
    site.fill(&store, 1);
    disk.state().panic = Some("sled/db");
    disk.state().full = Some(("sled.unfinished", 0));
    store.checkpoint().unwrap_err();
    disk.state().full = None;
    site.assert_kept(&store);
    site.fill(&store, 50);
    site.assert_kept(&store);
}

#[test]
fn what_cannot_be_written_behind_stays_in_memory_until_it_can() {
    let (mut folder, disk) = Folder::faulty();
    folder.options.checkpoint_dirty_bytes = 2000;
    folder.options.dirty_max_bytes = 20_000;
    let store = folder.embedded();
    let mut site = Site::default();
    disk.state().no_sync = Some("sled/db");
    let refused = (0..10_000).find_map(|number| {
        let mut ahead = site.clone();
        let outcome = ahead.view(&format!("e{number}"), &format!("user-{number}"), "p");
        let committed = store.commit(&[outcome]);
        if committed.is_ok() {
            site = ahead;
        }
        committed.err()
    });
    assert!(matches!(refused, Some(Error::ReadOnly { .. })));
    for (key, document) in &site.documents {
        assert_eq!(store.at_hand(key).as_ref(), Some(document));
    }
    disk.state().no_sync = None;
    site.assert_kept(&store);
    store.commit(&[site.view("last", "ann", "p")]).unwrap();
    site.assert_kept(&store);
}

fn with(mut folder: Folder, options: Options) -> Folder {
    folder.options = options;
    folder
}

#[test]
fn a_checkpoint_does_not_stop_readers_or_the_writer() {
    let folder = Folder::new(no_cache());
    let store = folder.embedded();
    let mut site = Site::default();
    let cold = Key::new([("photo", "cold")]);
    store.commit(&[site.view("cold", "ann", "cold")]).unwrap();
    store.checkpoint().unwrap();
    let views = (0..5000).map(|number| site.view(&format!("e{number}"), &format!("u{number}"), "p"));
    let group: Vec<_> = views.collect();
    store.commit(&group).unwrap();
    std::thread::scope(|scope| {
        let checkpoint = scope.spawn(|| store.checkpoint().unwrap());
        let mut reads = 0;
        while !checkpoint.is_finished() {
            assert_eq!(store.load(std::slice::from_ref(&cold)).unwrap()[0].sequence, Sequence(1));
            reads += 1;
        }
        assert!(reads > 1, "reads are answered between two batches");
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Wherever sled's file is damaged, and however: it is noticed, at the opening or when it is read.
    #[test]
    fn no_damage_of_sleds_file_goes_unnoticed(kind in 0..4_u8, at in 0.0..1.0_f64, length in 1..20_000_usize) {
        static FILLED: OnceLock<(Folder, Site)> = OnceLock::new();
        let (folder, site) = FILLED.get_or_init(|| rewritten_often(4, 1500));
        let copy = with(folder.crashed(), no_cache());
        let path = copy.path("sled").join("db");
        let mut db = fs::read(&path).unwrap();
        let at = (db.len() as f64 * at) as usize;
        let end = usize::min(at + length, db.len());
        match kind {
            0 => db.truncate(at),
            1 => db[at..end].fill(0),
            2 => db[at] ^= 4,
            _ => db[at..end].iter_mut().enumerate().for_each(|(nth, byte)| *byte ^= (nth * 31) as u8),
        }
        fs::write(&path, &db).unwrap();
        let store = copy.embedded();
        let keys: Vec<_> = site.documents.keys().cloned().collect();
        let found = store.load(&keys).unwrap();
        prop_assert!(found.iter().zip(site.documents.values()).all(|(found, expected)| found == expected));
    }
}

/// A store whose documents were written behind several times.
fn rewritten_often(rounds: usize, views: usize) -> (Folder, Site) {
    let folder = Folder::new(no_cache());
    let mut site = Site::default();
    for round in 0..rounds {
        let store = folder.embedded();
        let view = |number: usize| (format!("{round}-{number}"), format!("user-{}", number * 7 % 1000));
        let views = (0..views).map(view).zip(0..);
        let group: Vec<_> =
            views.map(|((id, user), number)| site.view(&id, &user, &format!("p{number}"))).collect();
        store.commit(&group).unwrap();
    }
    (folder, site)
}
