//! What can happen to the journal, and what becomes of it: a commit cut short is as if it had not been; what
//! was durable once is not given up in silence.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use laurels::award::Place;
use laurels::catalog::{Fingerprint, Numbers};
use laurels::event::Sequence;
use laurels::store::{Error, Options, Store};
use proptest::prelude::*;

use super::faults::FaultyDisk;
use super::hazards::{Folder, tiny};
use super::site::Site;

/// The journal's file ends with its last commit, so that how long it is says where that ends.
fn without_zeros() -> Options {
    Options { ahead_bytes: 0, ..Options::default() }
}

/// A store with one segment, closed as by a kill; and how long the journal was after each group of ten.
fn killed(groups: usize) -> (Folder, Site, PathBuf, Vec<usize>) {
    let folder = Folder::new(Options { checkpoint_on_close: false, ..without_zeros() });
    let store = folder.embedded();
    let mut site = Site::default();
    let path = folder.path("journal").join(&folder.names("journal")[0]);
    let mut ends = vec![fs::metadata(&path).unwrap().len() as usize];
    for _ in 0..groups {
        site.fill(&store, 10);
        ends.push(fs::metadata(&path).unwrap().len() as usize);
    }
    drop(store);
    (folder, site, path, ends)
}

#[test]
fn a_commit_cut_short_at_any_byte_is_as_if_it_had_not_been() {
    let folder = Folder::new(Options { checkpoint_on_close: false, ..without_zeros() });
    let store = folder.embedded();
    let mut site = Site::default();
    site.fill(&store, 3);
    let path = folder.path("journal").join(&folder.names("journal")[0]);
    let before = fs::metadata(&path).unwrap().len() as usize;
    let kept = site.clone();
    site.fill(&store, 2);
    drop(store);
    let whole = fs::read(&path).unwrap();
    for end in before..whole.len() {
        // Cut short, and also with the rest of the page that was never written.
        for rest in [0, 100] {
            let mut torn = whole[..end].to_vec();
            torn.resize(end + rest, 0);
            fs::write(&path, torn).unwrap();
            let store = folder.embedded();
            kept.assert_kept(&store);
            assert_eq!(fs::metadata(&path).unwrap().len() as usize, before);
        }
    }
    let mut again = kept.clone();
    again.fill(&folder.embedded(), 5);
    again.assert_kept(&folder.embedded());
}

#[test]
fn a_commit_is_written_over_zeros_and_those_that_a_kill_leaves_are_no_damage() {
    let ahead_bytes = 3000;
    let options =
        Options { ahead_bytes, segment_bytes: 8000, checkpoint_on_close: false, ..Options::default() };
    let folder = Folder::new(options);
    let mut site = Site::default();
    let logs = || folder.names("journal").into_iter().filter(|name| name.ends_with("log"));
    let last = || folder.path("journal").join(logs().next_back().unwrap());
    let store = folder.embedded();
    let mut lengths = Vec::new();
    for _ in 0..40 {
        site.fill(&store, 2);
        lengths.push(fs::metadata(last()).unwrap().len());
    }
    let grown = lengths.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!((2..10).contains(&grown), "most commits leave the file as long as it was: {lengths:?}");
    let kept = site.clone();
    site.fill(&store, 1);
    let left = fs::read(last()).unwrap();
    drop(store);
    assert!(logs().count() > 1);
    for name in logs() {
        let bytes = fs::read(folder.path("journal").join(&name)).unwrap();
        assert!(!bytes.ends_with(&[0; 100]), "{name}: no file that is closed ends with zeros");
    }
    let closed = fs::read(last()).unwrap();
    assert!(left.len() > closed.len() + 100 && left.starts_with(&closed));
    // As a kill leaves the last file: with all zeros or some of them, and with half a commit before them.
    for zeros in [left.len() - closed.len(), 7, 1] {
        fs::write(last(), &left[..closed.len() + zeros]).unwrap();
        site.assert_kept(&folder.embedded());
    }
    let mut torn = left.clone();
    torn[closed.len() - 20..].fill(0);
    fs::write(last(), torn).unwrap();
    kept.assert_kept(&folder.embedded());
}

#[test]
fn damage_in_the_middle_is_refused_with_its_place() {
    let (folder, _, path, ends) = killed(4);
    let whole = fs::read(&path).unwrap();
    for at in (ends[1]..ends[2]).step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x04;
        fs::write(&path, &damaged).unwrap();
        let Err(Error::Damaged { place, problem }) = folder.try_open() else {
            panic!("the flipped bit at {at} was not noticed");
        };
        assert_eq!(place, format!("{}:{}", path.display(), ends[1]));
        assert!(problem.contains("events 11 to 20") && problem.contains("backup"), "{problem}");
        assert_eq!(fs::read(&path).unwrap(), damaged, "nothing was changed");
    }
}

