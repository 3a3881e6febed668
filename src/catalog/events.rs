//! The events that rules may hear: those a site declares, and those that flags and badges become.

use std::collections::{BTreeMap, HashMap, HashSet};

use smol_str::SmolStr;

use super::declare::{EventDeclaration, FieldType};
use super::mistakes::Mistakes;
use crate::cel::Type;
use crate::diagnostic::did_you_mean;
use crate::event::{Event, Invalid, Map, Time, Value};
use crate::profile::{FIELDS, UPDATED};

/// The types of declared events, and the types of their fields. Empty: none is declared, and rules may
/// name what they like.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    fields: HashMap<SmolStr, BTreeMap<SmolStr, FieldType>>,
    /// Types of which something could not be read: they may have any field.
    broken: HashSet<SmolStr>,
}

impl Events {
    /// The events of all `[event]` tables. A type may be declared in several files, and a field with two
    /// types is a mistake.
    pub(super) fn of(declared: &[EventDeclaration], mistakes: &mut Mistakes) -> Events {
        let mut events = Events::default();
        if !declared.is_empty() {
            let fields = FIELDS.map(|field| (SmolStr::new_static(field.name()), FieldType::String));
            events.fields.insert(UPDATED.into(), BTreeMap::from(fields));
        }
        for event in declared {
            if event.broken {
                events.broken.insert(event.r#type.value.clone());
            }
            let fields = events.fields.entry(event.r#type.value.clone()).or_default();
            for (name, r#type) in &event.fields {
                let known = *fields.entry(name.value.clone()).or_insert(*r#type);
                if known != *r#type {
                    let message = format!(
                        "`{}` of `{}` is declared as `{}` elsewhere; declare it once",
                        name.value,
                        event.r#type.value,
                        known.name()
                    );
                    mistakes.error(&name.spot, message);
                }
            }
        }
        events
    }

    /// Whether nothing is declared.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The fields of a declared type.
    pub(super) fn fields(&self, r#type: &str) -> Option<&BTreeMap<SmolStr, FieldType>> {
        self.fields.get(r#type)
    }

    /// The type of a field of events of one type; none where they have no such field.
    pub(super) fn field(&self, r#type: &str, name: &str) -> Option<Type> {
        match self.fields.get(r#type).map(|fields| fields.get(name)) {
            Some(Some(declared)) => Some(declared.as_type()),
            Some(None) => self.broken.contains(r#type).then_some(Type::Any),
            None => Some(Type::Any),
        }
    }

    /// The declared types that begin so.
    pub(super) fn beginning_with(&self, prefix: &str) -> impl Iterator<Item = &SmolStr> {
        self.fields.keys().filter(move |r#type| r#type.starts_with(prefix))
    }

    /// `` ; did you mean …? `` for a type that is not declared.
    pub(super) fn did_you_mean(&self, r#type: &str) -> String {
        did_you_mean(r#type, self.fields.keys().map(SmolStr::as_str))
    }

    /// Whether the declared fields of an event have the types declared.
    pub(super) fn check(&self, event: &Event) -> Result<(), Vec<Invalid>> {
        let Some(fields) = self.fields(event.r#type.as_str()) else { return Ok(()) };
        let wrong = fields.iter().filter_map(|(name, r#type)| {
            let value = event.data.get(name).filter(|value| **value != Value::Null)?;
            if r#type.typed(value).is_some() {
                return None;
            }
            let problem = format!("is {}; the rules declare it as {}", value.kind(), r#type.spoken());
            Some(Invalid::new(format!("data.{name}"), problem))
        });
        let wrong: Vec<_> = wrong.collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// The data of an event with its declared fields as rules see them: a whole number where any number
    /// may be is one with a fraction, a declared time is a time. None where that changes nothing.
    pub(super) fn typed(&self, event: &Event) -> Option<Map> {
        let fields = self.fields(event.r#type.as_str())?;
        let typed = |name: &SmolStr, value: &Value| fields.get(name)?.typed(value);
        let differs =
            event.data.iter().any(|(name, value)| typed(name, value).is_some_and(|typed| typed != *value));
        if !differs {
            return None;
        }
        let data = event.data.iter();
        Some(
            data.map(|(name, value)| (name.clone(), typed(name, value).unwrap_or_else(|| value.clone())))
                .collect(),
        )
    }
}

impl FieldType {
    /// The value as this type has it, if it is one.
    fn typed(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (FieldType::Float, Value::Int(int)) => Some(Value::Double(*int as f64)),
            (FieldType::Time, Value::Text(text)) => Time::parse(text).map(Value::Time),
            (FieldType::String, Value::Text(_))
            | (FieldType::Int, Value::Int(_))
            | (FieldType::Float, Value::Double(_))
            | (FieldType::Bool, Value::Bool(_))
            | (FieldType::Time, Value::Time(_))
            | (FieldType::List, Value::List(_))
            | (FieldType::Map, Value::Map(_)) => Some(value.clone()),
            _ => None,
        }
    }

    fn spoken(self) -> &'static str {
        match self {
            FieldType::String => "a text",
            FieldType::Int => "a whole number",
            FieldType::Float => "a number",
            FieldType::Bool => "true or false",
            FieldType::Time => "an RFC 3339 time, such as \"2026-01-31T12:00:00Z\"",
            FieldType::List => "a list",
            FieldType::Map => "an object",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{EventType, Map};

    fn declared() -> Events {
        let fields = [("price", FieldType::Float), ("due", FieldType::Time), ("score", FieldType::Int)];
        let fields = fields.map(|(name, r#type)| (SmolStr::from(name), r#type));
        let fields = HashMap::from([("item.sold".into(), BTreeMap::from(fields))]);
        Events { fields, broken: HashSet::new() }
    }

    fn sold(json: &str) -> Event {
        Event {
            id: Default::default(),
            r#type: EventType::parse("item.sold").unwrap(),
            user: Default::default(),
            subject: Default::default(),
            time: Time::MIN,
            dated: true,
            data: Map::from_json(json, 8).unwrap(),
        }
    }

    #[test]
    fn a_field_with_another_type_is_refused_and_a_missing_one_is_not() {
        let events = declared();
        for right in ["{}", r#"{"price":5,"due":"2026-01-31T12:00:00Z","score":null,"x":[]}"#] {
            assert_eq!(events.check(&sold(right)), Ok(()), "{right}");
        }
        let wrong = events.check(&sold(r#"{"price":"5","due":"today","score":1.5}"#)).unwrap_err();
        let problems: Vec<_> = wrong.into_iter().map(|invalid| invalid.problem).collect();
        assert_eq!(problems.len(), 3);
        assert_eq!(problems[1], "is a text; the rules declare it as a number");
    }

    #[test]
    fn rules_see_declared_fields_as_they_are_declared() {
        let typed = declared().typed(&sold(r#"{"price":5,"due":"2026-01-31T12:00:00Z","x":1}"#)).unwrap();
        assert_eq!(typed.get("price"), Some(&Value::Double(5.0)));
        assert!(matches!(typed.get("due"), Some(Value::Time(_))));
        assert_eq!(typed.get("x"), Some(&Value::Int(1)));
        assert_eq!(declared().typed(&sold(r#"{"price":5.5}"#)), None);
    }
}
