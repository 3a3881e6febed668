//! What expressions see while an event is decided.

use std::sync::Arc;

use smol_str::SmolStr;

use crate::cel::{Environment, Facet};
use crate::event::{Event, Time, Value};
use crate::key::{Key, PART_MAX_BYTES};
use crate::stat::{Stat, as_part};

use super::Documents;
use super::view::{Shown, View};

/// What one expression sees: the documents as they are at this point of the decision, from one key.
pub(super) struct Seen<'w, 'a, D> {
    view: &'w View<'a, D>,
    event: Option<&'w Event>,
    now: Time,
    key: Option<&'w Key>,
}

impl<'w, 'a, D: Documents> Seen<'w, 'a, D> {
    /// Beside `on`: an event, heard at a time and a key.
    pub(super) fn hearing(view: &'w View<'a, D>, event: &'w Event, now: Time, key: &'w Key) -> Self {
        Seen { view, event: Some(event), now, key: Some(key) }
    }

    /// In `by`: an event, before there is a key.
    pub(super) fn before_key(view: &'w View<'a, D>, event: &'w Event, now: Time) -> Self {
        Seen { view, event: Some(event), now, key: None }
    }

    /// Without `on`: a key, and no event.
    pub(super) fn looking(view: &'w View<'a, D>, now: Time, key: &'w Key) -> Self {
        Seen { view, event: None, now, key: Some(key) }
    }

    /// The document in which a stat is read when it is named bare: that of the rule's own key, or of the part of it
    /// that the stat has.
    fn document_of(&self, stat: &Stat) -> Option<Shown<'_>> {
        let Some(key) = self.key else {
            return stat.by.is_empty().then(|| self.view.read(&Key::EMPTY)).flatten();
        };
        if matches!(&stat.by[..], [part] if part.name == "user") && key.is_user() {
            return self.view.read(key);
        }
        let read = key.only(stat.by.iter().map(|part| part.name.as_str()))?;
        if read == *key { self.view.read(key) } else { self.elsewhere(read) }
    }

    fn document_at(&self, stat: &Stat, at: &[Value]) -> Option<Shown<'_>> {
        let values: Option<Vec<SmolStr>> = at.iter().map(as_part).collect();
        let values = values?;
        // Nothing is ever kept there.
        if values.iter().any(|value| value.len() > PART_MAX_BYTES) {
            return Some(Shown::AtHand(Arc::default()));
        }
        let named = stat.by.iter().map(|part| part.name.as_str());
        self.elsewhere(Key::new(named.zip(values.iter().map(SmolStr::as_str))))
    }

    /// The document of another key. Without `on` the rule waits for it.
    fn elsewhere(&self, key: Key) -> Option<Shown<'_>> {
        let document = self.view.read(&key);
        if self.event.is_none() {
            self.view.note_look(key);
        }
        document
    }
}

impl<D: Documents> Environment for Seen<'_, '_, D> {
    fn event(&self) -> Option<&Event> {
        self.event
    }

    fn now(&self) -> Time {
        self.now
    }

    fn key_part(&self, name: &str) -> Option<SmolStr> {
        self.key?.part(name).map(SmolStr::from)
    }

    fn stat(&self, stat: usize, facet: Facet, at: Option<&[Value]>) -> Option<Value> {
        let stat = &self.view.catalog.stats[stat];
        let document = match at {
            None => self.document_of(stat)?,
            Some(at) => self.document_at(stat, at)?,
        };
        stat.read(document.cell(stat.slot), facet, self.now)
    }

    fn holds(&self, badge: usize) -> Option<bool> {
        let number = self.view.catalog.badges[badge].number;
        if let Some(key) = self.key.filter(|key| key.is_user()) {
            return Some(self.view.read(key)?.holds(number));
        }
        let user = match self.key.and_then(|key| key.part("user")) {
            Some(user) => SmolStr::from(user),
            None => self.event?.user.as_text().clone(),
        };
        if user.is_empty() {
            return None;
        }
        let document = self.elsewhere(Key::new([("user", user.as_str())]))?;
        Some(document.holds(number))
    }
}
