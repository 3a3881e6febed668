//! From one kind of value to another. What does not fit has no value.

use smol_str::{SmolStr, format_smolstr};

use crate::cel::duration;
use crate::event::{Time, Value};

/// The first whole number that is too large for an int.
const BEYOND_INT: f64 = 9_223_372_036_854_775_808.0;

/// How many characters, items or names.
pub(super) fn size(value: &Value) -> Option<usize> {
    match value {
        Value::Text(text) => Some(text.chars().count()),
        Value::List(items) => Some(items.len()),
        Value::Map(map) => Some(map.len()),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Double(_)
        | Value::Time(_)
        | Value::Duration(_) => None,
    }
}

/// `int(value)`, towards zero.
pub(super) fn to_int(value: &Value) -> Option<i64> {
    match value {
        Value::Int(whole) => Some(*whole),
        // Towards zero. The bounds are powers of two, which doubles hold exactly.
        Value::Double(double) => (-BEYOND_INT..BEYOND_INT).contains(double).then_some(*double as i64),
        Value::Text(text) => text.parse().ok(),
        Value::Time(time) => Some(time.to_unix().0),
        Value::Null | Value::Bool(_) | Value::Duration(_) | Value::List(_) | Value::Map(_) => None,
    }
}

/// `double(value)`
pub(super) fn to_double(value: &Value) -> Option<f64> {
    match value {
        Value::Int(whole) => Some(*whole as f64),
        Value::Double(double) => Some(*double),
        Value::Text(text) => {
            text.parse::<f64>().ok().filter(|double| double.is_finite()).map(|double| double + 0.0)
        }
        Value::Null
        | Value::Bool(_)
        | Value::Time(_)
        | Value::Duration(_)
        | Value::List(_)
        | Value::Map(_) => None,
    }
}

/// `string(value)`
pub(super) fn to_text(value: &Value) -> Option<SmolStr> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Bool(truth) => Some(format_smolstr!("{truth}")),
        Value::Int(whole) => Some(format_smolstr!("{whole}")),
        Value::Double(double) => Some(format_smolstr!("{double}")),
        Value::Time(time) => Some(format_smolstr!("{time}")),
        Value::Duration(micros) => Some(duration::text(*micros)),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// `timestamp(value)`
pub(super) fn to_time(value: &Value) -> Option<Time> {
    match value {
        Value::Time(time) => Some(*time),
        Value::Text(text) => Time::parse(text),
        Value::Int(seconds) => Time::from_unix(*seconds, 0),
        Value::Null
        | Value::Bool(_)
        | Value::Double(_)
        | Value::Duration(_)
        | Value::List(_)
        | Value::Map(_) => None,
    }
}

/// `duration(value)`
pub(super) fn to_duration(value: &Value) -> Option<i64> {
    if let Value::Duration(micros) = value {
        return Some(*micros);
    }
    let Value::Text(text) = value else { return None };
    duration::parse(text)
}
