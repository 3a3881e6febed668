//! Whose number an event moves.

use std::cell::OnceCell;
use std::collections::HashSet;

use smallvec::{SmallVec, smallvec};
use smol_str::SmolStr;

use crate::act::Act;
use crate::catalog::Catalog;
use crate::event::{Event, Time};
use crate::key::{Key, PART_MAX_BYTES};
use crate::profile;
use crate::stat::{PartSource, Stat, as_part};

use super::environment::Seen;
use super::view::View;
use super::{Documents, as_declared, hand};

/// Most keys that one event moves of one stat. Of a longer list the first count; the
/// rest is left out, and the log says so.
pub const KEYS_MAX: usize = 1_000;

/// An event as it is heard at a time. Most stats that hear it are kept per user, so the key of its user is made once.
pub(super) struct Heard<'e> {
    pub(super) event: &'e Event,
    pub(super) now: Time,
    of_user: OnceCell<Key>,
}

impl<'e> Heard<'e> {
    pub(super) fn new(event: &'e Event, now: Time) -> Self {
        Heard { event, now, of_user: OnceCell::new() }
    }

    fn of_user(&self) -> Key {
        self.of_user.get_or_init(|| Key::user(&self.event.user)).clone()
    }
}

/// The keys at which a stat hears an event: mostly one.
pub(super) type Keys = SmallVec<[Key; 1]>;

/// The documents that an event is sure to ask for, as far as they can be told without looking: to be
/// fetched before it is decided. What a rule then needs beyond them, [`decide`](super::decide) says.
pub fn keys(catalog: &Catalog, event: &Event, documents: &impl Documents) -> Vec<Key> {
    if let Some(act) = Act::of(event) {
        return hand::keys(event, &act);
    }
    let view = View::new(catalog, documents);
    let event = &*as_declared(catalog, event);
    let mut found = Vec::new();
    let r#type = event.r#type.as_str();
    if r#type == profile::UPDATED {
        found.push(Key::user(&event.user));
    }
    let heard = Heard::new(event, event.time);
    for index in catalog.hears(r#type).chain(catalog.takes_back(r#type)).chain(catalog.resets(r#type)) {
        for key in of_stat(&view, &catalog.stats[index], &heard) {
            // Whoever the key is about is who may be given something.
            if let Some(user) = key.part("user").filter(|_| !key.is_user()) {
                found.push(Key::new([("user", user.as_ref())]));
            }
            // Who waits for it is to be looked at again.
            if !catalog.stats[index].waited_for_by.is_empty() {
                found.push(key.waiting());
            }
            found.push(key);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The keys at which a stat hears an event at a time: none where a part is empty or has no value.
pub(super) fn of_stat<D: Documents>(view: &View<'_, D>, stat: &Stat, heard: &Heard<'_>) -> Keys {
    let Heard { event, now, .. } = *heard;
    if let [part] = &stat.by[..]
        && matches!(part.from, PartSource::User)
        && part.name == "user"
    {
        return if event.user.is_empty() { Keys::new() } else { smallvec![heard.of_user()] };
    }
    // Most often each part has one value, and there is nothing to combine.
    let values: Option<Vec<SmolStr>> = stat.by.iter().map(|part| value_of(&part.from, event)).collect();
    if let Some(values) = values {
        let names = stat.by.iter().map(|part| part.name.as_str());
        let parts = names.zip(values.iter().map(SmolStr::as_str));
        return if values.iter().all(is_part) { smallvec![Key::new(parts)] } else { Keys::new() };
    }
    // One list a part; a key for each way to take one value of each.
    let mut ways: Vec<Vec<SmolStr>> = vec![Vec::new()];
    for part in &stat.by {
        let values = values_of(view, &part.from, event, now);
        view.leave_out((ways.len() * values.len()).saturating_sub(KEYS_MAX));
        let longer = ways
            .iter()
            .flat_map(|way| values.iter().map(|value| [&way[..], std::slice::from_ref(value)].concat()));
        ways = longer.take(KEYS_MAX).collect();
    }
    let key = |way: Vec<SmolStr>| {
        let names = stat.by.iter().map(|part| part.name.as_str());
        Key::new(names.zip(way.iter().map(SmolStr::as_str)))
    };
    ways.into_iter().map(key).collect()
}

/// The value of a part that has one always; none where it is to be worked out.
fn value_of(from: &PartSource, event: &Event) -> Option<SmolStr> {
    match from {
        PartSource::User => Some(event.user.as_text().clone()),
        PartSource::Subject => Some(event.subject.clone()),
        PartSource::Period(period) => Some(period.text(event.time)),
        PartSource::Program(_) => None,
    }
}

/// Whether a key may have this part.
fn is_part(value: &SmolStr) -> bool {
    !value.is_empty() && value.len() <= PART_MAX_BYTES
}

/// The values of one part, each once.
pub(super) fn values_of<D: Documents>(
    view: &View<'_, D>,
    from: &PartSource,
    event: &Event,
    now: Time,
) -> Vec<SmolStr> {
    let mut values = match from {
        PartSource::User | PartSource::Subject | PartSource::Period(_) => {
            value_of(from, event).into_iter().collect()
        }
        PartSource::Program(program) => match program.value(&Seen::before_key(view, event, now)) {
            None => Vec::new(),
            Some(value) => {
                let mut seen = HashSet::new();
                let parts = value.items().iter().filter_map(as_part);
                parts.filter(|part| seen.insert(part.clone())).collect()
            }
        },
    };
    values.retain(is_part);
    values
}
