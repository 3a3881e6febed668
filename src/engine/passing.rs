//! Time passes: what is due is heard, in order of due time, then of arrival.
//!
//! Every delayed event is worked through wholly before the next one, as if it came alone. So it makes no difference how
//! many are heard in one record, nor whether an event or a tick brought it about.

use smol_str::format_smolstr;

use crate::catalog::Catalog;
use crate::event::{Event, Time};
use crate::key::Key;
use crate::outcome::Outcome;
use crate::stat::{Delayed, Later, TimerStep, Turn, Way};

use super::environment::Seen;
use super::keys::{self, Heard, Keys};
use super::{Documents, Moment, Moves, Work};

/// Most delayed events that are heard in one record. More that are due are heard in the next one, with their own due
/// times.
pub const HEARD_MAX: usize = 256;

/// What became of time that passed.
#[derive(Debug)]
pub enum Passing {
    /// Something was due, and this came of it. There may be more.
    Heard(Box<Outcome>),
    /// Nothing is due.
    Nothing,
    /// These documents are not at hand. Fetch them and ask again.
    Needs(Vec<Key>),
}

/// Hears what is due by the wall's clock, or by the time of events where that is further. After an event of a stream that
/// was marked as the past the wall's clock says nothing, until an event comes that was not.
pub fn pass_time(catalog: &Catalog, moment: Moment, wall: Time, documents: &impl Documents) -> Passing {
    if !catalog.keeps_time() {
        return Passing::Nothing;
    }
    let (_, past) = Work::begin(catalog, moment, documents).clock();
    pass(catalog, moment, if past { Time::MIN } else { wall }, documents)
}

/// Hears only what is due next by then, or drops it unheard: for when hearing many together has failed, which it never
/// should.
pub fn pass_one(
    catalog: &Catalog,
    moment: Moment,
    until: Time,
    hears: bool,
    documents: &impl Documents,
) -> Passing {
    if !catalog.keeps_time() {
        return Passing::Nothing;
    }
    pass_some(catalog, moment, until, (1, hears), documents)
}

/// When something is due next by the wall's clock, if that says anything and anything waits; or the documents that
/// are needed to say so.
pub fn next_due(catalog: &Catalog, documents: &impl Documents) -> Result<Option<Time>, Vec<Key>> {
    if !catalog.keeps_time() {
        return Ok(None);
    }
    let work = Work::begin(catalog, Moment::BEGINNING, documents);
    let ((_, past), next) = (work.clock(), work.next(Time::MAX));
    work.view.into_moved().map(drop)?;
    Ok(next.filter(|_| !past).map(|(turn, _)| turn.due))
}

/// Hears what is due by `until`, or by how far time has come where that is further.
pub(super) fn pass(catalog: &Catalog, moment: Moment, until: Time, documents: &impl Documents) -> Passing {
    pass_some(catalog, moment, until, (HEARD_MAX, true), documents)
}

fn pass_some(
    catalog: &Catalog,
    moment: Moment,
    until: Time,
    (most, hears): (usize, bool),
    documents: &impl Documents,
) -> Passing {
    let mut work = Work::begin(catalog, moment, documents);
    let (clock, _) = work.clock();
    let until = until.max(clock);
    let (mut last, mut reached) = (None, None);
    if hears {
        work.ask_for_all(until, most);
    }
    for _ in 0..most {
        if work.view.is_lacking() {
            break;
        }
        let Some((turn, delayed)) = work.next(until) else { break };
        work.remove(turn);
        let was_due = match delayed {
            Delayed::Event(later) if hears => {
                work.hear_later(turn, later);
                true
            }
            Delayed::Award(expiring) if hears => work.expire(turn, expiring),
            Delayed::Event(_) | Delayed::Award(_) => true,
        };
        work.look_at_all();
        last = Some(turn.due);
        if was_due {
            reached = last;
        }
    }
    let Some(last) = last else {
        return match work.view.into_moved() {
            Ok(_) => Passing::Nothing,
            Err(keys) => Passing::Needs(keys),
        };
    };
    // Time is not moved by what waits on.
    if let Some(reached) = reached {
        work.advance(reached, None);
    }
    let id = format_smolstr!("laurels-tick-{}", moment.sequence.0);
    match work.finish(Event::tick(id, last)) {
        Ok(outcome) => Passing::Heard(outcome),
        Err(keys) => Passing::Needs(keys),
    }
}

