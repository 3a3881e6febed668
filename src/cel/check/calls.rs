//! What is called: functions, `holds`, `matches`, and stats at other keys.

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use smol_str::SmolStr;

use super::{Checker, nearest};
use crate::cel::eval::Budget;
use crate::cel::expr::{Expr, Macro};
use crate::cel::functions::{Form, Function};
use crate::cel::syntax::{Kind, Node};
use crate::cel::{Scope, Type};
use crate::event::{Value, Zone};

/// Largest pattern of `matches`, in bytes of what it is compiled to. A larger one is a mistake.
const PATTERN_MAX_BYTES: usize = 4 * 1024 * 1024;

/// What CEL has, or people expect, and what is written here instead.
const UNSUPPORTED: [(&str, &str); 12] = [
    ("uint", "write int(x)"),
    ("bytes", "write the text itself"),
    ("bool", "write x == \"true\""),
    ("type", "an event's own is event.type"),
    ("dyn", "write the value itself"),
    ("lowerAscii", "let the site send the text in lower case"),
    ("upperAscii", "let the site send the text in upper case"),
    ("split", "let the site send a list"),
    ("join", "let the site send the text"),
    ("min", "that is a kind of stat: min = \"x\""),
    ("max", "that is a kind of stat: max = \"x\""),
    ("sum", "that is a kind of stat: sum = \"x\""),
];

