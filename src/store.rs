//! Keeping: the contract of every store, and the embedded one.
//!
//! A [`Store`] speaks of documents, events, awards and cursors, and of no database. What it is given
//! in [`Store::commit`] is decided; it decides nothing. Awarding once and counting once are decided
//! above it, inside the documents, so that every implementation has them from one mechanism.
//!
//! [`Embedded`] is the store inside the server: a journal, and sled written behind it.

mod backup;
mod behind;
pub mod disk;
mod documents;
mod embedded;
mod hash;
mod history;
mod ids;
mod journal;
mod known;
mod layout;
mod lists;
mod materialized;
mod options;
mod published;
mod room;
mod sled_tree;
mod small_file;
mod snapshot;
mod timeline;
pub mod tree;
pub mod verify;

use std::sync::Arc;

use crate::award::{News, Place};
use crate::catalog::Numbers;
use crate::document::Document;
use crate::event::{EventId, Sequence, Time, UserId};
use crate::key::Key;
use crate::outcome::{Outcome, Rarity, Record};

pub use backup::{BACKUP_CHUNK_BYTES, Contents, Until, inspect, restore};
pub use embedded::Embedded;
pub use history::{Past, history};
pub use options::{
    CACHE_BYTES, CACHE_BYTES_MIN, CHECKPOINT_JOURNAL_BYTES, CHECKPOINT_JOURNAL_BYTES_MIN, KNOWN_PART,
    Options, SEGMENT_BYTES, SEGMENT_BYTES_MIN, TREE_CACHE_PART,
};
pub use timeline::{Timeline, Timelines};
pub use verify::verify;

/// Which store it is: cursors of one mean nothing to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity(pub u64);

/// What is done with documents, or with the reason why there are none, once they are loaded. It must not wait.
pub type Then = Box<dyn FnOnce(Result<Vec<Arc<Document>>, Error>) + Send>;

/// Where events, and all that comes of them, are kept. One writer calls [`commit`](Store::commit) and
/// [`adopt`](Store::adopt); anybody may call the rest, at any time.
pub trait Store: Send + Sync + 'static {
    /// Which store this is. Never changes.
    fn identity(&self) -> Identity;

    /// The last event that is kept. Everything up to it can be read.
    fn head(&self) -> Sequence;

    /// The timelines that led here. They never change while a store is open.
    fn timelines(&self) -> Timelines;

    /// The numbers in use.
    fn numbers(&self) -> Numbers;

    /// Takes numbers into use. Durable when it returns.
    fn adopt(&self, numbers: &Numbers) -> Result<(), Error>;

    /// What is kept of the event with this id, if it was recorded.
    fn recorded(&self, id: &EventId) -> Result<Option<Earlier>, Error>;

    /// The document under this key, if it is in memory, or an empty one where it is known that nothing is kept: costs
    /// no I/O. None means *ask [`load`](Store::load)*.
    fn at_hand(&self, key: &Key) -> Option<Arc<Document>>;

    /// The documents under these keys, in the same order; an empty one where nothing is kept. May read the
    /// disk, and afterwards they are at hand for a while.
    fn load(&self, keys: &[Key]) -> Result<Vec<Arc<Document>>, Error>;

    /// As [`load`](Store::load), for who must not wait: `then` is called with what came of it, by whichever thread has it.
    /// It is dropped uncalled only where that thread is gone.
    fn load_then(&self, keys: Vec<Key>, then: Then) {
        then(self.load(&keys));
    }

    /// Keeps a group of outcomes, whose sequences follow [`head`](Store::head) without a gap. Each is kept
    /// wholly or not at all; when it returns, all of them are durable and can be read. After an error
    /// none of them is, and none will ever be. An empty group is nothing to do.
    fn commit(&self, group: &[Outcome]) -> Result<(), Error>;

    /// What was given and taken back after a place, in order, at most `limit`; of one user, or of all. The page also says
    /// how far it came, so that the next one begins there. What one user was given is always all there, and what was
    /// taken back as [`Document::news`] has it; that of all begins with [`kept_from`](Store::kept_from), and a place
    /// from before is refused with [`Error::Expired`].
    fn news_after(&self, after: Place, user: Option<&UserId>, limit: usize) -> Result<Page<News>, Error>;

    /// Events after one, in order, at most `limit`, with what they did. [`Error::Expired`] where records after
    /// it were reclaimed.
    fn records_after(&self, after: Sequence, limit: usize) -> Result<Vec<Record>, Error>;

    /// Users with whom something was left, in an order of the store's own, after one of them, at most `limit`.
    fn users_after(&self, after: Option<&UserId>, limit: usize) -> Result<Vec<UserId>, Error>;

    /// How many users there are, and how many hold each badge.
    fn rarity(&self) -> Rarity;

    /// Writes behind what is not yet written behind. The next opening is quick then; without it, nothing is lost.
    fn checkpoint(&self) -> Result<(), Error>;

    /// The first event whose record is kept. What came before is in documents, sums and event ids only.
    fn kept_from(&self) -> Sequence;

    /// Lets go of records of events that arrived before this time: the oldest, as far as that is worth it.
    fn reclaim(&self, before: Time) -> Result<(), Error>;

    /// Everything up to there, as [`restore`] takes it, in pieces of at most [`BACKUP_CHUNK_BYTES`]. What is recorded
    /// meanwhile is not held up, and is not in it. Each piece may read the disk.
    fn backup(&self, until: Until) -> Result<Backup, Error>;
}

