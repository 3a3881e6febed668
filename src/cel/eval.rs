//! Running a lowered expression: *what has no value makes nothing true*.
//!
//! Nothing here can fail, and what a run may cost is bounded: its depth by the program's, its steps
//! by a [`Budget`].

use std::borrow::Cow;
use std::cell::Cell;
use std::cmp::Ordering;

use super::compare::{compare, equal};
use super::expr::{EventField, Expr, Macro, Operator};
use super::functions::Function;
use super::{Environment, STEPS_MAX, arithmetic};
use crate::event::Value;

/// How many steps a run may still take.
#[derive(Debug)]
pub(super) struct Budget(Cell<usize>);

impl Default for Budget {
    fn default() -> Self {
        Budget(Cell::new(STEPS_MAX))
    }
}

impl Budget {
    /// Takes steps off. None where there are too few.
    pub(super) fn spend(&self, steps: usize) -> Option<()> {
        self.0.set(self.0.get().checked_sub(steps)?);
        Some(())
    }

    /// Takes off what it costs to read or write a text of so many bytes.
    pub(super) fn spend_text(&self, bytes: usize) -> Option<()> {
        self.spend(bytes / 16 + 1)
    }
}

/// One run of a program.
pub(super) struct Run<'v, E> {
    pub environment: &'v E,
    pub budget: &'v Budget,
    /// The item at which a macro is.
    pub item: Option<&'v Value>,
}

impl<E> Clone for Run<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Run<'_, E> {}

