//! Checking sled, event ids and what the journal says of itself: each damage is one that no checksum knows of.

use std::fs;
use std::sync::Arc;

use laurels::award::{Award, Place, Revocation};
use laurels::badge::BadgeNumber;
use laurels::catalog::{Fingerprint, Numbers};
use laurels::document::{Change, Document};
use laurels::event::{EventId, Sequence};
use laurels::key::Key;
use laurels::outcome::{Outcome, Record};
use laurels::stat::{Slot, Step};
use laurels::store::tree::Tree;
use laurels::store::verify::Severity;
use laurels::store::{Options, Store};

use super::hazards::{Folder, copy_directory};
use super::site::Site;
use super::verify::{assert_found, assert_right, checked, closed, lines};

/// Changes sled by hand. It is closed afterwards.
pub(super) fn in_sled(folder: &Folder, change: impl FnOnce(&dyn Tree)) {
    let options = Options::default();
    let tree = options.trees.open(&folder.path("sled"), &options).unwrap();
    change(&*tree);
    tree.sync().unwrap();
}

pub(super) fn document_key(user: &str) -> Vec<u8> {
    [b"d", Key::new([("user", user)]).as_str().as_bytes()].concat()
}

/// A value of one page, as it stands in sled.
pub(super) fn one_page(value: &[u8]) -> Vec<u8> {
    [&[1, 0, 0, 0, 0, 0], value].concat()
}

#[test]
fn an_older_sled_is_told_to_have_forgotten() {
    let folder = Folder::new(Options::default());
    let mut site = Site::default();
    site.fill(&folder.embedded(), 30);
    let older = tempfile::tempdir().unwrap();
    copy_directory(&folder.path("sled"), &older.path().join("sled"));
    site.fill(&folder.embedded(), 30);
    fs::remove_dir_all(folder.path("sled")).unwrap();
    copy_directory(&older.path().join("sled"), &folder.path("sled"));
    assert_found(&folder, Severity::MadeAgain, "sled", "goes up to event 30, and went up to 60 once");
}

