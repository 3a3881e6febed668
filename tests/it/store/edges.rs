//! What is no part of the contract, and is counted on where a store is run: how much room is kept, when documents are
//! written behind, and what a wrong file is said to be.

use std::fs;

use laurels::store::{Error, Options, Store};

use super::hazards::Folder;
use super::site::Site;

#[test]
fn a_large_group_needs_more_room_than_a_small_one() {
    let (folder, disk) = Folder::faulty();
    let store = folder.embedded();
    let mut site = Site::default();
    disk.state().free = Some(folder.options.free_min_bytes + 50 * 1024);
    let refused = store.commit(&site.clone().views(100, 100)[0]);
    assert!(matches!(refused, Err(Error::ReadOnly { .. })), "{refused:?}");
    site.fill(&store, 10);
    site.assert_kept(&store);
}

#[test]
fn one_commit_over_the_limit_is_written_behind_without_another() {
    let options = Options { checkpoint_journal_bytes: 1, checkpoint_on_close: false, ..Options::default() };
    let folder = Folder::new(options);
    let store = folder.embedded();
    Site::default().fill(&store, 10);
    // The thread that writes behind does one thing after the other: what is asked later is answered later.
    store.users_after(None, 1).unwrap();
    assert_eq!(store.written_behind(), store.head());
}

#[test]
fn a_segment_of_another_store_is_said_to_be_one() {
    let folder =
        || Folder::new(Options { segment_bytes: 1, checkpoint_on_close: false, ..Options::default() });
    let (ours, theirs) = (folder(), folder());
    for folder in [&ours, &theirs] {
        Site::default().fill(&folder.embedded(), 30);
    }
    let names: Vec<_> = ours.names("journal").into_iter().filter(|name| name.ends_with("log")).collect();
    let path = |folder: &Folder, at: usize| folder.path("journal").join(&names[at]);
    let said = || match ours.try_open() {
        Err(Error::Damaged { problem, .. }) => problem,
        other => panic!("{:?}", other.err()),
    };
    // Another segment of theirs: it has both another store and another beginning.
    fs::copy(path(&theirs, 2), path(&ours, 1)).unwrap();
    assert!(said().contains("belongs to another store"), "{}", said());
    fs::copy(path(&ours, 2), path(&ours, 1)).unwrap();
    assert!(said().contains("give it its name back"), "{}", said());
}
