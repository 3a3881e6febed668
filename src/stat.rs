//! A stat is a number kept per key: a count, a sum, a set, a run, an extreme, the first or the last.
//!
//! A [`Stat`] is the rule: what it hears, whose number it is, what is kept. A [`Cell`] is the state
//! under one key, and a [`Step`] is how one event moves it. Steps are what the journal keeps: the
//! same steps in the same order make the same cells.

mod bag;
mod distinct;
mod extreme;
mod limits;
mod placed;
mod run;
mod sum;
mod visits;
mod window;

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::cel::{Facet, Program};
use crate::event::{Period, Time, Value, Zone};

use extreme::replace_if;

pub use bag::Bag;
pub use distinct::Set;
pub use limits::{Groups, Limits};
pub use placed::Placed;
pub use run::{Run, SPAN_MAX};
pub use sum::Decimal;
pub use visits::Visits;
pub use window::{Item, WINDOW_MAX, Window};

/// The permanent number of a stat or a flag: where its cell is found in a document. Given once in a
/// store, and never again to another definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot(pub u32);

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
    /// Which events count.
    pub when: Option<Program>,
    /// What is added, collected or compared. None: a count.
    pub amount: Option<Program>,
    /// Which of the events that it hears do not count.
    pub limits: Limits,
    /// The rules that rest on it, by their place in the catalog.
    pub looked_at_by: Vec<usize>,
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

/// What is kept of a stat under one key. A stat without a cell has had nothing yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Cell {
    /// How many events.
    Count(i64),
    /// The sum.
    Sum(Decimal),
    /// The different values.
    Set(Set),
    /// The numbers there have been.
    Run(Run),
    /// The extreme.
    Extreme(Box<Value>),
    /// A value and when it was.
    Dated(Box<(Time, Value)>),
    /// The flag is up: since then.
    Raised(Time),
    /// The different values, with how often each came.
    Bag(Bag),
    /// The numbers there have been, with how often each came.
    Visits(Visits),
    /// What happened lately.
    Window(Window),
    /// A time zone, and the one that follows it.
    Placed(Box<Placed>),
}

/// Whether an event adds to a stat or takes back what another added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It adds.
    Add,
    /// It takes back.
    TakeBack,
}

impl Way {
    /// The other way.
    pub fn opposite(self) -> Way {
        match self {
            Way::Add => Way::TakeBack,
            Way::TakeBack => Way::Add,
        }
    }
}

/// How one event moves one cell. New kinds go to the end: their place is their number in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// One more.
    Count,
    /// So much more.
    Sum(Decimal),
    /// This value, if it is not there.
    Distinct(SmolStr),
    /// This number, if it is not there.
    Run(i64),
    /// This value, if it is less.
    Min(Value),
    /// This value, if it is greater.
    Max(Value),
    /// This value, if it is earlier.
    First(Time, Value),
    /// This value, unless it is earlier.
    Last(Time, Value),
    /// The condition became true, then.
    Raise(Time),
    /// The condition became false.
    Fall,
    /// One less.
    Uncount,
    /// This value so many times more, or less.
    Collect(SmolStr, i64),
    /// This number so many times more, or less.
    Visit(i64, i64),
    /// Back to nothing.
    Reset,
    /// This, at that time, in a window of so many microseconds.
    Lately(Time, Item, i64),
    /// This no longer, the latest at that time.
    NotLately(Time, Item),
    /// This time zone, chosen at the first time, from the second on.
    Place(Time, SmolStr, Time),
}

impl Stat {
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
    pub fn steps(&self, way: Way, time: Time, amount: Option<Value>) -> Vec<Step> {
        let steps = self.steps_of_all_time(way, time, amount);
        match self.within {
            Some(within) => steps.into_iter().filter_map(|step| step.lately(way, time, within)).collect(),
            None => steps,
        }
    }

