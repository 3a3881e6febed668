//! What happened lately: every event with its time, so that what is long ago can be left out.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::sum::Decimal;
use crate::event::Time;

/// Most events that a window keeps. With one more, the least recent is dropped.
pub const WINDOW_MAX: usize = 10_000;

/// How many windows behind the latest event others are kept, for events that come late.
const KEPT_WINDOWS: i64 = 2;

/// Events by their times; of the same time, by their arrival.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(Time, Item)>", into = "Vec<(Time, Item)>")]
pub struct Window(Box<imbl::Vector<(Time, Item)>>);

/// What one event brought. New kinds go to the end: their place is their number in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Item {
    /// Itself.
    One,
    /// An amount.
    Amount(Decimal),
    /// A value.
    Value(SmolStr),
}

impl Window {
    /// Keeps an event in a window of so many microseconds.
    pub fn add(&mut self, time: Time, item: Item, within: i64) -> bool {
        let latest = self.0.last().map_or(time, |(latest, _)| time.max(*latest));
        let least = latest.plus_micros(within.saturating_mul(-KEPT_WINDOWS)).unwrap_or(Time::MIN);
        if time < least {
            return false;
        }
        self.0.insert(self.up_to(time), (time, item));
        while self.0.len() > WINDOW_MAX || self.0.front().is_some_and(|(first, _)| *first < least) {
            self.0.pop_front();
        }
        true
    }

    /// Takes back the latest event that brought the same, of those that were not later.
    pub fn take_back(&mut self, time: Time, item: &Item) -> bool {
        let same = (0..self.up_to(time)).rev().find(|at| self.0[*at].1 == *item);
        same.map(|at| self.0.remove(at)).is_some()
    }

    /// How many there are of the last so many microseconds before `now`, and at it.
    pub fn count(&self, now: Time, within: i64) -> usize {
        self.lately(now, within).len()
    }

    /// Their sum; none where it is too large to be kept.
    pub fn sum(&self, now: Time, within: i64) -> Option<Decimal> {
        self.lately(now, within).try_fold(Decimal::default(), |sum, at| match &self.0[at].1 {
            Item::Amount(amount) => sum.plus(*amount),
            Item::One | Item::Value(_) => Some(sum),
        })
    }

    /// Their different values.
    pub fn values(&self, now: Time, within: i64) -> BTreeSet<&SmolStr> {
        let values = self.lately(now, within).filter_map(|at| match &self.0[at].1 {
            Item::Value(value) => Some(value),
            Item::One | Item::Amount(_) => None,
        });
        values.collect()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `now - within < time <= now`
    fn lately(&self, now: Time, within: i64) -> std::ops::Range<usize> {
        let until = self.up_to(now);
        let from = now.plus_micros(-within).map_or(0, |begin| self.up_to(begin));
        from.min(until)..until
    }

    /// How many are at this time or before it.
    fn up_to(&self, time: Time) -> usize {
        let order = |(of, _): &(Time, Item)| {
            if *of <= time { std::cmp::Ordering::Less } else { std::cmp::Ordering::Greater }
        };
        self.0.binary_search_by(order).unwrap_or_else(|at| at)
    }
}

impl From<Vec<(Time, Item)>> for Window {
    fn from(items: Vec<(Time, Item)>) -> Window {
        Window(Box::new(items.into()))
    }
}

impl From<Window> for Vec<(Time, Item)> {
    fn from(window: Window) -> Vec<(Time, Item)> {
        window.0.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn at(minutes: i64) -> Time {
        Time::from_unix(minutes * 60, 0).unwrap()
    }

    fn window(minutes: &[i64]) -> Window {
        let mut window = Window::default();
        for minute in minutes {
            window.add(at(*minute), Item::One, HOUR);
        }
        window
    }

    #[test]
    fn it_looks_back_from_the_event_at_hand_its_own_time_included() {
        let window = window(&[0, 60, 30]);
        assert_eq!(window.count(at(60), HOUR), 2);
        assert_eq!(window.count(at(59), HOUR), 2);
        assert_eq!(window.count(at(30), HOUR), 2);
        assert_eq!(window.count(at(119), HOUR), 1);
        assert_eq!(window.count(at(120), HOUR), 0);
    }

    #[test]
    fn what_lies_two_windows_back_is_forgotten_and_so_is_the_least_recent_of_too_many() {
        assert_eq!(Vec::from(window(&[0, 121])).len(), 1);
        assert_eq!(Vec::from(window(&[121, 0])).len(), 1);
        assert_eq!(Vec::from(window(&[0, 120])).len(), 2);
        let many: Vec<_> = std::iter::repeat_n(1, WINDOW_MAX).chain([2, 0]).collect();
        let many = window(&many);
        assert_eq!(Vec::from(many.clone()).len(), WINDOW_MAX);
        assert_eq!(many.count(at(2), HOUR), WINDOW_MAX);
    }

    #[test]
    fn the_latest_that_brought_the_same_is_taken_back() {
        let value = |text: &str| Item::Value(text.into());
        let mut window = Window::default();
        for (minute, text) in [(0, "a"), (10, "b"), (20, "a")] {
            window.add(at(minute), value(text), HOUR);
        }
        assert!(window.take_back(at(15), &value("a")));
        assert!(!window.take_back(at(15), &value("a")));
        assert_eq!(window.values(at(30), HOUR).len(), 2);
        assert!(window.take_back(at(30), &value("a")));
        assert_eq!(window.values(at(30), HOUR).len(), 1);
    }
}
