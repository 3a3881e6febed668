//! What a number is: all that it ever heard at one key, gone through once more.

use std::collections::{BTreeMap, BTreeSet};

use laurels::event::{Event, Period, Time, Value};

use super::super::met::Met;
use super::super::slips::Slip;
use super::super::written::{Expr, Hearing, Keeps, Part};
use super::expressions::{Seen, as_text, compare};
use super::{Key, Reference, Way};

/// One thing that one number heard at one key.
#[derive(Clone, Debug)]
pub(super) struct Moved {
    pub(super) rule: usize,
    pub(super) key: Key,
    pub(super) time: Time,
    pub(super) heard: Heard,
}

#[derive(Clone, Debug)]
pub(super) enum Heard {
    /// An event that adds or takes back; with an amount, unless it is counted. Null where that has no value.
    Event {
        way: Way,
        amount: Option<Value>,
        /// The parts of `per`.
        group: Vec<String>,
        /// The time of the event itself, whenever it was heard.
        of: Time,
    },
    Reset,
}

/// What is kept of a number.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kept {
    Count(i64),
    /// In units of 10⁻⁹.
    Sum(i128),
    /// How often each value came, less how often it was taken back.
    Values(BTreeMap<String, i64>),
    Numbers(BTreeMap<i64, i64>),
    Extreme(Option<Value>),
    Dated(Option<(Time, Value)>),
    /// By time, ties by arrival.
    Window(Vec<(Time, Value)>),
}

/// How many windows behind the latest event others are kept, for events that come late.
const KEPT_WINDOWS: i64 = 2;

