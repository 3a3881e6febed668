//! Giving badges, and taking back those that are true no longer.
//!
//! A badge without `revoke` is given and stays. One with `revoke` is *settled* whenever it is looked at: what is due is
//! given, and what is held and not due is taken back. Mostly one key gives one award, and what is held is all there is to
//! know. With `once` or `to` several keys may give the same award; then it is kept who is given it by which key, and it
//! is held as long as there is a key that gives it ([`Reasons`]).

use std::collections::BTreeMap;

use smol_str::{SmolStr, ToSmolStr, format_smolstr};

use crate::award::{Award, Place, Revocation};
use crate::badge::Badge;
use crate::catalog::{Gives, Reasons, Rule, Tier};
use crate::document::{Change, Document};
use crate::event::{Event, UserId, Value};
use crate::key::Key;
use crate::stat::{Bag, Cell, Slot, Step, Way};

use super::environment::Seen;
use super::hand::{Overruled, overruled};
use super::{Documents, REPEATS_MAX, Work, parts_of, texts};

/// What a rule with `revoke` comes to at one key.
struct Settling<'k> {
    key: &'k Key,
    /// The key of the awards.
    award_key: Key,
    /// Who gets them.
    users: Vec<UserId>,
    /// Whether there may be new ones. Taking back has no season.
    in_season: bool,
}

