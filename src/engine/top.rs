//! The so many keys with the greatest value.
//!
//! A group's ranking is a cell in the document of the group: under the parts of `among`, or under the empty key for the
//! whole site. Looking at such a rule has two steps. First every key that is concerned takes its place; then those
//! are looked at that moved, and those whom that brought into the top or pushed out of it. So nobody is first for a
//! moment only because two values changed at once.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::catalog::{Rule, Top};
use crate::cel::compare;
use crate::document::{Change, Document};
use crate::event::Value;
use crate::key::Key;
use crate::stat::{Cell, Ranking, Slot, Step};

use super::environment::Seen;
use super::view::View;
use super::{Documents, Work};

impl<D: Documents> Work<'_, D> {
    /// Looks at the rule at this place of the catalog at all keys for which it is on the agenda; `first` is the first.
    pub(super) fn look_at_top(&mut self, place: usize, top: &Top, first: Key) {
        let rule = &self.view.catalog.rules[place];
        let mut concerned = BTreeSet::new();
        let mut next = Some(first);
        while let Some(key) = next {
            let crossed = self.take_place(rule, top, &key);
            concerned.extend(crossed);
            concerned.insert(key);
            next = self.agenda.next_of(place);
        }
        // All at once: who is concerned is known now, and none of them may be at hand.
        for key in &concerned {
            self.view.document(key);
        }
        self.view.take_looked();
        for key in concerned.iter().filter(|_| !self.view.is_lacking()).cloned().collect::<Vec<_>>() {
            self.look(rule, &key);
        }
    }

    /// Whether a key is among the first.
    pub(super) fn is_in_top(&self, rule: &Rule, top: &Top, key: &Key) -> bool {
        // What it waits for is what its value was read from.
        let standing = standing(&self.view, rule, key, self.now);
        let Some(group) = group(top, key).filter(|_| standing.is_some()) else { return false };
        let document = self.view.document(&group);
        let ranking = document.as_deref().and_then(|document| ranking(document, top.slot));
        ranking.is_some_and(|ranking| ranking.is_among(key, top.count))
    }

    /// Gives a key the place that its value has now. Answers who came into the top in its stead, or fell out of it.
    fn take_place(&mut self, rule: &Rule, top: &Top, key: &Key) -> Option<Key> {
        let value = standing(&self.view, rule, key, self.now);
        let group = group(top, key)?;
        let document = self.view.document(&group)?;
        let before = ranking(&document, top.slot);
        let step = match (before.and_then(|ranking| ranking.value(key)), value) {
            (None, None) => return None,
            (Some(_), None) => Step::Unrank(key.clone()),
            // Who has the same value still reached it when it did.
            (Some(known), Some(value)) if compare(known, &value) == Some(Ordering::Equal) => return None,
            (_, Some(value)) => Step::Rank(key.clone(), self.now, value),
        };
        let was_in = before.is_some_and(|ranking| ranking.is_among(key, top.count));
        let moved = self.view.open(&group);
        moved.apply(Change { slot: top.slot, step });
        let after = ranking(&moved.document, top.slot)?;
        let other = match (was_in, after.is_among(key, top.count)) {
            (false, true) => after.at(top.count),
            (true, false) => after.at(top.count - 1),
            (true, true) | (false, false) => None,
        };
        other.map(|ranked| ranked.key.clone())
    }
}

/// The value that the last of the top has, in the group of a key: what others have to pass. None where there is room.
pub(super) fn bar<D: Documents>(view: &View<'_, D>, top: &Top, key: &Key) -> Option<Value> {
    let document = view.document(&group(top, key)?)?;
    let ranking = ranking(&document, top.slot)?;
    Some(ranking.at(top.count - 1)?.value.clone())
}

/// The number by which a key is ranked, where its condition holds.
fn standing<D: Documents>(
    view: &View<'_, D>,
    rule: &Rule,
    key: &Key,
    now: crate::event::Time,
) -> Option<Value> {
    let seen = Seen::looking(view, now, key);
    let holds = rule.when.as_ref().is_none_or(|when| when.is_true(&seen));
    let value = rule.value.as_ref().filter(|_| holds)?.value(&seen)?;
    matches!(value, Value::Int(_) | Value::Double(_)).then_some(value)
}

/// The key of the ranking that a key belongs to.
fn group(top: &Top, key: &Key) -> Option<Key> {
    key.only(top.among.iter().map(|name| name.as_str()))
}

fn ranking(document: &Document, slot: Slot) -> Option<&Ranking> {
    match document.cell(slot)? {
        Cell::Ranking(ranking) => Some(ranking),
        Cell::Count(_) | Cell::Sum(_) | Cell::Set(_) | Cell::Run(_) | Cell::Extreme(_) => None,
        Cell::Dated(_) | Cell::Raised(_) | Cell::Bag(_) | Cell::Visits(_) | Cell::Window(_) => None,
        Cell::Placed(_) | Cell::Timer(_) => None,
    }
}
