//! What stands in sled: keys of a few kinds in one tree, and values in pages.
//!
//! ```text
//! kind 1 │ rest of the key              → format 1 │ generation 1 │ further pages 4 │ first bytes of the value
//! 'p' │ key above │ generation 1 │ n 4  → further bytes
//! ```
//!
//! sled keeps up to 16 pairs in a leaf, and a leaf of nearly 128 KiB in a file of its own in `blobs/`, which
//! it does not sync. So pages are small. A value that has further pages writes them under the other
//! generation first, then the page that names the generation, then removes the old ones: wherever a
//! sequence of batches is cut off, the whole old value or the whole new one is there.

use std::borrow::Cow;

use crate::key::Key;

/// A key and its page together take at most so many bytes, unless the key alone takes nearly as many.
const PAIR_MAX_BYTES: usize = 5 << 10;
/// A page has room for so many bytes at least, however long the key is.
const PAGE_MIN_BYTES: usize = 512;
/// What the keys of further pages begin with.
const PAGES: u8 = b'p';
/// The format of values. One of another is not read.
const FORMAT: u8 = 1;
const HEADER_BYTES: usize = 6;

/// The kinds of keys. The byte each begins with is its own for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum StoredKey<'a> {
    /// The sums up to which everything is in here: `m`.
    Sums,
    /// A document: `d`, and the key's text, so that they are in the order of their keys.
    Document(&'a Key),
}

impl<'a> StoredKey<'a> {
    /// What the keys of documents begin with.
    pub(in crate::store) const DOCUMENTS: u8 = b'd';

    /// The key as bytes.
    pub(in crate::store) fn bytes(self) -> Vec<u8> {
        match self {
            StoredKey::Sums => b"m".to_vec(),
            StoredKey::Document(key) => [&[StoredKey::DOCUMENTS], key.as_str().as_bytes()].concat(),
        }
    }

    /// Whether these bytes can be the key of the sums or of a further page.
    pub(in crate::store) fn is_no_document(bytes: &[u8]) -> bool {
        bytes == StoredKey::Sums.bytes() || bytes.first() == Some(&PAGES)
    }

    /// The key of the document that these bytes are the key of.
    pub(in crate::store) fn document(bytes: &[u8]) -> Option<Key> {
        let text = bytes.strip_prefix(&[StoredKey::DOCUMENTS])?;
        Some(Key::from_text(std::str::from_utf8(text).ok()?))
    }
}

/// What the first page says of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Header {
    pub(super) generation: u8,
    pub(super) further: u32,
}

impl Header {
    /// The header of a first page, and the rest of it.
    pub(super) fn parse(page: &[u8]) -> Option<(Header, &[u8])> {
        let (header, rest) = page.split_first_chunk::<HEADER_BYTES>()?;
        let [format, generation, further @ ..] = *header;
        (format == FORMAT).then_some((Header { generation, further: u32::from_le_bytes(further) }, rest))
    }

    /// The keys of the further pages, in order.
    pub(super) fn page_keys(self, key: &[u8]) -> impl Iterator<Item = Vec<u8>> {
        (0..self.further).map(move |number| {
            let mut bytes = vec![PAGES];
            bytes.extend(key);
            bytes.push(self.generation);
            bytes.extend(number.to_be_bytes());
            bytes
        })
    }
}

/// One step of writing a value.
#[derive(Debug, PartialEq)]
pub(super) enum Step<'a> {
    Put(Vec<u8>, Cow<'a, [u8]>),
    Remove(Vec<u8>),
}

/// How to write a value over the one with the header `old`, in order.
pub(super) fn steps<'a>(key: &[u8], value: &'a [u8], old: Option<Header>) -> impl Iterator<Item = Step<'a>> {
    let room = page_room(key);
    let (first, rest) = value.split_at(value.len().min(room));
    let pages: Vec<_> = rest.chunks(room).collect();
    let header = Header {
        generation: old.map_or(0, |old| old.generation ^ 1),
        further: u32::try_from(pages.len()).unwrap_or(u32::MAX),
    };
    let mut page = vec![FORMAT, header.generation];
    page.extend(header.further.to_le_bytes());
    page.extend(first);
    let further: Vec<_> = header.page_keys(key).collect();
    let further = further.into_iter().zip(pages).map(|(key, page)| Step::Put(key, Cow::Borrowed(page)));
    let gone: Vec<_> = old.unwrap_or_default().page_keys(key).map(Step::Remove).collect();
    further.chain([Step::Put(key.to_vec(), Cow::Owned(page))]).chain(gone)
}

/// Whether a value of so many bytes needs further pages.
pub(super) fn is_paged(key: &[u8], bytes: usize) -> bool {
    bytes > page_room(key)
}

fn page_room(key: &[u8]) -> usize {
    PAIR_MAX_BYTES.saturating_sub(key.len()).max(PAGE_MIN_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn read(tree: &BTreeMap<Vec<u8>, Vec<u8>>, key: &[u8]) -> Option<Vec<u8>> {
        let (header, first) = Header::parse(tree.get(key)?)?;
        let mut value = first.to_vec();
        for key in header.page_keys(key) {
            value.extend(tree.get(&key)?);
        }
        Some(value)
    }

    #[test]
    fn a_value_is_the_old_or_the_new_one_after_every_step() {
        let key = StoredKey::Document(&Key::new([("photo", "p1")])).bytes();
        let mut tree = BTreeMap::new();
        let mut old = Vec::new();
        for size in [10, 20_000, 50_000, 9_000, 0] {
            let new: Vec<u8> = (0..size).map(|at| (at * 7 + size) as u8).collect();
            let header = tree.get(&key).and_then(|page: &Vec<u8>| Some(Header::parse(page)?.0));
            for step in steps(&key, &new, header) {
                match step {
                    Step::Put(key, page) => drop(tree.insert(key, page.into_owned())),
                    Step::Remove(key) => drop(tree.remove(&key)),
                }
                let found = read(&tree, &key);
                assert!(
                    found.is_none() && old.is_empty()
                        || found.as_ref() == Some(&old)
                        || found.as_ref() == Some(&new)
                );
            }
            assert_eq!(read(&tree, &key).as_ref(), Some(&new));
            old = new;
        }
        assert_eq!(tree.len(), 1, "no page is left behind");
    }

    #[test]
    fn no_leaf_of_pages_comes_near_to_a_blob() {
        let key = Key::new([("photo", &*"x".repeat(600))]);
        let key = StoredKey::Document(&key).bytes();
        let value = vec![0; 100_000];
        for step in steps(&key, &value, None) {
            let Step::Put(key, page) = step else { panic!("nothing is there to be removed") };
            assert!((key.len() + page.len()) * 20 < 120 << 10);
        }
    }

    #[test]
    fn documents_are_told_by_their_keys() {
        let key = Key::new([("day", "2026-01-31"), ("user", "ann")]);
        assert_eq!(StoredKey::document(&StoredKey::Document(&key).bytes()), Some(key));
        assert_eq!(StoredKey::document(&StoredKey::Sums.bytes()), None);
    }
}
