//! Giving badges, and taking them back: when they are true no longer, and when they have expired.

use std::collections::BTreeSet;

use laurels::event::{Time, UserId, Value};

use super::super::met::Met;
use super::super::slips::Slip;
use super::super::written::Rule;
use super::expressions::Seen;
use super::{Award, Given, Key, Reference, Way};

/// Awards for one key that are taken back when they have not been found true for long enough.
#[derive(Clone, Debug)]
pub(super) struct Expiring {
    pub(super) until: Time,
    /// In which order it came, among all that waits.
    pub(super) arrival: usize,
    user: String,
    badge: String,
    key: Key,
}

/// What a rule comes to when it is looked at.
struct Found<'k> {
    key: &'k Key,
    award_key: Key,
    users: Vec<String>,
    /// The badges that are reached.
    reached: Vec<String>,
    times: u32,
    /// Whether there may be new ones.
    season: bool,
}

impl Reference<'_> {
    pub(super) fn look_at_badge(&mut self, index: usize, key: &Key) {
        let rule = &self.rules.0[index];
        let season =
            rule.from.is_none_or(|from| from <= self.now) && rule.until.is_none_or(|until| self.now < until);
        let seen = Seen { of: self, event: None, key: Some(key), now: self.now };
        let users: Vec<String> = match &rule.to {
            None => key.get("user").into_iter().cloned().collect(),
            Some(to) => seen.value(to).as_ref().map(texts).unwrap_or_default(),
        };
        let users = users.into_iter().filter(|user| UserId::parse(user).is_ok()).collect();
        let times = if rule.repeat.is_some() { self.multiples(index, key) } else { 1 };
        let reached = rule
            .badges()
            .into_iter()
            .filter(|(_, at)| rule.repeat.is_some() || self.reaches(index, key, at))
            .map(|(id, _)| id)
            .collect();
        let mut award_key = key.clone();
        award_key.remove("user");
        if rule.once {
            award_key.clear();
        }
        let found = Found { key, award_key, users, reached, times, season };
        if rule.revoke {
            self.settle(rule, &found);
        } else if season {
            self.give_all(rule, &found);
        }
        self.hold(rule, &found);
    }

    fn give_all(&mut self, rule: &Rule, found: &Found<'_>) {
        for user in &found.users {
            for id in &found.reached {
                let held = self.times_held(user, id, &found.award_key);
                for number in held + 1..=found.times {
                    self.give(rule, (user.clone(), id.clone(), found.award_key.clone(), number), found.key);
                }
            }
        }
    }

    /// Each tier comes and goes on its own, the highest goes first; of a `repeat` the last is taken back first.
    fn settle(&mut self, rule: &Rule, found: &Found<'_>) {
        let ids: Vec<String> = rule.badges().into_iter().map(|(id, _)| id).collect();
        let gone = ids.iter().rev().filter(|id| !found.reached.contains(id));
        for id in gone.chain(ids.iter().filter(|id| found.reached.contains(id))) {
            let times = if found.reached.contains(id) { found.times } else { 0 };
            let by_key = |(award, by): &&(Award, Key)| award.1 == *id && by == found.key;
            let before: Vec<Award> =
                self.reasons.iter().filter(by_key).map(|(award, _)| award.clone()).collect();
            let all: BTreeSet<String> =
                before.iter().map(|award| award.0.clone()).chain(found.users.iter().cloned()).collect();
            for user in all {
                let due = if found.users.contains(&user) { times } else { 0 };
                let had = u32::try_from(before.iter().filter(|award| award.0 == user).count())
                    .expect("there are few");
                let award =
                    |number: u32| -> Award { (user.clone(), id.clone(), found.award_key.clone(), number) };
                for number in (due + 1..=had).rev() {
                    self.reasons.remove(&(award(number), found.key.clone()));
                    // It is held as long as there is a key that gives it.
                    if !self.reasons.iter().any(|(other, _)| *other == award(number)) {
                        self.take_back(&award(number));
                    }
                }
                for number in (1..=due).filter(|_| found.season) {
                    self.reasons.insert((award(number), found.key.clone()));
                    // Also where what gives it is the same, and it had expired.
                    if !self.is_held(&award(number)) {
                        self.give(rule, award(number), found.key);
                    }
                }
            }
        }
    }

    /// Who holds what was found true holds it so much longer.
    fn hold(&mut self, rule: &Rule, found: &Found<'_>) {
        let Some((months, seconds)) = rule.expires.filter(|_| found.times > 0) else { return };
        let until = self.now.plus_months(months).and_then(|time| time.plus_micros(seconds * 1_000_000));
        let until = until.expect("these are years in which we live");
        for id in &found.reached {
            for user in &found.users {
                if self.times_held(user, id, &found.award_key) == 0 {
                    continue;
                }
                let same = |expiring: &&mut Expiring| {
                    expiring.user == *user && expiring.badge == *id && expiring.key == found.award_key
                };
                match self.expiring.iter_mut().find(same) {
                    Some(_) if self.slip == Some(Slip::FoundTrueAgainIsNotFoundTrue) => {}
                    // What comes late found it true earlier.
                    Some(known) => {
                        let longer = known.until < until;
                        known.until = known.until.max(until);
                        self.meet_if(Met::HeldLonger, longer);
                    }
                    None => {
                        self.arrivals += 1;
                        self.expiring.push(Expiring {
                            until,
                            arrival: self.arrivals,
                            user: user.clone(),
                            badge: id.clone(),
                            key: found.award_key.clone(),
                        });
                    }
                }
            }
        }
    }

    /// Takes back what was not found true for long enough, the last of a `repeat` first.
    pub(super) fn expire(&mut self, arrival: usize) {
        let at = self.expiring.iter().position(|expiring| expiring.arrival == arrival);
        let Expiring { until, user, badge, key, .. } = self.expiring.remove(at.expect("it waits"));
        self.now = until;
        if self.slip == Some(Slip::NothingExpires) {
            return;
        }
        let times = self.times_held(&user, &badge, &key);
        self.meet_if(Met::Expired, times > 0);
        for number in (1..=times).rev() {
            self.take_back(&(user.clone(), badge.clone(), key.clone(), number));
        }
    }

    fn take_back(&mut self, award: &Award) {
        if self.slip == Some(Slip::NothingIsRevoked) {
            return;
        }
        // It may have expired.
        let Some(at) = self.held.iter().position(|(held, _)| is(held, award)) else { return };
        let (held, key) = self.held.remove(at);
        let last = !self.holds(&held.user, &held.badge);
        self.given.push(Given { first: last, taken_back: Some(self.now), ..held.clone() });
        let of_user = Key::from([("user".to_owned(), held.user.clone())]);
        self.look_later(self.ranks.look_at_award(&held.badge), &of_user);
        self.call(&self.ranks.waiting_for_award(&held.badge), &of_user);
        let r#type = format!("badge.{}", held.badge);
        let event = self.becomes(r#type, &key, Some((&held.user, held.points)), held.time);
        self.hear(&event, Way::TakeBack);
    }

    fn give(&mut self, rule: &Rule, (user, badge, award_key, number): Award, key: &Key) {
        let first = !self.holds(&user, &badge);
        let given = Given {
            user,
            badge,
            key: award_key,
            number,
            time: self.now,
            points: rule.points,
            first,
            taken_back: None,
        };
        self.given.push(given.clone());
        self.held.push((given.clone(), key.clone()));
        let of_user = Key::from([("user".to_owned(), given.user.clone())]);
        self.look_later(self.ranks.look_at_award(&given.badge), &of_user);
        self.call(&self.ranks.waiting_for_award(&given.badge), &of_user);
        let r#type = format!("badge.{}", given.badge);
        let event = self.becomes(r#type, key, Some((&given.user, rule.points)), self.now);
        self.hear(&event, Way::Add);
    }

    fn times_held(&self, user: &str, id: &str, key: &Key) -> u32 {
        let same = |given: &&Given| given.user == user && given.badge == id && given.key == *key;
        u32::try_from(self.held.iter().map(|(given, _)| given).filter(same).count()).expect("there are few")
    }

    fn is_held(&self, award: &Award) -> bool {
        self.held.iter().any(|(held, _)| is(held, award))
    }

    pub(super) fn holds(&self, user: &str, id: &str) -> bool {
        self.held.iter().any(|(given, _)| given.user == user && given.badge == id)
    }
}

fn is(given: &Given, award: &Award) -> bool {
    (&given.user, &given.badge, &given.key, given.number) == (&award.0, &award.1, &award.2, award.3)
}

/// The texts in a text or a list, each once.
fn texts(value: &Value) -> Vec<String> {
    let mut texts = Vec::new();
    for item in value.items() {
        if let Value::Text(text) = item
            && !texts.contains(&text.to_string())
        {
            texts.push(text.to_string());
        }
    }
    texts
}
