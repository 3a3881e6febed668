//! Runs whose numbers have a count each, so that what was added can be taken back.

use serde::{Deserialize, Serialize};

use super::run::{Run, SPAN_MAX};

/// Numbers, each with how often it came less how often it was taken back; and the run of those that are there.
/// What lies more than [`SPAN_MAX`] below the greatest count of any kind is dropped, as in a [`Run`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(i64, i64)>", into = "Vec<(i64, i64)>")]
pub struct Visits {
    /// Without those whose count is zero. Copies share their branches.
    counts: imbl::OrdMap<i64, i64>,
    run: Run,
}

impl Visits {
    /// Moves the count of a number; says whether that changed anything.
    pub fn add(&mut self, number: i64, amount: i64) -> bool {
        let greatest = self.counts.get_max().map_or(number, |(greatest, _)| number.max(*greatest));
        let Some(least) = greatest.checked_sub(SPAN_MAX) else { return false };
        if number < least {
            return false;
        }
        let before = self.counts.get(&number).copied().unwrap_or(0);
        let after = before.saturating_add(amount);
        match after {
            0 => drop(self.counts.remove(&number)),
            _ => drop(self.counts.insert(number, after)),
        }
        while let Some((lowest, _)) = self.counts.get_min().filter(|(lowest, _)| *lowest < least).cloned() {
            self.counts.remove(&lowest);
            self.run.remove(lowest);
        }
        match (before > 0, after > 0) {
            (false, true) => drop(self.run.insert(number)),
            (true, false) => drop(self.run.remove(number)),
            (false, false) | (true, true) => {}
        }
        before != after
    }

    /// The numbers that are there.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Whether it is as if nothing had ever come.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

impl From<&Run> for Visits {
    fn from(run: &Run) -> Visits {
        run.iter().map(|number| (number, 1)).collect::<Vec<_>>().into()
    }
}

impl From<Vec<(i64, i64)>> for Visits {
    fn from(numbers: Vec<(i64, i64)>) -> Visits {
        let mut visits = Visits::default();
        for (number, count) in numbers {
            visits.add(number, count);
        }
        visits
    }
}

impl From<Visits> for Vec<(i64, i64)> {
    fn from(visits: Visits) -> Vec<(i64, i64)> {
        visits.counts.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn after(moves: &[(i64, i64)]) -> Visits {
        let mut visits = Visits::default();
        for (number, amount) in moves {
            visits.add(*number, *amount);
        }
        visits
    }

    #[test]
    fn a_day_that_is_taken_back_breaks_the_streak_when_nothing_else_was_on_it() {
        let visits = after(&[(1, 1), (2, 1), (2, 1), (3, 1), (2, -1)]);
        assert_eq!(visits.run().streak(), 3);
        let visits = after(&[(1, 1), (2, 1), (2, 1), (3, 1), (2, -1), (2, -1)]);
        assert_eq!((visits.run().streak(), visits.run().longest(), visits.run().gap()), (1, 1, 1));
    }

    #[test]
    fn what_is_dropped_at_the_span_leaves_nothing_behind() {
        let visits = after(&[(0, -1), (1, 1), (SPAN_MAX + 2, 1)]);
        assert_eq!(Vec::from(visits.clone()), [(SPAN_MAX + 2, 1)]);
        assert_eq!(visits.run().size(), 1);
        assert!(!after(&[(i64::MIN, 1)]).run().contains(i64::MIN));
    }

    proptest! {
        #[test]
        fn it_agrees_with_plain_counts_in_any_order(
            moves in prop::collection::vec((-10i64..10, prop::sample::select(vec![-1i64, 1])), 0..60),
        ) {
            let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
            for (number, amount) in &moves {
                *counts.entry(*number).or_default() += amount;
            }
            let there: Vec<_> = counts.iter().filter(|(_, count)| **count > 0).map(|(number, _)| *number).collect();
            let visits = after(&moves);
            prop_assert_eq!(visits.run().iter().collect::<Vec<_>>(), there);
            let reversed: Vec<_> = moves.iter().rev().copied().collect();
            prop_assert_eq!(&after(&reversed), &visits);
            prop_assert_eq!(&Visits::from(Vec::from(visits.clone())), &visits);
            let back = moves.iter().map(|(number, amount)| (*number, -amount));
            let undone: Vec<_> = moves.iter().copied().chain(back).collect();
            prop_assert!(after(&undone).is_empty());
        }
    }
}
