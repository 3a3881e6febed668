//! The functions that expressions may call: their names, what they take, what they come to.
//!
//! `matches` is not among them, since its pattern is read when it is compiled, nor are `has`, `holds`
//! and the macros, which are no functions of values.

mod convert;
mod part;

use super::Type;
use super::eval::Budget;
use crate::event::{Period, Value, Zone};
use convert::{size, to_double, to_duration, to_int, to_text, to_time};

pub(super) use part::Part;

/// A function of one or two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Size,
    StartsWith,
    EndsWith,
    Contains,
    ToInt,
    ToDouble,
    ToText,
    ToTime,
    ToDuration,
    Period(Period),
    Part(Part),
}

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `size(x)`
    Function,
    /// `x.getHours()`
    Method,
    /// Either.
    Both,
}

const FUNCTIONS: [(&str, Form, Function); 23] = [
    ("size", Form::Both, Function::Size),
    ("startsWith", Form::Method, Function::StartsWith),
    ("endsWith", Form::Method, Function::EndsWith),
    ("contains", Form::Method, Function::Contains),
    ("int", Form::Function, Function::ToInt),
    ("double", Form::Function, Function::ToDouble),
    ("string", Form::Function, Function::ToText),
    ("timestamp", Form::Function, Function::ToTime),
    ("duration", Form::Function, Function::ToDuration),
    ("day", Form::Function, Function::Period(Period::Day)),
    ("week", Form::Function, Function::Period(Period::Week)),
    ("month", Form::Function, Function::Period(Period::Month)),
    ("year", Form::Function, Function::Period(Period::Year)),
    ("getFullYear", Form::Method, Function::Part(Part::FullYear)),
    ("getMonth", Form::Method, Function::Part(Part::Month)),
    ("getDate", Form::Method, Function::Part(Part::Date)),
    ("getDayOfMonth", Form::Method, Function::Part(Part::DayOfMonth)),
    ("getDayOfWeek", Form::Method, Function::Part(Part::DayOfWeek)),
    ("getDayOfYear", Form::Method, Function::Part(Part::DayOfYear)),
    ("getHours", Form::Method, Function::Part(Part::Hours)),
    ("getMinutes", Form::Method, Function::Part(Part::Minutes)),
    ("getSeconds", Form::Method, Function::Part(Part::Seconds)),
    ("getMilliseconds", Form::Method, Function::Part(Part::Milliseconds)),
];

impl Function {
    /// The function with this name, and how it is called.
    pub(super) fn named(name: &str) -> Option<(Function, Form)> {
        FUNCTIONS.iter().find(|(known, ..)| *known == name).map(|(_, form, function)| (*function, *form))
    }