impl Reference<'_> {
    /// The keys at which a number hears an event: one for each way to take an item of each part.
    pub(super) fn keys(&self, hearing: &Hearing, event: &Event, now: Time) -> Vec<Key> {
        let seen = Seen { of: self, event: Some(event), key: None, now };
        let mut keys = vec![Key::new()];
        for (name, part) in &hearing.by {
            let values: Vec<String> = match part {
                Part::User => vec![event.user.as_str().to_owned()],
                Part::Subject => vec![event.subject.to_string()],
                Part::Period(period) => vec![period.text(event.time).to_string()],
                Part::Expr(expr) => seen
                    .value(expr)
                    .iter()
                    .flat_map(|value| value.items().to_vec())
                    .filter_map(|item| as_text(&item))
                    .collect(),
            };
            // Each once, in the order in which they come.
            let mut met = BTreeSet::new();
            let values: Vec<_> =
                values.into_iter().filter(|value| !value.is_empty() && met.insert(value.clone())).collect();
            let longer = keys.iter().flat_map(|key| {
                values.iter().map(|value| {
                    let mut key = key.clone();
                    key.insert(name.clone(), value.clone());
                    key
                })
            });
            keys = longer.collect();
        }
        keys
    }

    /// The group of an event that counts at a key; none where it does not: it is one's own, of no group, or too soon.
    pub(super) fn group(&self, rule: usize, key: &Key, event: &Event, now: Time) -> Option<Vec<String>> {
        let hearing = self.rules.0[rule].hearing.as_ref().expect("it hears");
        let mut heard_at = self.heard_at.borrow_mut();
        let last = heard_at.entry((rule, key.clone())).or_insert(now);
        *last = now.max(*last);
        let is_own = key.get("user").is_some_and(|user| user == event.user.as_str());
        if hearing.others_only && is_own && self.slip != Some(Slip::OnesOwnCounts) {
            return None;
        }
        let per = Hearing { by: hearing.per.clone(), ..hearing.clone() };
        // A list of several would be several keys.
        let [group] = &self.keys(&per, event, now)[..] else { return None };
        let group: Vec<String> =
            hearing.per.iter().map(|(name, _)| group.get(name).cloned()).collect::<Option<_>>()?;
        let Some(cooldown) = hearing.cooldown else { return Some(group) };
        let counted = |moved: &Moved| match &moved.heard {
            Heard::Event { amount, group: other, of, .. } => {
                let counted = moved.rule == rule
                    && moved.key == *key
                    && *other == group
                    && is_kept(hearing, amount.as_ref());
                // Both are asked for their own time.
                let when = if self.slip == Some(Slip::CooldownsGoByHearing) { moved.time } else { *of };
                counted.then_some(when)
            }
            Heard::Reset => None,
        };
        let last = self.history.iter().rev().find_map(counted);
        let soon = last.is_some_and(|last| event.time.micros() - last.micros() < cooldown * 1_000_000);
        self.meet_if(Met::TooSoonLater, soon && hearing.delay.is_some() && hearing.within.is_some());
        (!soon).then_some(group)
    }

    /// What can be read of a number: rules are looked at when this is not what it was. How often a value came that is
    /// there is kept, and cannot be read.
    pub(super) fn visible(&self, rule: usize, key: &Key) -> Kept {
        match self.kept(rule, key) {
            Kept::Values(values) => Kept::Values(there(values)),
            Kept::Numbers(numbers) => Kept::Numbers(there(numbers)),
            // When it came plays no part in what it is.
            Kept::Dated(dated) => Kept::Extreme(dated.map(|(_, value)| value)),
            other @ (Kept::Count(_) | Kept::Sum(_) | Kept::Extreme(_) | Kept::Window(_)) => other,
        }
    }

    /// What is kept of a number at a key, from all that it heard.
    pub(super) fn kept(&self, rule: usize, key: &Key) -> Kept {
        let hearing = self.rules.0[rule].hearing.as_ref().expect("only what hears has a number");
        let heard = self.history.iter().filter(|moved| moved.rule == rule && moved.key == *key);
        if let Some(most) = hearing.most {
            let heard: Vec<_> = heard.collect();
            let groups: BTreeSet<_> = heard.iter().filter_map(|moved| moved.heard.group()).collect();
            let of_group =
                |group| heard.iter().copied().filter(move |moved| moved.heard.group() == Some(group));
            let most = if self.slip == Some(Slip::MostIsOneMore) { most + 1 } else { most };
            let capped = groups.into_iter().map(|group| match self.of_all(hearing, of_group(group)) {
                Kept::Count(count) => Kept::Count(count.min(most)),
                Kept::Sum(sum) => Kept::Sum(sum.min(i128::from(most) * 1_000_000_000)),
                other @ (Kept::Values(_)
                | Kept::Numbers(_)
                | Kept::Extreme(_)
                | Kept::Dated(_)
                | Kept::Window(_)) => {
                    unreachable!("it is no count or sum: {other:?}")
                }
            });
            return capped.fold(nothing(hearing), |all, one| match (all, one) {
                (Kept::Count(all), Kept::Count(one)) => Kept::Count(all + one),
                (Kept::Sum(all), Kept::Sum(one)) => Kept::Sum(all + one),
                (all, _) => all,
            });
        }
        self.of_all(hearing, heard)
    }

    /// What is kept of all this.
    fn of_all<'m>(&self, hearing: &Hearing, heard: impl Iterator<Item = &'m Moved>) -> Kept {
        let mut kept = nothing(hearing);
        for moved in heard {
            match &moved.heard {
                Heard::Reset => kept = nothing(hearing),
                Heard::Event { amount: Some(Value::Null), .. } => {}
                Heard::Event { way: Way::TakeBack, .. } if self.slip == Some(Slip::NothingIsTakenBack) => {}
                Heard::Event { way, amount, .. } => {
                    let amount = amount.clone().unwrap_or(Value::Bool(true));
                    self.moved(hearing, &mut kept, *way, moved.time, &amount);
                }
            }
        }
        kept
    }

    fn moved(&self, hearing: &Hearing, kept: &mut Kept, way: Way, time: Time, amount: &Value) {
        let times = if way == Way::Add { 1 } else { -1 };
        match kept {
            Kept::Count(count) => *count += times,
            Kept::Sum(sum) => *sum += i128::from(times) * billionths(amount).unwrap_or(0),
            Kept::Values(values) => {
                for text in amount.items().iter().filter_map(as_text).filter(|text| !text.is_empty()) {
                    add(values, text, times);
                }
            }
            Kept::Numbers(numbers) => {
                let number = match (period_of(hearing), amount) {
                    (None, Value::Int(number)) => Some(*number),
                    (Some(period), Value::Text(text)) => period.parse(text),
                    _ => None,
                };
                if let Some(number) = number {
                    add(numbers, number, times);
                }
            }
            // They remember.
            Kept::Extreme(_) | Kept::Dated(_) if way == Way::TakeBack => {}
            Kept::Extreme(extreme) => {
                let wanted = if matches!(hearing.keeps, Keeps::Min(_)) {
                    std::cmp::Ordering::Less
                } else {
                    std::cmp::Ordering::Greater
                };
                // They are for numbers and texts; times do not come here.
                let better = match extreme {
                    None => matches!(amount, Value::Int(_) | Value::Double(_) | Value::Text(_)),
                    Some(known) => compare(amount, known) == Some(wanted),
                };
                if better {
                    *extreme = Some(amount.clone());
                }
            }
            Kept::Dated(dated) => {
                let better = match (&dated, &hearing.keeps) {
                    (None, _) => true,
                    (Some((known, _)), Keeps::First(_)) => time < *known,
                    (Some((known, _)), _) => {
                        time >= *known && (time > *known || self.slip != Some(Slip::LastIsTheFirstOfATie))
                    }
                };
                if better {
                    *dated = Some((time, amount.clone()));
                }
            }
            Kept::Window(window) => {
                let within = hearing.within.expect("a window is so wide") * 1_000_000;
                for item in window_items(hearing, amount) {
                    match way {
                        Way::Add => {
                            let latest = window
                                .iter()
                                .map(|(time, _)| *time)
                                .chain([time])
                                .max()
                                .expect("there is one");
                            let at = window.partition_point(|(known, _)| *known <= time);
                            window.insert(at, (time, item));
                            let least = latest.micros() - KEPT_WINDOWS * within;
                            window.retain(|(time, _)| time.micros() >= least);
                        }
                        Way::TakeBack => {
                            let same = window.iter().rposition(|(known, of)| *known <= time && *of == item);
                            same.map(|at| window.remove(at));
                        }
                    }
                }
            }
        }
    }

    /// What of a window lies at `now - within < time <= now`.
    pub(super) fn lately<'w>(
        &self,
        hearing: &Hearing,
        window: &'w [(Time, Value)],
        now: Time,
    ) -> Vec<&'w Value> {
        let within = hearing.within.unwrap_or_default() * 1_000_000;
        let begin = now.micros() - within - i64::from(self.slip == Some(Slip::WindowsHaveTheirBeginning));
        let lately = window.iter().filter(|(time, _)| begin < time.micros() && *time <= now);
        lately.map(|(_, value)| value).collect()
    }
}

