//! What a client wrote down: which events it sent, and what was answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use laurels_client::{Award, Event, Recorded};

use crate::failure::{Result, hold};
use crate::site::Site;

/// Events are picked so often, until one was answered: nearly all of them were.
const PICKS: usize = 8;

/// What became of an event, as far as its client knows.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    /// It was sent, and may have been kept.
    Unanswered,
    /// It was answered: it is kept, and gave these awards.
    Answered(Arc<[Award]>),
}

/// Everything one client knows.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub(crate) site: Site,
    pub(crate) client: usize,
    /// By the event's number.
    pub(crate) events: Vec<Standing>,
    /// The numbers of those that were not answered.
    unanswered: BTreeSet<usize>,
    /// The greatest count of visits that was read, by user.
    pub(crate) read: BTreeMap<String, f64>,
}

/// A ledger that the client writes and the attack looks into.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<Ledger>>);

impl Shared {
    pub(crate) fn new(site: Site, client: usize) -> Shared {
        let (events, unanswered, read) = Default::default();
        Shared(Arc::new(Mutex::new(Ledger { site, client, events, unanswered, read })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of what is known at this moment.
    pub(crate) fn copy(&self) -> Ledger {
        self.lock().clone()
    }
}

impl Ledger {
    /// A new event, which is sent from now on.
    pub(crate) fn begin(&mut self) -> usize {
        self.unanswered.insert(self.events.len());
        self.events.push(Standing::Unanswered);
        self.events.len() - 1
    }

    /// The event with this number.
    pub(crate) fn event(&self, number: usize) -> Event {
        self.site.event(self.client, number)
    }

    /// Notes an answer; it must agree with what was answered before.
    pub(crate) fn note(&mut self, number: usize, recorded: Recorded) -> Result<()> {
        let id = self.event(number).id;
        hold(recorded.event_id == id, "an answer is that of its event", || {
            format!("{id} was answered as {}", recorded.event_id)
        })?;
        if let Standing::Answered(first) = &self.events[number] {
            hold(recorded.duplicate, "an acknowledged event stays recorded", || {
                format!("{id} was acknowledged, sent again, and counted anew")
            })?;
            return hold(**first == *recorded.awards, "a retry is answered as the first time", || {
                format!("{id} gave {first:?}, and sent again {:?}", recorded.awards)
            });
        }
        let of_others = recorded.awards.iter().find(|award| award.event_id != id);
        hold(of_others.is_none(), "the awards of an answer are those of its event", || {
            format!("{id} was answered with {of_others:?}")
        })?;
        self.unanswered.remove(&number);
        self.events[number] = Standing::Answered(recorded.awards.into());
        Ok(())
    }

    /// Notes a count of visits that was read: it never goes back.
    pub(crate) fn note_count(&mut self, user: &str, count: f64) -> Result<()> {
        let before = self.read.insert(user.to_owned(), count).unwrap_or_default();
        hold(count >= before, "what was read once is never taken back", || {
            format!("{user} had {before} visits, and later {count}")
        })
    }

    /// The numbers of events that were answered.
    pub(crate) fn answered(&self) -> impl Iterator<Item = usize> + '_ {
        let standings = self.events.iter().enumerate();
        standings.filter(|(_, standing)| matches!(standing, Standing::Answered(_))).map(|(number, _)| number)
    }

    /// One of the events that were answered. None where there are few of them.
    pub(crate) fn any_answered(&self, rng: &mut Rng) -> Option<usize> {
        let tries = if self.events.is_empty() { 0 } else { PICKS };
        let mut picked = (0..tries).map(|_| rng.usize(..self.events.len()));
        picked.find(|number| matches!(self.events[*number], Standing::Answered(_)))
    }

    /// One of the events that were not answered.
    pub(crate) fn any_unanswered(&self, rng: &mut Rng) -> Option<usize> {
        let from = rng.usize(..=self.events.len());
        self.unanswered.range(from..).next().or_else(|| self.unanswered.first()).copied()
    }
}
