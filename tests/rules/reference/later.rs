//! What is heard later: a list of all that waits, from which the next is taken each time.

use laurels::event::{Event, Period, Time, Value};

use super::super::slips::Slip;
use super::super::written::{Delay, Hearing, Keeps};
use super::expressions::{Seen, as_text};
use super::history::{Heard, Moved, billionths};
use super::{Key, Reference, Way};

/// An event that one rule hears later.
#[derive(Clone, Debug)]
pub(super) struct Later {
    due: Time,
    /// In which order it came.
    arrival: usize,
    /// With which event it came: which of all that was heard.
    came: usize,
    rule: usize,
    event: Event,
    nth: i64,
    /// The keys at which it can be undone, with what it would add there.
    adds: Vec<(Key, Option<Value>)>,
    /// At how many keys it was to be heard when it came.
    keys: usize,
    undone: Vec<Key>,
}

impl Reference<'_> {
    /// Hears all that is due by then, each wholly before the next; what has expired is taken back in its turn. Time never
    /// goes back, and comes no farther than to what was due.
    pub(super) fn pass(&mut self, until: Time) {
        let until = self.clock.max(until);
        while let Some((due, arrival)) = self.next().filter(|(due, _)| *due <= until) {
            (self.clock, self.now) = (self.clock.max(due), due);
            match self.later.iter().find(|later| later.arrival == arrival).cloned() {
                Some(next) => self.hear_next(&next),
                None => self.expire(arrival),
            }
            self.look_at_all();
        }
    }

    /// When something is due next.
    pub(super) fn next_due(&self) -> Option<Time> {
        self.next().map(|(due, _)| due)
    }

    fn next(&self) -> Option<(Time, usize)> {
        let heard = self.later.iter().map(|later| (later.due, later.arrival));
        let taken_back = self.expiring.iter().map(|expiring| (expiring.until, expiring.arrival));
        heard.chain(taken_back).min()
    }

    /// Hears what is next. Rules that hear the same and keep the same are one number.
    fn hear_next(&mut self, next: &Later) {
        let alike = |later: &Later| {
            (later.due, later.came, later.nth) == (next.due, next.came, next.nth)
                && self.means_the_same(later.rule, next.rule)
        };
        let (heard, left) = self.later.iter().cloned().partition(alike);
        self.later = left;
        self.hear_later(heard);
    }

    fn means_the_same(&self, one: usize, other: usize) -> bool {
        let definition = |rule: usize| {
            let rule = &self.rules.0[rule];
            format!("{:?} {:?}", rule.hearing, rule.when)
        };
        one == other || definition(one) == definition(other)
    }

    fn hear_later(&mut self, heard: Vec<Later>) {
        let now = self.now;
        let mut moved = Vec::new();
        for later in heard {
            let hearing = self.rules.0[later.rule].hearing.as_ref().expect("it was heard");
            for key in self.keys(hearing, &later.event, now) {
                if later.undone.contains(&key) {
                    continue;
                }
                if let Some(amount) = self.counts(later.rule, &later.event, &key, now)
                    && let Some(group) = self.group(later.rule, &key, &later.event, now)
                {
                    // A window looks back from when it is heard.
                    let time = if hearing.within.is_some() { now } else { later.event.time };
                    let heard = Heard::Event { way: Way::Add, group, amount, of: later.event.time };
                    moved.push(Moved { rule: later.rule, key, time, heard });
                }
            }
            let (delay, nth) = (hearing.delay.expect("it was delayed"), later.nth + 1);
            if let Some(due) = due(delay, later.event.time, nth) {
                let mut adds = self.adds(later.rule, &later.event, now);
                adds.retain(|(key, _)| !later.undone.contains(key));
                self.later.push(Later { due, nth, adds, ..later });
            }
        }
        self.make(moved);
    }

    /// An event that a rule hears later, as things are when it comes.
    pub(super) fn delayed(&self, rule: usize, event: &Event) -> Option<Later> {
        let hearing = self.rules.0[rule].hearing.as_ref().expect("it hears");
        let due = due(hearing.delay?, event.time, 1)?;
        let (adds, keys) = (self.adds(rule, event, event.time), self.keys(hearing, event, event.time).len());
        let (event, undone) = (event.clone(), Vec::new());
        Some(Later { due, arrival: 0, came: 0, rule, event, nth: 1, adds, keys, undone })
    }

    /// Lets these wait.
    pub(super) fn put_off(&mut self, all: Vec<Later>) {
        let came = self.arrivals;
        for later in all {
            self.arrivals += 1;
            self.later.push(Later { arrival: self.arrivals, came, ..later });
        }
    }

    /// Which wait an event ends: the one that came last, of the same key and amount.
    pub(super) fn ends(
        &self,
        rule: usize,
        key: &Key,
        event: &Event,
        amount: Option<&Value>,
    ) -> Option<(usize, Key)> {
        let hearing = self.rules.0[rule].hearing.as_ref().expect("it hears");
        let is_own = key.get("user").is_some_and(|user| user == event.user.as_str());
        // What they remember they hear later, too.
        let remembers =
            matches!(hearing.keeps, Keeps::Min(_) | Keeps::Max(_) | Keeps::First(_) | Keeps::Last(_));
        if hearing.delay.is_none() || remembers || hearing.others_only && is_own {
            return None;
        }
        let amount = Some(what_it_adds(hearing, amount)?);
        let same = |later: &&Later| {
            later.rule == rule
                && !later.undone.contains(key)
                && later.adds.iter().any(|(of, adds)| of == key && *adds == amount)
        };
        let latest = self.later.iter().filter(same).max_by_key(|later| later.arrival)?;
        Some((latest.arrival, key.clone()))
    }

    /// Ends waits at keys; what has ended at all of them waits no longer.
    pub(super) fn end(&mut self, ended: Vec<(usize, Key)>) {
        if self.slip == Some(Slip::WaitsGoOn) {
            return;
        }
        for (arrival, key) in ended {
            for later in self.later.iter_mut().filter(|later| later.arrival == arrival) {
                if !later.undone.contains(&key) {
                    later.undone.push(key.clone());
                }
            }
            self.later.retain(|later| later.arrival != arrival || later.undone.len() < later.keys);
        }
    }

    /// The amount of an event that counts at a key; the inner none is that of a count.
    fn counts(&self, rule: usize, event: &Event, key: &Key, now: Time) -> Option<Option<Value>> {
        let rule = &self.rules.0[rule];
        let seen = Seen { of: self, event: Some(event), key: Some(key), now };
        if !rule.when.as_ref().is_none_or(|when| seen.is_true(when)) {
            return None;
        }
        let amount = rule.hearing.as_ref()?.keeps.amount();
        Some(amount.map(|(_, amount)| seen.value(amount).unwrap_or(Value::Null)))
    }

    fn adds(&self, rule: usize, event: &Event, now: Time) -> Vec<(Key, Option<Value>)> {
        let hearing = self.rules.0[rule].hearing.as_ref().expect("it hears");
        let add = |key: Key| {
            let amount = self.counts(rule, event, &key, now)?;
            Some((key, Some(what_it_adds(hearing, amount.as_ref())?)))
        };
        self.keys(hearing, event, now).into_iter().filter_map(add).collect()
    }
}

