//! Backups: everything a store has up to one event, as a stream of [blocks](format). Taken while the store is
//! used: the journal up to that event never changes, so whatever is read of it, and whenever, belongs together.
//!
//! With all records kept, a backup is simply the journal, of which all else is made. Where records were
//! reclaimed it begins with the [snapshot](snapshot) that stands for them.

pub(super) mod format;
mod restore;

use std::ops::Deref;
use std::sync::Arc;

use crate::event::{Sequence, Time};

use super::Error;
use super::behind::Shared;
use super::journal::{self, Journal, Walk};
use super::snapshot::{Blocks, Snapshot};
use format::{About, BLOCK_BYTES, Extent, Writer};

pub use restore::{Contents, inspect, restore};

/// A backup is handed out in pieces of at most so many bytes.
pub const BACKUP_CHUNK_BYTES: usize = 256 << 10;

/// Up to where a backup, or what is made of one, goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Until {
    /// As far as there is something.
    Head,
    /// Up to and with this event.
    Event(Sequence),
    /// Up to the first event that arrived later.
    Time(Time),
}

impl Until {
    /// Reads the number of an event, or an RFC 3339 time.
    pub fn parse(text: &str) -> Option<Until> {
        let number = text.parse().ok().map(|number| Until::Event(Sequence(number)));
        number.or_else(|| Time::parse(text).map(Until::Time))
    }
}

/// A backup that is being taken. Its records are not reclaimed meanwhile.
pub(super) struct Backup {
    walk: Walk<Held>,
    until: Sequence,
    /// Only what arrived up to then.
    time: Option<Time>,
    /// What the snapshot before the records is of.
    extent: Option<Extent>,
    /// What stands for the records that were reclaimed, as far as it is not in the buffer yet.
    snapshot: Option<Blocks>,
    /// None when everything is in the buffer.
    writer: Option<Writer>,
    entries: Entries,
    buffer: Vec<u8>,
    /// So many bytes of the buffer are handed out.
    sent: usize,
}

/// Entries that are to become a block.
struct Entries {
    first: Sequence,
    events: u64,
    payload: Vec<u8>,
}

impl Backup {
    /// Begins a backup of everything up to there. Head is what can be read now.
    pub(super) fn begin(shared: Arc<Shared>, until: Until) -> Result<Backup, Error> {
        let head = shared.published.head();
        let (until, time) = match until {
            Until::Head => (head, None),
            Until::Event(sequence) if sequence > head => return Err(beyond(sequence, head)),
            Until::Event(sequence) => (sequence, None),
            Until::Time(time) => (head, Some(time)),
        };
        let identity = shared.identity.0;
        // What is held stays, and so does what stands for what is not there.
        let held = Held::new(shared);
        let first = held.first();
        let snapshot = held.0.snapshot().filter(|_| first > Sequence(1));
        let extent = snapshot.as_ref().map(|snapshot| snapshot.extent);
        match extent {
            None if first > Sequence(1) => {
                return Err(Error::damaged(held.0.layout.snapshot().display(), NO_SNAPSHOT));
            }
            Some(extent) if until < extent.reach => return Err(before("the server", extent)),
            Some(_) | None => {}
        }
        let mut buffer = Vec::new();
        let about = About { identity, first, snapshot: extent };
        let writer = Writer::begin(&about, &mut buffer).map_err(cannot)?;
        let entries = Entries { first, events: 0, payload: Vec::new() };
        let walk = Walk::new(held, first);
        let snapshot = snapshot.map(Snapshot::blocks).transpose()?;
        Ok(Backup { walk, until, time, extent, snapshot, writer: Some(writer), entries, buffer, sent: 0 })
    }

    /// Puts more into the buffer: at least one piece, or all that is left.
    fn fill(&mut self) -> Result<(), Error> {
        self.buffer.drain(..self.sent);
        self.sent = 0;
        while self.buffer.len() < BACKUP_CHUNK_BYTES
            && let Some(writer) = &mut self.writer
        {
            if let Some(blocks) = &mut self.snapshot {
                match blocks.next() {
                    Some(raw) => writer.copy(&raw?, &mut self.buffer),
                    None => self.snapshot = None,
                }
                continue;
            }
            let frame = self.walk.next_frame()?;
            // Numbers that were taken into use right after the last event go with it.
            let within = frame.filter(|frame| frame.first() <= self.until.next());
            let more = match within {
                Some(frame) => self.entries.take(&frame, self.until, self.time),
                None => false,
            };
            if !more || self.entries.payload.len() >= BLOCK_BYTES {
                self.entries.flush(writer, &mut self.buffer);
            }
            if !more && let Some(extent) = self.extent.filter(|extent| self.entries.first <= extent.reach) {
                return Err(before("the server", extent));
            }
            if !more && let Some(writer) = self.writer.take() {
                writer.end(&mut self.buffer).map_err(cannot)?;
            }
        }
        Ok(())
    }
}

impl Iterator for Backup {
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Result<Vec<u8>, Error>> {
        if self.sent == self.buffer.len()
            && let Err(error) = self.fill()
        {
            // Nothing more comes: without its end block it is no backup.
            self.writer = None;
            self.buffer.clear();
            self.sent = 0;
            return Some(Err(error));
        }
        let end = self.buffer.len().min(self.sent + BACKUP_CHUNK_BYTES);
        let chunk = self.buffer[self.sent..end].to_vec();
        self.sent = end;
        (!chunk.is_empty()).then_some(Ok(chunk))
    }
}

impl Entries {
    /// Takes the entries of a frame that follows. Says whether more may follow.
    fn take(&mut self, frame: &journal::Frame, until: Sequence, time: Option<Time>) -> bool {
        let mut next = frame.first();
        for entry in frame.raw_entries() {
            if journal::is_event(entry) {
                let too_late = || time.is_some_and(|time| journal::arrival(entry) > Some(time));
                if next > until || too_late() {
                    return false;
                }
                next = next.next();
                self.events += 1;
            }
            journal::push_raw(&mut self.payload, entry);
        }
        true
    }

    /// Makes a block of what there is.
    fn flush(&mut self, writer: &mut Writer, out: &mut Vec<u8>) {
        if !self.payload.is_empty() {
            writer.events(self.first, self.events, &self.payload, out);
            self.first = Sequence(self.first.0 + self.events);
            self.events = 0;
            self.payload.clear();
        }
    }
}

/// The journal of a store that is in use; its records are not reclaimed while this is there.
struct Held(Arc<Shared>);

impl Held {
    fn new(shared: Arc<Shared>) -> Held {
        shared.journal.hold();
        Held(shared)
    }
}

impl Deref for Held {
    type Target = Journal;

    fn deref(&self) -> &Journal {
        &self.0.journal
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.journal.release();
    }
}

/// What cannot be backed up.
const NO_SNAPSHOT: &str =
    "the snapshot that stands for reclaimed records is damaged; it is taken again at the next start";

/// Why nothing can be made as it was before a snapshot was complete.
fn before(name: &str, extent: Extent) -> Error {
    Error::Refused {
        problem: format!(
            "of {name}, nothing can be had as it was before event {}, since older records were reclaimed; ask for that \
             event or a later one",
            extent.reach.0
        ),
    }
}

pub(super) fn beyond(asked: Sequence, last: Sequence) -> Error {
    Error::Refused {
        problem: format!(
            "the last event there is has the number {}, and {} was asked for; leave --until out for all",
            last.0, asked.0
        ),
    }
}

fn cannot(error: postcard::Error) -> Error {
    Error::io("write a backup", std::io::Error::other(error))
}
