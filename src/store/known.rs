//! Under which keys sled has documents, as far as a filter in memory tells: so that nobody asks the thread that owns
//! sled for users who were never heard of.
//!
//! A key is noted before its document is written, and stays: what the filter does not have, sled does not have. The
//! filter is not on the disk. In a store that has documents already it is made on the way: each question that sled
//! answered with nothing [reads on](Known::read_on) over some of sled's keys. So a start waits for nothing, and a site
//! to which nobody new comes pays nothing. Until all are read, any key may be there. And while sled is made again from the
//! journal it has fewer documents than there are: then nobody but the replay is told that there is none.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use fastbloom::AtomicBloomFilter;

use super::hash::Seeded;
use super::materialized::Materialized;
use super::tree::Trouble;
use crate::key::Key;

/// The first part has so many bytes, room for 43,000 keys; each further part has twice as many as the one before.
const FIRST_BYTES: u64 = 64 << 10;
/// Where the limit is less, the first part has as much, but no less than this.
const LEAST_BYTES: u64 = 64;
/// A part with fewer bits for each of its keys takes no more, unless it is the last. Of the keys that it does not have
/// it takes one in 150 for one that it has.
const KEY_BITS: u64 = 12;
const HASHES: u32 = 4;
/// So many of sled's keys are read at once: about a leaf.
const READ_AT_ONCE: usize = 16;

/// The keys of the documents that are in sled, or on their way there.
pub(super) struct Known {
    hasher: Seeded,
    /// The last one takes all that comes, and more and more keys for ones that it has.
    parts: Vec<Part>,
    /// Whether it has all keys that sled has.
    is_whole: AtomicBool,
    /// Whether sled has all documents that are not in memory.
    is_complete: AtomicBool,
    /// Up to which key sled's were read. Only the thread that owns sled reads on.
    read: Mutex<Option<Key>>,
}

struct Part {
    bytes: u64,
    /// Made when it is needed.
    bits: OnceLock<AtomicBloomFilter>,
    keys: AtomicU64,
}

impl Known {
    /// Takes so many bytes at most.
    pub(super) fn new(limit_bytes: u64, hash_seed: u64) -> Known {
        let mut parts = vec![Part::new(limit_bytes.clamp(LEAST_BYTES, FIRST_BYTES))];
        let mut left = limit_bytes.saturating_sub(FIRST_BYTES);
        while let Some(last) = parts.last()
            && last.bytes * 2 <= left
        {
            left -= last.bytes * 2;
            parts.push(Part::new(last.bytes * 2));
        }
        let hasher = Seeded::new(hash_seed);
        let (is_whole, is_complete) = Default::default();
        Known { hasher, parts, is_whole, is_complete, read: Mutex::new(None) }
    }

    /// Whether there may be a document under this key, if there is none in memory. False is certain.
    pub(super) fn may_have(&self, key: &Key) -> bool {
        !self.is_complete.load(Ordering::Acquire) || self.may_be_in_sled(key)
    }

    /// Whether there may be one in sled, which may not have come as far as the journal. False is certain.
    pub(super) fn may_be_in_sled(&self, key: &Key) -> bool {
        !self.is_whole.load(Ordering::Acquire) || self.has(self.hasher.hash_one(key))
    }

    /// Sled is about to be made again, and lacks documents until this is said to be over.
    pub(super) fn set_complete(&self, is_complete: bool) {
        self.is_complete.store(is_complete, Ordering::Release);
    }

    /// Notes a key whose document is about to be written.
    pub(super) fn note(&self, key: &Key) {
        let hash = self.hasher.hash_one(key);
        if self.has(hash) {
            return;
        }
        let part = self.parts.iter().find(|part| !part.is_full()).or(self.parts.last());
        part.expect("there is a part from the beginning").note(hash);
    }

    /// Takes in some more of the keys that sled had before it was opened.
    pub(super) fn read_on(&self, sled: &Materialized) -> Result<(), Trouble> {
        if self.is_whole.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = sled.keys("", read.as_ref(), READ_AT_ONCE)?;
        keys.iter().for_each(|key| self.note(key));
        if keys.len() < READ_AT_ONCE {
            self.is_whole.store(true, Ordering::Release);
        }
        *read = keys.into_iter().last().or(read.take());
        Ok(())
    }

