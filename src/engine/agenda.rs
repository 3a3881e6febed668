//! What is still to be looked at: rules, each at one key.
//!
//! A rule's place in the catalog is its place in the order. The same rule at the same key is looked at once, however
//! often it was put here before; so what is the same stands next to each other, and goes together.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::key::Key;

/// What is still to be looked at, the first on top.
#[derive(Default)]
pub(super) struct Agenda(BinaryHeap<Reverse<(usize, Key)>>);

impl Agenda {
    /// Puts rules here, all at this key.
    pub(super) fn add(&mut self, rules: &[usize], key: &Key) {
        self.0.extend(rules.iter().map(|place| Reverse((*place, key.clone()))));
    }

    /// Takes what comes next: the place of a rule, and the key at which to look.
    pub(super) fn next(&mut self) -> Option<(usize, Key)> {
        let next = self.0.pop()?;
        while self.0.peek() == Some(&next) {
            self.0.pop();
        }
        Some(next.0)
    }

    /// Takes the next key of this rule, where no other comes before it.
    pub(super) fn next_of(&mut self, rule: usize) -> Option<Key> {
        let Reverse((place, _)) = self.0.peek()?;
        if *place != rule {
            return None;
        }
        self.next().map(|(_, key)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_looked_at_once_a_key_and_in_the_order_of_rules() {
        let keys = ["b", "a"].map(|photo| Key::new([("photo", photo)]));
        let mut agenda = Agenda::default();
        agenda.add(&[2, 1], &keys[0]);
        agenda.add(&[1, 2], &keys[1]);
        agenda.add(&[1], &keys[0]);
        assert_eq!(agenda.next(), Some((1, keys[1].clone())));
        assert_eq!((agenda.next_of(2), agenda.next_of(1)), (None, Some(keys[0].clone())));
        // What was looked at is looked at again when it is put here again.
        agenda.add(&[1], &keys[0]);
        assert_eq!(agenda.next(), Some((1, keys[0].clone())));
        assert_eq!((agenda.next_of(2), agenda.next_of(2)), (Some(keys[1].clone()), Some(keys[0].clone())));
        assert_eq!(agenda.next(), None);
    }
}
