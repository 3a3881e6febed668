//! The so many keys with the greatest value: all that are known are put in order again, each time somebody asks.

use std::collections::BTreeSet;

use laurels::event::Value;

use super::super::slips::Slip;
use super::expressions::{Seen, as_double, compare};
use super::{Key, Reference};

impl Reference<'_> {
    /// All keys that are to be looked at take their places first; then those are looked at, and those whom that brought
    /// in or pushed out.
    pub(super) fn look_at_top(&mut self, place: usize, first: Key) {
        let rule = self.ranks.order[place];
        let mut concerned = BTreeSet::new();
        let mut next = Some(first);
        while let Some(key) = next {
            let before = self.first_of(rule, &key);
            self.take_place(rule, &key);
            let after = self.first_of(rule, &key);
            concerned.extend(before.symmetric_difference(&after).cloned());
            concerned.insert(key);
            next = self.agenda.first().filter(|(other, _)| *other == place).map(|(_, key)| key.clone());
            self.agenda.retain(|(other, key)| *other != place || Some(key) != next.as_ref());
        }
        for key in concerned {
            self.look(place, &key);
        }
    }

    /// Whether a key has a value now, and is among the first of its group.
    pub(super) fn is_in_top(&self, rule: usize, key: &Key) -> bool {
        self.standing(rule, key).is_some() && self.first_of(rule, key).contains(key)
    }

    fn take_place(&mut self, rule: usize, key: &Key) {
        let at = (rule, key.clone());
        match (self.standing(rule, key), self.places.get(&at)) {
            (None, _) => drop(self.places.remove(&at)),
            // Who has the same value still reached it when it did.
            (Some(value), Some((known, _))) if compare(&value, known).is_some_and(|order| order.is_eq()) => {}
            (Some(value), _) => drop(self.places.insert(at, (value, self.now))),
        }
    }

    /// The value of a key for which the condition holds.
    fn standing(&self, rule: usize, key: &Key) -> Option<Value> {
        let rule = &self.rules.0[rule];
        let seen = Seen { of: self, event: None, key: Some(key), now: self.now };
        if !rule.when.as_ref().is_none_or(|when| seen.is_true(when)) {
            return None;
        }
        seen.value(rule.value.as_ref()?).filter(|value| as_double(value).is_some())
    }

    /// The first of the group of this key.
    fn first_of(&self, rule: usize, of: &Key) -> BTreeSet<Key> {
        let declared = &self.rules.0[rule];
        let same = |key: &Key| declared.among.iter().all(|part| key.get(part) == of.get(part));
        let group = self.places.iter().filter(|((of, key), _)| *of == rule && same(key));
        let mut group: Vec<_> = group.map(|((_, key), (value, since))| (key, value, since)).collect();
        // The greatest first; of those who are even who came earlier, then the smaller key.
        group.sort_by(|(key, value, since), (other, theirs, earlier)| {
            let even = self.slip == Some(Slip::TiesGoByTheKey);
            let by_time = if even { std::cmp::Ordering::Equal } else { since.cmp(earlier) };
            compare(theirs, value).expect("they are numbers").then(by_time).then(key.cmp(other))
        });
        group.into_iter().take(declared.top.unwrap_or_default()).map(|(key, ..)| key.clone()).collect()
    }
}
