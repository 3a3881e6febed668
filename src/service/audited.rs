//! The audit log: what is done to the server itself is written into it, and all of it is read from here.

use super::{Error, Service};
use crate::act::Note;
use crate::audit::{self, Entry};
use crate::key::Key;

/// How many pieces of room a note takes: it has no data but its details.
const PIECES: u32 = 4;

impl Service {
    /// Writes down what was done to the server, by whom, and what it was: when this is over, it is kept. Where it cannot be
    /// kept, only the server's log has it: what was done is done, and a backup of a server whose disk is full goes on.
    pub async fn note(&self, note: Note, actor: &str, details: &str) {
        if let Err(error) = self.keep_note(note, actor, details).await {
            let act = note.name();
            tracing::error!(%error, act, actor, details, "the audit log could not be written; what was done is done");
        }
    }

    async fn keep_note(&self, note: Note, actor: &str, details: &str) -> Result<(), Error> {
        // A server with much to do writes it down later, and does not leave it out.
        let room = self.0.room.clone().acquire_many_owned(PIECES).await.map_err(Error::internal)?;
        let arrival = self.0.clock.now();
        let event = note.event(actor, details, arrival);
        self.0.fetch(&event).await?;
        let (submitted, pending) = self.0.accept(event, arrival, false, room);
        self.0.queue.send(submitted).await.map_err(|_| self.0.no_writer())?;
        pending.await.map(drop)
    }

    /// Entries of the audit log, newest first: those before this number, at most so many.
    pub async fn audit_log(&self, before: Option<u64>, most: usize) -> Result<Vec<Entry>, Error> {
        let count = audit::count(&*self.0.load_one(&Key::audit_log()).await?);
        let last = before.map_or(count, |before| count.min(before.saturating_sub(1)));
        let numbers: Vec<_> = (1..=last).rev().take(most).collect();
        let keys = numbers.iter().map(|number| Key::audit_entry(*number)).collect();
        let documents = self.0.load(keys).await?;
        let entries = numbers.into_iter().zip(&documents);
        Ok(entries.filter_map(|(number, document)| Entry::read(number, document)).collect())
    }
}
