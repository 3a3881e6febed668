//! The writer: decide, keep, tell.
//!
//! One thread takes whatever waits in the queue as a group, decides event by event over the documents
//! as they will be, keeps all outcomes with one flush, then answers and tells. If they cannot be kept
//! they never were: the documents of the group are dropped with it, and every event of it is answered
//! with the error.

mod tick;

use std::iter::Peekable;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use foldhash::HashMap;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use crate::award::Place;
use crate::catalog::{Catalog, Numbers};
use crate::clock::Clock;
use crate::document::Document;
use crate::engine::{self, Decision, Documents, Moment};
use crate::event::{Event, EventId, Sequence, Time};
use crate::hub::Hub;
use crate::key::Key;
use crate::outcome::{Outcome, Record};
use crate::store::{self, Earlier, Store};
use crate::threads::{Home, Thread, Threads};

use super::{Error, InUse, Recorded};
use tick::Alarm;

/// Most events that are kept with one flush.
pub const GROUP_MAX: usize = 1024;

/// When the events of a group have changed and given so much, the rest wait for the next: an event with a list
/// of a thousand users changes a thousand documents, and a thousand of these would not fit into one write.
pub const GROUP_CHANGES_MAX: usize = 64 * 1024;

/// Who waits for an answer, and the room that the event takes until then.
pub(super) struct Reply {
    pub(super) answer: oneshot::Sender<Result<Recorded, Error>>,
    pub(super) home: Home,
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
    threads: Threads,
    alarm: Alarm,
    /// Whether the store refused the last group, so that the log says it once and not once a group.
    refused: bool,
}

impl Writer {
    pub(super) fn new(
        store: Arc<dyn Store>,
        in_use: Arc<InUse>,
        hub: Arc<Hub>,
        clock: Clock,
        queue: mpsc::Receiver<Submitted>,
        threads: Threads,
    ) -> Writer {
        let catalog = in_use.get();
        Writer { store, catalog, in_use, hub, queue, threads, alarm: Alarm::new(clock), refused: false }
    }

    /// Starts the thread.
    pub(super) fn spawn(self) -> Thread {
        let thread = self.threads.clone().spawn("laurels-writer", move || self.run());
        thread.expect("the system has room for one more thread at the start")
    }

