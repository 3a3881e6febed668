//! By hand: giving and taking back over the heads of the rules.
//!
//! What was given by hand is taken back by hand only, and what was taken back by hand is given again by hand only. Which
//! awards these are is kept with their user, as a bag: an award is once too often in it, or once too seldom.
//!
//! An act does not move time: it says nothing of what happened on the site. What falls due is heard at the next event, or
//! by the clock.

use smol_str::{SmolStr, format_smolstr};

use crate::act::{Act, Named};
use crate::audit;
use crate::badge::{Badge, BadgeNumber};
use crate::catalog::{Catalog, Gives, Tier};
use crate::document::{Change, Document};
use crate::event::{Event, UserId};
use crate::key::Key;
use crate::stat::{Cell, Slot, Step};

use super::{Decision, Documents, Moment, Work};

/// What was done by hand with an award last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overruled {
    /// It was given.
    Given,
    /// It was taken back.
    TakenBack,
}

impl Overruled {
    fn times(self) -> i64 {
        match self {
            Overruled::Given => 1,
            Overruled::TakenBack => -1,
        }
    }
}

/// Decides what an act changes.
pub(super) fn decide(
    catalog: &Catalog,
    moment: Moment,
    event: &Event,
    act: &Act,
    documents: &impl Documents,
) -> Decision {
    let mut work = Work::begin(catalog, moment, documents);
    (work.now, work.origin) = (event.time, event.id.clone());
    let changed = match act {
        Act::Award(named) => work.give_by_hand(&event.user, named),
        Act::Revoke(named) => work.take_by_hand(&event.user, named),
        // That it is written down is all there is to it.
        Act::Note(_) => true,
    };
    work.look_at_all();
    work.write_down(event, changed);
    match work.finish(event.clone()) {
        Ok(outcome) => Decision::Done(outcome),
        Err(keys) => Decision::Needs(keys),
    }
}

/// The documents that an act is sure to need.
pub(super) fn keys(event: &Event, act: &Act) -> Vec<Key> {
    match act {
        Act::Award(_) | Act::Revoke(_) => vec![Key::user(&event.user), Key::audit_log()],
        Act::Note(_) => vec![Key::audit_log()],
    }
}

/// What was done by hand with an award of the user whose document this is, if anything.
pub(super) fn overruled(
    document: &Document,
    badge: BadgeNumber,
    key: &Key,
    number: u32,
) -> Option<Overruled> {
    let Cell::Bag(bag) = document.cell(Slot::BY_HAND)? else { return None };
    match bag.count(&noted(badge, key, number)) {
        0 => None,
        1.. => Some(Overruled::Given),
        _ => Some(Overruled::TakenBack),
    }
}

