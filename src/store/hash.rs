//! The hash of the store's tables: xxh3, over all of a key at once. The one that takes its input piece by piece takes
//! ten times as long over texts as short as keys are.

use std::hash::{BuildHasher, Hasher};

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Hashes from a seed, so that nobody can choose keys that collide, and that what follows from the order of a table is
/// the same again where the seed is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seeded(u64);

/// The hash of what it was given so far.
pub(super) struct Hash(u64);

impl Seeded {
    pub(super) fn new(seed: u64) -> Seeded {
        Seeded(seed)
    }
}

impl BuildHasher for Seeded {
    type Hasher = Hash;

    fn build_hasher(&self) -> Hash {
        Hash(self.0)
    }
}

impl Hasher for Hash {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    /// What stands after each text, mostly: it need only move what there is.
    fn write_u8(&mut self, byte: u8) {
        self.0 = self.0.rotate_left(8) ^ u64::from(byte);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn neighbours_and_what_is_cut_otherwise_have_hashes_of_their_own() {
        let texts = (0..20_000).map(|number| format!("1user\u{1f}user-{number}"));
        let mut hashes: HashSet<_> = texts.map(|text| Seeded::new(7).hash_one(text)).collect();
        hashes.extend([("ab", "c"), ("a", "bc"), ("", "abc")].map(|two| Seeded::new(7).hash_one(two)));
        hashes.insert(Seeded::new(8).hash_one(("ab", "c")));
        assert_eq!(hashes.len(), 20_004);
        let shards: HashSet<_> = hashes.iter().map(|hash| hash % 64).collect();
        assert_eq!(shards.len(), 64);
    }
}
