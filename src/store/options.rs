//! How the embedded store is set up: every size that can be chosen, with what it is otherwise.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use super::Identity;
use super::disk::{Disk, SystemDisk};
use super::sled_tree::SledTrees;
use super::tree::Trees;
use crate::threads::Threads;

/// A segment of the journal that has grown to so many bytes is closed, and the next one begun.
pub const SEGMENT_BYTES: u64 = 64 << 20;
/// So many bytes ahead of what is written, the journal's last file is filled with zeros. A commit that only writes over
/// them changes neither the file's size nor where it lies on the disk: its sync writes the data, and nothing besides.
const AHEAD_BYTES: u64 = 1 << 20;
/// No shorter segments can be asked for: each is a file, and its header alone has 32 bytes.
pub const SEGMENT_BYTES_MIN: u64 = 4 << 10;
/// Documents that are written behind are kept in memory up to so many bytes; then those that were not
/// asked for lately are forgotten, and read again when they are.
pub const CACHE_BYTES: u64 = 256 << 20;
/// No smaller cache can be asked for: what one event needs would hardly stay in it.
pub const CACHE_BYTES_MIN: u64 = 1 << 20;
/// What sled keeps in memory of its pages, as a part of that. sled counts them as they are on the disk; in memory they were
/// measured to take three times as much. It is there for the index: documents at hand are in our own cache.
pub const TREE_CACHE_PART: u64 = 8;
/// What it takes at most to know which documents there are, as a part of that too: room for 43 of them for each KiB of
/// the cache. Where there are more, sled is asked more and more often for users who were never heard of.
pub const KNOWN_PART: u64 = 16;
/// After so many bytes of journal everything is written behind: about what an opening has to replay.
pub const CHECKPOINT_JOURNAL_BYTES: u64 = 64 << 20;
/// Nothing smaller can be asked for: a checkpoint syncs several files, and less would be one with every event.
pub const CHECKPOINT_JOURNAL_BYTES_MIN: u64 = 4 << 10;
/// When documents not yet written behind take so many bytes, they are written behind. About as much again may change
/// meanwhile.
const CHECKPOINT_DIRTY_BYTES: u64 = 128 << 20;
/// When they take so many, a commit waits until some are written behind.
const DIRTY_MAX_BYTES: u64 = 1 << 30;
/// A snapshot, after which records can be reclaimed, is not taken for fewer bytes of them. Nor for fewer than
/// the snapshot before had: so at most as much is written for reclaiming as is reclaimed.
const RECLAIM_MIN_BYTES: u64 = 64 << 20;
/// With less room than this on the disk, writes are refused; reading goes on.
const FREE_MIN_BYTES: u64 = 64 << 20;
/// The disk is asked how much room it has at most so often, and after every so many bytes.
const FREE_ASKED_EVERY: Duration = Duration::from_millis(500);

/// How an [`Embedded`](super::Embedded) store is set up. [`Options::default`] is right for a server.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the files are.
    pub disk: Arc<dyn Disk>,
    /// What documents are written behind into.
    pub trees: Arc<dyn Trees>,
    /// How the store's own thread is started and waits.
    pub threads: Threads,
    /// Which store a new one is to be.
    pub new_identity: Identity,
    /// The name of the timeline that a restore begins.
    pub new_timeline: u64,
    /// Seeds the hash tables, so that nobody can choose keys that collide.
    pub hash_seed: u64,
    /// How long a segment of the journal grows.
    pub segment_bytes: u64,
    /// How far ahead the journal's last file is filled with zeros. 0: not at all.
    pub ahead_bytes: u64,
    /// How much memory clean documents may take, with what tells [which there are](KNOWN_PART).
    pub cache_bytes: u64,
    /// How much memory sled may take for its own cache.
    pub tree_cache_bytes: u64,
    /// After how many bytes of journal everything is written behind.
    pub checkpoint_journal_bytes: u64,
    /// From how many bytes of changed documents on everything is written behind.
    pub checkpoint_dirty_bytes: u64,
    /// From how many bytes of changed documents on a commit waits for that.
    pub dirty_max_bytes: u64,
    /// For how many bytes of old records a snapshot is taken.
    pub reclaim_min_bytes: u64,
    /// How much room the disk must have for writes.
    pub free_min_bytes: u64,
    /// How often the disk is asked for its room, at most.
    pub free_asked_every: Duration,
    /// Whether closing writes everything behind. Without it a close is like a kill: nothing is lost, and the
    /// next opening replays.
    pub checkpoint_on_close: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            disk: Arc::new(SystemDisk),
            trees: Arc::new(SledTrees),
            threads: Threads::default(),
            // Each RandomState has keys of its own, drawn from the system's randomness.
            new_identity: Identity(RandomState::new().hash_one(())),
            new_timeline: RandomState::new().hash_one(()),
            hash_seed: RandomState::new().hash_one(()),
            segment_bytes: SEGMENT_BYTES,
            ahead_bytes: AHEAD_BYTES,
            cache_bytes: CACHE_BYTES,
            tree_cache_bytes: CACHE_BYTES / TREE_CACHE_PART,
            checkpoint_journal_bytes: CHECKPOINT_JOURNAL_BYTES,
            checkpoint_dirty_bytes: CHECKPOINT_DIRTY_BYTES,
            dirty_max_bytes: DIRTY_MAX_BYTES,
            reclaim_min_bytes: RECLAIM_MIN_BYTES,
            free_min_bytes: FREE_MIN_BYTES,
            free_asked_every: FREE_ASKED_EVERY,
            checkpoint_on_close: true,
        }
    }
}
