//! Sums, differences and their kin: what is out of range has no value.

use std::sync::Arc;

use smol_str::{SmolStr, SmolStrBuilder};

use super::Type;
use super::eval::Budget;
use super::expr::Operator;
use crate::event::{Time, Value};

/// The value of `a operator b`. None where the two do not go together, and where what comes of them
/// is out of range or not a number.
pub(super) fn apply(operator: Operator, a: &Value, b: &Value, budget: &Budget) -> Option<Value> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => whole(operator, *a, *b).map(Value::Int),
        (Value::Double(a), Value::Double(b)) => double(operator, *a, *b).map(Value::Double),
        (Value::Text(a), Value::Text(b)) if operator == Operator::Add => {
            budget.spend_text(a.len() + b.len())?;
            Some(Value::Text(joined(a, b)))
        }
        (Value::List(a), Value::List(b)) if operator == Operator::Add => {
            budget.spend(a.len() + b.len())?;
            Some(Value::List(a.iter().chain(b.iter()).cloned().collect::<Arc<[Value]>>()))
        }
        (Value::Time(time), Value::Duration(by)) => shifted(operator, *time, *by).map(Value::Time),
        (Value::Duration(by), Value::Time(time)) if operator == Operator::Add => {
            time.plus_micros(*by).map(Value::Time)
        }
        (Value::Time(a), Value::Time(b)) if operator == Operator::Subtract => {
            a.micros().checked_sub(b.micros()).map(Value::Duration)
        }
        (Value::Duration(a), Value::Duration(b))
            if matches!(operator, Operator::Add | Operator::Subtract) =>
        {
            whole(operator, *a, *b).map(Value::Duration)
        }
        _ => None,
    }
}

/// The type of `a operator b`; none where the two never go together.
pub(super) fn type_of(operator: Operator, a: &Type, b: &Type) -> Option<Type> {
    use Type::{Any, Double, Duration, Int, List, Period, Text, Time};
    let adds = operator == Operator::Add;
    let shifts = matches!(operator, Operator::Add | Operator::Subtract);
    match (a, b) {
        (Any, Any) => Some(if operator == Operator::Remainder { Int } else { Any }),
        (Int, Int | Any) | (Any, Int) => Some(Int),
        (Double, Double | Any) | (Any, Double) if operator != Operator::Remainder => Some(Double),
        (Text | Period(_), Text | Period(_) | Any) | (Any, Text | Period(_)) if adds => Some(Text),
        (List(a), List(b)) if adds => Some(List(Box::new(a.joined(b).unwrap_or(Any)))),
        (List(_), Any) | (Any, List(_)) if adds => Some(Type::list_of_any()),
        (Time, Duration) if shifts => Some(Time),
        (Duration, Time) if adds => Some(Time),
        (Time, Time) if operator == Operator::Subtract => Some(Duration),
        (Duration, Duration) if shifts => Some(Duration),
        // What is added to a time is a length; what is taken from it may be either.
        (Time, Any) | (Any, Time) if adds => Some(Time),
        (Any, Time) if operator == Operator::Subtract => Some(Duration),
        (Time | Duration, Any) | (Any, Duration) if shifts => Some(Any),
        _ => None,
    }
}

fn whole(operator: Operator, a: i64, b: i64) -> Option<i64> {
    match operator {
        Operator::Add => a.checked_add(b),
        Operator::Subtract => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
        Operator::Divide => a.checked_div(b),
        Operator::Remainder => a.checked_rem(b),
        Operator::Equal
        | Operator::Unequal
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual
        | Operator::In => None,
    }
}

fn double(operator: Operator, a: f64, b: f64) -> Option<f64> {
    let result = match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        Operator::Remainder
        | Operator::Equal
        | Operator::Unequal
        | Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual
        | Operator::In => return None,
    };
    // There is one zero: adding makes it of the other.
    result.is_finite().then_some(result + 0.0)
}

fn shifted(operator: Operator, time: Time, by: i64) -> Option<Time> {
    if operator == Operator::Subtract {
        return time.plus_micros(by.checked_neg()?);
    }
    (operator == Operator::Add).then(|| time.plus_micros(by))?
}

fn joined(a: &str, b: &str) -> SmolStr {
    let mut text = SmolStrBuilder::new();
    text.push_str(a);
    text.push_str(b);
    text.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_added_and_nothing_else() {
        let come_to =
            |operator| apply(operator, &Value::Duration(6), &Value::Duration(2), &Budget::default());
        assert_eq!(come_to(Operator::Add), Some(Value::Duration(8)));
        assert_eq!(come_to(Operator::Subtract), Some(Value::Duration(4)));
        for operator in [Operator::Multiply, Operator::Divide, Operator::Remainder] {
            assert_eq!(come_to(operator), None, "{}", operator.name());
        }
    }
}