impl<'v, E: Environment> Run<'v, E> {
    /// The value of an expression, borrowed from where it is kept if it can be.
    pub(super) fn value(self, expr: &'v Expr) -> Option<Cow<'v, Value>> {
        let owned = match expr {
            Expr::Literal(value) => return Some(Cow::Borrowed(value)),
            Expr::Data(name) => return self.environment.event()?.data.get(name).map(Cow::Borrowed),
            Expr::Item => return self.item.map(Cow::Borrowed),
            Expr::If(parts) => return self.value(&parts[if self.truth(&parts[0])? { 1 } else { 2 }]),
            Expr::Field(of, name) => return part(self.value(of)?, |of| field(of, name)),
            Expr::Index(sides) => {
                let index = self.value(&sides[1])?;
                return part(self.value(&sides[0])?, |of| indexed(of, &index));
            }
            Expr::EventField(field) => self.event_field(*field)?,
            Expr::AllData => Value::Map(self.environment.event()?.data.clone()),
            Expr::Now => Value::Time(self.environment.now()),
            Expr::KeyPart(name) => Value::Text(self.environment.key_part(name)?),
            Expr::Stat { stat, at: None } => self.environment.stat(stat.stat, stat.facet, None)?,
            Expr::Stat { stat, at: Some(parts) } => {
                let parts = self.values(parts)?;
                self.environment.stat(stat.stat, stat.facet, Some(&parts))?
            }
            Expr::Holds { badge, .. } => Value::Bool(self.environment.holds(*badge)?),
            Expr::Has(inner) => Value::Bool(self.value(inner).is_some()),
            Expr::List(items) => Value::List(self.values(items)?.into()),
            Expr::Not(inner) => Value::Bool(!self.truth(inner)?),
            Expr::Negate(inner) => negated(&*self.value(inner)?)?,
            Expr::And(parts) => Value::Bool(absorbing(false, parts.iter().map(|part| self.truth(part)))?),
            Expr::Or(parts) => Value::Bool(absorbing(true, parts.iter().map(|part| self.truth(part)))?),
            Expr::Binary(operator, sides) => {
                let (a, b) = (self.value(&sides[0])?, self.value(&sides[1])?);
                binary(*operator, &a, &b, self.budget)?
            }
            Expr::Call(function, arguments) => self.call(*function, arguments)?,
            Expr::Matches(text, pattern) => {
                let text = self.value(text)?;
                let Value::Text(text) = &*text else { return None };
                self.budget.spend_text(text.len())?;
                Value::Bool(pattern.is_match(text))
            }
            Expr::Each(r#macro, sides) => self.each(*r#macro, &*self.value(&sides[0])?, &sides[1])?,
        };
        Some(Cow::Owned(owned))
    }

    /// Whether an expression is true or false.
    pub(super) fn truth(self, expr: &'v Expr) -> Option<bool> {
        let Value::Bool(truth) = *self.value(expr)? else { return None };
        Some(truth)
    }

    fn values(self, exprs: &'v [Expr]) -> Option<Vec<Value>> {
        exprs.iter().map(|expr| self.value(expr).map(Cow::into_owned)).collect()
    }

    fn event_field(self, field: EventField) -> Option<Value> {
        let event = self.environment.event()?;
        Some(match field {
            EventField::Type => Value::Text(event.r#type.as_text().clone()),
            EventField::User => Value::Text(event.user.as_text().clone()),
            EventField::Subject => Value::Text(event.subject.clone()),
            EventField::Time => Value::Time(event.time),
            EventField::Id => Value::text(event.id.as_str()),
        })
    }

    fn call(self, function: Function, arguments: &'v [Expr]) -> Option<Value> {
        match arguments {
            [value] => function.of(&*self.value(value)?, self.budget),
            [value, other] => function.of_two(&*self.value(value)?, &*self.value(other)?, self.budget),
            _ => None,
        }
    }

    fn each(self, r#macro: Macro, list: &Value, body: &Expr) -> Option<Value> {
        let items = match list {
            Value::List(items) => Cow::Borrowed(&items[..]),
            // As CEL has it, a map is walked by its names.
            Value::Map(map) => map.iter().map(|(name, _)| Value::Text(name.clone())).collect(),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Text(_)
            | Value::Time(_)
            | Value::Duration(_) => return None,
        };
        self.budget.spend(items.len())?;
        let at = |item| Run { environment: self.environment, budget: self.budget, item: Some(item) };
        match r#macro {
            Macro::All => absorbing(false, items.iter().map(|item| at(item).truth(body))).map(Value::Bool),
            Macro::Exists => absorbing(true, items.iter().map(|item| at(item).truth(body))).map(Value::Bool),
            Macro::ExistsOne => {
                let mut found = 0;
                for item in items.iter() {
                    found += usize::from(at(item).truth(body)?);
                }
                Some(Value::Bool(found == 1))
            }
            Macro::Map => {
                let values = items.iter().map(|item| at(item).value(body).map(Cow::into_owned));
                Some(Value::List(values.collect::<Option<Vec<_>>>()?.into()))
            }
            Macro::Filter => {
                let mut kept = Vec::new();
                for item in items.iter() {
                    if at(item).truth(body)? {
                        kept.push(item.clone());
                    }
                }
                Some(Value::List(kept.into()))
            }
        }
    }
}

/// `||` where `decides` is true, `&&` where it is false: one part may decide, whatever becomes of the
/// others; else all must have a value.
fn absorbing(decides: bool, parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all_known = true;
    for part in parts {
        match part {
            Some(truth) if truth == decides => return Some(decides),
            Some(_) => {}
            None => all_known = false,
        }
    }
    all_known.then_some(!decides)
}

fn binary(operator: Operator, a: &Value, b: &Value, budget: &Budget) -> Option<Value> {
    let truth = match operator {
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
            return arithmetic::apply(operator, a, b, budget);
        }
        Operator::Equal => equal(a, b, budget)?,
        Operator::Unequal => !equal(a, b, budget)?,
        Operator::Less => compare(a, b)? == Ordering::Less,
        Operator::LessOrEqual => compare(a, b)? != Ordering::Greater,
        Operator::Greater => compare(a, b)? == Ordering::Greater,
        Operator::GreaterOrEqual => compare(a, b)? != Ordering::Less,
        Operator::In => is_in(a, b, budget)?,
    };
    Some(Value::Bool(truth))
}

fn is_in(item: &Value, within: &Value, budget: &Budget) -> Option<bool> {
    if let Value::Map(map) = within {
        return Some(matches!(item, Value::Text(name) if map.get(name).is_some()));
    }
    let Value::List(items) = within else { return None };
    for other in items.iter() {
        if equal(item, other, budget)? {
            return Some(true);
        }
    }
    Some(false)
}

fn negated(value: &Value) -> Option<Value> {
    if let Value::Int(whole) = value {
        return whole.checked_neg().map(Value::Int);
    }
    let Value::Double(double) = value else { return None };
    // There is one zero: taking from zero makes it of the other.
    Some(Value::Double(0.0 - double))
}

/// A part of a value: borrowed where the whole is.
fn part<'v>(
    of: Cow<'v, Value>,
    pick: impl for<'a> FnOnce(&'a Value) -> Option<&'a Value>,
) -> Option<Cow<'v, Value>> {
    match of {
        Cow::Borrowed(value) => pick(value).map(Cow::Borrowed),
        Cow::Owned(value) => pick(&value).cloned().map(Cow::Owned),
    }
}

fn field<'a>(of: &'a Value, name: &str) -> Option<&'a Value> {
    let Value::Map(map) = of else { return None };
    map.get(name)
}

fn indexed<'a>(of: &'a Value, index: &Value) -> Option<&'a Value> {
    match (of, index) {
        (Value::Map(map), Value::Text(name)) => map.get(name),
        (Value::List(items), Value::Int(at)) => items.get(usize::try_from(*at).ok()?),
        _ => None,
    }
}
