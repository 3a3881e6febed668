//! Names and types: from what is written to what runs, with every mistake that can be known before.
//!
//! A part that is wrong is of [`Type::Any`], so that one mistake is not said twice.

mod calls;
mod names;

use std::ops::Range;

use smol_str::SmolStr;

use super::arithmetic;
use super::expr::{Expr, Macro, Operator};
use super::syntax::{Kind, Node};
use super::{Mistake, Scope, Type};
use crate::event::Value;

/// Checks an expression and lowers it; mistakes are added to those there are.
pub(super) fn check(
    source: &str,
    root: &Node,
    scope: &impl Scope,
    mistakes: &mut Vec<Mistake>,
) -> (Expr, Type) {
    let mut checker = Checker { source, scope, mistakes, variable: None };
    checker.check(root)
}

struct Checker<'c, S> {
    source: &'c str,
    scope: &'c S,
    mistakes: &'c mut Vec<Mistake>,
    /// The name of the item at which a macro is, and its type.
    variable: Option<(SmolStr, Type)>,
}

impl<S: Scope> Checker<'_, S> {
    fn check(&mut self, node: &Node) -> (Expr, Type) {
        let span = || node.span.clone();
        match &node.kind {
            Kind::Wrong => wrong(),
            Kind::Literal(value) => (Expr::Literal(value.clone()), type_of(value)),
            Kind::Name(name) => self.name(name, span()),
            Kind::Field { of, name } => self.field(of, name, span()),
            Kind::Has(field) => self.has(field),
            Kind::Index(sides) => self.index(sides),
            Kind::Call { on: None, name, name_span, arguments } => {
                self.call(name, name_span, arguments, span())
            }
            Kind::Call { on: Some(on), name, name_span, arguments } => {
                self.method(on, name, name_span, arguments, span())
            }
            Kind::Each { r#macro, list, variable, body } => self.each(*r#macro, list, variable, body, span()),
            Kind::List(items) => {
                let (items, types): (Vec<_>, Vec<_>) = items.iter().map(|item| self.check(item)).unzip();
                let joined = types.into_iter().reduce(|a, b| a.joined(&b).unwrap_or(Type::Any));
                (Expr::List(items.into()), Type::List(Box::new(joined.unwrap_or(Type::Any))))
            }
            Kind::Not(inner) => {
                let inner = self.condition(inner, "`!`");
                (Expr::Not(Box::new(inner)), Type::Bool)
            }
            Kind::Negate(inner) => self.negate(inner),
            Kind::And(parts) => {
                let parts = parts.iter().map(|part| self.condition(part, "`&&`")).collect();
                (Expr::And(parts), Type::Bool)
            }
            Kind::Or(parts) => {
                let parts = parts.iter().map(|part| self.condition(part, "`||`")).collect();
                (Expr::Or(parts), Type::Bool)
            }
            Kind::If(parts) => self.choice(parts, span()),
            Kind::Binary(operator, sides) => self.binary(*operator, sides, span()),
        }
    }

    /// An expression that must be true or false, as `asked` by an operator or macro.
    fn condition(&mut self, node: &Node, asked: &str) -> Expr {
        let (expr, r#type) = self.check(node);
        if !r#type.may_be(&Type::Bool) {
            let text = self.text(node);
            let instead = match r#type {
                Type::Int | Type::Double => format!("; write {text} > 0"),
                Type::Text | Type::Period(_) => format!("; write {text} != \"\""),
                Type::List(_) | Type::Map => format!("; write size({text}) > 0"),
                Type::Any | Type::Null | Type::Bool | Type::Time | Type::Duration => String::new(),
            };
            self.mistake(node.span.clone(), format!("{asked} asks for a bool, not {type}{instead}"));
        }
        expr
    }

    fn negate(&mut self, inner: &Node) -> (Expr, Type) {
        let (expr, r#type) = self.check(inner);
        if !(r#type.may_be(&Type::Int) || r#type.may_be(&Type::Double)) {
            return self.wrong(inner.span.clone(), format!("`-` asks for a number, not {type}"));
        }
        (Expr::Negate(Box::new(expr)), r#type)
    }

    fn choice(&mut self, parts: &[Node; 3], span: Range<usize>) -> (Expr, Type) {
        let condition = self.condition(&parts[0], "`?`");
        let (one, a) = self.check(&parts[1]);
        let (other, b) = self.check(&parts[2]);
        let joined = a.joined(&b).unwrap_or_else(|| {
            let instead = self.conversion([&parts[1], &parts[2]], [&a, &b]);
            let message = format!("both values of `? :` must be of one type, not {a} and {b}{instead}");
            self.mistake(span, message);
            Type::Any
        });
        (Expr::If(Box::new([condition, one, other])), joined)
    }

    fn binary(&mut self, operator: Operator, sides: &[Node; 2], span: Range<usize>) -> (Expr, Type) {
        let (left, a) = self.check(&sides[0]);
        let (right, b) = self.check(&sides[1]);
        let name = operator.name();
        let (r#type, problem) = match operator {
            Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Remainder => {
                let r#type = arithmetic::type_of(operator, &a, &b);
                let divides = matches!(operator, Operator::Divide | Operator::Remainder);
                let problem = if r#type.is_none() {
                    Some(format!("`{name}` does not go with {a} and {b}"))
                } else if divides && matches!(right, Expr::Literal(Value::Int(0))) {
                    Some("what is divided by zero never has a value".to_owned())
                } else {
                    None
                };
                (r#type.unwrap_or(Type::Any), problem)
            }
            Operator::Equal | Operator::Unequal => {
                let problem = (!a.may_equal(&b)).then(|| format!("{a} and {b} are never equal"));
                (Type::Bool, problem)
            }
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                let problem = (!(a.may_equal(&b) && a.has_order() && b.has_order()))
                    .then(|| format!("`{name}` does not compare {a} with {b}"));
                (Type::Bool, problem)
            }
            Operator::In => (Type::Bool, never_in(&a, &b)),
        };
        if let Some(problem) = problem {
            let instead = self.conversion([&sides[0], &sides[1]], [&a, &b]);
            self.mistake(span, format!("{problem}{instead}"));
        }
        (Expr::Binary(operator, Box::new([left, right])), r#type)
    }

    /// What to write so that two values go together; goes on from the mistake.
    fn conversion(&self, sides: [&Node; 2], types: [&Type; 2]) -> String {
        for (at, other) in [(0, 1), (1, 0)] {
            let function = match (types[at], types[other]) {
                (Type::Int, Type::Double) => "double",
                (Type::Text, Type::Time) => "timestamp",
                (Type::Text, Type::Duration) => "duration",
                (Type::Int | Type::Double | Type::Bool, Type::Text | Type::Period(_)) => "string",
                _ => continue,
            };
            return format!("; write {function}({})", self.text(sides[at]));
        }
        String::new()
    }

    fn each(
        &mut self,
        r#macro: Macro,
        list: &Node,
        variable: &SmolStr,
        body: &Node,
        span: Range<usize>,
    ) -> (Expr, Type) {
        let name = r#macro.name();
        let (list, of) = self.check(list);
        if self.variable.is_some() {
            let message = format!("`{name}` inside of what another macro asks of each item is not supported");
            self.mistake(span, message);
            return wrong();
        }
        if matches!(variable.as_str(), "event" | "key" | "now" | "profile") {
            self.mistake(span, format!("`{variable}` has a meaning already; call the items something else"));
            return wrong();
        }
        let item = match of {
            Type::List(item) => *item,
            Type::Map => Type::Text,
            Type::Any => Type::Any,
            Type::Null
            | Type::Bool
            | Type::Int
            | Type::Double
            | Type::Text
            | Type::Period(_)
            | Type::Time
            | Type::Duration => {
                self.mistake(span.clone(), format!("`{name}` goes through a list, not {of}"));
                Type::Any
            }
        };
        self.variable = Some((variable.clone(), item.clone()));
        let (body, r#type) = match r#macro {
            Macro::Map => {
                let (body, r#type) = self.check(body);
                (body, Type::List(Box::new(r#type)))
            }
            Macro::Filter => (self.condition(body, "`filter`"), Type::List(Box::new(item))),
            Macro::All | Macro::Exists | Macro::ExistsOne => {
                (self.condition(body, &format!("`{name}`")), Type::Bool)
            }
        };
        self.variable = None;
        (Expr::Each(r#macro, Box::new([list, body])), r#type)
    }

    /// What is written at a node.
    fn text(&self, node: &Node) -> &str {
        self.source.get(node.span.clone()).unwrap_or_default()
    }

    fn mistake(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.mistakes.push(Mistake { span, message: message.into() });
    }

    /// A mistake in place of an expression.
    fn wrong(&mut self, span: Range<usize>, message: impl Into<String>) -> (Expr, Type) {
        self.mistake(span, message);
        wrong()
    }
}

/// What stands for an expression that has a mistake; it never runs.
fn wrong() -> (Expr, Type) {
    (Expr::Literal(Value::Null), Type::Any)
}

/// Why a value of one type is never in one of the other, if that is so.
fn never_in(item: &Type, within: &Type) -> Option<String> {
    match within {
        Type::Any => None,
        Type::List(other) => (!item.may_equal(other))
            .then(|| format!("{item} is never in a list whose items are each {other}")),
        Type::Map => {
            (!item.may_be(&Type::Text)).then(|| format!("a map has names, which are strings, not {item}"))
        }
        Type::Null
        | Type::Bool
        | Type::Int
        | Type::Double
        | Type::Text
        | Type::Period(_)
        | Type::Time
        | Type::Duration => Some(format!("`in` asks for a list or a map on its right, not {within}")),
    }
}

fn type_of(literal: &Value) -> Type {
    match literal {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Double(_) => Type::Double,
        Value::Text(_) => Type::Text,
        Value::Time(_) => Type::Time,
        Value::Duration(_) => Type::Duration,
        Value::List(_) => Type::list_of_any(),
        Value::Map(_) => Type::Map,
    }
}

/// The known name that is most like this one, if one is.
fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let distance = |known: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &known.to_lowercase());
    let near = known.into_iter().map(|known| (distance(known), known));
    let (_, nearest) = near.filter(|(distance, _)| *distance <= name.len() / 3).min()?;
    Some(nearest)
}