impl<D: Documents> Work<'_, D> {
    pub(super) fn look_at_badges(&mut self, rule: &Rule, key: &Key) {
        let Gives::Badges { tiers, to, once, repeat, season, revoke } = &rule.gives else { return };
        let in_season = season.contains(self.now);
        if !in_season && !revoke && tiers.iter().all(|tier| tier.expires.is_none()) {
            return;
        }
        let reached = self.reached(rule, key, tiers, repeat.as_ref());
        let times = repeat.as_ref().map_or(1, |every| self.multiples(rule, key, every));
        if !revoke && (reached == 0 || times == 0) {
            return;
        }
        // Mostly what is due was given long ago.
        if !revoke && to.is_none() && key.is_user() && self.has_all(&tiers[..reached], key, times) {
            return;
        }
        let users = match to {
            None => key.part("user").map(|user| vec![SmolStr::from(user)]).unwrap_or_default(),
            Some(to) => {
                let to = to.value(&Seen::looking(&self.view, self.now, key));
                to.as_ref().map(texts).unwrap_or_default()
            }
        };
        let users: Vec<_> = users.iter().filter_map(|user| UserId::parse(user).ok()).collect();
        let award_key = if *once || key.is_user() { Key::EMPTY } else { key.without("user") };
        if !revoke {
            if in_season {
                self.give_all(&tiers[..reached], &users, &award_key, times, key);
            }
            return self.hold_all(&tiers[..reached], &users, &award_key, key);
        }
        let settling = Settling { key, award_key, users, in_season };
        for tier in tiers[reached..].iter().rev() {
            self.settle(tier, &settling, 0);
        }
        for tier in &tiers[..reached] {
            self.settle(tier, &settling, times);
        }
        if times > 0 {
            self.hold_all(&tiers[..reached], &settling.users, &settling.award_key, key);
        }
    }

    /// Whether a user has all that a rule could give at the user's own key, and has it for ever.
    fn has_all(&self, tiers: &[Tier], of_user: &Key, times: u32) -> bool {
        let Some(document) = self.view.read(of_user) else { return false };
        tiers.iter().all(|tier| {
            let badge = self.view.catalog.badges[tier.badge].number;
            let held = document.times(badge, &Key::EMPTY);
            let without_gaps = document.numbers(badge, &Key::EMPTY).len() == held as usize;
            tier.expires.is_none() && held >= times && without_gaps
        })
    }

    fn give_all(&mut self, tiers: &[Tier], users: &[UserId], award_key: &Key, times: u32, key: &Key) {
        for user in users {
            for tier in tiers {
                let badge = &self.view.catalog.badges[tier.badge];
                let Some(document) = self.view.document(&Key::user(user)) else { continue };
                for number in missing(&document, badge, award_key, times) {
                    match &tier.reasons {
                        Some(reasons) => self.give_noted(badge, reasons, user, award_key, number, key),
                        None => self.give(badge, user, award_key, number, key),
                    }
                }
            }
        }
    }

    /// Gives a badge until those who get it have it as often as is due, and takes back what is more.
    fn settle(&mut self, tier: &Tier, settling: &Settling<'_>, due: u32) {
        let badge = &self.view.catalog.badges[tier.badge];
        if let Some(reasons) = &tier.reasons {
            return self.settle_shared(badge, reasons, settling, due, tier.expires.is_some());
        }
        let Settling { key, award_key, users, in_season } = settling;
        for user in users {
            let Some(document) = self.view.document(&Key::user(user)) else { continue };
            let held = document.times(badge.number, award_key);
            for number in (due + 1..=held).rev().take(REPEATS_MAX as usize) {
                self.take_back(badge, user, award_key, number, key);
            }
            let due = if *in_season { due } else { 0 };
            for number in missing(&document, badge, award_key, due) {
                self.give(badge, user, award_key, number, key);
            }
        }
    }

    /// The same where other keys may give the same awards. What `expires` is given again where it is found true again,
    /// though the keys that give it are the same.
    fn settle_shared(
        &mut self,
        badge: &Badge,
        reasons: &Reasons,
        settling: &Settling<'_>,
        due: u32,
        expires: bool,
    ) {
        let given = self.bag(settling.key, reasons.given);
        let before = |user: &SmolStr| u32::try_from(given.count(user)).unwrap_or(0);
        let mut times: BTreeMap<SmolStr, u32> = given.iter().map(|user| (user.clone(), 0)).collect();
        times.extend(settling.users.iter().map(|user| (user.as_text().clone(), due)));
        for (user, times) in times {
            let Ok(id) = UserId::parse(&user) else { continue };
            let before = before(&user);
            for number in (times + 1..=before).rev().take(REPEATS_MAX as usize) {
                self.reason_gone(badge, reasons, settling, &id, number);
            }
            let times = if settling.in_season { times.min(before.saturating_add(REPEATS_MAX)) } else { 0 };
            let again = if expires { times.min(before) } else { 0 };
            for number in 1..=again {
                self.give_noted(badge, reasons, &id, &settling.award_key, number, settling.key);
            }
            for number in before + 1..=times {
                self.reason_more(badge, reasons, settling, &id, number);
            }
        }
    }

    /// This key gives an award: it is given, unless another key has given it.
    fn reason_more(
        &mut self,
        badge: &Badge,
        reasons: &Reasons,
        settling: &Settling<'_>,
        user: &UserId,
        number: u32,
    ) {
        let Settling { key, award_key, .. } = settling;
        let held_at = award_key.with("user", user.as_str());
        self.collect(key, reasons.given, user.as_text().clone(), 1);
        self.collect(&held_at, reasons.keys, number.to_smolstr(), 1);
        self.give_noted(badge, reasons, user, award_key, number, key);
    }

    /// Gives an award that is not held, and notes with which key.
    fn give_noted(
        &mut self,
        badge: &Badge,
        reasons: &Reasons,
        user: &UserId,
        award_key: &Key,
        number: u32,
        key: &Key,
    ) {
        let Some(document) = self.view.document(&Key::user(user)) else { return };
        if may_be_given(&document, badge, award_key, number) {
            let held_at = award_key.with("user", user.as_str());
            self.collect(&held_at, reasons.first, given_with(number, key), 1);
            self.give(badge, user, award_key, number, key);
        }
    }

    /// This key gives an award no longer: it is taken back, unless another key gives it.
    fn reason_gone(
        &mut self,
        badge: &Badge,
        reasons: &Reasons,
        settling: &Settling<'_>,
        user: &UserId,
        number: u32,
    ) {
        let Settling { key, award_key, .. } = settling;
        let held_at = award_key.with("user", user.as_str());
        self.collect(key, reasons.given, user.as_text().clone(), -1);
        self.collect(&held_at, reasons.keys, number.to_smolstr(), -1);
        if self.bag(&held_at, reasons.keys).contains(&number.to_smolstr()) {
            return;
        }
        let given_with = self.forget_first(&held_at, reasons, number).unwrap_or_else(|| Key::clone(key));
        self.take_back(badge, user, award_key, number, &given_with);
    }

    /// The key that gave an award, which may be another than those that give it now: whoever counted it counted it with
    /// that. It is noted no longer.
    pub(super) fn forget_first(&mut self, held_at: &Key, reasons: &Reasons, number: u32) -> Option<Key> {
        let first = self.bag(held_at, reasons.first);
        let (noted, key) =
            first.iter().find_map(|noted| Some((noted.clone(), key_given_with(number, noted)?)))?;
        self.collect(held_at, reasons.first, noted, -1);
        Some(key)
    }

    fn bag(&self, key: &Key, slot: Slot) -> Bag {
        match self.view.document(key).and_then(|document| document.cell(slot).cloned()) {
            Some(Cell::Bag(bag)) => bag,
            Some(_) | None => Bag::default(),
        }
    }

    fn collect(&mut self, key: &Key, slot: Slot, item: SmolStr, times: i64) {
        self.view.open(key).apply(Change { slot, step: Step::Collect(item, times) });
    }

    /// Gives an award. What was taken back by hand, and not given by hand since, is not given.
    pub(super) fn give(&mut self, badge: &Badge, user: &UserId, award_key: &Key, number: u32, key: &Key) {
        let of_user = Key::user(user);
        let Some(document) = self.view.document(&of_user) else { return };
        if overruled(&document, badge.number, award_key, number) == Some(Overruled::TakenBack) {
            return;
        }
        let award = Award {
            place: self.next_place(),
            user: user.clone(),
            badge: badge.number,
            key: award_key.clone(),
            number,
            time: self.now,
            event_id: self.origin.clone(),
            points: badge.points,
            first: !document.holds(badge.number),
        };
        self.view.open(&of_user).give(award.clone());
        self.tell_of(badge, &award, key, Way::Add);
        self.awards.push(award);
    }

    /// Takes an award back. What was given by hand, and not taken back by hand since, is not taken back.
    pub(super) fn take_back(
        &mut self,
        badge: &Badge,
        user: &UserId,
        award_key: &Key,
        number: u32,
        key: &Key,
    ) {
        let of_user = Key::user(user);
        let Some(document) = self.view.document(&of_user) else { return };
        let Some(award) = document.award(badge.number, award_key, number) else { return };
        if overruled(&document, badge.number, award_key, number) == Some(Overruled::Given) {
            return;
        }
        let held = document.awards().iter().filter(|award| award.badge == badge.number).count();
        let revocation = Revocation {
            place: self.next_place(),
            award: award.clone(),
            time: self.now,
            event_id: self.origin.clone(),
            last: held == 1,
        };
        self.view.open(&of_user).take_back(revocation.clone());
        self.tell_of(badge, award, key, Way::TakeBack);
        self.revoked.push(revocation);
    }

    /// Where the next award that is given or taken back stands in the order of everything told.
    fn next_place(&self) -> Place {
        let index = u32::try_from(self.awards.len() + self.revoked.len()).unwrap_or(u32::MAX - 1);
        Place { sequence: self.moment.sequence, index }
    }

    /// Lets the rules know that rest on whether a badge is held, and the stats that count it. What counted it counts it no
    /// longer at the day on which it did, with the points of that day.
    fn tell_of(&mut self, badge: &Badge, award: &Award, key: &Key, way: Way) {
        let looks = self.view.catalog.looked_at_on_award(badge.number);
        let of_user = Key::user(&award.user);
        self.agenda.add(looks, &of_user);
        self.call_waiting(self.view.catalog.waiting_for_award(badge.number), &of_user);
        let r#type = format_smolstr!("badge.{}", badge.id);
        if self.view.catalog.is_heard(&r#type) {
            let looks = [
                ("points", Value::Int(i64::from(award.points))),
                ("medal", Value::Text(badge.medal.clone())),
            ];
            let data = looks.map(|(name, value)| (SmolStr::new_static(name), value)).into_iter();
            let derived = self.derived(r#type, award.user.clone(), data.chain(parts_of(key)).collect());
            self.hear(&Event { time: award.time, ..derived }, way);
        }
    }
}

