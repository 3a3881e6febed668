//! What an expression is lowered to: names are resolved, types are known to fit, and what a literal
//! says once need not be computed again.

use regex::Regex;
use smol_str::SmolStr;

use super::functions::Function;
use super::{Facet, StatUse};
use crate::event::Value;

/// A lowered expression.
#[derive(Clone, Debug)]
pub(super) enum Expr {
    Literal(Value),
    /// `event.type` and its kin.
    EventField(EventField),
    /// `event.data`
    AllData,
    /// `event.data.NAME`
    Data(SmolStr),
    Now,
    /// `key.NAME`
    KeyPart(SmolStr),
    /// A stat; with `at`, at another key.
    Stat {
        stat: StatUse,
        at: Option<Box<[Expr]>>,
    },
    /// `holds("ID")`; the badge's place in the catalog may change, its id does not.
    Holds {
        badge: usize,
        id: SmolStr,
    },
    /// The item at which a macro is.
    Item,
    Field(Box<Expr>, SmolStr),
    /// Whether there is a value.
    Has(Box<Expr>),
    Index(Box<[Expr; 2]>),
    List(Box<[Expr]>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    And(Box<[Expr]>),
    Or(Box<[Expr]>),
    /// A condition and its two values.
    If(Box<[Expr; 3]>),
    Binary(Operator, Box<[Expr; 2]>),
    Call(Function, Box<[Expr]>),
    Matches(Box<Expr>, Regex),
    /// A macro, its list, and what it asks of each item.
    Each(Macro, Box<[Expr; 2]>),
}

/// What every event has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventField {
    Type,
    User,
    Subject,
    Time,
    Id,
}

impl EventField {
    pub(super) const ALL: [EventField; 5] =
        [EventField::Type, EventField::User, EventField::Subject, EventField::Time, EventField::Id];

    pub(super) fn name(self) -> &'static str {
        match self {
            EventField::Type => "type",
            EventField::User => "user",
            EventField::Subject => "subject",
            EventField::Time => "time",
            EventField::Id => "id",
        }
    }
}

/// An operator between two values, but for `&&` and `||`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
}

impl Operator {
    /// As it is written.
    pub(super) fn name(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
            Operator::Equal => "==",
            Operator::Unequal => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::In => "in",
        }
    }
}

/// A question or change to each item of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Macro {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
}

impl Macro {
    pub(super) const ALL: [Macro; 5] =
        [Macro::All, Macro::Exists, Macro::ExistsOne, Macro::Map, Macro::Filter];

    pub(super) fn name(self) -> &'static str {
        match self {
            Macro::All => "all",
            Macro::Exists => "exists",
            Macro::ExistsOne => "exists_one",
            Macro::Map => "map",
            Macro::Filter => "filter",
        }
    }
}

impl Expr {
    /// Shows this and all that is inside, from left to right.
    pub(super) fn walk<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        visit(self);
        let inside: &[Expr] = match self {
            Expr::Literal(_)
            | Expr::EventField(_)
            | Expr::AllData
            | Expr::Data(_)
            | Expr::Now
            | Expr::KeyPart(_)
            | Expr::Holds { .. }
            | Expr::Item
            | Expr::Stat { at: None, .. } => &[],
            Expr::Stat { at: Some(parts), .. } => parts,
            Expr::Field(of, _) | Expr::Matches(of, _) => std::slice::from_ref(of),
            Expr::Has(inner) | Expr::Not(inner) | Expr::Negate(inner) => std::slice::from_ref(inner),
            Expr::Index(pair) | Expr::Binary(_, pair) | Expr::Each(_, pair) => pair.as_slice(),
            Expr::If(parts) => parts.as_slice(),
            Expr::List(parts) | Expr::And(parts) | Expr::Or(parts) | Expr::Call(_, parts) => parts,
        };
        inside.iter().for_each(|inner| inner.walk(visit));
    }

    /// Whether it stays true once it is: see [`super::Program::stays_true`].
    pub(super) fn stays_true(&self, grows: &dyn Fn(&StatUse) -> bool, kept: &dyn Fn(usize) -> bool) -> bool {
        let is_growing = |expr: &Expr| matches!(expr, Expr::Stat { stat, at: None } if grows(stat));
        match self {
            Expr::Literal(value) => *value == Value::Bool(true),
            Expr::Stat { .. } => is_growing(self),
            Expr::Holds { badge, .. } => kept(*badge),
            Expr::And(parts) | Expr::Or(parts) => parts.iter().all(|part| part.stays_true(grows, kept)),
            Expr::Binary(Operator::Greater | Operator::GreaterOrEqual, sides) => {
                is_growing(&sides[0]) && matches!(sides[1], Expr::Literal(_))
            }
            Expr::Binary(Operator::Less | Operator::LessOrEqual, sides) => {
                matches!(sides[0], Expr::Literal(_)) && is_growing(&sides[1])
            }
            Expr::EventField(_)
            | Expr::AllData
            | Expr::Data(_)
            | Expr::Now
            | Expr::KeyPart(_)
            | Expr::Item
            | Expr::Field(..)
            | Expr::Has(_)
            | Expr::Index(_)
            | Expr::List(_)
            | Expr::Not(_)
            | Expr::Negate(_)
            | Expr::If(_)
            | Expr::Binary(..)
            | Expr::Call(..)
            | Expr::Matches(..)
            | Expr::Each(..) => false,
        }
    }
}

impl Facet {
    /// Every side but the stat itself, which has no name.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Facet::Itself => None,
            Facet::List => Some("list"),
            Facet::Longest => Some("longest"),
            Facet::Streak => Some("streak"),
            Facet::Size => Some("size"),
            Facet::First => Some("first"),
            Facet::Last => Some("last"),
            Facet::Gap => Some("gap"),
        }
    }
}