impl Heard {
    fn group(&self) -> Option<&Vec<String>> {
        match self {
            Heard::Event { group, .. } => Some(group),
            Heard::Reset => None,
        }
    }
}

/// Whether anything of an amount can be kept: else the event is ignored.
pub(super) fn is_kept(hearing: &Hearing, amount: Option<&Value>) -> bool {
    let Some(amount) = amount else { return true };
    match &hearing.keeps {
        Keeps::Count => true,
        Keeps::Sum(_) => billionths(amount).is_some(),
        Keeps::Distinct(_) => amount.items().iter().any(|item| as_text(item).is_some()),
        Keeps::Run(_) => match period_of(hearing) {
            None => matches!(amount, Value::Int(_)),
            Some(_) => matches!(amount, Value::Text(_)),
        },
        Keeps::Min(_) | Keeps::Max(_) => {
            matches!(amount, Value::Int(_) | Value::Double(_) | Value::Text(_))
        }
        Keeps::First(_) | Keeps::Last(_) => *amount != Value::Null,
    }
}

fn nothing(hearing: &Hearing) -> Kept {
    match &hearing.keeps {
        _ if hearing.within.is_some() => Kept::Window(Vec::new()),
        Keeps::Count => Kept::Count(0),
        Keeps::Sum(_) => Kept::Sum(0),
        Keeps::Distinct(_) => Kept::Values(BTreeMap::new()),
        Keeps::Run(_) => Kept::Numbers(BTreeMap::new()),
        Keeps::Min(_) | Keeps::Max(_) => Kept::Extreme(None),
        Keeps::First(_) | Keeps::Last(_) => Kept::Dated(None),
    }
}

/// The calendar periods that a run is of.
pub(super) fn period_of(hearing: &Hearing) -> Option<Period> {
    if let Keeps::Run(Expr::PeriodOfEvent(period) | Expr::PeriodThere(period)) = &hearing.keeps {
        return Some(*period);
    }
    None
}

/// What one event brings into a window.
fn window_items(hearing: &Hearing, amount: &Value) -> Vec<Value> {
    match &hearing.keeps {
        Keeps::Sum(_) => billionths(amount).map(|_| amount.clone()).into_iter().collect(),
        Keeps::Distinct(_) => {
            let texts = amount.items().iter().filter_map(as_text);
            texts.filter(|text| !text.is_empty()).map(Value::text).collect()
        }
        Keeps::Count | Keeps::Run(_) | Keeps::Min(_) | Keeps::Max(_) | Keeps::First(_) | Keeps::Last(_) => {
            vec![amount.clone()]
        }
    }
}

/// A number in units of 10⁻⁹; those that come here have few decimals.
pub(super) fn billionths(value: &Value) -> Option<i128> {
    match value {
        Value::Int(int) => Some(i128::from(*int) * 1_000_000_000),
        Value::Double(double) => Some((double * 1e9).round() as i128),
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::Time(_) => None,
        Value::Duration(_) | Value::List(_) | Value::Map(_) => None,
    }
}

fn there<K: Ord>(counts: BTreeMap<K, i64>) -> BTreeMap<K, i64> {
    counts.into_iter().filter(|(_, count)| *count > 0).map(|(value, _)| (value, 1)).collect()
}

fn add<K: Ord>(counts: &mut BTreeMap<K, i64>, of: K, times: i64) {
    *counts.entry(of).or_default() += times;
    counts.retain(|_, count| *count != 0);
}
