//! Documents and sums in a [`Tree`]: values cut into [pages](stored), in batches of a bounded size.
//!
//! sled, the tree there is, takes memory without measure for a batch of many keys, and puts large leaves into files
//! that it does not sync. So a batch has at most [`BATCH_MAX_KEYS`], and pages are small.

mod stored;

use std::path::Path;

use super::Options;
use super::tree::{Tree, Trouble, Write};
use crate::key::Key;
use stored::{Header, Step};

pub(super) use stored::StoredKey;

/// Most keys of a batch: with ten times as many sled was seen to take gigabytes.
pub(super) const BATCH_MAX_KEYS: usize = 1000;

/// Documents and sums, as they were written behind.
pub(super) struct Materialized {
    tree: Box<dyn Tree>,
}

impl Materialized {
    /// Opens what is in this directory, or makes it.
    pub(super) fn open(directory: &Path, options: &Options) -> Result<Materialized, Trouble> {
        Ok(Materialized { tree: options.trees.open(directory, options)? })
    }

    /// The value under a key.
    pub(super) fn get(&self, key: StoredKey<'_>) -> Result<Option<Vec<u8>>, Trouble> {
        let key = key.bytes();
        let Some(page) = self.tree.get(&key)? else { return Ok(None) };
        let unreadable = || Trouble::Broken("a value is not what was written".to_owned());
        let (header, first) = Header::parse(&page).ok_or_else(unreadable)?;
        let mut value = first.to_vec();
        for key in header.page_keys(&key) {
            let page = self.tree.get(&key)?.ok_or_else(unreadable)?;
            value.extend_from_slice(&page);
        }
        Ok(Some(value))
    }

    /// A batch to be filled.
    pub(super) fn batch(&self) -> Batch<'_> {
        Batch { materialized: self, writes: Vec::new() }
    }

    /// Makes all that was written durable.
    pub(super) fn sync(&self) -> Result<(), Trouble> {
        self.tree.sync()
    }

    /// The keys of documents that begin with `prefix`, in order, after one of them, at most `limit`.
    pub(super) fn keys(&self, prefix: &str, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, Trouble> {
        let prefix = StoredKey::Document(&Key::from_text(prefix)).bytes();
        // The least key after another is that one and a zero.
        let from = after.map(|after| [StoredKey::Document(after).bytes(), vec![0]].concat());
        let from = from.unwrap_or_else(|| prefix.clone());
        let keys = self.tree.keys(&from, limit)?;
        let within = keys.iter().take_while(|key| key.starts_with(&prefix));
        Ok(within.filter_map(|key| StoredKey::document(key)).collect())
    }

    /// What stands in the tree from this key on, in order, at most `limit`: also what is no document's key.
    pub(super) fn stored(&self, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, Trouble> {
        self.tree.keys(from, limit)
    }

    /// Gives it up without closing it.
    pub(super) fn abandon(self) {
        self.tree.abandon();
    }

    fn header(&self, key: &[u8]) -> Result<Option<Header>, Trouble> {
        let page = self.tree.get(key)?;
        Ok(page.and_then(|page| Some(Header::parse(&page)?.0)))
    }
}

/// Values to be written, in batches of a bounded size. Each value is there wholly or as it was, wherever that stops.
pub(super) struct Batch<'a> {
    materialized: &'a Materialized,
    writes: Vec<Write>,
}

impl Batch<'_> {
    /// Adds a value. Answers whether some were written just now.
    pub(super) fn put(&mut self, key: StoredKey<'_>, value: &[u8]) -> Result<bool, Trouble> {
        let key = key.bytes();
        // Only who has further pages needs to know what was there. Pages that a value no longer has when it
        // shrinks to one stay until it has some again; values hardly ever shrink.
        let old = match stored::is_paged(&key, value.len()) {
            true => self.materialized.header(&key)?,
            false => None,
        };
        let mut written = false;
        for step in stored::steps(&key, value, old) {
            self.writes.push(match step {
                Step::Put(key, page) => (key, Some(page.into_owned())),
                Step::Remove(key) => (key, None),
            });
            if self.writes.len() == BATCH_MAX_KEYS {
                self.write()?;
                written = true;
            }
        }
        Ok(written)
    }

    /// Writes what was added. Durable only after [`Materialized::sync`].
    pub(super) fn write(&mut self) -> Result<(), Trouble> {
        self.materialized.tree.write(std::mem::take(&mut self.writes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(directory: &Path) -> Materialized {
        Materialized::open(&directory.join("sled"), &Options::default()).unwrap()
    }

    #[test]
    fn a_batch_never_has_more_than_a_thousand_keys() {
        let directory = tempfile::tempdir().unwrap();
        let sled = open(directory.path());
        let mut batch = sled.batch();
        let keys: Vec<_> = (0..2500).map(|number| Key::new([("n", &*format!("{number:04}"))])).collect();
        let written: Vec<_> =
            (0..2500).filter(|at| batch.put(StoredKey::Document(&keys[*at]), b"value").unwrap()).collect();
        assert_eq!(written, [999, 1999]);
        assert_eq!(sled.get(StoredKey::Document(&keys[2499])).unwrap(), None);
        batch.write().unwrap();
        assert_eq!(sled.get(StoredKey::Document(&keys[2499])).unwrap().as_deref(), Some(&b"value"[..]));
    }

    #[test]
    fn a_large_value_is_written_beside_the_old_one_which_is_then_taken_away() {
        let directory = tempfile::tempdir().unwrap();
        let sled = open(directory.path());
        let key = Key::new([("photo", "p1")]);
        let mut pages = Vec::new();
        for byte in [1, 2] {
            let mut batch = sled.batch();
            batch.put(StoredKey::Document(&key), &[byte; 20_000]).unwrap();
            batch.write().unwrap();
            pages.push(sled.tree.keys(&[], usize::MAX).unwrap());
        }
        assert_ne!(pages[0], pages[1]);
        assert_eq!(pages[0].len(), pages[1].len());
    }
}
