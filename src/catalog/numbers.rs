//! Permanent numbers: a stat keeps its cells, and a badge its bit, whatever becomes of their names
//! and places.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::fingerprint::{of_groups, of_reasons};
use super::{Fingerprint, Reasons};
use crate::badge::{Badge, BadgeNumber};
use crate::stat::{Groups, Slot};

/// Every number that was ever given in one store. The store keeps it for ever.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    /// The slots of stats and flags.
    slots: BTreeMap<Fingerprint, Slot>,
    /// Every badge there ever was, as it was declared last.
    badges: BTreeMap<SmolStr, Badge>,
}

impl Numbers {
    /// The slot of this definition: the one it has, or a new one.
    pub fn slot(&mut self, definition: Fingerprint) -> Slot {
        let next = Slot(u32::try_from(self.slots.len()).expect("fewer than four thousand million rules"));
        *self.slots.entry(definition).or_insert(next)
    }

    /// Where is kept what the limits of this stat need to know.
    pub(super) fn groups(&mut self, stat: Fingerprint) -> Groups {
        Groups { total: self.slot(of_groups(stat, "total")), last: self.slot(of_groups(stat, "last")) }
    }

    /// Where it is kept why this badge is held.
    pub(super) fn reasons(&mut self, badge: &str, once: bool) -> Reasons {
        let mut slot = |which| self.slot(of_reasons(badge, once, which));
        Reasons { given: slot("given"), keys: slot("keys"), first: slot("first") }
    }

    /// Whether this definition was ever in use.
    pub fn knows(&self, definition: Fingerprint) -> bool {
        self.slots.contains_key(&definition)
    }

    /// The number of the badge with this id: the one it has, or a new one. Its looks are kept too.
    pub fn declare(&mut self, mut badge: Badge) -> Badge {
        let next =
            BadgeNumber(u32::try_from(self.badges.len()).expect("fewer than four thousand million rules"));
        badge.number = self.badges.get(&badge.id).map_or(next, |known| known.number);
        badge.retired = false;
        self.badges.insert(badge.id.clone(), badge.clone());
        badge
    }

    /// Marks every badge as retired: those that are declared again are so no longer.
    pub fn retire_all(&mut self) {
        for badge in self.badges.values_mut() {
            badge.retired = true;
        }
    }

    /// Every badge there ever was, by id.
    pub fn badges(&self) -> impl Iterator<Item = &Badge> {
        self.badges.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn badge(id: &str) -> Badge {
        Badge { id: id.into(), ..Badge::default() }
    }

    #[test]
    fn a_number_is_never_used_again() {
        let mut numbers = Numbers::default();
        assert_eq!(numbers.declare(badge("b")).number, BadgeNumber(0));
        assert_eq!(numbers.declare(badge("a")).number, BadgeNumber(1));
        numbers.retire_all();
        assert_eq!(numbers.declare(badge("c")).number, BadgeNumber(2));
        assert_eq!(numbers.declare(badge("b")).number, BadgeNumber(0));
        let retired: Vec<_> = numbers.badges().map(|badge| (badge.id.as_str(), badge.retired)).collect();
        assert_eq!(retired, [("a", true), ("b", false), ("c", false)]);

        let first = numbers.slot(Fingerprint(7));
        assert_ne!(numbers.slot(Fingerprint(8)), first);
        assert_eq!(numbers.slot(Fingerprint(7)), first);
    }
}