impl<S: Scope> Checker<'_, S> {
    /// `name(arguments)`
    pub(super) fn call(
        &mut self,
        name: &SmolStr,
        name_span: &Range<usize>,
        arguments: &[Node],
        span: Range<usize>,
    ) -> (Expr, Type) {
        match (name.as_str(), arguments) {
            ("holds", [argument]) => self.holds(argument),
            ("holds", _) => self.wrong(span, "`holds` takes the id of one badge: holds(\"first-photo\")"),
            ("has", _) => self.wrong(span, "`has` takes one field: has(event.data.x)"),
            ("matches", [text, pattern]) => self.matches(text, pattern),
            ("now" | "event" | "key" | "profile", _) => {
                self.wrong(span, format!("`{name}` is no function; write it without the brackets"))
            }
            _ => match Function::named(name) {
                Some((function, Form::Function | Form::Both)) => {
                    self.function(function, arguments.iter().collect(), name_span)
                }
                Some((_, Form::Method)) => {
                    let of = arguments.first().map_or("x", |of| self.text(of));
                    let rest = arguments.get(1).map_or("", |rest| self.text(rest));
                    let message = format!("`{name}` is written behind a dot: {of}.{name}({rest})");
                    self.wrong(name_span.clone(), message)
                }
                None => self.other_call(name, name_span, arguments, span),
            },
        }
    }

    /// `on.name(arguments)`
    pub(super) fn method(
        &mut self,
        on: &Node,
        name: &SmolStr,
        name_span: &Range<usize>,
        arguments: &[Node],
        span: Range<usize>,
    ) -> (Expr, Type) {
        if is_macro(name) {
            let message =
                format!("`{name}` takes a name for each item and what is asked of it: list.{name}(x, x > 1)");
            return self.wrong(name_span.clone(), message);
        }
        match (name.as_str(), arguments, Function::named(name)) {
            ("matches", [pattern], _) => self.matches(on, pattern),
            (_, _, Some((function, Form::Method | Form::Both))) => {
                let arguments = std::iter::once(on).chain(arguments).collect();
                self.function(function, arguments, name_span)
            }
            (_, _, Some((_, Form::Function))) => {
                let message = format!("`{name}` stands before what it takes: {name}({})", self.text(on));
                self.wrong(span, message)
            }
            _ => {
                let message = self
                    .unknown(name, Function::names().chain(Macro::ALL.map(Macro::name)).chain(["matches"]));
                self.wrong(name_span.clone(), message)
            }
        }
    }

    fn holds(&mut self, argument: &Node) -> (Expr, Type) {
        let Kind::Literal(Value::Text(id)) = &argument.kind else {
            let message = "`holds` takes the id of a badge, in quotes: holds(\"first-photo\")";
            return self.wrong(argument.span.clone(), message);
        };
        match self.scope.badge(id) {
            Ok(badge) => (Expr::Holds { badge, id: id.clone() }, Type::Bool),
            Err(problem) => self.wrong(argument.span.clone(), problem),
        }
    }

    fn matches(&mut self, text: &Node, pattern: &Node) -> (Expr, Type) {
        let (expr, r#type) = self.check(text);
        if !r#type.may_be(&Type::Text) {
            self.mistake(text.span.clone(), format!("`matches` takes a string, not {type}"));
        }
        let Kind::Literal(Value::Text(source)) = &pattern.kind else {
            let message =
                "the pattern of `matches` must be written out, in quotes, so that it is read only once";
            return self.wrong(pattern.span.clone(), message);
        };
        match compiled(source) {
            Ok(pattern) => (Expr::Matches(Box::new(expr), pattern), Type::Bool),
            Err(problem) => self.wrong(pattern.span.clone(), problem),
        }
    }

    fn function(
        &mut self,
        function: Function,
        arguments: Vec<&Node>,
        name_span: &Range<usize>,
    ) -> (Expr, Type) {
        let name = function.name();
        let mut checked = Vec::new();
        for argument in &arguments {
            let (expr, r#type) = self.check(argument);
            let is_zone = function.goes_by_zone() && checked.len() == 1;
            if is_zone {
                self.zone(name, argument, &expr, &r#type);
            } else if checked.len() < function.arity() && !function.accepts(&r#type) {
                let message = format!("`{name}` takes {}, not {type}", function.takes());
                self.mistake(argument.span.clone(), message);
            }
            checked.push(expr);
        }
        let zones = usize::from(function.goes_by_zone());
        if !(function.arity()..=function.arity() + zones).contains(&checked.len()) {
            let message = format!("`{name}` takes {}, and nothing else", function.takes());
            return self.wrong(name_span.clone(), message);
        }
        match (checked.as_slice(), arguments.as_slice()) {
            ([Expr::Literal(literal @ Value::Text(_))], [argument])
                if matches!(function, Function::ToTime | Function::ToDuration) =>
            {
                match function.of(literal, &Budget::default()) {
                    Some(value) => (Expr::Literal(value), function.r#type()),
                    None => {
                        let message = format!("`{name}` takes {}; this is none", function.takes());
                        self.wrong(argument.span.clone(), message)
                    }
                }
            }
            _ => (Expr::Call(function, checked.into()), function.r#type()),
        }
    }

    /// Checks a time zone, which may be written out.
    fn zone(&mut self, function: &str, argument: &Node, zone: &Expr, r#type: &Type) {
        if !r#type.may_be(&Type::Text) {
            let message =
                format!("the time zone of `{function}` is a string such as \"Europe/Berlin\", not {type}");
            self.mistake(argument.span.clone(), message);
        } else if let Expr::Literal(Value::Text(name)) = zone
            && Zone::named(name).is_none()
        {
            self.mistake(argument.span.clone(), Zone::unknown(name));
        }
    }

    /// What is no function must be a stat, at another key.
    fn other_call(
        &mut self,
        name: &SmolStr,
        name_span: &Range<usize>,
        arguments: &[Node],
        span: Range<usize>,
    ) -> (Expr, Type) {
        if !self.is_stat(name) {
            if is_macro(name) {
                let message = format!("`{name}` is written behind a list: list.{name}(x, x > 1)");
                return self.wrong(name_span.clone(), message);
            }
            let functions = || Function::names().chain(["holds", "has", "matches"]);
            let is_like_stat = nearest(name, self.scope.names().iter().map(SmolStr::as_str)).is_some();
            let is_known = UNSUPPORTED.iter().any(|(known, _)| known == name);
            if is_known || !is_like_stat && nearest(name, functions()).is_some() {
                let message = self.unknown(name, functions());
                return self.wrong(name_span.clone(), message);
            }
        }
        self.stat(name, None, Some(arguments), name_span.clone(), span)
    }

    fn unknown<'n>(&self, name: &str, known: impl Iterator<Item = &'n str>) -> String {
        if let Some((_, instead)) = UNSUPPORTED.iter().find(|(unsupported, _)| *unsupported == name) {
            return format!("`{name}` is not supported; {instead}");
        }
        match nearest(name, known) {
            Some(nearest) => format!("there is no function `{name}`; did you mean `{nearest}`?"),
            None => format!("there is no function `{name}`"),
        }
    }
}

fn is_macro(name: &str) -> bool {
    name == "existsOne" || Macro::ALL.iter().any(|known| known.name() == name)
}

fn compiled(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(PATTERN_MAX_BYTES).build().map_err(|error| {
        if matches!(error, regex::Error::CompiledTooBig(_)) {
            return "this pattern is too large; let it repeat less".to_owned();
        }
        // The library draws the pattern, too; the last line says what is wrong.
        let drawn = error.to_string();
        let problem = drawn.lines().last().unwrap_or_default().trim_start_matches("error: ");
        format!("this is no pattern in RE2's syntax: {problem}")
    })
}
