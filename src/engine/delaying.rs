//! What a stat hears later: put where it waits, found there, taken away.
//!
//! It waits in pages, in the order in which it is heard ([`Calendar`], [`Waiting`]). Whether it counts, for whom and how
//! much is read when it is heard. Where it can be undone it is also noted at the keys that it has when it comes: what
//! can be undone has the same keys and amounts then as later.

use crate::document::Change;
use crate::event::{Event, Time, Value};
use crate::key::Key;
use crate::stat::{
    Awaited, Calendar, Cell, Delayed, Later, PAGE_MAX, Slot, Stat, Step, TimerCell, TimerStep, Turn, Waiting,
};

use super::environment::Seen;
use super::keys::{self, Heard};
use super::limited::is_own;
use super::{Documents, Work};

/// Something to be heard later, and the keys at which it can be undone, with what it would add there.
pub(super) struct Delay {
    due: Time,
    slot: Slot,
    event: Event,
    noted: Option<Noted>,
}

/// Where it is noted that something waits.
struct Noted {
    slot: Slot,
    /// At how many keys it is to be heard.
    keys: u32,
    /// Those at which it would add something, and what.
    adds: Vec<(Key, Vec<Step>)>,
}

impl<D: Documents> Work<'_, D> {
    /// How one stat hears an event later, read from how things are when it comes. None: never, time ends before.
    pub(super) fn read_delay(&self, index: usize, heard: &Heard<'_>) -> Option<Delay> {
        let stat = &self.view.catalog.stats[index];
        let event = heard.event;
        let due = stat.delay?.due(event.time, 1)?;
        let noted = stat.awaited.map(|slot| {
            let keys = keys::of_stat(&self.view, stat, heard);
            let count = u32::try_from(keys.len()).unwrap_or(u32::MAX);
            let adds = keys.into_iter().filter_map(|key| {
                let steps = self.would_add(stat, event, event.time, &key)?;
                Some((key, steps))
            });
            Noted { slot, keys: count, adds: adds.collect() }
        });
        Some(Delay { due, slot: stat.slot, event: event.clone(), noted })
    }

    /// What an event that is heard at this time would add at a key.
    pub(super) fn would_add(&self, stat: &Stat, event: &Event, now: Time, key: &Key) -> Option<Vec<Step>> {
        let seen = Seen::hearing(&self.view, event, now, key);
        if stat.when.as_ref().is_some_and(|when| !when.is_true(&seen)) {
            return None;
        }
        let amount = stat.amount.as_ref().and_then(|amount| amount.value(&seen));
        Some(stat.adds(event.time, amount).into_vec()).filter(|steps| !steps.is_empty())
    }

    /// What waits at a key and is undone by an event with this amount.
    pub(super) fn read_undone(
        &self,
        stat: &Stat,
        event: &Event,
        key: &Key,
        amount: Option<&Value>,
    ) -> Option<Turn> {
        let slot = stat.awaited.filter(|_| !is_own(stat, event, key))?;
        let document = self.view.document(key)?;
        let awaited = awaited(document.cell(slot)?)?;
        awaited.last_adding(&stat.adds(event.time, amount.cloned()))
    }

    /// Lets something wait.
    pub(super) fn put_off(&mut self, delay: Delay) {
        let turn = self.next_turn(delay.due);
        let Delay { slot, event, noted, .. } = delay;
        let (origin, undone) = (self.origin.clone(), Vec::new());
        let keys = noted.as_ref().map_or(0, |noted| noted.keys);
        let later = Later { slot, event, origin, nth: 1, noted: keys, undone };
        self.put(turn, Delayed::Event(later));
        let Some(noted) = noted else { return };
        for (key, steps) in noted.adds {
            self.time(&key, noted.slot, TimerStep::Await(turn, steps));
        }
    }

    /// The turn of the next thing that is due then.
    pub(super) fn next_turn(&mut self, due: Time) -> Turn {
        let turn = Turn { due, arrival: self.moment.sequence, index: self.delays };
        self.delays += 1;
        turn
    }

    /// Something that waits was undone at a key. Where it was undone everywhere it waits no longer.
    pub(super) fn undo_waiting(&mut self, index: usize, key: &Key, turn: Turn) {
        let Some(slot) = self.view.catalog.stats[index].awaited else { return };
        self.time(key, slot, TimerStep::NoAwait(turn));
        let Some((_, page)) = self.calendar().page_of(turn) else { return };
        let left = self
            .page(page)
            .event(turn)
            .map_or(0, |delayed| (delayed.noted as usize).saturating_sub(delayed.undone.len() + 1));
        match left {
            0 => self.remove(turn),
            _ => self.time(&page_key(page), Slot::TIME, TimerStep::Undone(turn, key.clone())),
        }
    }

    /// Puts something where it waits. A page that is full is divided, or, where this comes last, followed by another.
    pub(super) fn put(&mut self, turn: Turn, delayed: Delayed) {
        let Some((from, page)) = self.calendar().page_of(turn) else {
            return self.put_on_new_page(turn, delayed);
        };
        let waiting = self.page(page);
        let is_last = waiting.iter().next_back().is_some_and(|(last, _)| last < turn);
        if waiting.len() >= PAGE_MAX && is_last {
            return self.put_on_new_page(turn, delayed);
        }
        if turn < from {
            self.time(Key::calendar(), Slot::TIME, TimerStep::NoPage(from));
            self.time(Key::calendar(), Slot::TIME, TimerStep::Page(turn, page));
        }
        let mut onto = page;
        if waiting.len() >= PAGE_MAX {
            let middle = waiting.iter().nth(PAGE_MAX / 2).map_or(turn, |(middle, _)| middle);
            // What is put only once calls one page at most.
            self.time(Key::calendar(), Slot::TIME, TimerStep::Page(middle, turn));
            for (moved, delayed) in waiting.iter().filter(|(moved, _)| *moved >= middle) {
                self.time(&page_key(page), Slot::TIME, TimerStep::NoWait(moved));
                self.time(&page_key(turn), Slot::TIME, TimerStep::Wait(moved, Box::new(delayed.clone())));
            }
            if turn > middle {
                onto = turn;
            }
        }
        self.time(&page_key(onto), Slot::TIME, TimerStep::Wait(turn, Box::new(delayed)));
    }

    fn put_on_new_page(&mut self, turn: Turn, delayed: Delayed) {
        self.time(Key::calendar(), Slot::TIME, TimerStep::Page(turn, turn));
        self.time(&page_key(turn), Slot::TIME, TimerStep::Wait(turn, Box::new(delayed)));
    }

    /// Takes something away from where it waits.
    pub(super) fn remove(&mut self, turn: Turn) {
        let Some((from, page)) = self.calendar().page_of(turn) else { return };
        self.time(&page_key(page), Slot::TIME, TimerStep::NoWait(turn));
        if self.page(page).is_empty() {
            self.time(Key::calendar(), Slot::TIME, TimerStep::NoPage(from));
        }
    }

    /// Time has come so far. `historical`: whether by an event of the past; none leaves that as it is.
    pub(super) fn advance(&mut self, time: Time, historical: Option<bool>) {
        let (_, known) = self.clock();
        let step = TimerStep::Clock(time, historical.unwrap_or(known));
        self.time(Key::clock(), Slot::TIME, step);
    }

    /// How far time has come, and whether by an event of the past.
    pub(super) fn clock(&self) -> (Time, bool) {
        match self.view.timer(Key::clock()) {
            Some(TimerCell::Clock(time, past)) => (time, past),
            Some(TimerCell::Calendar(_) | TimerCell::Waiting(_) | TimerCell::Awaited(_)) => {
                (Time::MIN, false)
            }
            Some(TimerCell::Expiries(_)) | None => (Time::MIN, false),
        }
    }

    /// Where what waits is.
    pub(super) fn calendar(&self) -> Calendar {
        match self.view.timer(Key::calendar()) {
            Some(TimerCell::Calendar(calendar)) => calendar,
            Some(TimerCell::Clock(..) | TimerCell::Waiting(_) | TimerCell::Awaited(_)) => Calendar::default(),
            Some(TimerCell::Expiries(_)) | None => Calendar::default(),
        }
    }

    /// What waits on one page.
    pub(super) fn page(&self, page: Turn) -> Waiting {
        match self.view.timer(&page_key(page)) {
            Some(TimerCell::Waiting(waiting)) => waiting,
            Some(TimerCell::Clock(..) | TimerCell::Calendar(_) | TimerCell::Awaited(_)) => Waiting::default(),
            Some(TimerCell::Expiries(_)) | None => Waiting::default(),
        }
    }

    pub(super) fn time(&mut self, key: &Key, slot: Slot, step: TimerStep) {
        self.view.open(key).apply(Change { slot, step: Step::Timer(step) });
    }
}

fn awaited(cell: &Cell) -> Option<&Awaited> {
    match cell {
        Cell::Timer(TimerCell::Awaited(awaited)) => Some(awaited),
        Cell::Timer(TimerCell::Clock(..) | TimerCell::Calendar(_) | TimerCell::Waiting(_)) => None,
        Cell::Timer(TimerCell::Expiries(_)) => None,
        Cell::Count(_) | Cell::Sum(_) | Cell::Set(_) | Cell::Run(_) | Cell::Extreme(_) => None,
        Cell::Dated(_) | Cell::Raised(_) | Cell::Bag(_) | Cell::Visits(_) | Cell::Window(_) => None,
        Cell::Placed(_) | Cell::Ranking(_) => None,
    }
}

fn page_key(page: Turn) -> Key {
    Key::page(&page.name())
}
