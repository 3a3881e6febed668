//! What can be read off a program without running it: what it compares, and what it can come to at most.

use super::expr::{EventField, Expr, Operator};
use super::functions::{Function, Part};
use super::{Program, StatUse, Type};
use crate::event::{Period, Value};

/// A stat beside a number that is written out: `hearts >= 2`.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The stat.
    pub stat: StatUse,
    /// What is asked of it, in words: `2`, `more than 2`, `exactly 2`.
    pub asks: String,
}

/// Between what a number lies, both ends included. None: nobody can tell.
type Range = (Option<f64>, Option<f64>);

impl Program {
    /// The stat that the program is, if it is nothing else.
    pub fn only_stat(&self) -> Option<&StatUse> {
        if let Expr::Stat { stat, at: None } = &*self.expr { Some(stat) } else { None }
    }

    /// Where it compares a stat, named bare, with something that is written out.
    pub fn comparisons(&self) -> Vec<Comparison> {
        let mut found = Vec::new();
        self.expr.walk(&mut |expr| {
            let Expr::Binary(operator, sides) = expr else { return };
            let (stat, operator, value) = match &**sides {
                [Expr::Stat { stat, at: None }, Expr::Literal(value)] => (stat, Some(*operator), value),
                [Expr::Literal(value), Expr::Stat { stat, at: None }] => (stat, operator.turned(), value),
                _ => return,
            };
            if let Some(asks) = operator.and_then(|operator| operator.asks(value)) {
                found.push(Comparison { stat: stat.clone(), asks });
            }
        });
        found
    }

    /// The most that its value can be, if that can be told. `of_stat` knows the most of a stat.
    pub fn at_most(&self, of_stat: &dyn Fn(&StatUse) -> Option<f64>) -> Option<f64> {
        range(&self.expr, of_stat).1
    }

    /// The calendar period of the event's own time that it is, if it is one: `day(event.time)`.
    pub fn period_of_event(&self) -> Option<Period> {
        let Expr::Call(Function::Period(period), of) = &*self.expr else { return None };
        matches!(&of[..], [Expr::EventField(EventField::Time)]).then_some(*period)
    }

    /// How many different values it can have, if that can be told; `types`: how many types of events it can see.
    pub fn values_at_most(&self, types: Option<usize>) -> Option<f64> {
        values(&self.expr, &self.r#type, types)
    }
}

impl Operator {
    /// The same with its sides exchanged.
    fn turned(self) -> Option<Operator> {
        Some(match self {
            Operator::Equal => Operator::Equal,
            Operator::Unequal => Operator::Unequal,
            Operator::Less => Operator::Greater,
            Operator::LessOrEqual => Operator::GreaterOrEqual,
            Operator::Greater => Operator::Less,
            Operator::GreaterOrEqual => Operator::LessOrEqual,
            Operator::Add | Operator::Subtract | Operator::Multiply => return None,
            Operator::Divide | Operator::Remainder | Operator::In => return None,
        })
    }