#[test]
fn an_event_whose_data_looks_like_a_frame_is_no_frame() {
    let (folder, site, path, ends) = killed(3);
    // The last commit is cut short, and what stands there is a copy of an intact frame of another store.
    let other = killed(4);
    let whole = fs::read(&path).unwrap();
    let theirs = fs::read(&other.2).unwrap();
    fs::write(&path, [&whole[..ends[2] + 9], &theirs[other.3[3]..]].concat()).unwrap();
    site.only(20).assert_kept(&folder.embedded());
}

#[test]
fn closed_segments_that_are_damaged_or_gone_are_refused() {
    let folder = Folder::new(Options { checkpoint_on_close: false, ..tiny() });
    let mut site = Site::default();
    site.fill(&folder.embedded(), 100);
    let names = folder.names("journal");
    let logs: Vec<_> = names.iter().filter(|name| name.ends_with("log")).collect();
    assert!(logs.len() > 3, "{names:?}");
    let path = folder.path("journal").join(logs[1]);
    let whole = fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    flipped[100] ^= 1;
    for damage in [Some(&whole[..whole.len() - 1]), Some(&flipped), Some(&[]), None] {
        // Without its index a closed segment is read when it is opened; with it, when it is needed.
        let _ = fs::remove_file(path.with_extension("index"));
        match damage {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let Err(Error::Damaged { place, .. }) = folder.try_open() else {
            panic!("{:?}", damage.map(<[u8]>::len))
        };
        assert!(place.starts_with(path.to_str().unwrap()), "{place}");
    }
    fs::write(&path, &whole).unwrap();
    site.assert_kept(&folder.embedded());
    assert!(path.with_extension("index").exists(), "the index was made again");

    let store = folder.embedded();
    fs::write(&path, &flipped).unwrap();
    assert!(matches!(store.records_after(Sequence(0), usize::MAX), Err(Error::Damaged { .. })));
}

/// Frames before the one sought are passed over by their headers, and a checksum covers the payload too, which
/// is not read then. A flipped bit in a count hid the rest of its frame's events: a retry of one of them counted
/// twice, a listener by cursor missed its awards, and nobody was told.
#[test]
fn a_header_that_counts_wrong_hides_no_events() {
    let folder = Folder::new(tiny());
    let mut site = Site::default();
    site.fill(&folder.embedded(), 100);
    let path = folder.path("journal").join("00000000000000000001.log");
    let mut bytes = fs::read(&path).unwrap();
    let (preamble, count) = (32, 12);
    assert_eq!(bytes[preamble + count], 10, "the first frame has ten events");
    for wrong in [1, 2, 8, 11, 138] {
        bytes[preamble + count] = wrong;
        fs::write(&path, &bytes).unwrap();
        let store = folder.embedded();
        for (at, record) in (0..).zip(&site.records[..10]) {
            assert!(matches!(store.recorded(&record.event.id), Err(Error::Damaged { .. })), "{wrong}: {at}");
            assert!(
                matches!(store.records_after(Sequence(at), 1), Err(Error::Damaged { .. })),
                "{wrong}: {at}"
            );
            let after = Place::end_of(Sequence(at));
            let awards = store.news_after(after, None, usize::MAX);
            assert!(matches!(awards, Err(Error::Damaged { .. })), "{wrong}: {at}");
        }
    }
}

/// A header that is damaged and was passed over shows at the frame behind it, which does not follow. That place was
/// reported, and whoever kept what stands before it kept the damage.
#[test]
fn damage_in_a_header_that_is_passed_over_is_reported_at_its_place() {
    let folder = Folder::new(tiny());
    let mut site = Site::default();
    site.fill(&folder.embedded(), 100);
    let path = folder.path("journal").join("00000000000000000001.log");
    let mut bytes = fs::read(&path).unwrap();
    let (preamble, count) = (32, 12);
    assert_eq!(bytes[preamble + count], 10, "the first frame has ten events");
    bytes[preamble + count] = 8;
    fs::write(&path, &bytes).unwrap();
    // Looked for behind the first frame.
    match folder.embedded().records_after(Sequence(12), 1) {
        Err(Error::Damaged { place, problem }) => {
            assert!(place.ends_with(&format!(".log:{preamble}")), "{place}");
            assert!(problem.starts_with("the frame with event 1 was whole once"), "{problem}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_damaged_index_is_made_again() {
    let folder = Folder::new(tiny());
    let mut site = Site::default();
    site.fill(&folder.embedded(), 60);
    for name in folder.names("journal").iter().filter(|name| name.ends_with("index")) {
        let path = folder.path("journal").join(name);
        let mut bytes = fs::read(&path).unwrap();
        bytes[3] ^= 1;
        fs::write(&path, &bytes).unwrap();
    }
    site.assert_kept(&folder.embedded());
}

#[test]
fn a_crash_while_a_segment_is_begun_leaves_nothing_to_trip_over() {
    let folder = Folder::new(Options { checkpoint_on_close: false, ..tiny() });
    let mut site = Site::default();
    site.fill(&folder.embedded(), 25);
    for header in [&[][..], b"LAUR", &[0; 32]] {
        let next = folder.path("journal").join(format!("{:020}.log", site.records.len() + 1));
        fs::write(next, header).unwrap();
        let store = folder.embedded();
        site.assert_kept(&store);
        site.fill(&store, 5);
    }
    // One whose predecessor has lost its end is not taken for unfinished.
    let lost = folder.path("journal").join(format!("{:020}.log", site.records.len() + 2));
    fs::write(lost, b"").unwrap();
    assert!(matches!(folder.try_open(), Err(Error::Damaged { .. })));
}

/// A closed segment is not read at an opening, and whoever looks for an event passes over frames by their headers, whose
/// checksums are not looked at. One that named fewer events than its frame has let the event be passed over: it was
/// taken for one that there never was, and counted once more when it was sent again.
#[test]
fn an_event_behind_a_damaged_header_is_not_taken_for_one_that_never_was() {
    let folder = Folder::new(Options { checkpoint_on_close: false, ..tiny() });
    let mut site = Site::default();
    site.fill(&folder.embedded(), 100);
    let path = folder.path("journal").join(&folder.names("journal")[1]);
    assert!(path.with_extension("index").exists());
    let whole = fs::read(&path).unwrap();
    // All of the first frame's header but its checksum.
    for at in (32..40).chain(44..56) {
        let mut flipped = whole.clone();
        flipped[at] ^= 2;
        fs::write(&path, &flipped).unwrap();
        let store = folder.embedded();
        for event in [9, 10, 14] {
            let found = store.recorded(&site.records[event].event.id);
            assert!(matches!(found, Err(Error::Damaged { .. })), "byte {at}, event {event}: {found:?}");
        }
    }
}

/// The last commit looks like one that a crash cut short, and it was cut off, before it was noticed that it had been
/// whole once: what was left of it, to be put right by hand, was gone.
#[test]
fn a_damaged_last_commit_that_was_whole_once_is_not_cut_off() {
    let folder = Folder::new(without_zeros());
    let mut site = Site::default();
    let store = folder.embedded();
    site.fill(&store, 10);
    let path = folder.path("journal").join(&folder.names("journal")[0]);
    let before = fs::metadata(&path).unwrap().len() as usize;
    site.fill(&store, 10);
    drop(store);
    let whole = fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    damaged[before + 50] ^= 1;
    for cut in [whole.len(), before + 60, before + 3] {
        fs::write(&path, &damaged[..cut]).unwrap();
        let Err(Error::Damaged { place, problem }) = folder.try_open() else { panic!("it was opened") };
        assert_eq!(place, format!("{}:{before}", path.display()));
        assert!(problem.contains("events 11 to 20 cannot be read"), "{problem}");
        assert_eq!(fs::read(&path).unwrap(), damaged[..cut], "nothing was changed");
    }
    fs::write(&path, whole).unwrap();
    site.assert_kept(&folder.embedded());
}

#[test]
fn a_journal_that_has_lost_what_was_written_behind_is_refused() {
    let folder = Folder::new(without_zeros());
    let mut site = Site::default();
    let store = folder.embedded();
    site.fill(&store, 10);
    let path = folder.path("journal").join(&folder.names("journal")[0]);
    let before = fs::metadata(&path).unwrap().len();
    site.fill(&store, 10);
    drop(store);
    fs::File::options().write(true).open(path).unwrap().set_len(before).unwrap();
    let Err(Error::Damaged { problem, .. }) = folder.try_open() else { panic!("it was opened") };
    assert!(problem.contains("events 11 to 20 are lost"), "{problem}");
    fs::remove_dir_all(folder.path("sled")).unwrap();
    fs::remove_file(folder.path("sled.seal")).unwrap();
    assert!(
        folder.try_open().is_err(),
        "the ids still know of them, and would not note others in their place"
    );
    fs::remove_dir_all(folder.path("ids")).unwrap();
    site.only(10).assert_kept(&folder.embedded());
}

#[test]
fn the_journal_of_another_store_is_refused() {
    let (ours, ..) = killed(1);
    let theirs = killed(1);
    fs::copy(theirs.2, ours.path("journal").join(&ours.names("journal")[0])).unwrap();
    assert!(matches!(ours.try_open(), Err(Error::Damaged { .. })));
}

#[test]
fn a_lost_identity_is_found_in_the_journal() {
    let (folder, site, ..) = killed(1);
    let identity = folder.embedded().identity();
    fs::remove_file(folder.path("identity")).unwrap();
    let store = folder.embedded();
    assert_eq!(store.identity(), identity);
    site.assert_kept(&store);
}

#[test]
fn a_write_that_fails_half_way_leaves_nothing_and_the_next_succeeds() {
    let (folder, disk) = Folder::faulty();
    let store = folder.embedded();
    let mut site = Site::default();
    site.fill(&store, 10);
    for bytes in [0, 1, 30, 300] {
        let mut ahead = site.clone();
        let group = ahead.views(5, 5).remove(0);
        disk.state().full = Some(("journal", bytes));
        assert!(matches!(store.commit(&group), Err(Error::ReadOnly { .. })));
        site.assert_kept(&store);
        site.assert_kept(&folder.crashed().embedded());
        disk.state().full = None;
        store.commit(&group).unwrap();
        site = ahead;
        site.assert_kept(&store);
    }
    drop(store);
    site.assert_kept(&folder.embedded());
}

#[test]
fn a_write_that_fails_and_cannot_be_taken_back_ends_writing() {
    let (folder, disk) = Folder::faulty();
    let store = folder.embedded();
    let mut site = Site::default();
    site.fill(&store, 10);
    let group = site.clone().views(5, 5).remove(0);
    disk.state().full = Some(("journal", 40));
    disk.state().no_truncate = Some("journal");
    assert!(store.commit(&group).is_err());
    disk.state().full = None;
    disk.state().no_truncate = None;
    assert!(matches!(store.commit(&group), Err(Error::ReadOnly { .. })));
    site.assert_kept(&store);
    drop(store);
    let store = folder.embedded();
    site.assert_kept(&store);
    site.fill(&store, 5);
}

#[test]
fn a_sync_that_fails_ends_writing_and_the_group_is_not_there() {
    let (folder, disk) = Folder::faulty();
    let store = folder.embedded();
    let mut site = Site::default();
    site.fill(&store, 10);
    let group = site.clone().views(5, 5).remove(0);
    disk.state().no_sync = Some("journal");
    assert!(matches!(store.commit(&group), Err(Error::ReadOnly { .. })));
    disk.state().no_sync = None;
    // A second sync would succeed, and mean nothing.
    assert!(matches!(store.commit(&group), Err(Error::ReadOnly { .. })));
    assert!(matches!(store.adopt(&numbers()), Err(Error::ReadOnly { .. })));
    site.assert_kept(&store);
    drop(store);
    let store = folder.embedded();
    site.assert_kept(&store);
    site.fill(&store, 5);
}

#[test]
fn a_segment_that_cannot_be_begun_refuses_the_group_until_it_can() {
    let (mut folder, disk) = Folder::faulty();
    folder.options.segment_bytes = 1;
    let store = folder.embedded();
    let mut site = Site::default();
    site.fill(&store, 10);
    let mut ahead = site.clone();
    let group = ahead.views(5, 5).remove(0);
    disk.state().full = Some(("00011.log", 10));
    assert!(matches!(store.commit(&group), Err(Error::ReadOnly { .. })));
    site.assert_kept(&store);
    site.assert_kept(&folder.crashed().embedded());
    disk.state().full = None;
    store.commit(&group).unwrap();
    ahead.assert_kept(&store);
    drop(store);
    ahead.assert_kept(&folder.embedded());
}

#[test]
fn one_commit_is_one_sync() {
    let (folder, disk) = Folder::faulty();
    let store = folder.embedded();
    let mut site = Site::default();
    let name = folder.names("journal").remove(0);
    let before = disk.syncs(&name);
    site.fill(&store, 50);
    assert_eq!(disk.syncs(&name), before + 5);
}

#[test]
fn what_a_kill_left_unsynced_is_synced_before_it_is_believed() {
    let (mut folder, site, path, _) = killed(1);
    let disk = FaultyDisk::default();
    folder.options.disk = Arc::new(disk.clone());
    let store = folder.embedded();
    assert_eq!(disk.state().synced.get(&path), Some(&1));
    site.assert_kept(&store);
}

fn numbers() -> Numbers {
    let mut numbers = Numbers::default();
    numbers.slot(Fingerprint(1));
    numbers
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Whatever stands at the end of the journal: each commit before it is there, and nothing else; or the
    /// store says that it is damaged.
    #[test]
    fn whatever_happens_to_the_last_commit_the_others_are_there(
        groups in 1_usize..5, cut in 0.0..1.0_f64, junk in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let (folder, site, path, ends) = killed(groups);
        let (begin, end) = (ends[groups - 1], ends[groups]);
        let keep = begin + ((end - begin) as f64 * cut) as usize;
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&whole[..keep], &junk].concat()).unwrap();
        let expected = if whole[keep..end] == *junk { groups } else { groups - 1 };
        site.only(expected * 10).assert_kept(&folder.embedded());
    }
}
