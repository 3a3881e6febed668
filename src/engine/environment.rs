//! What expressions see while an event is decided.

use std::sync::Arc;

use smol_str::SmolStr;

use crate::cel::{Environment, Facet};
use crate::document::Document;
use crate::event::{Event, Time, Value};
use crate::key::Key;
use crate::stat::{Stat, as_part};

use super::Documents;
use super::view::View;

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

    /// The key at which a stat is read when it is named bare: the rule's own, or the part of it that the
    /// stat has.
    fn document_of(&self, stat: &Stat) -> Option<Arc<Document>> {
        match (self.key, &stat.by[..]) {
            (_, []) => self.view.document(&Key::new([])),
            (Some(key), [part]) if part.name == "user" && key.is_user() => self.view.document(key),
            (Some(key), parts) => {
                let values: Option<Vec<_>> = parts.iter().map(|part| key.part(&part.name)).collect();
                let values = values?;
                let named = parts.iter().map(|part| part.name.as_str());
                self.view.document(&Key::new(named.zip(values.iter().map(AsRef::as_ref))))
            }
            (None, _) => None,
        }
    }

    fn document_at(&self, stat: &Stat, at: &[Value]) -> Option<Arc<Document>> {
        let values: Option<Vec<SmolStr>> = at.iter().map(as_part).collect();
        let values = values?;
        let named = stat.by.iter().map(|part| part.name.as_str());
        self.view.document(&Key::new(named.zip(values.iter().map(SmolStr::as_str))))
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
        let user = match self.key.and_then(|key| key.part("user")) {
            Some(user) => SmolStr::from(user),
            None => self.event?.user.as_text().clone(),
        };
        if user.is_empty() {
            return None;
        }
        let document = self.view.document(&Key::new([("user", user.as_str())]))?;
        Some(document.holds(self.view.catalog.badges[badge].number))
    }
}
