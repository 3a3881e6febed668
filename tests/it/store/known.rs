//! What is known in memory of keys under which nothing is kept: it spares questions, and must never hide a document.

use std::fs;

use laurels::document::Document;
use laurels::key::Key;
use laurels::store::{Embedded, Options, Store};

use super::hazards::Folder;
use super::site::Site;

/// No document that is written behind stays in memory, and there is room to know a few thousand keys.
fn folder() -> Folder {
    Folder::new(Options { cache_bytes: 64 << 10, hash_seed: 0, ..Options::default() })
}

/// So many users have come, each to a photo of their own.
fn come(site: &mut Site, store: &Embedded, users: usize) {
    for _ in 0..users {
        let number = site.records.len();
        let outcome = site.view(&format!("e{number}"), &format!("user-{number}"), &format!("p{number}"));
        store.commit(&[outcome]).unwrap();
    }
}

fn stranger(number: usize) -> Key {
    Key::new([("user", &*format!("stranger-{number}"))])
}

fn assert_nothing_is_hidden(site: &Site, store: &Embedded) {
    for (key, document) in &site.documents {
        let at_hand = store.at_hand(key);
        assert!(at_hand.is_none() || at_hand.as_ref() == Some(document), "{key:?}: {at_hand:?}");
    }
    site.assert_kept(store);
}

/// Asks for strangers until it is known that there are none. Answers how many it took.
fn ask_for_strangers(site: &Site, store: &Embedded) -> usize {
    let unknown = (0..100).take_while(|number| {
        assert_nothing_is_hidden(site, store);
        let is_unknown = store.at_hand(&stranger(*number)).is_none();
        assert_eq!(*store.load(&[stranger(*number)]).unwrap()[0], Document::default());
        is_unknown
    });
    unknown.count()
}

#[test]
fn of_a_new_store_it_is_known_in_memory_who_never_came() {
    let folder = folder();
    let (store, mut site) = (folder.embedded(), Site::default());
    assert_eq!(store.at_hand(&stranger(0)).as_deref(), Some(&Document::default()));
    for _ in 0..3 {
        come(&mut site, &store, 200);
        assert_nothing_is_hidden(&site, &store);
        store.checkpoint().unwrap();
        assert_nothing_is_hidden(&site, &store);
        let known = (0..100).filter(|number| store.at_hand(&stranger(*number)).is_some()).count();
        assert!(known > 90, "{known} of 100");
    }
}

#[test]
fn what_a_store_had_before_is_learnt_by_being_asked() {
    let (folder, mut site) = (folder(), Site::default());
    come(&mut site, &folder.embedded(), 200);
    let store = folder.embedded();
    come(&mut site, &store, 10);
    let asked = ask_for_strangers(&site, &store);
    assert!((10..60).contains(&asked), "{asked} questions for 400 keys");
    store.checkpoint().unwrap();
    assert_nothing_is_hidden(&site, &store);
}

#[test]
fn a_sled_that_is_made_again_hides_nothing() {
    let (folder, mut site) = (folder(), Site::default());
    come(&mut site, &folder.embedded(), 200);
    for _ in 0..2 {
        fs::remove_dir_all(folder.path("sled")).unwrap();
        let store = folder.embedded();
        come(&mut site, &store, 100);
        assert_nothing_is_hidden(&site, &store);
        store.checkpoint().unwrap();
        assert_nothing_is_hidden(&site, &store);
        assert_eq!(
            ask_for_strangers(&site, &store),
            0,
            "it was new, and all of it was written by this server"
        );
    }
}

#[test]
fn what_a_crash_left_to_be_replayed_is_not_hidden() {
    let (folder, mut site) = (folder(), Site::default());
    let store = folder.embedded();
    come(&mut site, &store, 100);
    store.checkpoint().unwrap();
    come(&mut site, &store, 100);
    let copy = folder.crashed();
    let crashed = copy.embedded();
    assert_nothing_is_hidden(&site, &crashed);
    crashed.checkpoint().unwrap();
    ask_for_strangers(&site, &crashed);
}
