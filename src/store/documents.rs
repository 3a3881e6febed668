//! Documents in memory: those that are not written behind yet, and those that were asked for lately.
//!
//! A document that a commit changed is *dirty*: it is held until a checkpoint has it on the disk. A checkpoint
//! takes the dirty ones of one moment to be *leaving*; when they are durable they move to a bounded *cache* of
//! clean ones. Each key is looked for in that order, which is from the newest to the oldest.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use super::hash::Seeded;
use super::known::Known;
use super::options::KNOWN_PART;
use crate::document::Document;
use crate::key::Key;

/// The dirty ones are in so many tables with a lock each, so that a commit of a thousand holds none for long.
const SHARDS: usize = 64;
/// What a document and its place in a table take beyond its bytes on the disk, roughly: 64 for itself, 56 for each of a few
/// cells, 100 for its place.
pub(super) const OVERHEAD_BYTES: u64 = 320;

/// All documents in memory.
pub(super) struct Documents {
    hasher: Seeded,
    shards: Vec<RwLock<Shard>>,
    clean: Cache<Key, Held, ByWeight, Seeded>,
    /// Those that may be in sled. One that is no more in memory is among them.
    pub(super) known: Known,
    /// What stands for a document that is not there.
    nothing: Arc<Document>,
    /// Bytes of the dirty and the leaving.
    dirty_bytes: AtomicU64,
}

struct Shard {
    dirty: Table,
    leaving: Arc<Table>,
}

/// Seeded, so that what follows from its order is the same again where the seed is.
type Table = HashMap<Key, Held, Seeded>;

/// A document, and about how many bytes it takes.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) document: Arc<Document>,
    pub(super) bytes: u64,
}

#[derive(Clone)]
struct ByWeight;

impl Weighter<Key, Held> for ByWeight {
    fn weight(&self, key: &Key, held: &Held) -> u64 {
        held.bytes + key.as_str().len() as u64 + OVERHEAD_BYTES
    }
}

/// The dirty documents of one moment.
pub(super) struct Leaving(Vec<Arc<Table>>);

impl Documents {
    /// Keeps about so many bytes of clean documents, and of what tells which others there are.
    pub(super) fn new(cache_bytes: u64, hash_seed: u64) -> Documents {
        let known_bytes = cache_bytes / KNOWN_PART;
        let cache_bytes = cache_bytes - known_bytes;
        let hasher = Seeded::new(hash_seed);
        Documents {
            hasher,
            shards: (0..SHARDS).map(|_| RwLock::new(Shard::new(hasher))).collect(),
            // How many it will be is not known; a document takes a few hundred bytes.
            clean: Cache::with(
                usize::try_from(cache_bytes / (4 * OVERHEAD_BYTES)).unwrap_or(usize::MAX).max(1),
                cache_bytes,
                ByWeight,
                hasher,
                DefaultLifecycle::default(),
            ),
            known: Known::new(known_bytes, hash_seed),
            nothing: Arc::default(),
            dirty_bytes: AtomicU64::new(0),
        }
    }

    /// The document, if it is in memory, or if it is known that there is none.
    pub(super) fn at_hand(&self, key: &Key) -> Option<Arc<Document>> {
        let shard = self.read(key);
        match shard.newest(key).cloned().or_else(|| self.clean.get(key)) {
            Some(held) => Some(held.document),
            // Under the lock, so that it was known before it could leave the memory.
            None => (!self.known.may_have(key)).then(|| self.nothing.clone()),
        }
    }

    /// Shows a document as a commit left it. `grown` is by how much, at most.
    pub(super) fn publish(&self, key: &Key, document: Arc<Document>, grown: u64) {
        let mut shard = self.write(key);
        if let Some(held) = shard.dirty.get_mut(key) {
            held.document = document;
            held.bytes += grown;
            self.dirty_bytes.fetch_add(grown, Ordering::Relaxed);
            return;
        }
        let before = match shard.leaving.get(key) {
            Some(held) => held.bytes,
            None => self.clean.peek(key).map_or(0, |held| held.bytes),
        };
        let held = Held { document, bytes: before + grown };
        self.dirty_bytes.fetch_add(held.counted(), Ordering::Relaxed);
        shard.dirty.insert(key.clone(), held);
    }

