//! The writer: decide, keep, tell.
//!
//! One thread takes whatever waits in the queue as a group, decides event by event over the documents
//! as they will be, keeps all outcomes with one flush, then answers and tells. If they cannot be kept
//! they never were: the documents of the group are dropped with it, and every event of it is answered
//! with the error.

use std::collections::HashMap;
use std::iter::Peekable;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::award::Place;
use crate::catalog::{Catalog, Numbers};
use crate::document::Document;
use crate::engine::{self, Decision, Documents, Moment};
use crate::event::{Event, EventId, Sequence, Time};
use crate::hub::Hub;
use crate::key::Key;
use crate::outcome::{Outcome, Record};
use crate::store::{self, Earlier, Store};
use crate::threads::{Thread, Threads};

use super::{Error, InUse, Recorded};

/// Most events that are kept with one flush.
pub const GROUP_MAX: usize = 1024;

/// When the events of a group have changed and given so much, the rest wait for the next: an event with a list
/// of a thousand users changes a thousand documents, and a thousand of these would not fit into one write.
pub const GROUP_CHANGES_MAX: usize = 64 * 1024;

/// Who waits for an answer, and the room that the event takes until then.
pub(super) struct Reply {
    pub(super) answer: oneshot::Sender<Result<Recorded, Error>>,
    pub(super) _room: OwnedSemaphorePermit,
}

impl Reply {
    /// Answers. Who no longer waits needs no answer: what was decided stands.
    fn send(self, result: Result<Recorded, Error>) {
        drop(self.answer.send(result));
    }
}

/// An event, and who waits for its answer.
pub(super) struct Waiting {
    pub(super) event: Box<Event>,
    pub(super) arrival: Time,
    pub(super) historical: bool,
    pub(super) reply: Reply,
}

/// What the writer is to do.
pub(super) enum Submitted {
    /// Record an event.
    Event(Waiting),
    /// Take rules into use, for what comes after this.
    Adopt { catalog: Arc<Catalog>, numbers: Box<Numbers>, answer: oneshot::Sender<Result<(), Error>> },
    /// Finish what is before this, and what slipped in behind it, and stop.
    Stop,
}

/// The thread that owns deciding and keeping.
pub(super) struct Writer {
    store: Arc<dyn Store>,
    catalog: Arc<Catalog>,
    /// The same, for everybody.
    in_use: Arc<InUse>,
    hub: Arc<Hub>,
    queue: mpsc::Receiver<Submitted>,
    /// Whether the store refused the last group, so that the log says it once and not once a group.
    refused: bool,
}

impl Writer {
    pub(super) fn new(
        store: Arc<dyn Store>,
        in_use: Arc<InUse>,
        hub: Arc<Hub>,
        queue: mpsc::Receiver<Submitted>,
    ) -> Writer {
        Writer { store, catalog: in_use.get(), in_use, hub, queue, refused: false }
    }

    /// Starts the thread.
    pub(super) fn spawn(self, threads: Threads) -> Thread {
        let thread = threads.clone().spawn("laurels-writer", move || self.run(&threads));
        thread.expect("the system has room for one more thread at the start")
    }

    fn run(mut self, threads: &Threads) {
        let mut waiting = Vec::with_capacity(GROUP_MAX);
        while threads.receive_many(&mut self.queue, &mut waiting, GROUP_MAX) > 0 {
            let mut waiting = waiting.drain(..).peekable();
            while let Some(next) = waiting.next() {
                match next {
                    Submitted::Event(first) => self.record(first, &mut waiting),
                    Submitted::Adopt { catalog, numbers, answer } => {
                        // Who no longer waits needs no answer.
                        let _ = answer.send(self.adopt(catalog, &numbers));
                    }
                    Submitted::Stop => self.queue.close(),
                }
            }
        }
    }

    /// Records a group of events: decide, keep, tell.
    fn record(&mut self, first: Waiting, rest: &mut Peekable<impl Iterator<Item = Submitted>>) {
        let group = self.decide(first, rest);
        let kept = self.store.commit(&group.outcomes);
        match &kept {
            Ok(()) => self.tell(&group.outcomes),
            Err(error) => self.log(error),
        }
        group.answer(kept);
    }

    /// Takes the rules of a catalog into use, and tells those who ask for them.
    fn adopt(&mut self, catalog: Arc<Catalog>, numbers: &Numbers) -> Result<(), Error> {
        self.store.adopt(numbers).map_err(Error::from_store)?;
        self.catalog = catalog.clone();
        self.in_use.set(catalog);
        Ok(())
    }

    fn decide(&self, first: Waiting, rest: &mut Peekable<impl Iterator<Item = Submitted>>) -> Group {
        let mut group = Group::after(self.store.head());
        let mut next = Some(first);
        while let Some(Waiting { event, arrival, historical, reply }) = next {
            let moment = Moment { sequence: group.next, arrival, historical };
            match self.decide_one(&mut group, moment, &event) {
                Ok(standing) => group.waiting.push((reply, standing)),
                Err(error) => reply.send(Err(error)),
            }
            next = (group.changes < GROUP_CHANGES_MAX).then(|| next_event(rest)).flatten();
        }
        group
    }

