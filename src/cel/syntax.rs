//! An expression as it is written: what the parser hands to the checker.

use std::ops::Range;

use smol_str::{SmolStr, format_smolstr};

use super::expr::{Macro, Operator};
use crate::event::Value;

/// One operator, call or operand.
#[derive(Debug)]
pub(super) struct Node {
    /// All of it, in bytes of the source.
    pub span: Range<usize>,
    pub kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// Something that is already known to be a mistake.
    Wrong,
    Literal(Value),
    Name(SmolStr),
    Field {
        of: Box<Node>,
        name: SmolStr,
    },
    /// `has(x.name)`; the node inside is the field.
    Has(Box<Node>),
    Index(Box<[Node; 2]>),
    /// `name(arguments)`, or with `on`: `on.name(arguments)`.
    Call {
        on: Option<Box<Node>>,
        name: SmolStr,
        name_span: Range<usize>,
        arguments: Vec<Node>,
    },
    /// `list.macro(variable, body)`
    Each {
        r#macro: Macro,
        list: Box<Node>,
        variable: SmolStr,
        body: Box<Node>,
    },
    List(Vec<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    /// A condition and its two values.
    If(Box<[Node; 3]>),
    Binary(Operator, Box<[Node; 2]>),
}

/// The names that stand by themselves in an expression, each once, in the order in which they come.
pub(super) fn bare_names(root: &Node) -> Vec<SmolStr> {
    let mut names = Vec::new();
    collect(root, &mut Vec::new(), &mut names);
    names
}

fn is_profile(node: &Node, bound: &[&SmolStr]) -> bool {
    matches!(&node.kind, Kind::Name(name) if name == "profile" && !bound.contains(&name))
}

fn collect<'n>(node: &'n Node, bound: &mut Vec<&'n SmolStr>, names: &mut Vec<SmolStr>) {
    match &node.kind {
        Kind::Wrong | Kind::Literal(_) => {}
        Kind::Name(name) => {
            let own = matches!(name.as_str(), "event" | "key" | "now" | "profile");
            if !own && !bound.contains(&name) && !names.contains(name) {
                names.push(name.clone());
            }
        }
        Kind::Field { of: inner, name } if is_profile(inner, bound) => {
            let name = format_smolstr!("profile.{name}");
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Kind::Field { of: inner, .. } | Kind::Has(inner) | Kind::Not(inner) | Kind::Negate(inner) => {
            collect(inner, bound, names);
        }
        Kind::Call { on, arguments, .. } => {
            on.iter().for_each(|on| collect(on, bound, names));
            arguments.iter().for_each(|argument| collect(argument, bound, names));
        }
        Kind::Each { list, variable, body, .. } => {
            collect(list, bound, names);
            bound.push(variable);
            collect(body, bound, names);
            bound.pop();
        }
        Kind::List(parts) | Kind::And(parts) | Kind::Or(parts) => {
            parts.iter().for_each(|part| collect(part, bound, names));
        }
        Kind::If(parts) => parts.iter().for_each(|part| collect(part, bound, names)),
        Kind::Index(sides) | Kind::Binary(_, sides) => {
            sides.iter().for_each(|side| collect(side, bound, names));
        }
    }
}