    /// About how many bytes are not written behind yet.
    pub(super) fn dirty_bytes(&self) -> u64 {
        self.dirty_bytes.load(Ordering::Relaxed)
    }

    /// Takes a fetched document in, and answers the one that holds: a newer one where a commit has overtaken the
    /// fetch. Only the thread that writes behind may fetch: were documents written behind meanwhile, the newer one might be
    /// in memory no longer.
    pub(super) fn fetched(&self, key: &Key, fetched: Held) -> Arc<Document> {
        // Under this lock a leaving document becomes a clean one.
        let shard = self.write(key);
        match shard.newest(key) {
            Some(newer) => newer.document.clone(),
            None => {
                self.clean.insert(key.clone(), fetched.clone());
                fetched.document
            }
        }
    }

    /// Takes all dirty documents to be written behind: also those that an earlier attempt left.
    pub(super) fn leave(&self) -> Leaving {
        Leaving(self.shards.iter().map(|shard| self.leave_shard(shard)).collect())
    }

    /// What was taken is durable: it is clean from now on. `written` are all of them, with how many bytes each takes.
    pub(super) fn left<'a>(
        &self,
        leaving: &Leaving,
        written: impl Iterator<Item = (&'a Key, &'a Arc<Document>, u64)>,
    ) {
        for (key, document, bytes) in written {
            if !self.recount(key, leaving, bytes) {
                // Nobody sees it there while it is leaving as well, so no lock is held meanwhile.
                self.clean.insert(key.clone(), Held { document: document.clone(), bytes });
            }
        }
        for (shard, table) in self.shards.iter().zip(&leaving.0) {
            let counted = table.values().map(Held::counted).sum();
            let none = Arc::new(Table::with_hasher(self.hasher));
            // It is freed where `leaving` is, without the lock.
            shard.write().unwrap_or_else(PoisonError::into_inner).leaving = none;
            self.dirty_bytes.fetch_sub(counted, Ordering::Relaxed);
        }
    }

    /// Counts a document that was published again while it was written from what was written on; says whether it was. What
    /// commits were counted for at most, while one checkpoint followed the other, would else never be taken off.
    fn recount(&self, key: &Key, leaving: &Leaving, written: u64) -> bool {
        let mut shard = self.write(key);
        let Some(newer) = shard.dirty.get_mut(key) else { return false };
        let left = leaving.0[self.place(key)].get(key).map_or(0, |held| held.bytes);
        newer.bytes = newer.bytes - left + written;
        self.dirty_bytes.fetch_add(written, Ordering::Relaxed);
        self.dirty_bytes.fetch_sub(left, Ordering::Relaxed);
        true
    }

    /// The keys of users among the documents that are not written behind, after one of them.
    pub(super) fn dirty_users(&self, after: Option<&Key>) -> Vec<Key> {
        let mut users = Vec::new();
        for shard in &self.shards {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            let held = shard.leaving.iter().chain(&shard.dirty);
            let kept = held.filter(|(key, held)| key.is_user() && !held.document.is_new());
            users.extend(
                kept.map(|(key, _)| key).filter(|key| after.is_none_or(|after| *key > after)).cloned(),
            );
        }
        users
    }

    fn leave_shard(&self, shard: &RwLock<Shard>) -> Arc<Table> {
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        let dirty = std::mem::replace(&mut shard.dirty, Table::with_hasher(self.hasher));
        if shard.leaving.is_empty() {
            shard.leaving = Arc::new(dirty);
        } else {
            for (key, held) in dirty {
                let replaced = Arc::make_mut(&mut shard.leaving).insert(key, held);
                self.dirty_bytes.fetch_sub(replaced.map_or(0, |held| held.counted()), Ordering::Relaxed);
            }
        }
        shard.leaving.clone()
    }

    fn shard(&self, key: &Key) -> &RwLock<Shard> {
        &self.shards[self.place(key)]
    }

    fn place(&self, key: &Key) -> usize {
        // The remainder is less than SHARDS, and so fits.
        (self.hasher.hash_one(key) % SHARDS as u64) as usize
    }

    fn read(&self, key: &Key) -> RwLockReadGuard<'_, Shard> {
        self.shard(key).read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, key: &Key) -> RwLockWriteGuard<'_, Shard> {
        self.shard(key).write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    fn new(hasher: Seeded) -> Shard {
        Shard { dirty: Table::with_hasher(hasher), leaving: Arc::new(Table::with_hasher(hasher)) }
    }

    fn newest(&self, key: &Key) -> Option<&Held> {
        self.dirty.get(key).or_else(|| self.leaving.get(key))
    }
}

