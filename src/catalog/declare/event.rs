//! `[event]`: which events there are, and what they carry.

use smol_str::SmolStr;

use crate::catalog::fields::{Field, Fields, listed};
use crate::catalog::mistakes::{At, Mistakes};
use crate::cel::Type;
use crate::diagnostic::did_you_mean;
use crate::event::EventType;

/// One line of an `[event]` table.
#[derive(Debug)]
pub(in crate::catalog) struct EventDeclaration {
    /// The event's type.
    pub(in crate::catalog) r#type: At<SmolStr>,
    /// What its data may have.
    pub(in crate::catalog) fields: Vec<(At<SmolStr>, FieldType)>,
    /// Not all of that could be read.
    pub(in crate::catalog) broken: bool,
}

/// What kind of value a declared field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::catalog) enum FieldType {
    /// A text.
    String,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// True or false.
    Bool,
    /// A text that is an RFC 3339 time.
    Time,
    /// A list.
    List,
    /// An object.
    Map,
}

impl EventDeclaration {
    /// Reads `"post.created" = { topic = "string" }`.
    pub(super) fn read(field: Field<'_>, mistakes: &mut Mistakes) -> Option<EventDeclaration> {
        let r#type = field.named();
        if let Err(problem) = EventType::parse(&r#type.value) {
            mistakes.error(&r#type.spot, format!("an event's type {problem}"));
            return None;
        }
        let Some(table) = field.table() else {
            let message = format!(
                "`{}` must have a table of fields, for example `{{ topic = \"string\" }}`; `{{}}` where there are none",
                r#type.value
            );
            mistakes.error(&field.spot(), message);
            return Some(EventDeclaration { r#type, fields: Vec::new(), broken: true });
        };
        let mut declaration = EventDeclaration { r#type, fields: Vec::new(), broken: false };
        for field in Fields::new("an event", field.spot(), table).all() {
            match read_type(&declaration.r#type.value, field, mistakes) {
                Some(r#type) => declaration.fields.push((field.named(), r#type)),
                None => declaration.broken = true,
            }
        }
        Some(declaration)
    }
}

fn read_type(of: &str, field: Field<'_>, mistakes: &mut Mistakes) -> Option<FieldType> {
    let names = FieldType::ALL.map(FieldType::name);
    if field.table().is_some() {
        let message = format!("a type with dots stands in quotes: `\"{of}.{}\" = {{ … }}`", field.name());
        mistakes.error(&field.name_spot(), message);
        return None;
    }
    let Some(text) = field.text() else {
        mistakes.error(&field.spot(), format!("the type of a field is one of {}, in quotes", listed(&names)));
        return None;
    };
    let found = FieldType::ALL.into_iter().find(|r#type| r#type.name() == text);
    if found.is_none() {
        let near = did_you_mean(text, names);
        let message = format!("there is no type `{text}`; there are {}{near}", listed(&names));
        mistakes.error(&field.spot(), message);
    }
    found
}

impl FieldType {
    /// All of them.
    pub(in crate::catalog) const ALL: [FieldType; 7] = [
        FieldType::String,
        FieldType::Int,
        FieldType::Float,
        FieldType::Bool,
        FieldType::Time,
        FieldType::List,
        FieldType::Map,
    ];

    /// The word a file has for it.
    pub(in crate::catalog) fn name(self) -> &'static str {
        match self {
            FieldType::String => "string",
            FieldType::Int => "int",
            FieldType::Float => "float",
            FieldType::Bool => "bool",
            FieldType::Time => "time",
            FieldType::List => "list",
            FieldType::Map => "map",
        }
    }

    /// What expressions take it for.
    pub(in crate::catalog) fn as_type(self) -> Type {
        match self {
            FieldType::String => Type::Text,
            FieldType::Int => Type::Int,
            FieldType::Float => Type::Double,
            FieldType::Bool => Type::Bool,
            FieldType::Time => Type::Time,
            FieldType::List => Type::List(Box::new(Type::Any)),
            FieldType::Map => Type::Map,
        }
    }
}