    fn has(&self, hash: u64) -> bool {
        self.parts.iter().map_while(|part| part.bits.get()).any(|bits| bits.contains_hash(hash))
    }
}

impl Part {
    fn new(bytes: u64) -> Part {
        Part { bytes, bits: OnceLock::new(), keys: AtomicU64::new(0) }
    }

    fn is_full(&self) -> bool {
        self.keys.load(Ordering::Relaxed) >= self.bytes * 8 / KEY_BITS
    }

    fn note(&self, hash: u64) {
        let bits = self.bits.get_or_init(|| {
            let bits = usize::try_from(self.bytes * 8).unwrap_or(usize::MAX);
            // What is asked of it are hashes: its own hasher is not used.
            AtomicBloomFilter::with_num_bits(bits).seed(&0).hashes(HASHES)
        });
        bits.insert_hash(hash);
        self.keys.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Options;
    use super::super::materialized::StoredKey;
    use super::*;

    fn key(number: usize) -> Key {
        Key::new([("user", &*format!("user-{number}"))])
    }

    /// As for a sled with so many documents.
    fn with_sled(documents: usize, known: &Known) -> (tempfile::TempDir, Materialized) {
        let directory = tempfile::tempdir().unwrap();
        let sled = Materialized::open(&directory.path().join("sled"), &Options::default()).unwrap();
        let mut batch = sled.batch();
        for number in 0..documents {
            batch.put(StoredKey::Document(&key(number)), b"value").unwrap();
        }
        batch.put(StoredKey::Sums, b"sums").unwrap();
        batch.write().unwrap();
        known.read_on(&sled).unwrap();
        (directory, sled)
    }

    #[test]
    fn no_key_is_forgotten_while_it_grows_and_few_others_are_taken_for_one() {
        let known = Known::new(256 << 10, 0);
        let _sled = with_sled(0, &known);
        assert_eq!(known.parts.iter().map(|part| part.bytes >> 10).collect::<Vec<_>>(), [64, 128]);
        for number in 0..100_000 {
            known.note(&key(number));
            assert!(known.may_be_in_sled(&key(number)));
        }
        assert!((0..100_000).all(|number| known.may_be_in_sled(&key(number))));
        assert!(known.parts.iter().all(|part| part.bits.get().is_some()));
        let mistaken = (100_000..200_000).filter(|number| known.may_be_in_sled(&key(*number))).count();
        assert!(mistaken < 2000, "{mistaken} of 100,000");
    }

    #[test]
    fn a_limit_that_is_too_small_makes_it_useless_and_not_wrong() {
        let known = Known::new(0, 0);
        let _sled = with_sled(0, &known);
        (0..10_000).for_each(|number| known.note(&key(number)));
        assert!((0..10_000).all(|number| known.may_be_in_sled(&key(number))));
        assert_eq!(known.parts.len(), 1);
    }

    #[test]
    fn while_sled_is_made_again_any_document_may_be_there() {
        let known = Known::new(1 << 20, 0);
        let _sled = with_sled(1, &known);
        assert!(known.may_have(&key(7)) && !known.may_be_in_sled(&key(7)));
        known.set_complete(true);
        assert!(!known.may_have(&key(7)) && known.may_have(&key(0)));
        known.set_complete(false);
        assert!(known.may_have(&key(7)));
    }

    #[test]
    fn any_key_may_be_there_until_all_of_sleds_are_read() {
        let known = Known::new(1 << 20, 0);
        let (_directory, sled) = with_sled(3 * READ_AT_ONCE, &known);
        for _ in 0..2 {
            assert!(known.may_be_in_sled(&key(1000)));
            known.read_on(&sled).unwrap();
        }
        known.read_on(&sled).unwrap();
        assert!(!known.may_be_in_sled(&key(1000)));
        assert!((0..3 * READ_AT_ONCE).all(|number| known.may_be_in_sled(&key(number))));
    }
}