impl<D: Documents> Work<'_, D> {
    /// Asks for the documents that all which is due is sure to need, so that they are not asked for one by one.
    fn ask_for_all(&self, until: Time, most: usize) {
        let mut left = most;
        for (from, page) in self.calendar().pages() {
            if from.due > until || left == 0 {
                return;
            }
            let waiting = self.page(page);
            let due = waiting.iter().take_while(|(turn, _)| turn.due <= until).take(left);
            for (turn, delayed) in due {
                left -= 1;
                let later = match delayed {
                    Delayed::Event(later) => later,
                    Delayed::Award(expiring) => {
                        self.view.document(&Key::user(&expiring.user));
                        continue;
                    }
                };
                for key in self.keys_of(turn, later) {
                    self.view.document(&key);
                    if let Some(user) = key.part("user").filter(|_| !key.is_user()) {
                        self.view.document(&Key::new([("user", user.as_ref())]));
                    }
                }
            }
        }
    }

    /// What is heard next, if it is due by then.
    fn next(&self, until: Time) -> Option<(Turn, Delayed)> {
        let (from, page) = self.calendar().pages().next()?;
        if from.due > until {
            return None;
        }
        let waiting = self.page(page);
        let (turn, delayed) = waiting.iter().next()?;
        (turn.due <= until).then(|| (turn, delayed.clone()))
    }

    /// Hears one delayed event. Whose stat is declared no longer is dropped.
    fn hear_later(&mut self, turn: Turn, delayed: Later) {
        let catalog = self.view.catalog;
        let keys = self.keys_of(turn, &delayed);
        let Some(index) = catalog.delayed(delayed.slot) else { return };
        let stat = &catalog.stats[index];
        (self.now, self.origin) = (turn.due, delayed.origin.clone());
        let again = stat.delay.and_then(|delay| delay.due(delayed.event.time, delayed.nth.saturating_add(1)));
        let again = again.map(|due| Turn { due, ..turn });
        let mut moves = Moves::default();
        let mut notes = Vec::new();
        for key in keys {
            let seen = Seen::hearing(&self.view, &delayed.event, turn.due, &key);
            if stat.when.as_ref().is_none_or(|when| when.is_true(&seen)) {
                let amount = stat.amount.as_ref().and_then(|amount| amount.value(&seen));
                // A window looks back from when it is heard.
                let time = if stat.within.is_some() { turn.due } else { delayed.event.time };
                let steps = stat.steps(Way::Add, time, amount);
                self.limited(index, &delayed.event, turn.due, key.clone(), steps, &mut moves.steps);
            }
            if let Some(slot) = stat.awaited {
                let adds = again.and_then(|_| self.would_add(stat, &delayed.event, turn.due, &key));
                notes.push((slot, key, adds));
            }
        }
        self.make_all(moves);
        if let Some(again) = again {
            let nth = delayed.nth.saturating_add(1);
            self.put(again, Delayed::Event(Later { nth, ..delayed }));
        }
        for (slot, key, adds) in notes {
            self.time(&key, slot, TimerStep::NoAwait(turn));
            if let Some((again, adds)) = again.zip(adds) {
                self.time(&key, slot, TimerStep::Await(again, adds));
            }
        }
    }

    /// At which keys a delayed event is heard: where it was not undone.
    fn keys_of(&self, turn: Turn, delayed: &Later) -> Keys {
        let Some(index) = self.view.catalog.delayed(delayed.slot) else { return Keys::new() };
        let stat = &self.view.catalog.stats[index];
        let mut keys = keys::of_stat(&self.view, stat, &Heard::new(&delayed.event, turn.due));
        keys.retain(|key| !delayed.undone.contains(key));
        keys
    }
}
