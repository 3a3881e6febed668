//! What an expression comes to, worked out from how it is written.
//!
//! *What has no value makes nothing true*: everything here answers a value or none.

use std::cmp::Ordering;

use laurels::event::{Event, Time, Value};

use super::super::slips::Slip;
use super::super::written::{Expr, Keeps, Side, Sort};
use super::history::{Kept, billionths, period_of};
use super::{Key, Reference};

/// What an expression sees.
pub(super) struct Seen<'s, 'r> {
    pub(super) of: &'s Reference<'r>,
    /// None without `on`.
    pub(super) event: Option<&'s Event>,
    /// None in `by`.
    pub(super) key: Option<&'s Key>,
    pub(super) now: Time,
}

impl Seen<'_, '_> {
    pub(super) fn is_true(&self, expr: &Expr) -> bool {
        match self.value(expr) {
            Some(value) => value == Value::Bool(true),
            None => self.of.slip == Some(Slip::NoValueIsTrue),
        }
    }

    fn truth(&self, expr: &Expr) -> Option<bool> {
        if let Value::Bool(truth) = self.value(expr)? { Some(truth) } else { None }
    }

    pub(super) fn value(&self, expr: &Expr) -> Option<Value> {
        Some(match expr {
            Expr::Literal(value) => value.clone(),
            Expr::Data(field) => self.event?.data.get(field)?.clone(),
            Expr::Has(field) => Value::Bool(self.event?.data.get(field).is_some()),
            Expr::EventType => Value::text(self.event?.r#type.as_str()),
            Expr::EventUser => Value::text(self.event?.user.as_str()),
            Expr::EventSubject => Value::text(self.event?.subject.as_str()),
            Expr::PeriodOfEvent(period) => Value::Text(period.text(self.event?.time)),
            Expr::HoursOfEvent => {
                Value::Int(self.event?.time.micros().div_euclid(3_600_000_000).rem_euclid(24))
            }
            Expr::HoursOfNow => Value::Int(self.now.micros().div_euclid(3_600_000_000).rem_euclid(24)),
            Expr::Profile(field) => self.of.profile(&self.user()?, field, self.now)?,
            Expr::HasProfile(field) => Value::Bool(self.of.profile(&self.user()?, field, self.now).is_some()),
            Expr::PeriodThere(period) => {
                self.of.period_there(&self.user()?, *period, self.event?.time, self.now)?
            }
            Expr::HoursThere => self.of.hours_there(&self.user()?, self.event?.time, self.now)?,
            Expr::Key(part) => Value::text(self.key?.get(part)?.as_str()),
            Expr::Named { name, side, at } => return self.named(name, *side, at.as_deref()),
            Expr::Holds(id) => {
                let user = self.user()?;
                if user.is_empty() {
                    return None;
                }
                Value::Bool(self.of.holds(&user, id))
            }
            Expr::Not(inner) => Value::Bool(!self.truth(inner)?),
            Expr::And(parts) => Value::Bool(self.absorbing(parts, false)?),
            Expr::Or(parts) => Value::Bool(self.absorbing(parts, true)?),
            Expr::If(parts) => return self.value(&parts[if self.truth(&parts[0])? { 1 } else { 2 }]),
            Expr::Compare(operator, sides) => {
                Value::Bool(self.compared(operator, &self.value(&sides[0])?, &self.value(&sides[1])?)?)
            }
            Expr::Arithmetic(operator, sides) => {
                arithmetic(operator, &self.value(&sides[0])?, &self.value(&sides[1])?)?
            }
            Expr::In(item, items) => {
                let item = self.value(item)?;
                let items: Vec<_> = items.iter().map(|item| self.value(item)).collect::<Option<_>>()?;
                Value::Bool(items.iter().any(|other| equal(&item, other)))
            }
        })
    }

    /// Who is asked about: the key's user, or beside `on` that of the event. Where that is another key than the own one,
    /// the rule waits for it.
    fn user(&self) -> Option<String> {
        let user = match self.key.and_then(|key| key.get("user")) {
            Some(user) => user.clone(),
            None => self.event?.user.as_str().to_owned(),
        };
        let of_user = Key::from([("user".to_owned(), user.clone())]);
        if self.key != Some(&of_user) {
            self.looked_at(of_user);
        }
        Some(user)
    }

    /// `false && ?` is false and `true || ?` is true, from whichever side; else all must have a value.
    fn absorbing(&self, parts: &[Expr], decides: bool) -> Option<bool> {
        let mut truths = Vec::new();
        for part in parts {
            truths.push(self.truth(part));
            // What comes behind it is not looked at.
            if truths.last() == Some(&Some(decides)) {
                return Some(decides);
            }
        }
        truths.iter().all(Option::is_some).then_some(!decides)
    }

    fn compared(&self, operator: &str, a: &Value, b: &Value) -> Option<bool> {
        Some(match operator {
            "==" => equal(a, b),
            "!=" => !equal(a, b),
            "<" => compare(a, b)? == Ordering::Less,
            "<=" => compare(a, b)? != Ordering::Greater,
            ">" => compare(a, b)? == Ordering::Greater,
            _ => compare(a, b)? != Ordering::Less,
        })
    }

    /// A stat or flag, at this key or another.
    fn named(&self, name: &str, side: Option<Side>, at: Option<&[Expr]>) -> Option<Value> {
        let index = self.of.rules.named(name)?;
        let rule = &self.of.rules.0[index];
        let key: Key = match at {
            // The part of this key that the stat has.
            None => rule
                .parts
                .iter()
                .map(|part| Some((part.clone(), self.key?.get(part)?.clone())))
                .collect::<Option<_>>()?,
            Some(at) => {
                let value =
                    |(part, expr): (&String, &Expr)| Some((part.clone(), as_text(&self.value(expr)?)?));
                rule.parts.iter().zip(at).map(value).collect::<Option<_>>()?
            }
        };
        if at.is_some() || self.key != Some(&key) {
            self.looked_at(key.clone());
        }
        match rule.sort {
            Sort::Stat => self.of.number(index, side, &key, self.now),
            Sort::Flag | Sort::Badge => Some(Value::Bool(self.of.up.contains_key(&(index, key)))),
        }
    }

    /// Without `on` it waits for the other keys at which it looks.
    fn looked_at(&self, key: Key) {
        if self.event.is_none() {
            self.of.looked.borrow_mut().insert(key);
        }
    }

    /// The number of a rule, at this key.
    pub(super) fn number(&self, rule: usize) -> Option<Value> {
        self.of.number(rule, None, self.key?, self.now)
    }
}

impl Reference<'_> {
    /// What a number reads as, at a key and a time.
    pub(crate) fn number(&self, rule: usize, side: Option<Side>, key: &Key, now: Time) -> Option<Value> {
        let hearing = self.rules.0[rule].hearing.as_ref()?;
        let list = |texts: Vec<String>| match side {
            Some(_) => Value::List(texts.into_iter().map(Value::text).collect()),
            None => Value::Int(texts.len() as i64),
        };
        match self.kept(rule, key) {
            Kept::Count(count) => Some(Value::Int(count)),
            Kept::Sum(sum) => Some(self.sum_of(&hearing.keeps, sum)),
            Kept::Values(values) => {
                Some(list(values.into_iter().filter(|(_, count)| *count > 0).map(|(text, _)| text).collect()))
            }
            Kept::Numbers(numbers) => {
                let there: Vec<i64> =
                    numbers.into_iter().filter(|(_, count)| *count > 0).map(|(number, _)| number).collect();
                let text = |number: i64| match period_of(hearing) {
                    None => Some(Value::Int(number)),
                    Some(period) => period.text_of(number).map(Value::Text),
                };
                match side {
                    Some(Side::First) => there.first().copied().and_then(text),
                    Some(Side::Last) => there.last().copied().and_then(text),
                    side => Some(Value::Int(self.of_run(side, &there))),
                }
            }
            Kept::Extreme(value) => value,
            Kept::Dated(dated) => dated.map(|(_, value)| value),
            Kept::Window(window) => {
                let lately = self.lately(hearing, &window, now);
                Some(match &hearing.keeps {
                    keeps @ Keeps::Sum(_) => {
                        self.sum_of(keeps, lately.iter().filter_map(|amount| billionths(amount)).sum())
                    }
                    Keeps::Distinct(_) => {
                        let texts: std::collections::BTreeSet<_> =
                            lately.into_iter().filter_map(as_text).collect();
                        list(texts.into_iter().collect())
                    }
                    Keeps::Count
                    | Keeps::Run(_)
                    | Keeps::Min(_)
                    | Keeps::Max(_)
                    | Keeps::First(_)
                    | Keeps::Last(_) => Value::Int(lately.len() as i64),
                })
            }
        }
    }

