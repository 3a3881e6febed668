//! How cells move, whatever their kind.

use super::*;

fn after(steps: &[Step]) -> Option<Cell> {
    let mut cell = None;
    for step in steps {
        Cell::apply(&mut cell, step);
    }
    cell
}

fn at(seconds: i64) -> Time {
    Time::from_unix(seconds, 0).unwrap()
}

#[test]
fn extremes_compare_whole_numbers_and_others_alike() {
    let steps = [Step::Max(Value::Int(2)), Step::Max(Value::Double(2.5)), Step::Max(Value::Int(1))];
    assert_eq!(after(&steps), Some(Cell::Extreme(Box::new(Value::Double(2.5)))));
    assert_eq!(
        after(&[Step::Min(Value::Int(2)), Step::Min(Value::text("a"))]),
        Some(Cell::Extreme(Box::new(Value::Int(2))))
    );
}

#[test]
fn first_and_last_go_by_time_and_ties_by_arrival() {
    let first = |time, text: &str| Step::First(at(time), Value::text(text));
    let last = |time, text: &str| Step::Last(at(time), Value::text(text));
    let dated = |time, text: &str| Some(Cell::Dated(Box::new((at(time), Value::text(text)))));
    assert_eq!(after(&[first(5, "a"), first(5, "b"), first(6, "c"), first(4, "d")]), dated(4, "d"));
    assert_eq!(after(&[first(5, "a"), first(5, "b")]), dated(5, "a"));
    assert_eq!(after(&[last(5, "a"), last(5, "b"), last(4, "c")]), dated(5, "b"));
}

#[test]
fn what_changes_nothing_says_so() {
    let mut cell = None;
    assert!(Cell::apply(&mut cell, &Step::Distinct("a".into())));
    assert!(!Cell::apply(&mut cell, &Step::Distinct("a".into())));
    assert!(!Cell::apply(&mut cell, &Step::Count));
    let mut sum = None;
    assert!(!Cell::apply(&mut sum, &Step::Sum(Decimal::default())) && sum.is_none());
    assert!(Cell::apply(&mut sum, &Step::Sum(Decimal::of(&Value::Int(1)).unwrap())));
    assert!(!Cell::apply(&mut sum, &Step::Sum(Decimal::default())));
}
