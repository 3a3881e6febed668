//! How documents are made again from the journal's tail: what sled has of them is read after all of it, in the order
//! of the keys.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use laurels::event::Sequence;
use laurels::key::Key;
use laurels::store::tree::{Tree, Trees, Trouble, Write};
use laurels::store::{Options, Store};

use super::hazards::Folder;
use super::site::Site;

/// Trees that remember which documents were read, and fail when one is.
#[derive(Clone, Debug)]
struct Watched {
    trees: Arc<dyn Trees>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    documents: Vec<String>,
    /// What the third document to be read comes to, once.
    trouble: Option<fn() -> Trouble>,
}

struct WatchedTree {
    tree: Box<dyn Tree>,
    seen: Arc<Mutex<Seen>>,
}

const USERS: usize = 300;
const WRITTEN_BEHIND: Sequence = Sequence(2 * USERS as u64);

/// A store with a document in several pages, many small ones, and a tail of events that are not written behind: by users
/// and to photos near to and far from one another, old and new ones.
fn with_tail() -> (Folder, Site, Watched) {
    let watched = Watched { trees: Options::default().trees, seen: Arc::default() };
    let trees = Arc::new(watched.clone());
    let folder = Folder::new(Options { trees, checkpoint_on_close: false, ..Options::default() });
    let (store, mut site) = (folder.embedded(), Site::default());
    let user = |number: usize| format!("user-{number:0100}");
    let mut view = |user: &str, photo: &str| {
        let outcome = site.view(&format!("e{}", site.records.len()), user, photo);
        store.commit(&[outcome]).unwrap();
    };
    for number in 0..USERS {
        view(&user(number), "p0");
        view(&user(number), &format!("p{number}"));
    }
    store.checkpoint().unwrap();
    for number in [299, 3, 900, 3, 0, 298, 3, 600] {
        view(&user(number), "p0");
        view(&user(number), &format!("p{}", number / 2));
    }
    drop(store);
    *watched.seen.lock().unwrap() = Seen::default();
    (folder, site, watched)
}

/// The keys of the tail, as sled has them; those that it had before, or all.
fn tail(site: &Site, all: bool) -> BTreeSet<String> {
    let (before, tail) = site.records.split_at(WRITTEN_BEHIND.0 as usize);
    let before: BTreeSet<_> = before.iter().flat_map(|record| record.keys()).collect();
    let keys = tail.iter().flat_map(|record| record.keys());
    keys.filter(|key| all || before.contains(key)).map(|key| format!("d{}", key.as_str())).collect()
}

#[test]
fn each_document_of_the_tail_is_read_once_and_in_the_order_of_keys() {
    let (folder, site, watched) = with_tail();
    let store = folder.embedded();
    let read = std::mem::take(&mut watched.seen.lock().unwrap().documents);
    assert!(read.is_sorted() && read.len() >= 7, "{read:?}");
    let once = BTreeSet::from_iter(read.iter().cloned());
    assert_eq!(once.len(), read.len());
    assert!(once.is_superset(&tail(&site, false)) && once.is_subset(&tail(&site, true)), "{once:?}");
    assert_eq!(store.written_behind(), WRITTEN_BEHIND);
    site.assert_kept(&store);
}

#[test]
fn documents_of_the_tail_that_are_more_than_may_be_held_go_to_sled() {
    let (mut folder, site, _) = with_tail();
    // What waits takes less than that, and the document in pages takes more.
    folder.options.checkpoint_dirty_bytes = 30_000;
    for _ in 0..2 {
        let store = folder.embedded();
        let user = Key::user(&site.records[WRITTEN_BEHIND.0 as usize].event.user);
        assert_eq!(store.at_hand(&user), None, "it is not held");
        assert!(store.at_hand(&Key::new([("photo", "p0")])).is_some());
        assert_eq!(store.written_behind(), WRITTEN_BEHIND);
        site.assert_kept(&store);
    }
    let store = folder.embedded();
    store.checkpoint().unwrap();
    site.assert_kept(&store);
    drop(store);
    site.assert_kept(&folder.embedded());
}

#[test]
fn a_trouble_while_the_documents_of_the_tail_are_read_loses_nothing() {
    let full: fn() -> Trouble = || Trouble::Passing(io::ErrorKind::StorageFull.into());
    let broken: fn() -> Trouble = || Trouble::Broken("its pages are odd".to_owned());
    for (trouble, is_passing) in [(full, true), (broken, false)] {
        let (folder, site, watched) = with_tail();
        watched.seen.lock().unwrap().trouble = Some(trouble);
        let opened = folder.try_open();
        assert!(watched.seen.lock().unwrap().trouble.is_none(), "it came");
        assert_eq!((opened.is_err(), folder.is_set_aside()), (is_passing, !is_passing));
        if let Ok(store) = opened {
            site.assert_kept(&store);
        }
        site.assert_kept(&folder.embedded());
    }
}

impl Trees for Watched {
    fn open(&self, directory: &Path, options: &Options) -> Result<Box<dyn Tree>, Trouble> {
        let tree = self.trees.open(directory, options)?;
        Ok(Box::new(WatchedTree { tree, seen: self.seen.clone() }))
    }

    fn is_in(&self, directory: &Path) -> bool {
        self.trees.is_in(directory)
    }

    fn set_aside(&self, directory: &Path, options: &Options) -> io::Result<Option<PathBuf>> {
        self.trees.set_aside(directory, options)
    }
}

impl Tree for WatchedTree {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        if key.starts_with(b"d") {
            let mut seen = self.seen.lock().unwrap();
            seen.documents.push(String::from_utf8(key.to_vec()).unwrap());
            if seen.documents.len() >= 3
                && let Some(trouble) = seen.trouble.take()
            {
                return Err(trouble());
            }
        }
        self.tree.get(key)
    }

    fn write(&self, batch: Vec<Write>) -> Result<(), Trouble> {
        self.tree.write(batch)
    }

    fn sync(&self) -> Result<(), Trouble> {
        self.tree.sync()
    }

    fn keys(&self, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, Trouble> {
        self.tree.keys(from, limit)
    }

    fn abandon(self: Box<Self>) {
        self.tree.abandon();
    }
}