impl<D: Documents> Work<'_, D> {
    /// Gives a badge; says whether the user did not hold it. One that repeats is given once more: of the numbers up to the
    /// next, the last that was taken back by hand, or the next where none was.
    fn give_by_hand(&mut self, user: &UserId, named: &Named) -> bool {
        let catalog = self.view.catalog;
        // The rules may have dropped it since somebody asked for it.
        let badge = catalog.badge_by_id(&named.badge).filter(|badge| !badge.retired);
        let Some(badge) = badge else { return false };
        let of_user = Key::user(user);
        let Some(document) = self.view.document(&of_user) else { return false };
        let held = document.times(badge.number, &named.key);
        let number = match rule_of(catalog, badge) {
            Some((_, true)) => {
                let gone = |number: &u32| {
                    overruled(&document, badge.number, &named.key, *number) == Some(Overruled::TakenBack)
                };
                (1..=held + 1).rev().find(gone).unwrap_or(held + 1)
            }
            Some((_, false)) | None => 1,
        };
        if document.award(badge.number, &named.key, number).is_some() {
            return false;
        }
        self.overrule(&of_user, badge.number, &named.key, number, Overruled::Given);
        self.give(badge, user, &named.key, number, &named.key.with("user", user.as_str()));
        true
    }

    /// Takes an award back; says whether the user held it. Of a badge that repeats it is the last.
    fn take_by_hand(&mut self, user: &UserId, named: &Named) -> bool {
        let catalog = self.view.catalog;
        let Some(badge) = catalog.badge_by_id(&named.badge) else { return false };
        let of_user = Key::user(user);
        let Some(document) = self.view.document(&of_user) else { return false };
        let number = document.times(badge.number, &named.key);
        if number == 0 {
            return false;
        }
        let given_with = match overruled(&document, badge.number, &named.key, number) {
            Some(Overruled::Given) => None,
            Some(Overruled::TakenBack) | None => {
                rule_of(catalog, badge).and_then(|(tier, _)| self.given_with(tier, user, &named.key, number))
            }
        };
        let given_with = given_with.unwrap_or_else(|| named.key.with("user", user.as_str()));
        self.overrule(&of_user, badge.number, &named.key, number, Overruled::TakenBack);
        self.take_back(badge, user, &named.key, number, &given_with);
        true
    }

    /// The key with which a rule gave an award, where that is known: whoever counted it counted it with that.
    fn given_with(&mut self, tier: &Tier, user: &UserId, key: &Key, number: u32) -> Option<Key> {
        if let Some(reasons) = &tier.reasons {
            return self.forget_first(&key.with("user", user.as_str()), reasons, number);
        }
        let (_, slot) = tier.expires?;
        Some(self.expiries(&Key::user(user), slot).get(key)?.given_with.clone())
    }

    fn overrule(&mut self, of_user: &Key, badge: BadgeNumber, key: &Key, number: u32, now: Overruled) {
        let Some(document) = self.view.document(of_user) else { return };
        let before = overruled(&document, badge, key, number).map_or(0, Overruled::times);
        let step = Step::Collect(noted(badge, key, number), now.times() - before);
        self.view.open(of_user).apply(Change { slot: Slot::BY_HAND, step });
    }

    /// Writes an act into the audit log.
    fn write_down(&mut self, event: &Event, changed: bool) {
        let Some(log) = self.view.document(&Key::audit_log()) else { return };
        for (key, change) in audit::append(&log, event, self.moment.arrival, changed) {
            self.view.open(&key).apply(change);
        }
    }
}

/// The tier of a badge, and whether it repeats; none where no rule gives it.
fn rule_of<'c>(catalog: &'c Catalog, badge: &Badge) -> Option<(&'c Tier, bool)> {
    catalog.rules.iter().find_map(|rule| {
        let Gives::Badges { tiers, repeat, .. } = &rule.gives else { return None };
        let tier = tiers.iter().find(|tier| catalog.badges[tier.badge].number == badge.number)?;
        Some((tier, repeat.is_some()))
    })
}

fn noted(badge: BadgeNumber, key: &Key, number: u32) -> SmolStr {
    format_smolstr!("{} {number} {}", badge.0, key.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::{Hand, Order};
    use crate::catalog::Numbers;
    use crate::diagnostic::Source;
    use crate::engine::InMemory;
    use crate::event::Time;

    fn catalog(text: &str, numbers: &Numbers) -> (Catalog, Numbers) {
        let source = Source { name: "a.toml".to_owned(), text: text.to_owned() };
        let (catalog, numbers, _) = Catalog::compile(&[source], numbers).unwrap();
        (catalog, numbers)
    }

    /// The rules were replaced between the time at which it was asked for, and was allowed, and its turn.
    #[test]
    fn a_badge_that_the_rules_have_dropped_since_is_not_given() {
        let (before, numbers) = catalog("[badge.met]\nmanual = true", &Numbers::default());
        let (after, _) = catalog("[badge.other]\nmanual = true", &numbers);
        let order =
            Order { id: "a1".to_owned(), user: "ann".to_owned(), reason: "x".to_owned(), ..Order::default() };
        let met = before.badge_by_id("met").unwrap();
        let (event, _) = order.parse(Hand::Gives, met, Time::MIN).unwrap();
        for (catalog, gives) in [(&before, 1), (&after, 0)] {
            let decided = super::super::decide(catalog, Moment::BEGINNING, &event, &InMemory::default());
            let Decision::Done(outcome) = decided else { panic!("{decided:?}") };
            assert_eq!(outcome.record.awards.len(), gives);
            let entry = outcome.documents.iter().find(|(key, _)| *key == Key::audit_entry(1));
            let entry = audit::Entry::read(1, &entry.unwrap().1).unwrap();
            assert_eq!(entry.changed, gives == 1);
        }
    }
}
