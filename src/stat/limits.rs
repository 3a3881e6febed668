//! What of all that a stat hears does not count: one's own doing, more than so many of a group, what comes too soon.

use std::cmp::Ordering;

use super::{Cell, Decimal, Part, Slot, Step};
use crate::event::{Time, Value};

/// Which of the events that a stat hears count.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Not those whose user is the key's user.
    pub others_only: bool,
    /// Of each group at most so many, or so much.
    pub most: Option<i64>,
    /// Not those that come sooner than so many microseconds after the last that counted, of the same group.
    pub cooldown: Option<i64>,
    /// What makes a group, at the key. None: the key is one.
    pub per: Vec<Part>,
    /// Where is kept what these need to know of each group, if they need anything.
    pub groups: Option<Groups>,
}

/// Where is kept, at the key of each group, what the limits of a stat need to know of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Groups {
    /// What the group has, all of it.
    pub total: Slot,
    /// When the last one of it counted.
    pub last: Slot,
}

impl Limits {
    /// Whether they need to know what a group has.
    pub fn needs_groups(&self) -> bool {
        self.most.is_some() || self.cooldown.is_some()
    }

    /// Whether an event at this time comes too soon after the last one that counted. One that is late, older than that
    /// one, does too: what lies before it is over.
    pub fn is_too_soon(&self, last: Option<&Cell>, time: Time) -> bool {
        let (Some(cooldown), Some(Cell::Dated(dated))) = (self.cooldown, last) else { return false };
        time.micros().saturating_sub(dated.0.micros()) < cooldown
    }

    /// The step that notes when the last one counted.
    pub fn counted(time: Time) -> Step {
        Step::Last(time, Value::Null)
    }

    /// How a stat moves when what a group has becomes `after`: by as much as that counts more, or less.
    pub fn capped(&self, before: Option<&Cell>, after: Option<&Cell>) -> Vec<Step> {
        let Some(most) = self.most else { return Vec::new() };
        if [before, after].into_iter().flatten().any(|cell| matches!(cell, Cell::Sum(_))) {
            let most = Decimal::of(&Value::Int(most)).unwrap_or_default();
            let counts = |cell: Option<&Cell>| {
                if let Some(Cell::Sum(sum)) = cell { *sum.min(&most) } else { Decimal::default() }
            };
            let by = counts(before).opposite().and_then(|less| counts(after).plus(less));
            return by.filter(|by| *by != Decimal::default()).map(Step::Sum).into_iter().collect();
        }
        let counts =
            |cell: Option<&Cell>| if let Some(Cell::Count(count)) = cell { *count.min(&most) } else { 0 };
        // One event moves a count by one.
        match counts(after).cmp(&counts(before)) {
            Ordering::Greater => vec![Step::Count],
            Ordering::Less => vec![Step::Uncount],
            Ordering::Equal => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_unix(seconds, 0).unwrap()
    }

    #[test]
    fn a_capped_number_moves_as_far_as_the_group_counts() {
        let limits = Limits { most: Some(2), ..Limits::default() };
        let count = |count: i64| (count != 0).then_some(Cell::Count(count));
        for (before, after, moves) in [
            (0, 1, vec![Step::Count]),
            (1, 2, vec![Step::Count]),
            (2, 3, vec![]),
            (3, 2, vec![]),
            (2, 1, vec![Step::Uncount]),
            (0, -1, vec![Step::Uncount]),
            (-1, 0, vec![Step::Count]),
        ] {
            assert_eq!(
                limits.capped(count(before).as_ref(), count(after).as_ref()),
                moves,
                "{before} {after}"
            );
        }
        let sum = |amount: f64| Decimal::of(&Value::Double(amount)).unwrap();
        let cell = |amount: f64| Some(Cell::Sum(sum(amount)));
        assert_eq!(limits.capped(None, cell(1.5).as_ref()), [Step::Sum(sum(1.5))]);
        assert_eq!(limits.capped(cell(1.5).as_ref(), cell(4.0).as_ref()), [Step::Sum(sum(0.5))]);
        assert_eq!(limits.capped(cell(4.0).as_ref(), cell(3.0).as_ref()), []);
        assert_eq!(limits.capped(cell(3.0).as_ref(), None), [Step::Sum(sum(-2.0))]);
    }

    #[test]
    fn what_comes_too_soon_or_late_does_not_count() {
        let limits = Limits { cooldown: Some(10_000_000), ..Limits::default() };
        let last = Cell::Dated(Box::new((at(100), Value::Null)));
        let soon = [99, 100, 109, 110, 0].map(|time| limits.is_too_soon(Some(&last), at(time)));
        assert_eq!(soon, [true, true, true, false, true]);
        assert!(!limits.is_too_soon(None, at(0)));
    }
}
