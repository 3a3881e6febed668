//! Runs: which whole numbers, or calendar periods, there have been, and how many in a row.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// How far the numbers of one run may lie apart. What lies farther below the greatest is dropped, so
/// that one number out of place cannot make a run grow for ever.
pub const SPAN_MAX: i64 = 100_000;

/// Numbers, each there or not; the order in which they came plays no part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run(Arc<[Stretch]>);

/// Numbers in a row, from `first` to `last`. Stretches are sorted and never touch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Stretch {
    first: i64,
    last: i64,
}

impl Stretch {
    fn len(self) -> i64 {
        self.last - self.first + 1
    }
}

impl Run {
    /// Adds a number; says whether that changed anything.
    pub fn insert(&mut self, number: i64) -> bool {
        let greatest = self.last().unwrap_or(number).max(number);
        let Some(least) = greatest.checked_sub(SPAN_MAX) else { return false };
        // The first stretch that ends at `number - 1` or later: the only one it may join or lie in.
        let at = self.0.partition_point(|stretch| stretch.last.saturating_add(1) < number);
        let found = self.0.get(at).copied();
        if number < least || found.is_some_and(|stretch| stretch.first <= number && number <= stretch.last) {
            return false;
        }
        let mut stretches = self.0.to_vec();
        match found {
            Some(stretch) if stretch.last.saturating_add(1) == number => {
                stretches[at].last = number;
                if stretches.get(at + 1).is_some_and(|next| next.first - 1 == number) {
                    stretches[at].last = stretches.remove(at + 1).last;
                }
            }
            Some(stretch) if stretch.first - 1 == number => stretches[at].first = number,
            Some(_) | None => stretches.insert(at, Stretch { first: number, last: number }),
        }
        stretches.retain(|stretch| stretch.last >= least);
        stretches[0].first = stretches[0].first.max(least);
        self.0 = stretches.into();
        true
    }

    /// Takes a number away; says whether it was there.
    pub fn remove(&mut self, number: i64) -> bool {
        let at = self.0.partition_point(|stretch| stretch.last < number);
        let Some(stretch) = self.0.get(at).copied().filter(|stretch| stretch.first <= number) else {
            return false;
        };
        let below = (stretch.first < number).then(|| Stretch { first: stretch.first, last: number - 1 });
        let above = (number < stretch.last).then(|| Stretch { first: number + 1, last: stretch.last });
        let mut stretches = self.0.to_vec();
        stretches.splice(at..=at, below.into_iter().chain(above));
        self.0 = stretches.into();
        true
    }

    /// Whether a number is there.
    pub fn contains(&self, number: i64) -> bool {
        let at = self.0.partition_point(|stretch| stretch.last < number);
        self.0.get(at).is_some_and(|stretch| stretch.first <= number)
    }

    /// The numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = i64> {
        self.0.iter().flat_map(|stretch| stretch.first..=stretch.last)
    }

    /// Most numbers in a row.
    pub fn longest(&self) -> i64 {
        self.0.iter().map(|stretch| stretch.len()).max().unwrap_or(0)
    }

    /// How many in a row up to the greatest.
    pub fn streak(&self) -> i64 {
        self.0.last().map_or(0, |stretch| stretch.len())
    }

    /// How many numbers.
    pub fn size(&self) -> i64 {
        self.0.iter().map(|stretch| stretch.len()).sum()
    }

    /// The least number.
    pub fn first(&self) -> Option<i64> {
        self.0.first().map(|stretch| stretch.first)
    }

    /// The greatest number.
    pub fn last(&self) -> Option<i64> {
        self.0.last().map(|stretch| stretch.last)
    }

    /// The most that are missing in a row between two that are there.
    pub fn gap(&self) -> i64 {
        self.0.windows(2).map(|pair| pair[1].first - pair[0].last - 1).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn run(numbers: impl IntoIterator<Item = i64>) -> Run {
        let mut run = Run::default();
        for number in numbers {
            run.insert(number);
        }
        run
    }

    #[test]
    fn a_missed_number_ends_a_streak_and_a_late_one_mends_it() {
        let mut days = run([1, 2, 3, 5]);
        assert_eq!((days.longest(), days.streak(), days.gap(), days.size()), (3, 1, 1, 4));
        assert!(days.insert(4));
        assert!(!days.insert(4));
        assert_eq!((days.longest(), days.streak(), days.gap()), (5, 5, 0));
        assert_eq!((days.first(), days.last()), (Some(1), Some(5)));
    }

    #[test]
    fn what_lies_too_far_below_the_greatest_is_dropped() {
        let far = run([0, 1, SPAN_MAX + 1]);
        assert_eq!((far.first(), far.size()), (Some(1), 2));
        assert_eq!(far, run([SPAN_MAX + 1, 0, 1]));
        assert_eq!(run([i64::MIN, i64::MAX]).size(), 1);
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_plain_set_in_any_order(numbers in prop::collection::vec(-20i64..20, 0..60)) {
            let set: BTreeSet<i64> = numbers.iter().copied().collect();
            let run = run(numbers.iter().copied());
            prop_assert_eq!(run.size(), set.len() as i64);
            prop_assert_eq!((run.first(), run.last()), (set.first().copied(), set.last().copied()));
            let in_a_row = |from: i64| (from..).take_while(|number| set.contains(number)).count() as i64;
            prop_assert_eq!(run.longest(), set.iter().map(|&number| in_a_row(number)).max().unwrap_or(0));
            let gap = set.iter().zip(set.iter().skip(1)).map(|(a, b)| b - a - 1).max();
            prop_assert_eq!(run.gap(), gap.unwrap_or(0));
        }
    }
}
