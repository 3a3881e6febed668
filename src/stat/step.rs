//! How one event moves one cell.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{Decimal, Item, TimerStep};
use crate::event::{Time, Value};
use crate::key::Key;

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
    /// A key has this value, since then.
    Rank(Key, Time, Value),
    /// A key has none.
    Unrank(Key),
    /// Time passes, or something waits for it.
    Timer(TimerStep),
}

impl Step {
    /// The same in a window.
    pub(super) fn lately(self, way: Way, time: Time, within: i64) -> Option<Step> {
        let item = match self {
            Step::Count | Step::Uncount => Item::One,
            Step::Sum(amount) if way == Way::Add => Item::Amount(amount),
            Step::Sum(amount) => Item::Amount(amount.opposite()?),
            Step::Distinct(value) | Step::Collect(value, _) => Item::Value(value),
            Step::Run(_) | Step::Visit(..) | Step::Min(_) | Step::Max(_) | Step::First(..) => return None,
            Step::Last(..) | Step::Raise(_) | Step::Fall | Step::Reset => return None,
            Step::Lately(..) | Step::NotLately(..) | Step::Place(..) => return None,
            Step::Rank(..) | Step::Unrank(_) | Step::Timer(_) => return None,
        };
        Some(match way {
            Way::Add => Step::Lately(time, item, within),
            Way::TakeBack => Step::NotLately(time, item),
        })
    }
}
