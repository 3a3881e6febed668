//! A stat is a number kept per key: a count, a sum, a set, a run, an extreme, the first or the last.
//!
//! A [`Stat`] is the rule: what it hears, whose number it is, what is kept. A [`Cell`] is the state
//! under one key, and a [`Step`] is how one event moves it. Steps are what the journal keeps: the
//! same steps in the same order make the same cells.

mod distinct;
mod run;
mod sum;

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::cel::{Facet, Program, compare};
use crate::event::{Period, Time, Value};

pub use distinct::Set;
pub use run::{Run, SPAN_MAX};
pub use sum::Decimal;

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
    /// Which events count.
    pub when: Option<Program>,
    /// What is added, collected or compared. None: a count.
    pub amount: Option<Program>,
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
    /// Whether the condition holds.
    Flag(bool),
}

/// How one event moves one cell.
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
    /// The condition became true or false.
    Flag(bool),
}

impl Stat {
    /// The value that expressions read, where `cell` is what is kept.
    pub fn read(&self, cell: Option<&Cell>, facet: Facet) -> Option<Value> {
        match cell {
            Some(cell) => cell.read(self, facet),
            None => self.nothing_yet(facet),
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
        }
    }

    /// The steps by which an event with this amount moves the stat: none where the amount is of a
    /// kind that it cannot keep.
    pub fn steps(&self, time: Time, amount: Option<Value>) -> Vec<Step> {
        let Some(amount) = amount.filter(|amount| *amount != Value::Null) else {
            return if self.kind == Kind::Count { vec![Step::Count] } else { Vec::new() };
        };
        match self.kind {
            Kind::Count => vec![Step::Count],
            Kind::Sum => Decimal::of(&amount).map(Step::Sum).into_iter().collect(),
            Kind::Distinct => amount.items().iter().filter_map(as_part).map(Step::Distinct).collect(),
            Kind::Run(period) => {
                let number = match (period, &amount) {
                    (None, Value::Int(number)) => Some(*number),
                    (Some(period), Value::Text(text)) => period.parse(text),
                    _ => None,
                };
                number.map(Step::Run).into_iter().collect()
            }
            Kind::Min => vec![Step::Min(amount)],
            Kind::Max => vec![Step::Max(amount)],
            Kind::First => vec![Step::First(time, amount)],
            Kind::Last => vec![Step::Last(time, amount)],
            Kind::Flag => Vec::new(),
        }
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
            Cell::Run(run) => match facet {
                Facet::Itself | Facet::Longest => Some(Value::Int(run.longest())),
                Facet::Streak => Some(Value::Int(run.streak())),
                Facet::Size => Some(Value::Int(run.size())),
                Facet::Gap => Some(Value::Int(run.gap())),
                Facet::First => run.first().and_then(of_run),
                Facet::Last => run.last().and_then(of_run),
                Facet::List => None,
            },
            Cell::Extreme(value) => Some(Value::clone(value)),
            Cell::Dated(dated) => Some(dated.1.clone()),
            Cell::Flag(holds) => Some(Value::Bool(*holds)),
        }
    }

    /// Moves a cell, or begins it; says whether anything changed. A step for another kind of cell
    /// changes nothing: numbers are never used again, so there is none.
    pub fn apply(cell: &mut Option<Cell>, step: &Step) -> bool {
        match (cell.as_mut(), step) {
            (Some(Cell::Count(count)), Step::Count) => match count.checked_add(1) {
                Some(more) => std::mem::replace(count, more) != more,
                None => false,
            },
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
                **known = (*time, value.clone());
                true
            }
            (Some(Cell::Flag(holds)), Step::Flag(now)) => std::mem::replace(holds, *now) != *now,
            (None, step) => {
                *cell = Some(Cell::begun_by(step));
                true
            }
            (Some(_), _) => false,
        }
    }

    fn begun_by(step: &Step) -> Cell {
        match step {
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
            Step::Flag(holds) => Cell::Flag(*holds),
        }
    }
}

fn replace_if(known: &mut Value, value: &Value, order: Ordering) -> bool {
    let better = compare(value, known) == Some(order);
    if better {
        *known = value.clone();
    }
    better
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
        assert!(Cell::apply(&mut sum, &Step::Sum(Decimal::of(&Value::Int(1)).unwrap())));
        assert!(!Cell::apply(&mut sum, &Step::Sum(Decimal::default())));
    }
}
