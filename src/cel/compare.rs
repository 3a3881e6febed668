//! Which of two values is greater, and whether they are equal.

use std::cmp::Ordering;

use super::eval::Budget;
use crate::event::Value;

/// Which of two values is greater, where they can be compared: numbers of both kinds with each other
/// (exactly), else values of one kind.
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Double(b)) => compare_numbers(*a, *b),
        (Value::Double(a), Value::Int(b)) => compare_numbers(*b, *a).map(Ordering::reverse),
        (Value::Text(a), Value::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Whether two values are equal, as [`compare`] has it and item by item. Values of different kinds
/// are not. None only where the budget is spent.
pub(super) fn equal(a: &Value, b: &Value, budget: &Budget) -> Option<bool> {
    budget.spend(1)?;
    match (a, b) {
        (Value::Null, Value::Null) => Some(true),
        (Value::List(a), Value::List(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            all_equal(a.iter().zip(b.iter()), budget)
        }
        (Value::Map(a), Value::Map(b)) => {
            // Both are sorted by name.
            if a.len() != b.len() || a.iter().zip(b.iter()).any(|((a, _), (b, _))| a != b) {
                return Some(false);
            }
            all_equal(a.iter().zip(b.iter()).map(|((_, a), (_, b))| (a, b)), budget)
        }
        (a, b) => Some(compare(a, b) == Some(Ordering::Equal)),
    }
}

fn all_equal<'v>(pairs: impl Iterator<Item = (&'v Value, &'v Value)>, budget: &Budget) -> Option<bool> {
    for (a, b) in pairs {
        if !equal(a, b, budget)? {
            return Some(false);
        }
    }
    Some(true)
}

/// As if the whole number had no end of digits: turning it into a double would lose some.
fn compare_numbers(whole: i64, double: f64) -> Option<Ordering> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if double.is_nan() {
        None
    } else if double >= BEYOND {
        Some(Ordering::Less)
    } else if double < -BEYOND {
        Some(Ordering::Greater)
    } else {
        // In range and without a fraction, so nothing is lost.
        let order = whole.cmp(&(double.trunc() as i64));
        Some(order.then_with(|| 0.0_f64.total_cmp(&(double.fract() + 0.0))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_both_kinds_compare_exactly() {
        const EXACT: i64 = 1 << 53;
        for (whole, double, order) in [
            (1, 1.0, Some(Ordering::Equal)),
            (1, 1.5, Some(Ordering::Less)),
            (-1, -1.5, Some(Ordering::Greater)),
            (0, -0.0, Some(Ordering::Equal)),
            (0, -0.25, Some(Ordering::Greater)),
            (EXACT + 1, EXACT as f64, Some(Ordering::Greater)),
            (i64::MAX, 9_223_372_036_854_775_808.0, Some(Ordering::Less)),
            (i64::MIN, -9_223_372_036_854_775_808.0, Some(Ordering::Equal)),
            (i64::MIN, f64::NEG_INFINITY, Some(Ordering::Greater)),
            (0, f64::NAN, None),
        ] {
            let (a, b) = (Value::Int(whole), Value::Double(double));
            assert_eq!(compare(&a, &b), order, "{whole} {double}");
            assert_eq!(compare(&b, &a), order.map(Ordering::reverse), "{double} {whole}");
        }
    }

    #[test]
    fn values_of_different_kinds_are_neither_equal_nor_greater() {
        let json = |json| Value::from_json(json, 8).unwrap();
        assert_eq!(compare(&json("1"), &json("\"1\"")), None);
        let budget = Budget::default();
        assert_eq!(equal(&json("1"), &json("\"1\""), &budget), Some(false));
        assert_eq!(equal(&json("[1,{\"a\":2}]"), &json("[1.0,{\"a\":2.0}]"), &budget), Some(true));
        assert_eq!(equal(&json("{\"a\":null}"), &json("{\"b\":null}"), &budget), Some(false));
    }
}
