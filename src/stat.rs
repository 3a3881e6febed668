//! A stat is a number kept per key: a count, a sum, a set, a run, an extreme, the first or the last.
//!
//! A [`Stat`] is the rule: what it hears, whose number it is, what is kept. A [`Cell`] is the state
//! under one key, and a [`Step`] is how one event moves it. Steps are what the journal keeps: the
//! same steps in the same order make the same cells.

mod bag;
mod calendar;
mod cell;
mod delay;
mod distinct;
mod extreme;
mod limits;
mod placed;
mod ranking;
mod run;
mod step;
mod sum;
#[cfg(test)]
mod tests;
mod timer;
mod visits;
mod window;

use serde::{Deserialize, Serialize};
use smallvec::{SmallVec, smallvec};
use smol_str::SmolStr;

use crate::cel::{Facet, Program};
use crate::event::{Period, Time, Value, Zone};

pub use bag::Bag;
pub use calendar::{
    AWAITED_MAX, Awaited, Calendar, Delayed, Expiries, Expiring, Held, Later, PAGE_MAX, Turn, Waiting,
};
pub use cell::Cell;
pub use delay::{Delay, Span};
pub use distinct::Set;
pub use limits::{Groups, Limits};
pub use placed::Placed;
pub use ranking::{RANKING_MAX, Ranked, Ranking};
pub use run::{Run, SPAN_MAX};
pub use step::{Step, Way};
pub use sum::Decimal;
pub use timer::{TimerCell, TimerStep};
pub use visits::Visits;
pub use window::{Item, WINDOW_MAX, Window};

/// The permanent number of a stat or a flag: where its cell is found in a document. Given once in a
/// store, and never again to another definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot(pub u32);

impl Slot {
    /// The slot in the documents of time itself, which are no stat's.
    pub const TIME: Slot = Slot(u32::MAX);
    /// The slot in a user's document of what was given and taken back by hand.
    pub const BY_HAND: Slot = Slot(u32::MAX - 1);
    /// The slot in the documents of the audit log.
    pub const AUDIT: Slot = Slot(u32::MAX - 2);

    /// The slot in a user's document of a field of the profile, by its place.
    pub const fn of_profile(place: u32) -> Slot {
        Slot(Slot::AUDIT.0 - 1 - place)
    }
}

/// A stat as it is declared, compiled. A flag is one too, of [`Kind::Flag`]: it hears nothing, and
/// its rule moves it.
#[derive(Clone, Debug)]
pub struct Stat {
    /// What it is called in its file; for the number of a badge or flag, that one's name.
    pub name: SmolStr,
    /// Where it is kept.
    pub slot: Slot,
    /// What is kept.
    pub kind: Kind,
    /// Whether its sums read as whole numbers (None: as they come).
    pub whole: Option<bool>,
    /// Whose number it is: the parts of its key, in the order in which they are written.
    pub by: Vec<Part>,
    /// Whether what it heard may have to be taken back: then sets and runs count how often each value came.
    pub undoable: bool,
    /// Only what happened so many microseconds ago or less is read.
    pub within: Option<i64>,
    /// When it hears an event, if not at once.
    pub delay: Option<Delay>,
    /// Where it is noted what waits at a key, if that can be undone.
    pub awaited: Option<Slot>,
    /// Which events count.
    pub when: Option<Program>,
    /// What is added, collected or compared. None: a count.
    pub amount: Option<Program>,
    /// Which of the events that it hears do not count.
    pub limits: Limits,
    /// The rules that look at it at their own key, by their place in the catalog.
    pub looked_at_by: Vec<usize>,
    /// The rules that look at it at other keys.
    pub waited_for_by: Vec<usize>,
}

/// What a stat keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// How many events.
    Count,
    /// The sum of the amounts.
    Sum,
    /// The different values.
    Distinct,
    /// Which whole numbers, or calendar periods.
    Run(Option<Period>),
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// The value at the earliest event.
    First,
    /// The value at the latest event.
    Last,
    /// Whether a condition holds.
    Flag,
    /// The time zone of a profile.
    Zone,
}

/// The steps by which one event moves a stat at one key: mostly one.
pub type Steps = SmallVec<[Step; 1]>;

/// One part of a key.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is called.
    pub name: SmolStr,
    /// Where an event has it.
    pub from: PartSource,
}

/// Where an event has one part of a key.
#[derive(Clone, Debug)]
pub enum PartSource {
    /// The user of the event.
    User,
    /// The subject of the event.
    Subject,
    /// The calendar period of the event's time.
    Period(Period),
    /// What this comes to. A list means each of its items.
    Program(Program),
}

impl Stat {
    /// The parts of its key.
    pub fn parts(&self) -> Vec<SmolStr> {
        self.by.iter().map(|part| part.name.clone()).collect()
    }

    /// Whether what it heard can be taken back though no rule takes that back, as is done by hand: then nothing was kept for
    /// it. A count or a sum can, where what it heard comes to the same now as it did then.
    pub fn takes_back_by_hand(&self) -> bool {
        let is_plain = matches!(self.kind, Kind::Count | Kind::Sum);
        let parts = self
            .by
            .iter()
            .filter_map(|part| if let PartSource::Program(one) = &part.from { Some(one) } else { None });
        let mut programs = [&self.when, &self.amount].into_iter().flatten().chain(parts);
        let looks = |program: &Program| !program.stats().is_empty() || !program.badges().is_empty();
        is_plain && self.delay.is_none() && self.limits.cooldown.is_none() && !programs.any(looks)
    }

