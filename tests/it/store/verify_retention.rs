//! Checking a store whose old records were reclaimed: what the snapshot stands for is compared with sled and ids as if
//! the records were there still, and what cannot be known any more is not found fault with.

use std::fs;

use laurels::document::{Change, Document};
use laurels::event::Sequence;
use laurels::key::Key;
use laurels::stat::{Slot, Step};
use laurels::store::verify::Severity;
use laurels::store::{Options, Store, Until};

use super::hazards::{Folder, reclaiming};
use super::retention::{fill_at, flip, halved, lose, snapshot, time};
use super::site::Site;
use super::verify::{assert_found, checked, checked_with, lines};
use super::verify_contents::{document_key, in_sled, one_page};

fn killed() -> Options {
    Options { checkpoint_on_close: false, ..reclaiming() }
}

/// It is right, with records from this one on.
fn assert_right_from(folder: &Folder, site: &Site, kept: Sequence) {
    for cache_bytes in [Options::default().cache_bytes, 3000] {
        let (report, found) = checked_with(folder, &Options { cache_bytes, ..Options::default() });
        assert!(report.is_right(), "{report:?}\n{}", lines(&found));
        assert_eq!(report.events, site.records.len() as u64 + 1 - kept.0);
        assert!(report.documents <= site.documents.len() as u64);
    }
}

#[test]
fn a_store_that_let_go_of_records_is_right_however_it_was_left() {
    for options in [reclaiming(), killed()] {
        let (folder, mut site, kept) = halved(options);
        assert_right_from(&folder, &site, kept);
        let store = folder.embedded();
        fill_at(&mut site, &store, 150, 4);
        assert_right_from(&folder.crashed(), &site, kept);
        store.reclaim(time(5)).unwrap();
        let kept = store.kept_from();
        assert_right_from(&folder.crashed(), &site, kept);
        drop(store);
        assert_right_from(&folder, &site, kept);
        lose(&folder, "sled");
        lose(&folder, "ids");
        assert_right_from(&folder, &site, kept);
    }
}

/// Documents in the snapshot then stand at events after its base, and sled may have been left before these.
#[test]
fn a_snapshot_taken_while_events_are_recorded_is_right() {
    let folder = Folder::new(killed());
    let (store, mut site) = (folder.embedded(), Site::default());
    let groups = site.views(900, 5);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| groups.iter().for_each(|group| store.commit(group).unwrap()));
        while !writer.is_finished() {
            store.reclaim(time(1_700_000_001)).unwrap();
        }
    });
    let kept = store.kept_from();
    assert!(kept > Sequence(1));
    assert_right_from(&folder.crashed(), &site, kept);
    drop(store);
    assert_right_from(&folder, &site, kept);
}

#[test]
fn a_snapshot_that_was_not_finished_is_told_and_is_no_damage() {
    let (folder, _, _) = halved(reclaiming());
    let path = snapshot(&folder).with_extension("unfinished");
    fs::write(&path, b"LAUR").unwrap();
    let (report, found) = checked(&folder);
    assert!(report.is_right() && report.found.notes == 1, "{}", lines(&found));
    assert_eq!(found[0].place, path.display().to_string());
}

#[test]
fn a_damaged_snapshot_is_told_with_its_place_and_what_is_left_without_it() {
    let (folder, _, kept) = halved(reclaiming());
    let path = snapshot(&folder);
    let whole = fs::read(&path).unwrap();
    let place = format!("{}:", path.display());
    for at in [0, 20, whole.len() / 2, whole.len() - 1] {
        flip(&path, at);
        assert_found(&folder, Severity::MadeAgain, &place, "the next start takes another snapshot");
        fs::write(&path, &whole).unwrap();
    }
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let end = format!("{place}{}", whole.len() - 1);
    assert_found(&folder, Severity::MadeAgain, &end, "cut off here");
    let gone = format!("events 1 to {} were reclaimed", kept.0 - 1);
    lose(&folder, "ids");
    assert_found(&folder, Severity::Journal, &end, &gone);
    lose(&folder, "sled");
    assert_found(&folder, Severity::Journal, &end, "with `laurels restore`");
}

