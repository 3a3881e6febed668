//! Sets whose values have a count each, so that what was added can be taken back.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::distinct::Set;

/// Different texts, each with how often it came less how often it was taken back. A text is there while its
/// count is above zero; one that was taken back before it came waits below.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(SmolStr, i64)>", into = "Vec<(SmolStr, i64)>")]
pub struct Bag {
    /// Without those whose count is zero. Copies share their branches.
    counts: imbl::OrdMap<SmolStr, i64>,
    /// How many are there.
    there: usize,
}

impl Bag {
    /// Moves the count of a text; says whether that changed it.
    pub fn add(&mut self, item: SmolStr, amount: i64) -> bool {
        let before = self.counts.get(&item).copied().unwrap_or(0);
        let after = before.saturating_add(amount);
        match after {
            0 => drop(self.counts.remove(&item)),
            _ => drop(self.counts.insert(item, after)),
        }
        self.there = self.there + usize::from(after > 0) - usize::from(before > 0);
        before != after
    }

    /// Whether a text is there.
    pub fn contains(&self, item: &str) -> bool {
        self.counts.get(item).is_some_and(|count| *count > 0)
    }

    /// How often a text came less how often it was taken back.
    pub fn count(&self, item: &str) -> i64 {
        self.counts.get(item).copied().unwrap_or(0)
    }

    /// How many different texts are there.
    pub fn len(&self) -> usize {
        self.there
    }

    /// Whether it is as if nothing had ever come.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The texts that are there, sorted by their bytes.
    pub fn iter(&self) -> impl Iterator<Item = &SmolStr> {
        self.counts.iter().filter(|(_, count)| **count > 0).map(|(item, _)| item)
    }
}

impl From<&Set> for Bag {
    fn from(set: &Set) -> Bag {
        set.iter().map(|item| (item.clone(), 1)).collect::<Vec<_>>().into()
    }
}

impl From<Vec<(SmolStr, i64)>> for Bag {
    fn from(items: Vec<(SmolStr, i64)>) -> Bag {
        let mut bag = Bag::default();
        for (item, count) in items {
            bag.add(item, count);
        }
        bag
    }
}

impl From<Bag> for Vec<(SmolStr, i64)> {
    fn from(bag: Bag) -> Vec<(SmolStr, i64)> {
        bag.counts.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_there_until_it_was_taken_back_as_often_as_it_came() {
        let mut bag = Bag::default();
        assert!(bag.add("a".into(), 1));
        bag.add("a".into(), 1);
        bag.add("a".into(), -1);
        assert!(bag.contains("a") && bag.len() == 1);
        bag.add("a".into(), -1);
        assert!(!bag.contains("a") && bag.is_empty());
    }

    #[test]
    fn what_is_taken_back_before_it_comes_does_not_come() {
        let mut bag = Bag::default();
        bag.add("a".into(), -1);
        assert_eq!((bag.len(), bag.is_empty(), bag.iter().count()), (0, false, 0));
        bag.add("a".into(), 1);
        assert!(bag.is_empty());
        assert_eq!(bag, Bag::default());
    }
}
