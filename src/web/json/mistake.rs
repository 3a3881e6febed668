//! What is wrong with JSON that is no message of its type: which field, and what to write instead.
//!
//! Looked for only when reading has failed, by trying each field by itself.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use crate::diagnostic::nearest;

/// Longest name for which a similar one is looked for: no field has a longer one.
const SIMILAR_MAX_BYTES: usize = 64;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web) struct Mistake {
    /// The path of the field, as `event.data_json`; empty: the message.
    pub(in crate::web) path: String,
    /// Goes on from the path.
    pub(in crate::web) problem: String,
}

impl Mistake {
    /// One that concerns no single field.
    pub(super) fn of_the_message(problem: impl Into<String>) -> Mistake {
        Mistake { path: String::new(), problem: problem.into() }
    }
}

/// The first field that cannot be read, or what the library says where every field by itself can.
pub(super) fn find(descriptor: &MessageDescriptor, value: &Value, error: &serde_json::Error) -> Mistake {
    let found = within(descriptor, value, "");
    found.unwrap_or_else(|| Mistake::of_the_message(format!("cannot be read: {error}")))
}

fn within(descriptor: &MessageDescriptor, value: &Value, path: &str) -> Option<Mistake> {
    let Value::Object(entries) = value else {
        let problem = format!("must be an object, not {}", kind(value));
        return Some(Mistake { path: path.to_owned(), problem });
    };
    let wrong = entries.iter().find_map(|(name, value)| {
        let field = descriptor.get_field_by_json_name(name).or_else(|| descriptor.get_field_by_name(name));
        match field {
            None => Some(unknown(descriptor, name, path)),
            Some(field) => of_field(descriptor, &field, value, &join(path, field.name())),
        }
    });
    wrong.or_else(|| of_oneof(descriptor, entries, path))
}

/// A field that there is not.
fn unknown(descriptor: &MessageDescriptor, name: &str, path: &str) -> Mistake {
    let fields: Vec<_> = descriptor.fields().collect();
    let known = || fields.iter().map(FieldDescriptor::json_name);
    let instead = match nearest(name, known().filter(|_| name.len() <= SIMILAR_MAX_BYTES)) {
        Some(near) => format!("did you mean {near:?}?"),
        None if fields.is_empty() => "it has none: send {}".to_owned(),
        None => format!("there are {}", known().collect::<Vec<_>>().join(", ")),
    };
    Mistake { path: join(path, name), problem: format!("is no field of {}; {instead}", descriptor.name()) }
}

fn of_field(
    descriptor: &MessageDescriptor,
    field: &FieldDescriptor,
    value: &Value,
    path: &str,
) -> Option<Mistake> {
    let try_alone = |value: &Value| {
        let alone = json!({ field.json_name(): value });
        DynamicMessage::deserialize(descriptor.clone(), &alone).err()
    };
    let error = try_alone(value)?;
    if !field.is_list() {
        return Some(of_one(field, value, path, &error));
    }
    let Value::Array(values) = value else {
        let problem = format!("must be a list, not {}", kind(value));
        return Some(Mistake { path: path.to_owned(), problem });
    };
    values.iter().enumerate().find_map(|(at, value)| {
        let error = try_alone(&json!([value]))?;
        Some(of_one(field, value, &format!("{path}[{at}]"), &error))
    })
}

/// One value of a field.
fn of_one(field: &FieldDescriptor, value: &Value, path: &str, error: &serde_json::Error) -> Mistake {
    let kind = field.kind();
    let message = kind.as_message().filter(|message| !is_well_known(message) && !field.is_map());
    let inner = message.and_then(|message| within(message, value, path));
    inner.unwrap_or_else(|| wrong(field, value, path, error))
}

fn wrong(field: &FieldDescriptor, value: &Value, path: &str, error: &serde_json::Error) -> Mistake {
    let expected = match field.kind() {
        Kind::String => "a text".to_owned(),
        Kind::Bytes => "a text in base 64".to_owned(),
        Kind::Bool => "true or false".to_owned(),
        Kind::Double | Kind::Float => "a number".to_owned(),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => "a whole number of 32 bits".to_owned(),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => "a whole number of 64 bits".to_owned(),
        Kind::Uint32 | Kind::Fixed32 => "a whole number of 32 bits from 0".to_owned(),
        Kind::Uint64 | Kind::Fixed64 => "a whole number of 64 bits from 0".to_owned(),
        Kind::Enum(names) => {
            let names: Vec<_> = names.values().map(|value| value.name().to_owned()).collect();
            format!("one of {}", names.join(", "))
        }
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => "a time such as \"2026-03-14T09:26:53Z\"".to_owned(),
            "google.protobuf.Duration" => "a length of time in seconds such as \"15s\"".to_owned(),
            "google.protobuf.Struct" => "an object".to_owned(),
            name => format!("a {name} ({error})"),
        },
    };
    Mistake { path: path.to_owned(), problem: format!("must be {expected}, not {}", kind(value)) }
}

/// Two fields of which one may be set.
fn of_oneof(descriptor: &MessageDescriptor, entries: &Map<String, Value>, path: &str) -> Option<Mistake> {
    descriptor.oneofs().find_map(|oneof| {
        let is_set = |field: &FieldDescriptor| {
            [field.json_name(), field.name()]
                .into_iter()
                .any(|name| entries.get(name).is_some_and(|value| !value.is_null()))
        };
        let set: Vec<_> = oneof.fields().filter(is_set).collect();
        let [first, second, ..] = &set[..] else { return None };
        let problem = format!("must not be set together with {}; leave one of them out", first.name());
        Some(Mistake { path: join(path, second.name()), problem })
    })
}

fn is_well_known(message: &MessageDescriptor) -> bool {
    message.package_name() == "google.protobuf"
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// What a value is, for a person.
fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.len() <= SIMILAR_MAX_BYTES => format!("{text:?}"),
        Value::String(_) => "this text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