    /// The value that expressions read at a time, where `cell` is what is kept.
    pub fn read(&self, cell: Option<&Cell>, facet: Facet, now: Time) -> Option<Value> {
        match (cell, self.within) {
            (Some(Cell::Window(window)), Some(within)) => self.read_window(window, facet, now, within),
            (Some(Cell::Placed(placed)), _) => Some(Value::Text(placed.at(now).clone())),
            (Some(cell), _) => cell.read(self, facet),
            (None, _) => self.nothing_yet(facet),
        }
    }

    fn nothing_yet(&self, facet: Facet) -> Option<Value> {
        match (self.kind, facet) {
            (Kind::Distinct, Facet::List) => Some(Value::List([].into())),
            (Kind::Sum, _) if self.whole == Some(false) => Some(Value::Double(0.0)),
            (Kind::Run(_), Facet::First | Facet::Last) => None,
            (Kind::Count | Kind::Sum | Kind::Distinct | Kind::Run(_), _) => Some(Value::Int(0)),
            (Kind::Flag, _) => Some(Value::Bool(false)),
            (Kind::Min | Kind::Max | Kind::First | Kind::Last, _) => None,
            (Kind::Zone, _) => Some(Value::text(Zone::UTC)),
        }
    }

    fn read_window(&self, window: &Window, facet: Facet, now: Time, within: i64) -> Option<Value> {
        match (self.kind, facet) {
            (Kind::Sum, _) => Cell::Sum(window.sum(now, within)?).read(self, facet),
            (Kind::Distinct, Facet::List) => {
                Some(Value::List(window.values(now, within).into_iter().cloned().map(Value::Text).collect()))
            }
            (Kind::Distinct, _) => i64::try_from(window.values(now, within).len()).ok().map(Value::Int),
            _ => i64::try_from(window.count(now, within)).ok().map(Value::Int),
        }
    }

    /// The steps by which an event with this amount moves the stat: none where the amount is of a
    /// kind that it cannot keep. The least, the greatest, the first and the last take nothing back: they remember.
    pub fn steps(&self, way: Way, time: Time, amount: Option<Value>) -> Steps {
        let steps = self.steps_of_all_time(way, time, amount);
        match self.within {
            Some(within) => steps.into_iter().filter_map(|step| step.lately(way, time, within)).collect(),
            None => steps,
        }
    }

    /// The steps by which an event with this amount would add to it, whatever its window: what they are told apart by.
    pub fn adds(&self, time: Time, amount: Option<Value>) -> Steps {
        self.steps_of_all_time(Way::Add, time, amount)
    }

    fn steps_of_all_time(&self, way: Way, time: Time, amount: Option<Value>) -> Steps {
        let count = || if way == Way::Add { Step::Count } else { Step::Uncount };
        let Some(amount) = amount.filter(|amount| *amount != Value::Null) else {
            return if self.kind == Kind::Count { smallvec![count()] } else { Steps::new() };
        };
        let times = if way == Way::Add { 1 } else { -1 };
        match self.kind {
            Kind::Count => smallvec![count()],
            Kind::Sum => {
                let amount = Decimal::of(&amount);
                let signed = if way == Way::Add { amount } else { amount.and_then(Decimal::opposite) };
                signed.map(Step::Sum).into_iter().collect()
            }
            Kind::Distinct => {
                let values = amount.items().iter().filter_map(as_part);
                match self.undoable {
                    true => values.map(|value| Step::Collect(value, times)).collect(),
                    false => values.map(Step::Distinct).collect(),
                }
            }
            Kind::Run(period) => {
                let number = match (period, &amount) {
                    (None, Value::Int(number)) => Some(*number),
                    (Some(period), Value::Text(text)) => period.parse(text),
                    _ => None,
                };
                let step =
                    |number| if self.undoable { Step::Visit(number, times) } else { Step::Run(number) };
                number.map(step).into_iter().collect()
            }
            _ if way == Way::TakeBack => Steps::new(),
            // What cannot be the least or the greatest would otherwise hide all that comes after it.
            Kind::Min | Kind::Max if !extreme::is_for(&amount) => Steps::new(),
            Kind::Min => smallvec![Step::Min(amount)],
            Kind::Max => smallvec![Step::Max(amount)],
            Kind::First => smallvec![Step::First(time, amount)],
            Kind::Last => smallvec![Step::Last(time, amount)],
            // Which step that is depends on what is kept: `place` says it.
            Kind::Flag | Kind::Zone => Steps::new(),
        }
    }

    /// The step by which the choice of a time zone moves what is kept of it.
    pub fn place(&self, kept: Option<&Cell>, time: Time, zone: &Value) -> Option<Step> {
        let kept = match kept {
            Some(Cell::Placed(placed)) => Some(&**placed),
            _ => None,
        };
        let (zone, from) = placed::chosen(kept, time, zone)?;
        Some(Step::Place(time, zone, from))
    }
}

/// A value as a part of a key, or as a member of a set: numbers and truth values become text. None
/// for what has no text, and for the empty text.
pub fn as_part(value: &Value) -> Option<SmolStr> {
    match value {
        Value::Text(text) => (!text.is_empty()).then(|| text.clone()),
        Value::Bool(_) | Value::Int(_) | Value::Double(_) => Some(smol_str::format_smolstr!("{value}")),
        Value::Time(time) => Some(smol_str::format_smolstr!("{time}")),
        Value::Null | Value::Duration(_) | Value::List(_) | Value::Map(_) => None,
    }
}