/// Each change is one that sled's own checksums do not know of.
#[test]
fn a_sled_that_is_not_what_the_journal_makes_is_told_document_by_document() {
    let (folder, site) = closed(90);
    let whole = tempfile::tempdir().unwrap();
    copy_directory(&folder.path("sled"), &whole.path().join("sled"));
    let again = || {
        fs::remove_dir_all(folder.path("sled")).unwrap();
        copy_directory(&whole.path().join("sled"), &folder.path("sled"));
    };
    let user = Key::new([("user", "user-3")]);
    let mut document = Document::clone(&site.documents[&user]);
    document.apply(&Change { slot: Slot(0), step: Step::Count });
    let more = postcard::to_stdvec(&document).unwrap();
    in_sled(&folder, |tree| tree.write(vec![(document_key("user-3"), Some(one_page(&more)))]).unwrap());
    assert_found(
        &folder,
        Severity::Unnoticed,
        "sled",
        r#"the document of user "user-3" is not what the events up to"#,
    );

    again();
    in_sled(&folder, |tree| tree.write(vec![(document_key("user-3"), None)]).unwrap());
    assert_found(&folder, Severity::Unnoticed, "sled", r#"the document of user "user-3" is missing"#);

    again();
    in_sled(&folder, |tree| tree.write(vec![(document_key("nobody"), Some(one_page(&more)))]).unwrap());
    assert_found(&folder, Severity::Unnoticed, "sled", r#"the document of user "nobody" comes of no event"#);

    // As it was some events ago: whoever wrote it did not write it last.
    again();
    let older = postcard::to_stdvec(&*site.only(60).documents[&user]).unwrap();
    in_sled(&folder, |tree| tree.write(vec![(document_key("user-3"), Some(one_page(&older)))]).unwrap());
    assert_found(&folder, Severity::Unnoticed, "sled", "and lacks event");

    again();
    in_sled(&folder, |tree| tree.write(vec![(document_key("user-3"), Some(one_page(&[0xff; 20])))]).unwrap());
    assert_found(&folder, Severity::Unnoticed, "sled", "cannot be understood");

    again();
    in_sled(&folder, |tree| tree.write(vec![(b"x".to_vec(), Some(vec![1]))]).unwrap());
    assert_found(&folder, Severity::Unnoticed, "sled", "1 keys of no known kind");

    again();
    in_sled(&folder, |tree| tree.write(vec![(document_key("user-3"), Some(vec![9; 9]))]).unwrap());
    assert_found(&folder, Severity::MadeAgain, "sled", "a value is not what was written");

    again();
    assert_right(&folder, &site);
}

#[test]
fn wrong_sums_are_told() {
    let (folder, site) = closed(90);
    let numbers = Numbers::default();
    let mut rarity = site.rarity.clone();
    rarity.users += 1;
    let sums = postcard::to_stdvec(&(Sequence(90), &rarity, &numbers)).unwrap();
    in_sled(&folder, |tree| tree.write(vec![(b"m".to_vec(), Some(one_page(&sums)))]).unwrap());
    assert_found(&folder, Severity::Unnoticed, "sled", "the number of users (8, counted 7)");

    rarity.users -= 1;
    *rarity.holders.values_mut().next().unwrap() -= 1;
    let sums = postcard::to_stdvec(&(Sequence(90), &rarity, &numbers)).unwrap();
    in_sled(&folder, |tree| tree.write(vec![(b"m".to_vec(), Some(one_page(&sums)))]).unwrap());
    assert_found(&folder, Severity::Unnoticed, "sled", "how many hold each badge");

    let mut other = numbers.clone();
    other.slot(Fingerprint(5));
    let sums = postcard::to_stdvec(&(Sequence(90), &site.rarity, &other)).unwrap();
    in_sled(&folder, |tree| tree.write(vec![(b"m".to_vec(), Some(one_page(&sums)))]).unwrap());
    assert_found(&folder, Severity::Unnoticed, "sled", "the table of the numbers");

    let sums = postcard::to_stdvec(&(Sequence(90), &site.rarity, &numbers)).unwrap();
    in_sled(&folder, |tree| tree.write(vec![(b"m".to_vec(), Some(one_page(&sums)))]).unwrap());
    assert_right(&folder, &site);
}

/// A run that is right in itself, and has not the id of every event: nothing at an opening would notice.
#[test]
fn a_run_without_the_id_of_an_event_is_told() {
    let (folder, _) = closed(90);
    let path = folder.path("ids").join(&folder.names("ids")[1]);
    let mut bytes = fs::read(&path).unwrap();
    bytes.truncate(bytes.len() - 4);
    // The sequence of the first entry becomes that of another event: the id leads to the wrong one.
    bytes[48 + 8] ^= 1;
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    assert_found(&folder, Severity::Unnoticed, path.to_str().unwrap(), "it has other ids than the journal");
    bytes.truncate(bytes.len() - 4 - 16);
    bytes[48 + 8] ^= 1;
    let entries = u64::from_le_bytes(bytes[40..48].try_into().unwrap());
    bytes[40..48].copy_from_slice(&(entries - 1).to_le_bytes());
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    assert_found(&folder, Severity::Unnoticed, path.to_str().unwrap(), "it has 29 ids, and the journal 30");
}

/// Only a fault above the store could do this: the store keeps what it is given.
#[test]
fn an_award_given_twice_and_an_id_taken_twice_are_told() {
    let found_of = |change: fn(&mut Record, &Record)| {
        let folder = Folder::new(Options::default());
        let (store, mut site) = (folder.embedded(), Site::default());
        site.fill(&store, 40);
        let is_held = |award: &Award| {
            site.documents[&Key::user(&award.user)].award(award.badge, &award.key, 1) == Some(award)
        };
        let gave = |record: &&Record| {
            record.awards.first().is_some_and(|award| award.badge == BadgeNumber(3) && is_held(award))
        };
        let earlier = site.records.iter().find(gave).unwrap().clone();
        let user = earlier.event.user.as_str().to_owned();
        let before = site.documents.clone();
        let Outcome { mut record, .. } = site.view("again", &user, "p0");
        change(&mut record, &earlier);
        let documents = record.keys().into_iter().map(|key| {
            let mut document = before.get(&key).map(|known| Document::clone(known)).unwrap_or_default();
            record.apply_to(&key, &mut document);
            (key, Arc::new(document))
        });
        let documents = documents.collect();
        store.commit(&[Outcome { record, documents, left_out: 0 }]).unwrap();
        drop(store);
        let (report, found) = checked(&folder);
        assert_eq!(report.found.journal as usize, found.len(), "{}", lines(&found));
        lines(&found)
    };
    let twice = found_of(|record, earlier| {
        let mut award = earlier.awards[0].clone();
        (award.place.sequence, award.place.index, award.first) = (record.sequence, 0, false);
        record.awards = vec![award];
    });
    assert!(twice.contains("who held it for this key already"), "{twice}");
    let counted = found_of(|record, earlier| {
        let mut award = earlier.awards[0].clone();
        (award.place.sequence, award.place.index, award.first) = (record.sequence, 0, true);
        award.key = Key::new([("photo", "another")]);
        record.awards = vec![award];
    });
    assert!(counted.contains("counts its holders wrongly"), "{counted}");
    fn taken(record: &Record, award: Award, last: bool) -> Vec<Revocation> {
        let place = Place { sequence: record.sequence, index: 0 };
        let (time, event_id) = (record.event.time, record.event.id.clone());
        vec![Revocation { place, award, time, event_id, last }]
    }
    let not_held = found_of(|record, earlier| {
        let award = Award { key: Key::new([("photo", "another")]), ..earlier.awards[0].clone() };
        (record.awards, record.revoked) = (Vec::new(), taken(record, award, false));
    });
    assert!(not_held.contains("who did not hold it for this key"), "{not_held}");
    let kept = found_of(|record, earlier| {
        let award = earlier.awards[0].clone();
        (record.awards, record.revoked) = (Vec::new(), taken(record, award, false));
    });
    assert!(kept.contains("counts its holders wrongly"), "{kept}");
    assert!(counted.contains("how many hold badge number 3"), "{counted}");
    let newcomers = found_of(|record, _| record.newcomers = 1);
    assert!(newcomers.contains("there are 8 users, and 7 have a document"), "{newcomers}");
    let id = found_of(|record, _| record.event.id = EventId::parse("e3").unwrap());
    assert!(id.contains("event 41 has the id of an earlier one"), "{id}");
    let place = found_of(|record, earlier| {
        let mut award = earlier.awards[0].clone();
        (award.place.sequence, award.place.index, award.first) = (record.sequence, 1, false);
        award.key = Key::new([("photo", "another")]);
        record.awards = vec![award];
    });
    assert!(place.contains("has another place"), "{place}");
}