    fn asks(self, value: &Value) -> Option<String> {
        Some(match self {
            Operator::GreaterOrEqual => value.to_string(),
            Operator::Greater => format!("more than {value}"),
            Operator::Less => format!("less than {value}"),
            Operator::LessOrEqual => format!("at most {value}"),
            Operator::Equal => format!("exactly {value}"),
            Operator::Unequal => format!("anything but {value}"),
            Operator::Add | Operator::Subtract | Operator::Multiply => return None,
            Operator::Divide | Operator::Remainder | Operator::In => return None,
        })
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(int) => Some(*int as f64),
        Value::Double(double) => Some(*double),
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::Time(_) => None,
        Value::Duration(_) | Value::List(_) | Value::Map(_) => None,
    }
}

fn range(expr: &Expr, of_stat: &dyn Fn(&StatUse) -> Option<f64>) -> Range {
    let both = |a: Option<f64>, b: Option<f64>, of: fn(f64, f64) -> f64| Some(of(a?, b?));
    let of = |expr| range(expr, of_stat);
    match expr {
        Expr::Literal(value) => (number(value), number(value)),
        Expr::Stat { stat, .. } => (None, of_stat(stat)),
        Expr::If(parts) => {
            let (one, other) = (of(&parts[1]), of(&parts[2]));
            (both(one.0, other.0, f64::min), both(one.1, other.1, f64::max))
        }
        Expr::Negate(inner) => {
            let (least, most) = of(inner);
            (most.map(|most| -most), least.map(|least| -least))
        }
        Expr::Binary(operator, sides) => {
            let (a, b) = (of(&sides[0]), of(&sides[1]));
            match operator {
                Operator::Add => (both(a.0, b.0, |a, b| a + b), both(a.1, b.1, |a, b| a + b)),
                Operator::Subtract => (both(a.0, b.1, |a, b| a - b), both(a.1, b.0, |a, b| a - b)),
                Operator::Multiply => match (b.0, b.1) {
                    (Some(times), Some(most)) if times == most && times >= 0.0 => {
                        (a.0.map(|a| a * times), a.1.map(|a| a * times))
                    }
                    _ => (None, None),
                },
                Operator::Remainder => match (b.0, b.1) {
                    // What is left has the sign of what is divided.
                    (Some(by), Some(most)) if by == most && by != 0.0 => {
                        (Some(1.0 - by.abs()), Some(by.abs() - 1.0))
                    }
                    _ => (None, None),
                },
                Operator::Divide | Operator::Equal | Operator::Unequal | Operator::Less => (None, None),
                Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual | Operator::In => {
                    (None, None)
                }
            }
        }
        Expr::Call(Function::ToInt | Function::ToDouble, arguments) => {
            arguments.first().map_or((None, None), of)
        }
        Expr::Call(Function::Size, arguments) => match arguments.first() {
            Some(Expr::List(items)) => (Some(items.len() as f64), Some(items.len() as f64)),
            _ => (Some(0.0), None),
        },
        Expr::Call(Function::Part(part), arguments) => part_range(*part, arguments.first()),
        Expr::Call(..) | Expr::EventField(_) | Expr::AllData | Expr::Data(_) | Expr::Now => (None, None),
        Expr::KeyPart(_) | Expr::Holds { .. } | Expr::Item | Expr::Field(..) | Expr::Has(_) => (None, None),
        Expr::Index(_) | Expr::List(_) | Expr::Not(_) | Expr::And(_) | Expr::Or(_) => (None, None),
        Expr::Matches(..) | Expr::Each(..) => (None, None),
    }
}

/// Between what a part of a time lies.
fn part_range(part: Part, of: Option<&Expr>) -> Range {
    // A duration may have any number of hours.
    let is_time =
        matches!(of, Some(Expr::EventField(EventField::Time) | Expr::Now | Expr::Call(Function::ToTime, _)));
    let (least, most) = match part {
        Part::Hours | Part::Minutes | Part::Seconds if !is_time => return (None, None),
        Part::FullYear => return (None, None),
        Part::Month => (0.0, 11.0),
        Part::Date => (1.0, 31.0),
        Part::DayOfMonth => (0.0, 30.0),
        Part::DayOfWeek => (0.0, 6.0),
        Part::DayOfYear => (0.0, 365.0),
        Part::Hours => (0.0, 23.0),
        Part::Minutes | Part::Seconds => (0.0, 59.0),
        Part::Milliseconds => (0.0, 999.0),
    };
    (Some(least), Some(most))
}

fn values(expr: &Expr, r#type: &Type, types: Option<usize>) -> Option<f64> {
    if let Expr::Literal(_) = expr {
        return Some(1.0);
    }
    if let Expr::EventField(EventField::Type) = expr {
        return types.map(|types| types as f64);
    }
    if let Expr::If(parts) = expr {
        return Some(values(&parts[1], &Type::Any, types)? + values(&parts[2], &Type::Any, types)?);
    }
    if *r#type == Type::Bool {
        return Some(2.0);
    }
    // Whole numbers only: between two others there is no end of numbers.
    let (least, most) = range(expr, &|_| None);
    (*r#type == Type::Int).then_some(most? - least? + 1.0)
}