/// A backup that is being taken. After an error nothing more comes, and what came is of use up to there only.
pub type Backup = Box<dyn Iterator<Item = Result<Vec<u8>, Error>> + Send>;

/// What is kept of an event that was recorded.
#[derive(Clone, Debug, PartialEq)]
pub enum Earlier {
    /// All of it.
    Kept(Box<Record>),
    /// That it was recorded, and as which event. What it was and gave was reclaimed. An id that never was is
    /// taken for one of n reclaimed ones with a probability of n in 2^64, since fingerprints are kept of them.
    Reclaimed(Sequence),
}

impl Earlier {
    /// All of it, if that is kept.
    pub fn record(self) -> Option<Record> {
        match self {
            Earlier::Kept(record) => Some(*record),
            Earlier::Reclaimed(_) => None,
        }
    }
}

/// Part of a long list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// What was found.
    pub items: Vec<T>,
    /// How far was looked: the next page is after this place. Equal to the end of [`Store::head`] when all
    /// was seen.
    pub reached: Place,
}

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Writing is refused, reading goes on: the disk is nearly full, or failed. Try again later.
    #[error("the store only reads: {reason}")]
    ReadOnly {
        /// Why, for the log.
        reason: String,
    },
    /// What is on the disk is not what was written there.
    #[error("{place}: {problem}")]
    Damaged {
        /// The file and the position in it.
        place: String,
        /// What is wrong, and what can be done.
        problem: String,
    },
    /// The records after this place were reclaimed.
    #[error("the records after event {} were reclaimed; those after event {} are kept", asked.0, oldest.sequence.0)]
    Expired {
        /// The event after which they were asked for.
        asked: Sequence,
        /// The oldest place that works.
        oldest: Place,
    },
    /// It cannot be done as it was asked for.
    #[error("{problem}")]
    Refused {
        /// Why, and what to ask for instead.
        problem: String,
    },
    /// Another server has the directory open.
    #[error("another server uses {directory}; stop it, or serve another directory with --data")]
    InUse {
        /// The directory.
        directory: String,
    },
    /// A newer server has written here.
    #[error(
        "{directory} was written by Laurels {laurels} (format {format}), and this is Laurels {} (format {known}); start Laurels {laurels} or a newer one, or serve another directory with --data; nothing was changed",
        env!("CARGO_PKG_VERSION")
    )]
    Newer {
        /// The directory.
        directory: String,
        /// The first version that understands it.
        laurels: String,
        /// Its format.
        format: u32,
        /// The newest format that this server understands.
        known: u32,
    },
    /// The operating system said no.
    #[error("{action}")]
    Io {
        /// What was being done.
        action: String,
        /// What it answered.
        source: std::io::Error,
    },
}

impl Error {
    fn io(action: impl Into<String>, source: std::io::Error) -> Error {
        Error::Io { action: action.into(), source }
    }

    fn damaged(place: impl std::fmt::Display, problem: impl Into<String>) -> Error {
        Error::Damaged { place: place.to_string(), problem: problem.into() }
    }
}
