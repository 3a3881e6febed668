//! How far a user is towards the badges not yet held.

use crate::badge::BadgeNumber;
use crate::catalog::{Catalog, Gives, Rule, Top};
use crate::event::{Period, Time, UserId, Value};
use crate::key::Key;

use super::environment::Seen;
use super::hand::{Overruled, overruled};
use super::view::View;
use super::{Documents, at_least, top};

/// How far a user is towards one badge.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Which badge.
    pub badge: BadgeNumber,
    /// For which key: its parts but `user`.
    pub key: Key,
    /// How much there is; for a condition of several parts, how many of them are true.
    pub current: f64,
    /// How much is needed; for a condition of several parts, how many there are.
    pub goal: f64,
}

/// How far a user is towards each badge that is not held and not secret, nearest first; or the
/// documents that are needed to say so.
///
/// A badge that is earned once a day, week, month or year is shown for the present one. Badges that
/// are earned for other things (once a photo), or by others than the user of the key, are left out:
/// which photo is nearest is not known without looking at all of them.
pub fn progress(
    catalog: &Catalog,
    user: &UserId,
    now: Time,
    documents: &impl Documents,
) -> Result<Vec<Progress>, Vec<Key>> {
    let view = View::new(catalog, documents);
    let mut found = Vec::new();
    for rule in &catalog.rules {
        if let Some(key) = present_key(rule, user, now) {
            found.extend(of_rule(&view, rule, &key, user, now));
        }
    }
    view.into_moved().map(drop)?;
    let share = |progress: &Progress| progress.current / progress.goal;
    found.sort_by(|a, b| share(b).total_cmp(&share(a)));
    Ok(found)
}

/// The key of a rule that is kept per user, or per user and calendar period.
fn present_key(rule: &Rule, user: &UserId, now: Time) -> Option<Key> {
    let value = |name: &str| match name {
        "user" => Some(user.as_text().clone()),
        other => Period::named(other).map(|period| period.text(now)),
    };
    let parts: Option<Vec<_>> = rule.parts.iter().map(|name| Some((name.as_str(), value(name)?))).collect();
    let parts = parts?;
    if !parts.iter().any(|(name, _)| *name == "user") {
        return None;
    }
    Some(Key::new(parts.iter().map(|(name, value)| (*name, value.as_str()))))
}

fn of_rule<D: Documents>(
    view: &View<'_, D>,
    rule: &Rule,
    key: &Key,
    user: &UserId,
    now: Time,
) -> Vec<Progress> {
    let Gives::Badges { tiers, to: None, once, repeat, season, .. } = &rule.gives else { return Vec::new() };
    if !season.contains(now) {
        return Vec::new();
    }
    let Some(document) = view.document(&Key::user(user)) else { return Vec::new() };
    let award_key = if *once { Key::EMPTY } else { key.without("user") };
    // What was taken back by hand no rule gives again.
    let is_barred =
        |badge, number| overruled(&document, badge, &award_key, number) == Some(Overruled::TakenBack);
    let open = tiers.iter().filter(|tier| {
        let badge = &view.catalog.badges[tier.badge];
        let is_open = repeat.is_some() || document.times(badge.number, &award_key) == 0;
        !badge.secret && is_open && (repeat.is_some() || !is_barred(badge.number, 1))
    });
    let seen = Seen::looking(view, now, key);
    let value = rule.value.as_ref().map(|value| value.value(&seen));
    let parts = rule.when.as_ref().map(|when| when.parts_true(&seen));
    let of_tier = |at: &Value| match (&value, parts) {
        // Enough of it, and something else is missing: what is left is the condition.
        (Some(Some(value)), Some((is, of))) if at_least(value, at) => (is as f64, of as f64),
        (Some(value), _) => (value.as_ref().map_or(0.0, number), number(at)),
        (None, parts) => parts.map_or((0.0, 1.0), |(is, of)| (is as f64, of as f64)),
    };
    // The last of the first has to be passed. Where there is room a value will do.
    let of_top = |top: &Top| match (top::bar(view, top, key), parts) {
        (Some(bar), _) if number(&bar) > 0.0 => of_tier(&bar),
        (_, Some((is, of))) => (is as f64, of as f64),
        (_, None) => (if value == Some(None) { 0.0 } else { 1.0 }, 1.0),
    };
    open.map(|tier| {
        let badge = view.catalog.badges[tier.badge].number;
        let (current, goal) = match repeat {
            None => rule.top.as_ref().map_or_else(|| of_tier(&tier.at), of_top),
            // The next time.
            Some(every) => {
                let next = document.times(badge, &award_key) + 1;
                of_tier(&times(every, (next..).find(|number| !is_barred(badge, *number)).unwrap_or(next)))
            }
        };
        Progress { badge, key: award_key.clone(), current: current.clamp(0.0, goal.max(0.0)), goal }
    })
    .collect()
}

/// So many times a number.
pub(super) fn times(value: &Value, times: u32) -> Value {
    if let Value::Int(int) = value {
        return Value::Int(int.saturating_mul(i64::from(times)));
    }
    Value::Double(number(value) * f64::from(times))
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Int(int) => *int as f64,
        Value::Double(double) => *double,
        Value::Bool(_) | Value::Null | Value::Text(_) | Value::Time(_) => 0.0,
        Value::Duration(_) | Value::List(_) | Value::Map(_) => 0.0,
    }
}
