//! What an expression comes to for one event, as it would in a stat's `when`: for whoever is writing one.

use std::collections::HashMap;
use std::sync::Arc;

use super::environment::Seen;
use super::keys::{Heard, of_stat};
use super::view::View;
use super::{Documents, as_declared};
use crate::catalog::{Attempted, Catalog};
use crate::document::Document;
use crate::event::{Event, Value};
use crate::key::Key;

/// What an expression came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Came {
    /// A value, for each key at which the event is heard.
    Values(Vec<(Key, Result<Value, String>)>),
    /// The event is heard at no key: a part of it is missing.
    Nowhere,
}

/// Works an expression out; where it has no value, says why.
pub fn attempt(catalog: &Catalog, attempted: &Attempted, event: &Event, documents: &impl Documents) -> Came {
    let view = View::new(catalog, documents);
    let event = &*as_declared(catalog, event);
    let name = |stat: usize| catalog.stats[stat].name.to_string();
    let keys = of_stat(&view, &attempted.stat, &Heard::new(event, event.time));
    let values = keys.into_iter().map(|key| {
        let seen = Seen::hearing(&view, event, event.time, &key);
        let program = &attempted.program;
        let value =
            program.value(&seen).ok_or_else(|| program.why_no_value(&seen, &name).unwrap_or_default());
        (key, value)
    });
    match values.collect::<Vec<_>>() {
        values if values.is_empty() => Came::Nowhere,
        values => Came::Values(values),
    }
}

/// Documents that are all in memory.
#[derive(Debug, Default)]
pub struct InMemory(pub HashMap<Key, Arc<Document>>);

impl Documents for InMemory {
    fn get(&self, key: &Key) -> Option<Arc<Document>> {
        Some(self.0.get(key).cloned().unwrap_or_default())
    }
}
