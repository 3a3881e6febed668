//! Time passes also without events: the writer records ticks, when something delayed is due and at no other time.

use std::time::Duration;

use crate::clock::Clock;
use crate::engine::{self, Moment, Passing};
use crate::event::{Event, Time};
use crate::threads::Threads;

use super::{Error, Group, Overlay, Writer, attempt, log_left_out};

/// How long to wait before a tick is tried again that could not be kept.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// When there is something to do without an event.
pub(super) struct Alarm {
    pub(super) clock: Clock,
    /// When something delayed is due, if anything waits.
    due: Option<Time>,
    /// When to try again what could not be kept, by [`Threads::elapsed`].
    again: Option<Duration>,
}

impl Alarm {
    pub(super) fn new(clock: Clock) -> Alarm {
        Alarm { clock, due: None, again: None }
    }

    /// How much time is left. None: only events are waited for.
    pub(super) fn left(&self, threads: &Threads) -> Option<Duration> {
        match self.again {
            Some(again) => Some(again.saturating_sub(threads.elapsed())),
            None => self.due.map(|due| self.clock.until(due)),
        }
    }
}

impl Writer {
    /// Hears what is due now, in groups, and learns when the next is due.
    pub(super) fn pass_time(&mut self, threads: &Threads) {
        if self.alarm.again.is_some_and(|again| threads.elapsed() < again) {
            return;
        }
        self.alarm.again = None;
        if let Err(error) = self.hear_due() {
            tracing::error!(%error, "what is due cannot be heard now, and is tried again");
            self.alarm.again = Some(threads.elapsed() + AGAIN_AFTER);
        }
    }

    fn hear_due(&mut self) -> Result<(), Error> {
        loop {
            let mut group = Group::after(self.store.head());
            let more = self.decide_ticks(&mut group)?;
            if !group.outcomes.is_empty() {
                self.keep(group)?;
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// Hears what is due until the group is full; says whether it is.
    fn decide_ticks(&mut self, group: &mut Group) -> Result<bool, Error> {
        while !group.is_full() {
            let arrival = self.alarm.clock.now();
            let moment = Moment { sequence: group.next, arrival, historical: false };
            let at_hand = Overlay { group, store: &*self.store };
            let tick = Event::tick("".into(), arrival);
            let passing = attempt(&tick, || engine::pass_time(&self.catalog, moment, arrival, &at_hand));
            let passing = match passing {
                Err(error) => {
                    // Where the clock on the wall says nothing, only what time has passed already is due.
                    let is_suspended = matches!(engine::next_due(&self.catalog, &at_hand), Ok(None));
                    match self.hear_one(group, if is_suspended { Time::MIN } else { arrival })? {
                        true => continue,
                        false => return Err(error),
                    }
                }
                Ok(passing) => passing,
            };
            match passing {
                Passing::Heard(outcome) => {
                    if outcome.left_out > 0 {
                        log_left_out(&outcome.record.event, outcome.left_out);
                    }
                    group.take_tick(*outcome);
                }
                Passing::Nothing => match engine::next_due(&self.catalog, &at_hand) {
                    Ok(due) => {
                        self.alarm.due = due;
                        return Ok(false);
                    }
                    Err(keys) => self.fetch(group, keys)?,
                },
                Passing::Needs(keys) => self.fetch(group, keys)?,
            }
        }
        Ok(true)
    }

    /// Hears what is due next by itself, and drops it where even that panics, so that it does not keep everything after it
    /// from being recorded. Says whether anything was due.
    pub(super) fn hear_one(&self, group: &mut Group, until: Time) -> Result<bool, Error> {
        let mut hears = true;
        loop {
            let arrival = self.alarm.clock.now();
            let moment = Moment { sequence: group.next, arrival, historical: false };
            let at_hand = Overlay { group, store: &*self.store };
            let tick = Event::tick("".into(), arrival);
            match attempt(&tick, || engine::pass_one(&self.catalog, moment, until, hears, &at_hand)) {
                Ok(Passing::Heard(outcome)) => {
                    if !hears {
                        let due = outcome.record.event.time;
                        tracing::error!(%due, "what was due then could not be heard, and is dropped");
                    }
                    group.take_tick(*outcome);
                    return Ok(true);
                }
                Ok(Passing::Nothing) => return Ok(false),
                Ok(Passing::Needs(keys)) => self.fetch(group, keys)?,
                Err(_) if hears => hears = false,
                Err(error) => return Err(error),
            }
        }
    }
}