    fn run(mut self) {
        let threads = &self.threads.clone();
        self.alarm.clock.wake(threads.waker());
        let mut waiting = Vec::with_capacity(GROUP_MAX);
        loop {
            // First of all what fell due while no server ran.
            self.pass_time(threads);
            let left = || self.alarm.left(threads);
            if threads.receive_many(&mut self.queue, &mut waiting, GROUP_MAX, left) == Some(0) {
                return;
            }
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

    /// Records a group of events, or several where much falls due on the way.
    fn record(&mut self, first: Waiting, rest: &mut Peekable<impl Iterator<Item = Submitted>>) {
        let mut next = Some(first);
        while let Some(first) = next {
            let (group, left) = self.decide(first, rest);
            next = match (self.keep(group), left) {
                (Ok(()), left) => left,
                (Err(error), Some(left)) => {
                    left.reply.send(Err(error));
                    None
                }
                (Err(_), None) => None,
            };
        }
    }

    /// Keeps what was decided, and tells: the second and the third of three verbs.
    fn keep(&mut self, group: Group) -> Result<(), Error> {
        let kept = self.store.commit(&group.outcomes);
        match &kept {
            Ok(()) => self.tell(&group.outcomes),
            Err(error) => self.log(error),
        }
        group.answer(kept)
    }

    /// Takes the rules of a catalog into use, and tells those who ask for them.
    fn adopt(&mut self, catalog: Arc<Catalog>, numbers: &Numbers) -> Result<(), Error> {
        self.store.adopt(numbers).map_err(Error::from_store)?;
        self.catalog = catalog.clone();
        self.in_use.set(catalog);
        Ok(())
    }

    /// Decides event by event, until the group is full. An event before which too much falls due for this group is left.
    fn decide(
        &self,
        first: Waiting,
        rest: &mut Peekable<impl Iterator<Item = Submitted>>,
    ) -> (Group, Option<Waiting>) {
        let mut group = Group::after(self.store.head());
        let mut next = Some(first);
        while let Some(waiting) = next {
            match self.decide_one(&mut group, &waiting) {
                Ok(Some(standing)) => group.waiting.push((waiting.reply, standing)),
                Ok(None) => return (group, Some(waiting)),
                Err(error) => waiting.reply.send(Err(error)),
            }
            next = (!group.is_full()).then(|| next_event(rest)).flatten();
        }
        (group, None)
    }

    /// How an event stands; none where the group is full before it is decided.
    fn decide_one(&self, group: &mut Group, waiting: &Waiting) -> Result<Option<Standing>, Error> {
        let Waiting { event, arrival, historical, .. } = waiting;
        if let Some(&outcome) = group.by_id.get(&event.id) {
            same_or_reused(&group.outcomes[outcome].record, event)?;
            return Ok(Some(Standing::Repeats(outcome)));
        }
        match self.store.recorded(&event.id).map_err(Error::from_store)? {
            None => {}
            Some(Earlier::Kept(earlier)) => {
                same_or_reused(&earlier, event)?;
                return Ok(Some(Standing::Recorded(Box::new(recorded(&earlier, true)))));
            }
            Some(Earlier::Reclaimed(sequence)) => {
                return Ok(Some(Standing::Recorded(Box::new(forgotten(event, sequence)))));
            }
        }
        loop {
            let moment = Moment { sequence: group.next, arrival: *arrival, historical: *historical };
            let at_hand = Overlay { group, store: &*self.store };
            let decided = attempt(event, || engine::decide(&self.catalog, moment, event, &at_hand));
            let decided = match decided {
                // It may have been something that is heard before it.
                Err(error) if !self.hear_one(group, event.time)? => return Err(error),
                Err(_) => continue,
                Ok(decided) => decided,
            };
            match decided {
                Decision::Done(outcome) => {
                    if outcome.left_out > 0 {
                        log_left_out(event, outcome.left_out);
                    }
                    return Ok(Some(Standing::New(group.take(*outcome))));
                }
                Decision::First(outcome) => {
                    group.take_tick(*outcome);
                    if group.is_full() {
                        return Ok(None);
                    }
                }
                Decision::Needs(keys) => self.fetch(group, keys)?,
            }
        }
    }

    fn fetch(&self, group: &mut Group, keys: Vec<Key>) -> Result<(), Error> {
        let documents = self.store.load(&keys).map_err(Error::from_store)?;
        group.documents.extend(keys.into_iter().zip(documents));
        Ok(())
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

    fn is_full(&self) -> bool {
        self.changes >= GROUP_CHANGES_MAX
    }

    fn take(&mut self, outcome: Outcome) -> usize {
        self.by_id.insert(outcome.record.event.id.clone(), self.outcomes.len());
        self.take_tick(outcome)
    }

    /// Takes what nobody sent.
    fn take_tick(&mut self, outcome: Outcome) -> usize {
        let at = self.outcomes.len();
        self.next = self.next.next();
        self.changes += outcome.record.changes.iter().map(|(_, changes)| changes.len()).sum::<usize>();
        self.changes += outcome.record.awards.len() + outcome.record.revoked.len();
        self.documents.extend(outcome.documents.iter().cloned());
        self.outcomes.push(outcome);
        at
    }

    fn answer(self, kept: Result<(), store::Error>) -> Result<(), Error> {
        let kept = kept.map_err(Error::from_store);
        let answer = |(mut reply, standing): (Reply, _)| {
            let of_group = |at: usize, duplicate| match &kept {
                Ok(()) => Ok(recorded(&self.outcomes[at].record, duplicate)),
                Err(error) => Err(error.clone()),
            };
            let result = match standing {
                Standing::New(at) => of_group(at, false),
                Standing::Repeats(at) => of_group(at, true),
                Standing::Recorded(earlier) => Ok(*earlier),
            };
            (std::mem::take(&mut reply.home), (reply, result))
        };
        // The last one first: a stream waits for the first of its own, and is not woken before it has all the others.
        let answers = self.waiting.into_iter().rev().map(answer);
        Home::wake(answers, |(reply, result): (Reply, _)| reply.send(result));
        kept
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
pub(super) fn attempt<T>(event: &Event, decide: impl FnOnce() -> T) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(decide)).map_err(|_| {
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
        "the event is about more keys of a stat, or has more rules wait for one, than may be; the last are left out"
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
