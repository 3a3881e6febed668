//! The text of a program that stays the same for ever: operator first, in brackets, spaces and the
//! names of variables left out. Fingerprints of stats are made of it, and a stat whose fingerprint
//! changes loses its numbers; so what is written here for an expression is never changed.

use std::fmt::{self, Write};

use super::expr::Expr;
use crate::event::Value;

/// The text of an expression, its stats named by `name`.
pub(super) fn text(expr: &Expr, name: &dyn Fn(usize) -> String) -> String {
    let mut out = String::new();
    write(expr, name, &mut out).expect("writing to a text cannot fail");
    out
}

fn write(expr: &Expr, name: &dyn Fn(usize) -> String, out: &mut String) -> fmt::Result {
    match expr {
        Expr::Literal(Value::Time(time)) => write!(out, "(time {})", time.micros()),
        Expr::Literal(Value::Duration(micros)) => write!(out, "(duration {micros})"),
        Expr::Literal(value) => write!(out, "{value}"),
        Expr::EventField(field) => write!(out, "event.{}", field.name()),
        Expr::AllData => out.write_str("event.data"),
        Expr::Data(field) => write!(out, "(data {})", quoted(field)),
        Expr::Now => out.write_str("now"),
        Expr::KeyPart(part) => write!(out, "(key {})", quoted(part)),
        Expr::Stat { stat, at } => {
            write!(out, "(stat {}", quoted(&name(stat.stat)))?;
            if let Some(facet) = stat.facet.name() {
                write!(out, " .{facet}")?;
            }
            if let Some(parts) = at {
                out.write_char(' ')?;
                write_all("at", parts, name, out)?;
            }
            out.write_char(')')
        }
        Expr::Holds { id, .. } => write!(out, "(holds {})", quoted(id)),
        Expr::Item => out.write_str("item"),
        Expr::Field(of, field) => {
            out.write_str("(field ")?;
            write(of, name, out)?;
            write!(out, " {})", quoted(field))
        }
        Expr::Has(inner) => write_all("has", std::slice::from_ref(inner), name, out),
        Expr::Index(sides) => write_all("index", &sides[..], name, out),
        Expr::List(items) => write_all("list", items, name, out),
        Expr::Not(inner) => write_all("!", std::slice::from_ref(inner), name, out),
        Expr::Negate(inner) => write_all("negate", std::slice::from_ref(inner), name, out),
        Expr::And(parts) => write_all("&&", parts, name, out),
        Expr::Or(parts) => write_all("||", parts, name, out),
        Expr::If(parts) => write_all("if", &parts[..], name, out),
        Expr::Binary(operator, sides) => write_all(operator.name(), &sides[..], name, out),
        Expr::Call(function, arguments) => write_all(function.name(), arguments, name, out),
        Expr::Matches(text, pattern) => {
            out.write_str("(matches ")?;
            write(text, name, out)?;
            write!(out, " {})", quoted(pattern.as_str()))
        }
        Expr::Each(r#macro, sides) => write_all(r#macro.name(), &sides[..], name, out),
    }
}

fn write_all(head: &str, parts: &[Expr], name: &dyn Fn(usize) -> String, out: &mut String) -> fmt::Result {
    write!(out, "({head}")?;
    for part in parts {
        out.write_char(' ')?;
        write(part, name, out)?;
    }
    out.write_char(')')
}

/// In quotes, as JSON has it: Rust's own way to quote may change.
fn quoted(text: &str) -> Value {
    Value::text(text)
}