    /// A sum is a double if what it adds is known to be one, else an int where it is whole.
    fn sum_of(&self, keeps: &Keeps, billionths: i128) -> Value {
        if billionths % 1_000_000_000 == 0
            && !keeps.amount().is_some_and(|(_, amount)| self.is_double(amount))
        {
            return Value::Int((billionths / 1_000_000_000) as i64);
        }
        Value::Double(billionths as f64 / 1e9)
    }

    /// Whether an expression is known to be a double before it has a value.
    fn is_double(&self, expr: &Expr) -> bool {
        if let Expr::Named { name, side: None, .. } = expr {
            let rule = self.rules.named(name).map(|rule| &self.rules.0[rule]);
            let keeps = rule.and_then(|rule| rule.hearing.as_ref()).map(|hearing| &hearing.keeps);
            return matches!(keeps, Some(Keeps::Sum(amount)) if self.is_double(amount));
        }
        matches!(expr, Expr::Literal(Value::Double(_)))
    }

    fn of_run(&self, side: Option<Side>, there: &[i64]) -> i64 {
        let in_a_row = |from: i64| (from..).take_while(|number| there.contains(number)).count() as i64;
        match side {
            Some(Side::Size) => there.len() as i64,
            Some(Side::Streak) => {
                let Some(last) = there.last() else { return 0 };
                (0..).take_while(|back| there.contains(&(last - back))).count() as i64
            }
            Some(Side::Gap) => {
                let off = i64::from(self.slip == Some(Slip::GapsAreDistances));
                there.windows(2).map(|pair| pair[1] - pair[0] - 1 + off).max().unwrap_or(0)
            }
            _ => there.iter().map(|number| in_a_row(*number)).max().unwrap_or(0),
        }
    }

