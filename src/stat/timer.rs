//! What is kept of time: how far it has come, and what waits.

use serde::{Deserialize, Serialize};

use super::Step;
use super::calendar::{Awaited, Calendar, Delayed, Expiries, Held, Turn, Waiting};
use crate::event::Time;
use crate::key::Key;

/// What is kept of time under one key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TimerCell {
    /// How far time has come, and whether that was in a stream that was marked as the past.
    Clock(Time, bool),
    /// Where what waits is.
    Calendar(Calendar),
    /// What waits.
    Waiting(Waiting),
    /// What waits at this key and can be undone.
    Awaited(Awaited),
    /// Until when awards of a badge are held.
    Expiries(Expiries),
}

/// How that moves. New kinds go to the end: their place is their number in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TimerStep {
    /// Time has come so far, in a stream that was marked as the past, or not.
    Clock(Time, bool),
    /// A page begins at the first turn and is called by the second.
    Page(Turn, Turn),
    /// The page that began here is no more.
    NoPage(Turn),
    /// This waits.
    Wait(Turn, Box<Delayed>),
    /// What had this turn does not wait any more.
    NoWait(Turn),
    /// What has this turn was undone at this key.
    Undone(Turn, Key),
    /// What has this turn waits here, and would make these steps.
    Await(Turn, Vec<Step>),
    /// It waits here no longer.
    NoAwait(Turn),
    /// The award for this key is held until then.
    Hold(Key, Held),
    /// The award for this key is held no longer.
    NoHold(Key),
}

impl TimerCell {
    /// Moves a cell; says whether anything changed.
    pub(super) fn apply(&mut self, step: &TimerStep) -> bool {
        match (self, step) {
            // Time never goes back.
            (TimerCell::Clock(known, past), TimerStep::Clock(time, now_past)) => {
                let before = (*known, *past);
                (*known, *past) = (before.0.max(*time), *now_past);
                before != (*known, *past)
            }
            (TimerCell::Calendar(calendar), TimerStep::Page(from, page)) => calendar.add(*from, *page),
            (TimerCell::Calendar(calendar), TimerStep::NoPage(from)) => calendar.remove(*from),
            (TimerCell::Waiting(waiting), TimerStep::Wait(turn, delayed)) => {
                waiting.add(*turn, Delayed::clone(delayed));
                true
            }
            (TimerCell::Waiting(waiting), TimerStep::NoWait(turn)) => waiting.remove(*turn),
            (TimerCell::Waiting(waiting), TimerStep::Undone(turn, key)) => waiting.undo(*turn, key.clone()),
            (TimerCell::Awaited(awaited), TimerStep::Await(turn, steps)) => {
                awaited.add(*turn, steps.clone());
                true
            }
            (TimerCell::Awaited(awaited), TimerStep::NoAwait(turn)) => awaited.remove(*turn),
            (TimerCell::Expiries(expiries), TimerStep::Hold(key, held)) => {
                expiries.set(key.clone(), held.clone())
            }
            (TimerCell::Expiries(expiries), TimerStep::NoHold(key)) => expiries.remove(key),
            // Steps are for the kind of cell that is kept under their key: there is no other.
            (TimerCell::Clock(..) | TimerCell::Calendar(_) | TimerCell::Waiting(_), _) => false,
            (TimerCell::Awaited(_) | TimerCell::Expiries(_), _) => false,
        }
    }

    /// Whether it is as if nothing had ever come.
    pub(super) fn is_nothing(&self) -> bool {
        match self {
            TimerCell::Clock(..) => false,
            TimerCell::Calendar(calendar) => calendar.is_empty(),
            TimerCell::Waiting(waiting) => waiting.is_empty(),
            TimerCell::Awaited(awaited) => awaited.is_empty(),
            TimerCell::Expiries(expiries) => expiries.is_empty(),
        }
    }

    pub(super) fn begun_by(step: &TimerStep) -> Option<TimerCell> {
        let mut cell = match step {
            TimerStep::Clock(time, past) => TimerCell::Clock(*time, *past),
            TimerStep::Page(..) => TimerCell::Calendar(Calendar::default()),
            TimerStep::Wait(..) => TimerCell::Waiting(Waiting::default()),
            TimerStep::Await(..) => TimerCell::Awaited(Awaited::default()),
            TimerStep::Hold(..) => TimerCell::Expiries(Expiries::default()),
            TimerStep::NoPage(_) | TimerStep::NoWait(_) | TimerStep::Undone(..) => return None,
            TimerStep::NoAwait(_) | TimerStep::NoHold(_) => return None,
        };
        cell.apply(step);
        Some(cell)
    }
}