    /// The names of all of them.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        FUNCTIONS.iter().map(|(name, ..)| *name)
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        FUNCTIONS.iter().find(|(.., known)| *known == self).map_or("", |(name, ..)| name)
    }

    /// How many values it takes, with the one it is called on.
    pub(super) fn arity(self) -> usize {
        match self {
            Function::StartsWith | Function::EndsWith | Function::Contains => 2,
            Function::Size
            | Function::ToInt
            | Function::ToDouble
            | Function::ToText
            | Function::ToTime
            | Function::ToDuration
            | Function::Period(_)
            | Function::Part(_) => 1,
        }
    }

    /// Whether it reads the clock, which differs between zones: then a zone may follow.
    pub(super) fn goes_by_zone(self) -> bool {
        matches!(self, Function::Period(_) | Function::Part(_))
    }

    /// What it takes, in words.
    pub(super) fn takes(self) -> &'static str {
        match self {
            Function::Size => "a string, a list or a map",
            Function::StartsWith | Function::EndsWith | Function::Contains => "two strings",
            Function::ToInt => "a double, a string or a timestamp",
            Function::ToDouble => "an int or a string",
            Function::ToText => "a number, a bool, a timestamp or a duration",
            Function::ToTime => "a string such as \"2026-01-31T12:00:00Z\", or seconds since 1970",
            Function::ToDuration => "a string such as \"90d\" or \"1h30m\"",
            Function::Period(_) => "a timestamp, and perhaps a time zone",
            Function::Part(part) if part.is_of_durations() => {
                "a timestamp or a duration, and perhaps a time zone"
            }
            Function::Part(_) => "a timestamp, and perhaps a time zone",
        }
    }

    /// Whether it takes a value of this type, at any of its places.
    pub(super) fn accepts(self, r#type: &Type) -> bool {
        let accepted: &[Type] = match self {
            Function::Size => &[Type::Text, Type::list_of_any(), Type::Map],
            Function::StartsWith | Function::EndsWith | Function::Contains => &[Type::Text],
            Function::ToInt => &[Type::Int, Type::Double, Type::Text, Type::Time],
            Function::ToDouble => &[Type::Int, Type::Double, Type::Text],
            Function::ToText => {
                &[Type::Text, Type::Int, Type::Double, Type::Bool, Type::Time, Type::Duration]
            }
            Function::ToTime => &[Type::Text, Type::Int, Type::Time],
            Function::ToDuration => &[Type::Text, Type::Duration],
            Function::Part(part) if part.is_of_durations() => &[Type::Time, Type::Duration],
            Function::Period(_) | Function::Part(_) => &[Type::Time],
        };
        accepted.iter().any(|accepted| r#type.may_be(accepted))
    }

    /// What it comes to.
    pub(super) fn r#type(self) -> Type {
        match self {
            Function::StartsWith | Function::EndsWith | Function::Contains => Type::Bool,
            Function::Size | Function::ToInt | Function::Part(_) => Type::Int,
            Function::ToDouble => Type::Double,
            Function::ToText => Type::Text,
            Function::ToTime => Type::Time,
            Function::ToDuration => Type::Duration,
            Function::Period(period) => Type::Period(period),
        }
    }

    /// The value of a function of one value.
    pub(super) fn of(self, value: &Value, budget: &Budget) -> Option<Value> {
        if let Value::Text(text) = value {
            budget.spend_text(text.len())?;
        }
        match self {
            Function::Size => size(value).and_then(|size| i64::try_from(size).ok()).map(Value::Int),
            Function::ToInt => to_int(value).map(Value::Int),
            Function::ToDouble => to_double(value).map(Value::Double),
            Function::ToText => to_text(value).map(Value::Text),
            Function::ToTime => to_time(value).map(Value::Time),
            Function::ToDuration => to_duration(value).map(Value::Duration),
            Function::Period(period) => {
                let Value::Time(time) = value else { return None };
                Some(Value::Text(period.text(*time)))
            }
            Function::Part(part) => part.of(value).map(Value::Int),
            Function::StartsWith | Function::EndsWith | Function::Contains => None,
        }
    }

    /// The value of a function of two values.
    pub(super) fn of_two(self, value: &Value, other: &Value, budget: &Budget) -> Option<Value> {
        if let (Value::Time(time), Value::Text(zone)) = (value, other)
            && self.goes_by_zone()
        {
            budget.spend_text(zone.len())?;
            let shown = Zone::named(zone)?.shown(*time)?;
            return self.of(&Value::Time(shown), budget);
        }
        let (Value::Text(text), Value::Text(other)) = (value, other) else { return None };
        budget.spend_text(text.len())?;
        let (text, other) = (text.as_str(), other.as_str());
        match self {
            Function::StartsWith => Some(Value::Bool(text.starts_with(other))),
            Function::EndsWith => Some(Value::Bool(text.ends_with(other))),
            Function::Contains => Some(Value::Bool(text.contains(other))),
            Function::Size
            | Function::ToInt
            | Function::ToDouble
            | Function::ToText
            | Function::ToTime
            | Function::ToDuration
            | Function::Period(_)
            | Function::Part(_) => None,
        }
    }
}