    /// Whether a flag is up.
    pub(crate) fn is_up(&self, rule: usize, key: &Key) -> bool {
        self.up.contains_key(&(rule, key.clone()))
    }

    /// When a number last heard anything at a key, whether it counted or not.
    pub(crate) fn last_heard(&self, rule: usize, key: &Key) -> Option<Time> {
        self.heard_at.borrow().get(&(rule, key.clone())).copied()
    }

    /// Every key at which anything is kept.
    pub(crate) fn all_keys(&self) -> std::collections::BTreeSet<Key> {
        let moved = self.history.iter().map(|moved| moved.key.clone());
        moved.chain(self.up.keys().map(|(_, key)| key.clone())).collect()
    }
}

fn arithmetic(operator: &str, a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => {
            let whole = match operator {
                "+" => a.checked_add(*b),
                "-" => a.checked_sub(*b),
                "*" => a.checked_mul(*b),
                "/" => a.checked_div(*b),
                _ => a.checked_rem(*b),
            };
            whole.map(Value::Int)
        }
        (Value::Double(a), Value::Double(b)) => {
            let double = match operator {
                "+" => a + b,
                "-" => a - b,
                "*" => a * b,
                _ => return None,
            };
            Some(Value::Double(double))
        }
        // An int does not go with a double.
        _ => None,
    }
}

/// Whether a value is at least so much.
pub(super) fn at_least(value: Option<&Value>, at: &Value) -> bool {
    value.and_then(|value| compare(value, at)).is_some_and(|order| order.is_ge())
}

/// A number.
pub(super) fn as_double(value: &Value) -> Option<f64> {
    match value {
        Value::Int(int) => Some(*int as f64),
        Value::Double(double) => Some(*double),
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::Time(_) => None,
        Value::Duration(_) | Value::List(_) | Value::Map(_) => None,
    }
}

/// Which is greater, of values that can be compared.
pub(super) fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (a, b) => as_double(a)?.partial_cmp(&as_double(b)?),
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(a, b))
        }
        (Value::Null, Value::Null) => true,
        (Value::Map(a), Value::Map(b)) => a == b,
        (a, b) => compare(a, b) == Some(Ordering::Equal),
    }
}

/// A value as a part of a key or a member of a set.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => (!text.is_empty()).then(|| text.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Int(int) => Some(int.to_string()),
        Value::Double(double) => Some(format!("{double:?}")),
        Value::Null | Value::Time(_) | Value::Duration(_) | Value::List(_) | Value::Map(_) => None,
    }
}