/// The numbers up to this one that a rule has to give now. Mostly they follow the last that is held; but what was given by
/// hand stays while those before it come and go.
fn missing(document: &Document, badge: &Badge, award_key: &Key, times: u32) -> Vec<u32> {
    let held = document.numbers(badge.number, award_key);
    let last = document.times(badge.number, award_key);
    let end = times.saturating_add(1);
    let open = |from: u32, before: u32| {
        let numbers = from..before.min(end);
        numbers.filter(|number| may_be_given(document, badge, award_key, *number))
    };
    if held.len() == last as usize {
        return open(last + 1, end).take(REPEATS_MAX as usize).collect();
    }
    let mut next = 1;
    let gaps = held.chain([end]).flat_map(|held| open(std::mem::replace(&mut next, held + 1), held));
    gaps.take(REPEATS_MAX as usize).collect()
}

/// Whether a rule may give an award: it is not held, and was not taken back by hand.
fn may_be_given(document: &Document, badge: &Badge, award_key: &Key, number: u32) -> bool {
    document.award(badge.number, award_key, number).is_none()
        && overruled(document, badge.number, award_key, number) != Some(Overruled::TakenBack)
}

/// The note that an award of this number was given with a key.
fn given_with(number: u32, key: &Key) -> SmolStr {
    format_smolstr!("{number} {}", key.as_str())
}

/// The key in such a note, if it is about this number.
fn key_given_with(number: u32, noted: &str) -> Option<Key> {
    let key = noted.strip_prefix(&*number.to_smolstr())?.strip_prefix(' ')?;
    Some(Key::from_text(key))
}