    fn decide_one(&self, group: &mut Group, moment: Moment, event: &Event) -> Result<Standing, Error> {
        if let Some(&outcome) = group.by_id.get(&event.id) {
            same_or_reused(&group.outcomes[outcome].record, event)?;
            return Ok(Standing::Repeats(outcome));
        }
        match self.store.recorded(&event.id).map_err(Error::from_store)? {
            None => {}
            Some(Earlier::Kept(earlier)) => {
                same_or_reused(&earlier, event)?;
                return Ok(Standing::Recorded(Box::new(recorded(&earlier, true))));
            }
            Some(Earlier::Reclaimed(sequence)) => {
                return Ok(Standing::Recorded(Box::new(forgotten(event, sequence))));
            }
        }
        loop {
            let at_hand = Overlay { group, store: &*self.store };
            match decide(&self.catalog, moment, event, &at_hand)? {
                Decision::Done(outcome) => {
                    if outcome.left_out > 0 {
                        log_left_out(event, outcome.left_out);
                    }
                    return Ok(Standing::New(group.take(*outcome)));
                }
                Decision::Needs(keys) => {
                    let documents = self.store.load(&keys).map_err(Error::from_store)?;
                    group.documents.extend(keys.into_iter().zip(documents));
                }
            }
        }
    }

    fn tell(&mut self, outcomes: &[Outcome]) {
        if let Some(last) = outcomes.last() {
            if std::mem::take(&mut self.refused) {
                tracing::info!("events are kept again");
            }
            let news = outcomes.iter().flat_map(|outcome| outcome.record.news());
            self.hub.tell(news, Place::end_of(last.record.sequence));
        }
    }

    fn log(&mut self, error: &store::Error) {
        if !std::mem::replace(&mut self.refused, true) {
            tracing::error!(%error, "events cannot be kept now and are refused; reading goes on");
        }
    }
}

/// Events that are kept with one flush, and the documents as they will be after them.
struct Group {
    next: Sequence,
    documents: HashMap<Key, Arc<Document>>,
    outcomes: Vec<Outcome>,
    /// Changes and awards of all outcomes together.
    changes: usize,
    by_id: HashMap<EventId, usize>,
    waiting: Vec<(Reply, Standing)>,
}

/// How one event of a group stands.
enum Standing {
    /// Its outcome is this one of the group.
    New(usize),
    /// It was sent again before the first try was kept: it waits for the same flush.
    Repeats(usize),
    /// It was recorded long ago.
    Recorded(Box<Recorded>),
}

impl Group {
    fn after(head: Sequence) -> Group {
        let (documents, outcomes, by_id, waiting) = Default::default();
        Group { next: head.next(), documents, outcomes, changes: 0, by_id, waiting }
    }

    fn take(&mut self, outcome: Outcome) -> usize {
        let at = self.outcomes.len();
        self.next = self.next.next();
        self.changes += outcome.record.changes.iter().map(|(_, changes)| changes.len()).sum::<usize>();
        self.changes += outcome.record.awards.len() + outcome.record.revoked.len();
        self.documents.extend(outcome.documents.iter().cloned());
        self.by_id.insert(outcome.record.event.id.clone(), at);
        self.outcomes.push(outcome);
        at
    }

    fn answer(self, kept: Result<(), store::Error>) {
        let kept = kept.map_err(Error::from_store);
        for (reply, standing) in self.waiting {
            let of_group = |at: usize, duplicate| match &kept {
                Ok(()) => Ok(recorded(&self.outcomes[at].record, duplicate)),
                Err(error) => Err(error.clone()),
            };
            let result = match standing {
                Standing::New(at) => of_group(at, false),
                Standing::Repeats(at) => of_group(at, true),
                Standing::Recorded(earlier) => Ok(*earlier),
            };
            reply.send(result);
        }
    }
}

/// The next one, where that is an event.
fn next_event(submitted: &mut Peekable<impl Iterator<Item = Submitted>>) -> Option<Waiting> {
    match submitted.next_if(|next| matches!(next, Submitted::Event(_)))? {
        Submitted::Event(event) => Some(event),
        Submitted::Adopt { .. } | Submitted::Stop => None,
    }
}

/// The documents of a group over those that are kept.
struct Overlay<'a> {
    group: &'a Group,
    store: &'a dyn Store,
}

impl Documents for Overlay<'_> {
    fn get(&self, key: &Key) -> Option<Arc<Document>> {
        self.group.documents.get(key).cloned().or_else(|| self.store.at_hand(key))
    }
}

/// Deciding cannot fail. If it does all the same, that is a fault of ours, and the event must not take the
/// others with it, or one that is sent again and again would keep everything from being recorded. Deciding is
/// pure: what a panic leaves is thrown away with the attempt.
fn decide(
    catalog: &Catalog,
    moment: Moment,
    event: &Event,
    documents: &impl Documents,
) -> Result<Decision, Error> {
    let attempt = AssertUnwindSafe(|| engine::decide(catalog, moment, event, documents));
    catch_unwind(attempt).map_err(|_| {
        tracing::error!(id = event.id.as_str(), r#type = event.r#type.as_str(), "deciding an event panicked");
        Error::internal(super::error::DecidingPanicked)
    })
}

fn log_left_out(event: &Event, keys: usize) {
    let (id, r#type) = (event.id.as_str(), event.r#type.as_str());
    tracing::warn!(
        id,
        r#type,
        keys,
        "the event is about more keys of a stat than it may be; the last are left out"
    );
}

fn same_or_reused(earlier: &Record, event: &Event) -> Result<(), Error> {
    match earlier.event.same_as(event) {
        true => Ok(()),
        false => Err(Error::IdReused(event.id.clone())),
    }
}

/// What is left of an event whose record is gone: that it was recorded.
fn forgotten(event: &Event, sequence: Sequence) -> Recorded {
    let (event_id, place) = (event.id.clone(), Place::end_of(sequence));
    Recorded { event_id, duplicate: true, awards: Vec::new(), revoked: Vec::new(), place }
}

fn recorded(record: &Record, duplicate: bool) -> Recorded {
    Recorded {
        event_id: record.event.id.clone(),
        duplicate,
        awards: record.awards.clone(),
        revoked: record.revoked.clone(),
        place: Place::end_of(record.sequence),
    }
}