/// What an amount adds, so that the same is the same; none where it is ignored.
fn what_it_adds(hearing: &Hearing, amount: Option<&Value>) -> Option<Value> {
    let Some(amount) = amount else { return Some(Value::Bool(true)) };
    match &hearing.keeps {
        Keeps::Count => Some(Value::Bool(true)),
        Keeps::Sum(_) => billionths(amount).map(|sum| Value::text(sum.to_string())),
        Keeps::Distinct(_) => {
            let texts: Vec<_> = amount.items().iter().filter_map(as_text).map(Value::text).collect();
            (!texts.is_empty()).then(|| Value::List(texts.into()))
        }
        Keeps::Run(_) | Keeps::Min(_) | Keeps::Max(_) | Keeps::First(_) | Keeps::Last(_) => {
            super::history::is_kept(hearing, Some(amount)).then(|| amount.clone())
        }
    }
}

/// When an event is heard for the nth time.
fn due(delay: Delay, time: Time, nth: i64) -> Option<Time> {
    match delay {
        Delay::After(..) | Delay::End(_) if nth > 1 => None,
        Delay::After(months, seconds) | Delay::Every(months, seconds) => {
            time.plus_months(months * nth)?.plus_micros(seconds * nth * 1_000_000)
        }
        Delay::End(period) => end(period, time),
    }
}

/// The first moment of the next period: the first hour that has another name.
fn end(period: Period, time: Time) -> Option<Time> {
    const HOUR: i64 = 3_600_000_000;
    let name = period.text(time);
    let hour = time.plus_micros(-time.micros().rem_euclid(HOUR))?;
    (1..).find_map(|hours| {
        let later = hour.plus_micros(hours * HOUR);
        later.is_none_or(|later| period.text(later) != name).then_some(later)
    })?
}