impl Held {
    fn counted(&self) -> u64 {
        self.bytes + OVERHEAD_BYTES
    }
}

impl Leaving {
    /// All of them, sorted by key: neighbours in sled are written together.
    pub(super) fn sorted(&self) -> Vec<(&Key, &Arc<Document>)> {
        let all = self.0.iter().flat_map(|table| table.iter());
        let mut all: Vec<_> = all.map(|(key, held)| (key, &held.document)).collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|table| table.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Sequence;

    fn key() -> Key {
        Key::new([("photo", "p1")])
    }

    fn held(sequence: u64) -> Held {
        let mut document = Document::default();
        document.sequence = Sequence(sequence);
        Held { document: Arc::new(document), bytes: 10 }
    }

    fn publish(documents: &Documents, sequence: u64) {
        documents.publish(&key(), held(sequence).document, 10);
    }

    fn left(documents: &Documents, leaving: Leaving) {
        let written = leaving.sorted();
        documents.left(&leaving, written.iter().map(|(key, document)| (*key, *document, 10)));
    }

    fn seen(documents: &Documents) -> Option<u64> {
        documents.at_hand(&key()).map(|document| document.sequence.0)
    }

    #[test]
    fn the_newest_is_seen_at_every_stage_of_a_checkpoint() {
        let documents = Documents::new(1 << 20, 0);
        assert_eq!(seen(&documents), None);
        publish(&documents, 1);
        let leaving = documents.leave();
        assert_eq!(seen(&documents), Some(1));
        publish(&documents, 2);
        assert_eq!(seen(&documents), Some(2));
        left(&documents, leaving);
        assert_eq!(seen(&documents), Some(2));
        let leaving = documents.leave();
        left(&documents, leaving);
        assert_eq!(seen(&documents), Some(2));
        assert_eq!(documents.dirty_bytes(), 0);
    }

    #[test]
    fn who_is_published_whenever_something_is_written_is_counted_as_it_was_written() {
        let documents = Documents::new(1 << 20, 0);
        publish(&documents, 0);
        for sequence in 1..100 {
            let leaving = documents.leave();
            publish(&documents, sequence);
            left(&documents, leaving);
            // What was written, and what the last commit may have brought.
            assert_eq!(documents.dirty_bytes(), 10 + 10 + OVERHEAD_BYTES);
        }
        left(&documents, documents.leave());
        assert_eq!((documents.dirty_bytes(), seen(&documents)), (0, Some(99)));
    }

    #[test]
    fn what_an_attempt_left_goes_with_the_next() {
        let documents = Documents::new(1 << 20, 0);
        publish(&documents, 1);
        documents.publish(&Key::new([]), held(1).document, 10);
        drop(documents.leave());
        publish(&documents, 2);
        let leaving = documents.leave();
        let sequences: Vec<_> = leaving.sorted().iter().map(|(_, document)| document.sequence.0).collect();
        assert_eq!(sequences, [1, 2]);
        left(&documents, leaving);
        assert_eq!(documents.dirty_bytes(), 0);
    }

    #[test]
    fn a_fetch_that_a_commit_overtook_is_dropped() {
        let documents = Documents::new(1 << 20, 0);
        publish(&documents, 2);
        let document = documents.fetched(&key(), held(1));
        assert_eq!(document.sequence, Sequence(2));
        assert_eq!(seen(&documents), Some(2));
        left(&documents, documents.leave());
        assert_eq!(seen(&documents), Some(2));
    }
}
