//! What kinds of values there are, as far as they are known before an expression runs.

use std::fmt;

use crate::event::Period;

/// What kind of value an expression has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Known only when it runs: a field that nobody declared.
    Any,
    /// JSON's null.
    Null,
    /// True or false.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// Any other number.
    Double,
    /// Text.
    Text,
    /// The text of a calendar period, such as `day(event.time)`: a text wherever one is asked for.
    Period(Period),
    /// A point in time.
    Time,
    /// A length of time.
    Duration,
    /// Values of one type in order.
    List(Box<Type>),
    /// Values by name.
    Map,
}

impl Type {
    /// A list of whatever.
    pub(super) fn list_of_any() -> Type {
        Type::List(Box::new(Type::Any))
    }

    /// Whether a value of this type may turn out to be what `other` says: a period is a text, and
    /// anything may come out of undeclared data.
    pub(super) fn may_be(&self, other: &Type) -> bool {
        match (self.plain(), other.plain()) {
            (Type::Any, _) | (_, Type::Any) => true,
            (Type::List(a), Type::List(b)) => a.may_be(&b),
            (a, b) => a == b,
        }
    }

    /// Whether values of both types can be equal: as [`Type::may_be`], and numbers of both kinds.
    pub(super) fn may_equal(&self, other: &Type) -> bool {
        match (self, other) {
            (Type::Int, Type::Double) | (Type::Double, Type::Int) => true,
            (Type::List(a), Type::List(b)) => a.may_equal(b),
            (a, b) => a.may_be(b),
        }
    }

    /// The type of what is a value of one type or of the other; none where they do not go together.
    pub(super) fn joined(&self, other: &Type) -> Option<Type> {
        match (self, other) {
            (a, b) if a == b => Some(a.clone()),
            (Type::Any | Type::Null, _) | (_, Type::Any | Type::Null) => Some(Type::Any),
            (Type::List(a), Type::List(b)) => Some(Type::List(Box::new(a.joined(b).unwrap_or(Type::Any)))),
            (a, b) if a.plain() == b.plain() => Some(a.plain()),
            _ => None,
        }
    }

    /// Whether one value of it can be greater than another.
    pub(super) fn has_order(&self) -> bool {
        !matches!(self, Type::Null | Type::List(_) | Type::Map)
    }

    /// The type without what only calendars ask for.
    fn plain(&self) -> Type {
        if matches!(self, Type::Period(_)) { Type::Text } else { self.clone() }
    }
}

impl fmt::Display for Type {
    /// In CEL's words: "an int".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::Any => "an undeclared value",
            Type::Null => "null",
            Type::Bool => "a bool",
            Type::Int => "an int",
            Type::Double => "a double",
            Type::Text | Type::Period(_) => "a string",
            Type::Time => "a timestamp",
            Type::Duration => "a duration",
            Type::List(_) => "a list",
            Type::Map => "a map",
        })
    }
}