#[test]
fn a_damaged_snapshot_that_no_record_is_gone_for_is_told() {
    let folder = Folder::new(reclaiming());
    let (store, mut site) = (folder.embedded(), Site::default());
    fill_at(&mut site, &store, 150, 1);
    let mut pieces = store.backup(Until::Head).unwrap();
    pieces.next().unwrap().unwrap();
    store.reclaim(time(2)).unwrap();
    drop((pieces, store));
    assert_right_from(&folder, &site, Sequence(1));
    let path = snapshot(&folder);
    flip(&path, fs::metadata(&path).unwrap().len() as usize / 2);
    assert_found(&folder, Severity::MadeAgain, path.to_str().unwrap(), "all records");
    fs::remove_file(&path).unwrap();
    assert_right_from(&folder, &site, Sequence(1));
}

#[test]
fn a_document_that_only_the_snapshot_has_is_compared() {
    let folder = Folder::new(reclaiming());
    let (store, mut site) = (folder.embedded(), Site::default());
    let mut outcome = site.view("only-once", "loner", "alone");
    outcome.record.arrival = time(1);
    store.commit(&[outcome]).unwrap();
    fill_at(&mut site, &store, 150, 1);
    fill_at(&mut site, &store, 150, 2);
    store.reclaim(time(2)).unwrap();
    fill_at(&mut site, &store, 20, 3);
    let kept = store.kept_from();
    assert!(kept > Sequence(1));
    drop(store);
    assert_right_from(&folder, &site, kept);

    let mut document = Document::clone(&site.documents[&Key::new([("user", "loner")])]);
    let right = postcard::to_stdvec(&document).unwrap();
    let put = |bytes: Option<&[u8]>| {
        in_sled(&folder, |tree| tree.write(vec![(document_key("loner"), bytes.map(one_page))]).unwrap());
    };
    document.apply(&Change { slot: Slot(0), step: Step::Count });
    put(Some(&postcard::to_stdvec(&document).unwrap()));
    let other = r#"the document of user "loner" is not what the events up to 1 come to"#;
    assert_found(&folder, Severity::Unnoticed, "sled", other);
    put(None);
    assert_found(&folder, Severity::Unnoticed, "sled", r#"the document of user "loner" is missing"#);
    put(Some(&right));
    assert_right_from(&folder, &site, kept);

    let user = Key::new([("user", "user-3")]);
    let older = postcard::to_stdvec(&*site.only(60).documents[&user]).unwrap();
    in_sled(&folder, |tree| tree.write(vec![(document_key("user-3"), Some(one_page(&older)))]).unwrap());
    assert_found(&folder, Severity::Unnoticed, "sled", "and lacks event");
}

#[test]
fn an_id_whose_record_is_gone_is_compared() {
    let (folder, _, _) = halved(reclaiming());
    let path = folder.path("ids").join(&folder.names("ids")[0]);
    let mut bytes = fs::read(&path).unwrap();
    bytes.truncate(bytes.len() - 4);
    let sequence = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let at = (56..bytes.len()).step_by(16).find(|at| (2..50).contains(&sequence(*at))).unwrap();
    bytes[at] ^= 1;
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    assert_found(&folder, Severity::Unnoticed, path.to_str().unwrap(), "it has other ids than the journal");
}

#[test]
fn a_segment_that_is_missing_after_the_snapshot_is_told() {
    let (folder, mut site, kept) = halved(reclaiming());
    fill_at(&mut site, &folder.embedded(), 100, 4);
    let moved = folder.path("elsewhere");
    fs::rename(folder.path("snapshot"), &moved).unwrap();
    let lost = format!("events 1 to {} are lost", kept.0 - 1);
    assert_found(&folder, Severity::Journal, "journal", &lost);
    fs::rename(&moved, folder.path("snapshot")).unwrap();
    assert_right_from(&folder, &site, kept);

    let base = folder.names("snapshot")[0][..20].parse::<u64>().unwrap();
    for name in folder.names("journal") {
        if name[..20].parse::<u64>().unwrap() <= base + 1 {
            fs::remove_file(folder.path("journal").join(name)).unwrap();
        }
    }
    assert_found(&folder, Severity::Journal, "journal", &format!("events {} to ", base + 1));
    fs::remove_dir_all(folder.path("journal")).unwrap();
    assert_found(&folder, Severity::Journal, "journal", "went on to 420 once");
}
