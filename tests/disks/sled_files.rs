//! sled's files, damaged in every way at any place: whatever became of them, the store has everything, and
//! opens, and goes on.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use laurels::store::{Embedded, Options, Store};
use laurels_client::{Client, Event};
use tempfile::TempDir;

use super::damage::{self, Damage, cases, copy, ends};
use super::server::Server;
use super::site::Site;

/// Nothing clean stays in memory: what is asked for is read from sled.
fn options() -> Options {
    Options { cache_bytes: 1, tree_cache_bytes: 0, ..Options::default() }
}

/// Stores that differ in what sled did: written once; written over again and again; opened often, so that it
/// has a snapshot; with documents of many pages.
fn stores() -> Vec<(TempDir, Arc<Site>)> {
    let made = |rounds: usize, events: usize, photos: usize| {
        let directory = damage::directory();
        let mut site = Site::default();
        for _ in 0..rounds {
            let store = Embedded::open(directory.path(), options()).unwrap();
            let views = (0..events).map(|_| {
                let number = site.records.len();
                let user = format!("{}-{}", "user".repeat(number % 20), number * 7 % (events * 2));
                site.view(&format!("e{number}"), &user, &format!("p{}", number % photos))
            });
            let group: Vec<_> = views.collect();
            store.commit(&group).unwrap();
        }
        (directory, Arc::new(site))
    };
    vec![made(1, 60, 10), made(6, 80, 40), made(3, 200, 300), made(2, 400, 2)]
}

#[test]
fn whatever_becomes_of_sleds_files_the_store_has_everything() {
    let stores = stores();
    let (mut set_aside, mut ran) = (0, 0);
    for case in cases(300) {
        let mut random = case.random();
        let (template, site) = &stores[case.case as usize % stores.len()];
        let copied = damage::directory();
        copy(template.path(), copied.path());
        let mut files = damage::files(&copied.path().join("sled"));
        files.push(copied.path().join("sled.seal"));
        // Each file in turn, and the large one more often.
        let file = match random.bool() {
            true => copied.path().join("sled/db"),
            false => files[random.usize(..files.len())].clone(),
        };
        let size = std::fs::metadata(&file).unwrap().len() as usize;
        let damage = Damage::any(&mut random, size);
        let what = format!("{case}: {damage:?} of {} of {size} bytes", file.display());
        damage.inflict(&file);
        let (path, site) = (copied.path().to_owned(), site.clone());
        ends(what, move || has_everything(&path, &site));
        set_aside += u32::from(copied.path().join("sled.broken-1").exists());
        ran += 1;
    }
    eprintln!("{ran} damages of sled's files, {set_aside} of which had it set aside");
    assert!(set_aside > 0, "damage that matters is noticed");
}

fn has_everything(path: &Path, site: &Site) {
    let store = Embedded::open(path, options()).unwrap();
    assert_documents(site, &store);
    let mut site = Site::clone(site);
    site.fill(&store, 10);
    store.checkpoint().unwrap();
    assert_documents(&site, &store);
    drop(store);
    assert_documents(&site, &Embedded::open(path, options()).unwrap());
}

/// What comes of sled: documents, sums, users. The journal is not what is damaged here.
fn assert_documents(site: &Site, store: &dyn Store) {
    assert_eq!(store.head().0, site.records.len() as u64);
    assert_eq!(store.rarity(), site.rarity);
    let keys: Vec<_> = site.documents.keys().cloned().collect();
    for (key, (found, expected)) in
        keys.iter().zip(store.load(&keys).unwrap().iter().zip(site.documents.values()))
    {
        assert_eq!(found, expected, "{key:?}");
    }
    let users: BTreeSet<_> = site.records.iter().map(|record| record.event.user.clone()).collect();
    assert_eq!(store.users_after(None, usize::MAX).unwrap(), Vec::from_iter(users));
}

/// The server says loudly what it does, and does it.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_sled_is_damaged_says_so_and_has_everything() {
    let data = damage::directory();
    let server = Server::start(data.path());
    let client = Client::connect(&server.url).await.unwrap();
    for number in 0..300 {
        let event = Event::new("visit", format!("u{}", number % 10)).with_id(format!("{number}"));
        client.record(event).await.unwrap();
    }
    assert_eq!(server.stop(), "", "nothing is wrong yet");
    for (damage, set_aside) in [(Damage::Zeroed(0, 20_000), true), (Damage::Gone, false)] {
        damage.inflict(&data.path().join("sled/db"));
        let server = Server::start(data.path());
        let client = Client::connect(&server.url).await.unwrap();
        for user in 0..10 {
            let held = client.badges(format!("u{user}")).await.unwrap();
            assert_eq!(held.progress.iter().find(|one| one.badge == "visits").unwrap().current, 30.0);
        }
        let log = server.stop();
        assert!(log.contains("nothing is lost: it is made again from the journal"), "{damage:?}: {log}");
        assert!(!set_aside || log.contains("sled is broken"), "{log}");
        assert_eq!(Server::start(data.path()).stop(), "", "it was put right for good");
    }
}
