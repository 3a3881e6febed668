//! Sets of different values, small ones compact, large ones cheap to copy.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Up to so many values are kept as a sorted list. A larger set is a tree whose copies share their
/// branches, so that one more viewer of a popular article costs no copy of the others.
const LIST_MAX: usize = 16;

/// Different texts, sorted by their bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<SmolStr>", into = "Vec<SmolStr>")]
pub struct Set(Kept);

#[derive(Clone, Debug, PartialEq)]
enum Kept {
    List(Vec<SmolStr>),
    Tree(imbl::OrdSet<SmolStr>),
}

impl Default for Set {
    fn default() -> Set {
        Set(Kept::List(Vec::new()))
    }
}

impl Set {
    /// Adds a value; says whether it is new.
    pub fn insert(&mut self, item: SmolStr) -> bool {
        match &mut self.0 {
            Kept::Tree(tree) => tree.insert(item).is_none(),
            Kept::List(list) => match list.binary_search(&item) {
                Ok(_) => false,
                Err(at) if list.len() < LIST_MAX => {
                    list.insert(at, item);
                    true
                }
                Err(_) => {
                    self.0 = Kept::Tree(list.drain(..).chain([item]).collect());
                    true
                }
            },
        }
    }

    /// Whether a value is there.
    pub fn contains(&self, item: &str) -> bool {
        match &self.0 {
            Kept::List(list) => list.binary_search_by(|known| known.as_str().cmp(item)).is_ok(),
            Kept::Tree(tree) => tree.contains(item),
        }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Kept::List(list) => list.len(),
            Kept::Tree(tree) => tree.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &SmolStr> {
        let (list, tree) = match &self.0 {
            Kept::List(list) => (Some(list), None),
            Kept::Tree(tree) => (None, Some(tree)),
        };
        list.into_iter().flatten().chain(tree.into_iter().flatten())
    }
}

impl From<Vec<SmolStr>> for Set {
    fn from(items: Vec<SmolStr>) -> Set {
        let mut set = Set::default();
        for item in items {
            set.insert(item);
        }
        set
    }
}

impl From<Set> for Vec<SmolStr> {
    fn from(set: Set) -> Vec<SmolStr> {
        set.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_that_outgrows_its_list_is_the_same_set() {
        let mut set = Set::default();
        for number in (0..100).rev() {
            assert!(set.insert(smol_str::format_smolstr!("{number:02}")));
            assert!(!set.insert(smol_str::format_smolstr!("{number:02}")));
        }
        assert_eq!(set.len(), 100);
        assert!(set.contains("07") && !set.contains("7"));
        assert!(set.iter().is_sorted());
        assert_eq!(Set::from(Vec::from(set.clone())), set);
    }
}
