//! Looking at other keys: a rule remembers at which it looked the last time, and is looked at again when one of
//! them changes.
//!
//! ```text
//!  own key's document:    rule's slot ─▶ the other keys at which it looked
//!  other key's waiting:   rule's slot ─▶ the rule's own keys that wait for it
//! ```
//!
//! Both lists are cells, and both are moved by changes that the journal keeps, so that they are made again without
//! deciding. What a rule waits for under its name it goes on waiting for when its condition changes, until it is
//! looked at next; a list whose rule is gone is read by nobody.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use crate::catalog::{Gives, Rule};
use crate::document::{Change, Document};
use crate::key::Key;
use crate::stat::{Bag, Cell, Slot, Step};

use super::environment::Seen;
use super::{Documents, Work};

/// Most keys of one rule that may wait for the same other key, and most other keys for which one of them may wait.
/// One more does not wait: it is not looked at again when that key changes, and the log says so.
pub const WAITING_MAX: usize = 10_000;

/// For which keys a rule no longer waits, and for which it does from now on.
struct Difference {
    gone: Vec<Key>,
    new: Vec<Key>,
}

impl<D: Documents> Work<'_, D> {
    /// Puts on the agenda what waits for this key, of these rules.
    pub(super) fn call_waiting(&mut self, rules: &[usize], key: &Key) {
        if rules.is_empty() {
            return;
        }
        let Some(document) = self.view.document(&key.waiting()) else { return };
        for place in rules {
            let Some(slot) = self.view.catalog.rules[*place].waits else { continue };
            for key in keys_in(&document, slot) {
                self.agenda.add(&[*place], &key);
            }
        }
    }

    /// Remembers at which other keys a rule looked just now.
    pub(super) fn wait(&mut self, rule: &Rule, key: &Key) {
        let Some(slot) = rule.waits else { return drop(self.view.take_looked()) };
        if !self.is_in_season(rule) {
            // What it comes to is not asked now, and yet it is to be known when that changes in the season.
            self.read_with_recipients(rule, key);
        }
        let looked = self.view.take_looked();
        let looked = if self.is_done(rule, key) { BTreeSet::new() } else { looked };
        let Some(Difference { gone, new }) = self.difference(slot, key, looked) else { return };
        for other in gone {
            self.note(slot, key, &other, -1);
        }
        for other in new {
            let many = |of: &Key| {
                self.view.document(of).is_some_and(|document| how_many(&document, slot) >= WAITING_MAX)
            };
            match many(key) || many(&other.waiting()) {
                true => self.view.leave_out(1),
                false => self.note(slot, key, &other, 1),
            }
        }
    }

    /// Asks for all documents that a look would ask for, where it cannot be taken yet: so that a thousand looks ask
    /// at once and not one after the other.
    pub(super) fn foresee(&mut self, rule: &Rule, key: &Key) {
        let Some(slot) = rule.waits else { return };
        if self.view.document(key).is_none() {
            return;
        }
        let gives = matches!(rule.gives, Gives::Badges { to: None, .. });
        self.read(rule, key);
        if let Some(user) = key.part("user").filter(|_| gives) {
            self.view.document(&Key::new([("user", user.as_ref())]));
        }
        let looked = self.view.take_looked();
        if let Some(Difference { gone, new }) = self.difference(slot, key, looked) {
            for other in gone.iter().chain(&new) {
                self.view.document(&other.waiting());
            }
        }
    }

    /// Reads what the condition of a rule reads, in the order in which it does.
    fn read(&self, rule: &Rule, key: &Key) {
        let seen = Seen::looking(&self.view, self.now, key);
        if rule.when.as_ref().is_none_or(|when| when.is_true(&seen)) {
            rule.value.as_ref().and_then(|value| value.value(&seen));
        }
    }

    /// Reads what a rule that gives badges reads, also who would get them.
    fn read_with_recipients(&self, rule: &Rule, key: &Key) {
        let Gives::Badges { tiers, to: Some(to), repeat, .. } = &rule.gives else {
            return self.read(rule, key);
        };
        let reached = self.reached(rule, key, tiers, repeat.as_ref()) > 0;
        if reached && repeat.as_ref().is_none_or(|every| self.multiples(rule, key, every) > 0) {
            to.value(&Seen::looking(&self.view, self.now, key));
        }
    }

    fn is_in_season(&self, rule: &Rule) -> bool {
        match &rule.gives {
            Gives::Badges { season, .. } => season.contains(self.now),
            Gives::Flag { .. } | Gives::Event { .. } => true,
        }
    }

    /// Whether all that a rule could give at a key is held and kept: then it need not wait, and leaves the room to
    /// others.
    fn is_done(&self, rule: &Rule, key: &Key) -> bool {
        let Gives::Badges { tiers, to: None, once, repeat: None, revoke: false, .. } = &rule.gives else {
            return false;
        };
        // Who is first keeps the place of its value, and makes it free for others when that is less.
        if rule.top.is_some() {
            return false;
        }
        let user = key.part("user").unwrap_or_default();
        let Some(document) = self.view.document(&Key::new([("user", user.as_ref())])) else { return false };
        let award_key = if *once { Key::EMPTY } else { key.without("user") };
        // One that expires may be given again.
        let kept = tiers.iter().all(|tier| tier.expires.is_none());
        kept && tiers
            .iter()
            .all(|tier| document.times(self.view.catalog.badges[tier.badge].number, &award_key) > 0)
    }

    fn difference(&self, slot: Slot, key: &Key, looked: BTreeSet<Key>) -> Option<Difference> {
        let document = self.view.document(key)?;
        let kept: BTreeSet<Key> = keys_in(&document, slot).collect();
        Some(Difference {
            gone: kept.difference(&looked).cloned().collect(),
            new: looked.difference(&kept).cloned().collect(),
        })
    }

    fn note(&mut self, slot: Slot, key: &Key, other: &Key, times: i64) {
        let noted = |of: &Key| Change { slot, step: Step::Collect(SmolStr::from(of.as_str()), times) };
        self.view.open(key).apply(noted(other));
        self.view.open(&other.waiting()).apply(noted(key));
    }
}

fn keys_in(document: &Document, slot: Slot) -> impl Iterator<Item = Key> {
    bag(document, slot).into_iter().flat_map(Bag::iter).map(|key| Key::from_text(key))
}

fn how_many(document: &Document, slot: Slot) -> usize {
    bag(document, slot).map_or(0, Bag::len)
}

fn bag(document: &Document, slot: Slot) -> Option<&Bag> {
    match document.cell(slot)? {
        Cell::Bag(keys) => Some(keys),
        Cell::Count(_) | Cell::Sum(_) | Cell::Set(_) | Cell::Run(_) | Cell::Extreme(_) => None,
        Cell::Dated(_) | Cell::Raised(_) | Cell::Visits(_) | Cell::Window(_) | Cell::Ranking(_) => None,
        Cell::Placed(_) | Cell::Timer(_) => None,
    }
}
