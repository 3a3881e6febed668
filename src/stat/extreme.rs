//! The least and the greatest of what came.

use std::cmp::Ordering;

use crate::cel::compare;
use crate::event::Value;

/// Whether `min` and `max` are for values of this kind: numbers, texts and times. Anything else would be the first of
/// its kind, and nothing after it could be compared with it.
pub(super) fn is_for(value: &Value) -> bool {
    match value {
        Value::Int(_) | Value::Double(_) | Value::Text(_) | Value::Time(_) | Value::Duration(_) => true,
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => false,
    }
}

/// Takes a value in the place of the one that is known, if it lies on that side of it.
pub(super) fn replace_if(known: &mut Value, value: &Value, order: Ordering) -> bool {
    let better = compare(value, known) == Some(order);
    if better {
        *known = value.clone();
    }
    better
}