    fn steps_of_all_time(&self, way: Way, time: Time, amount: Option<Value>) -> Vec<Step> {
        let count = || if way == Way::Add { Step::Count } else { Step::Uncount };
        let Some(amount) = amount.filter(|amount| *amount != Value::Null) else {
            return if self.kind == Kind::Count { vec![count()] } else { Vec::new() };
        };
        let times = if way == Way::Add { 1 } else { -1 };
        match self.kind {
            Kind::Count => vec![count()],
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
            _ if way == Way::TakeBack => Vec::new(),
            // What cannot be the least or the greatest would otherwise hide all that comes after it.
            Kind::Min | Kind::Max if !extreme::is_for(&amount) => Vec::new(),
            Kind::Min => vec![Step::Min(amount)],
            Kind::Max => vec![Step::Max(amount)],
            Kind::First => vec![Step::First(time, amount)],
            Kind::Last => vec![Step::Last(time, amount)],
            // Which step that is depends on what is kept: `place` says it.
            Kind::Flag | Kind::Zone => Vec::new(),
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

impl Step {
    /// The same in a window.
    fn lately(self, way: Way, time: Time, within: i64) -> Option<Step> {
        let item = match self {
            Step::Count | Step::Uncount => Item::One,
            Step::Sum(amount) if way == Way::Add => Item::Amount(amount),
            Step::Sum(amount) => Item::Amount(amount.opposite()?),
            Step::Distinct(value) | Step::Collect(value, _) => Item::Value(value),
            Step::Run(_) | Step::Visit(..) | Step::Min(_) | Step::Max(_) | Step::First(..) => return None,
            Step::Last(..) | Step::Raise(_) | Step::Fall | Step::Reset => return None,
            Step::Lately(..) | Step::NotLately(..) | Step::Place(..) => return None,
        };
        Some(match way {
            Way::Add => Step::Lately(time, item, within),
            Way::TakeBack => Step::NotLately(time, item),
        })
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

impl Cell {
    fn read(&self, stat: &Stat, facet: Facet) -> Option<Value> {
        let of_run = |number: i64| {
            let Kind::Run(Some(period)) = stat.kind else { return Some(Value::Int(number)) };
            period.text_of(number).map(Value::Text)
        };
        match self {
            Cell::Count(count) => Some(Value::Int(*count)),
            Cell::Sum(sum) => match stat.whole {
                Some(true) => sum.as_int().map(Value::Int),
                Some(false) => Some(Value::Double(sum.as_double())),
                None => Some(sum.as_int().map_or(Value::Double(sum.as_double()), Value::Int)),
            },
            Cell::Set(set) if facet == Facet::List => {
                Some(Value::List(set.iter().cloned().map(Value::Text).collect()))
            }
            Cell::Set(set) => i64::try_from(set.len()).ok().map(Value::Int),
            Cell::Bag(bag) if facet == Facet::List => {
                Some(Value::List(bag.iter().cloned().map(Value::Text).collect()))
            }
            Cell::Bag(bag) => i64::try_from(bag.len()).ok().map(Value::Int),
            Cell::Run(run) => read_run(run, facet, of_run),
            Cell::Visits(visits) => read_run(visits.run(), facet, of_run),
            Cell::Extreme(value) => Some(Value::clone(value)),
            Cell::Dated(dated) => Some(dated.1.clone()),
            Cell::Raised(_) => Some(Value::Bool(true)),
            // They are read at a time only.
            Cell::Window(_) | Cell::Placed(_) => None,
        }
    }

    /// Moves a cell, or begins it; says whether anything changed. One that is as if nothing had ever come is taken
    /// away. A step for another kind of cell changes nothing: numbers are never used again, so there is none.
    pub fn apply(cell: &mut Option<Cell>, step: &Step) -> bool {
        if let Some(kept) = cell {
            kept.count_each(step);
        }
        let there_was_nothing = cell.is_none();
        let changed = Cell::moved(cell, step);
        if cell.as_ref().is_some_and(Cell::is_nothing) {
            *cell = None;
        }
        changed && !(there_was_nothing && cell.is_none())
    }

    fn moved(cell: &mut Option<Cell>, step: &Step) -> bool {
        let add = |count: &mut i64, amount: i64| match count.checked_add(amount) {
            Some(more) => std::mem::replace(count, more) != more,
            None => false,
        };
        match (cell.as_mut(), step) {
            (Some(Cell::Count(count)), Step::Count) => add(count, 1),
            (Some(Cell::Count(count)), Step::Uncount) => add(count, -1),
            (Some(Cell::Sum(sum)), Step::Sum(amount)) => match sum.plus(*amount) {
                Some(more) => std::mem::replace(sum, more) != more,
                None => false,
            },
            (Some(Cell::Set(set)), Step::Distinct(item)) => set.insert(item.clone()),
            (Some(Cell::Run(run)), Step::Run(number)) => run.insert(*number),
            (Some(Cell::Extreme(known)), Step::Min(value)) => replace_if(known, value, Ordering::Less),
            (Some(Cell::Extreme(known)), Step::Max(value)) => replace_if(known, value, Ordering::Greater),
            (Some(Cell::Dated(known)), Step::First(time, value)) if *time < known.0 => {
                **known = (*time, value.clone());
                true
            }
            (Some(Cell::Dated(known)), Step::Last(time, value)) if *time >= known.0 => {
                let latest = (*time, value.clone());
                std::mem::replace(&mut **known, latest.clone()) != latest
            }
            (Some(Cell::Bag(bag)), Step::Collect(item, times)) => bag.add(item.clone(), *times),
            (Some(Cell::Bag(bag)), Step::Distinct(item)) if !bag.contains(item) => bag.add(item.clone(), 1),
            (Some(Cell::Visits(visits)), Step::Visit(number, times)) => visits.add(*number, *times),
            (Some(Cell::Visits(visits)), Step::Run(number)) if !visits.run().contains(*number) => {
                visits.add(*number, 1)
            }
            (Some(Cell::Window(window)), Step::Lately(time, item, within)) => {
                window.add(*time, item.clone(), *within)
            }
            (Some(Cell::Window(window)), Step::NotLately(time, item)) => window.take_back(*time, item),
            (Some(Cell::Placed(placed)), Step::Place(time, zone, from)) => placed.choose(*time, zone, *from),
            (Some(_), Step::Reset | Step::Fall) => cell.take().is_some(),
            (None, step) => {
                *cell = Cell::begun_by(step);
                cell.is_some()
            }
            (Some(_), _) => false,
        }
    }

    /// What is kept of a stat that could not be undone goes on when it can be: each value has come once.
    fn count_each(&mut self, step: &Step) {
        match (&*self, step) {
            (Cell::Set(set), Step::Collect(..)) => *self = Cell::Bag(Bag::from(set)),
            (Cell::Run(run), Step::Visit(..)) => *self = Cell::Visits(Visits::from(run)),
            _ => {}
        }
    }

    fn is_nothing(&self) -> bool {
        match self {
            Cell::Count(count) => *count == 0,
            Cell::Sum(sum) => *sum == Decimal::default(),
            Cell::Bag(bag) => bag.is_empty(),
            Cell::Visits(visits) => visits.is_empty(),
            Cell::Window(window) => window.is_empty(),
            Cell::Set(_) | Cell::Run(_) | Cell::Extreme(_) | Cell::Dated(_) | Cell::Raised(_) => false,
            Cell::Placed(_) => false,
        }
    }

    fn begun_by(step: &Step) -> Option<Cell> {
        Some(match step {
            Step::Reset | Step::Fall | Step::NotLately(..) => return None,
            Step::Lately(time, item, _) => Cell::Window(Window::from(vec![(*time, item.clone())])),
            Step::Raise(since) => Cell::Raised(*since),
            Step::Place(time, zone, _) => Cell::Placed(Box::new(Placed::new(*time, zone.clone()))),
            Step::Uncount => Cell::Count(-1),
            Step::Collect(item, times) => Cell::Bag(Bag::from(vec![(item.clone(), *times)])),
            Step::Visit(number, times) => Cell::Visits(Visits::from(vec![(*number, *times)])),
            Step::Count => Cell::Count(1),
            Step::Sum(amount) => Cell::Sum(*amount),
            Step::Distinct(item) => Cell::Set(Set::from(vec![item.clone()])),
            Step::Run(number) => {
                let mut run = Run::default();
                run.insert(*number);
                Cell::Run(run)
            }
            Step::Min(value) | Step::Max(value) => Cell::Extreme(Box::new(value.clone())),
            Step::First(time, value) | Step::Last(time, value) => {
                Cell::Dated(Box::new((*time, value.clone())))
            }
        })
    }
}

fn read_run(run: &Run, facet: Facet, of_run: impl Fn(i64) -> Option<Value>) -> Option<Value> {
    match facet {
        Facet::Itself | Facet::Longest => Some(Value::Int(run.longest())),
        Facet::Streak => Some(Value::Int(run.streak())),
        Facet::Size => Some(Value::Int(run.size())),
        Facet::Gap => Some(Value::Int(run.gap())),
        Facet::First => run.first().and_then(of_run),
        Facet::Last => run.last().and_then(of_run),
        Facet::List => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(steps: &[Step]) -> Option<Cell> {
        let mut cell = None;
        for step in steps {
            Cell::apply(&mut cell, step);
        }
        cell
    }

    fn at(seconds: i64) -> Time {
        Time::from_unix(seconds, 0).unwrap()
    }

    #[test]
    fn extremes_compare_whole_numbers_and_others_alike() {
        let steps = [Step::Max(Value::Int(2)), Step::Max(Value::Double(2.5)), Step::Max(Value::Int(1))];
        assert_eq!(after(&steps), Some(Cell::Extreme(Box::new(Value::Double(2.5)))));
        assert_eq!(
            after(&[Step::Min(Value::Int(2)), Step::Min(Value::text("a"))]),
            Some(Cell::Extreme(Box::new(Value::Int(2))))
        );
    }

    #[test]
    fn first_and_last_go_by_time_and_ties_by_arrival() {
        let first = |time, text: &str| Step::First(at(time), Value::text(text));
        let last = |time, text: &str| Step::Last(at(time), Value::text(text));
        let dated = |time, text: &str| Some(Cell::Dated(Box::new((at(time), Value::text(text)))));
        assert_eq!(after(&[first(5, "a"), first(5, "b"), first(6, "c"), first(4, "d")]), dated(4, "d"));
        assert_eq!(after(&[first(5, "a"), first(5, "b")]), dated(5, "a"));
        assert_eq!(after(&[last(5, "a"), last(5, "b"), last(4, "c")]), dated(5, "b"));
    }

    #[test]
    fn what_changes_nothing_says_so() {
        let mut cell = None;
        assert!(Cell::apply(&mut cell, &Step::Distinct("a".into())));
        assert!(!Cell::apply(&mut cell, &Step::Distinct("a".into())));
        assert!(!Cell::apply(&mut cell, &Step::Count));
        let mut sum = None;
        assert!(!Cell::apply(&mut sum, &Step::Sum(Decimal::default())) && sum.is_none());
        assert!(Cell::apply(&mut sum, &Step::Sum(Decimal::of(&Value::Int(1)).unwrap())));
        assert!(!Cell::apply(&mut sum, &Step::Sum(Decimal::default())));
    }
}
