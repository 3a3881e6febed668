//! What is kept under one key, and how steps move it.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::extreme::replace_if;
use super::{Bag, Decimal, Kind, Placed, Ranked, Ranking, Run, Set, Stat, Step, TimerCell, Visits, Window};
use crate::cel::Facet;
use crate::event::{Time, Value};

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
    /// The keys of a group, by their values.
    Ranking(Ranking),
    /// What is kept of time, and of what waits for it.
    Timer(TimerCell),
}

impl Cell {
    pub(super) fn read(&self, stat: &Stat, facet: Facet) -> Option<Value> {
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
            // They are read at a time only, a ranking by its rule, and what waits by no expression.
            Cell::Window(_) | Cell::Placed(_) | Cell::Ranking(_) | Cell::Timer(_) => None,
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
            (Some(Cell::Ranking(ranking)), Step::Rank(key, since, value)) => {
                ranking.put(Ranked { key: key.clone(), value: value.clone(), since: *since })
            }
            (Some(Cell::Ranking(ranking)), Step::Unrank(key)) => ranking.remove(key),
            (Some(Cell::Timer(timer)), Step::Timer(step)) => timer.apply(step),
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
            Cell::Ranking(ranking) => ranking.is_empty(),
            Cell::Timer(timer) => timer.is_nothing(),
            Cell::Set(_) | Cell::Run(_) | Cell::Extreme(_) | Cell::Dated(_) | Cell::Raised(_) => false,
            Cell::Placed(_) => false,
        }
    }

    fn begun_by(step: &Step) -> Option<Cell> {
        Some(match step {
            Step::Reset | Step::Fall | Step::NotLately(..) | Step::Unrank(_) => return None,
            Step::Rank(key, since, value) => {
                let ranked = Ranked { key: key.clone(), value: value.clone(), since: *since };
                Cell::Ranking(Ranking::from(vec![ranked]))
            }
            Step::Timer(step) => Cell::Timer(TimerCell::begun_by(step)?),
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
