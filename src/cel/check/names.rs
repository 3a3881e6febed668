//! What a name stands for: the event, a part of the key, a stat, an item.

use std::ops::Range;

use smol_str::SmolStr;

use super::Checker;
use crate::cel::expr::{EventField, Expr};
use crate::cel::functions::Function;
use crate::cel::syntax::{Kind, Node};
use crate::cel::{Scope, Type, Whose};
use crate::event::Value;

impl<S: Scope> Checker<'_, S> {
    /// A name by itself.
    pub(super) fn name(&mut self, name: &SmolStr, span: Range<usize>) -> (Expr, Type) {
        if let Some((variable, r#type)) = &self.variable
            && variable == name
        {
            return (Expr::Item, r#type.clone());
        }
        let event_fields = EventField::ALL.map(EventField::name);
        match name.as_str() {
            "event" => self.wrong(span, "say what of the event: event.user, event.time or event.data.NAME"),
            "key" => self.wrong(span, "say which part of the key: key.NAME"),
            "profile" => self.wrong(span, "say what of the profile: profile.time_zone, profile.language"),
            "now" => match self.scope.event() {
                Ok(()) => (Expr::Now, Type::Time),
                Err(problem) => self.wrong(span, problem),
            },
            name if self.is_stat(name) => self.stat(name, None, None, span.clone(), span),
            "data" => self.wrong(span, "there is no stat or flag `data`; write event.data"),
            name if event_fields.contains(&name) => {
                self.wrong(span, format!("there is no stat or flag `{name}`; write event.{name}"))
            }
            name => match Function::named(name) {
                Some((function, _)) => {
                    let takes = function.takes();
                    self.wrong(span, format!("`{name}` is a function, called with {takes}"))
                }
                None => self.stat(name, None, None, span.clone(), span),
            },
        }
    }

    /// `of.name`
    pub(super) fn field(&mut self, of: &Node, name: &SmolStr, span: Range<usize>) -> (Expr, Type) {
        let name_span = span.end.saturating_sub(name.len())..span.end;
        if let Kind::Name(root) = &of.kind
            && !self.is_variable(root)
        {
            return self.field_of_name(root, of.span.clone(), name, name_span, span);
        }
        if let Kind::Field { of: root, name: data } = &of.kind
            && data == "data"
            && self.is_event(root)
        {
            return self.data(name, name_span);
        }
        if let Kind::Call { on: None, name: stat, name_span: stat_span, arguments } = &of.kind
            && !matches!(stat.as_str(), "has" | "holds" | "matches")
            && Function::named(stat).is_none()
        {
            let at = if self.is_stat(stat) { name_span } else { stat_span.clone() };
            return self.stat(stat, Some(name), Some(arguments), at, span);
        }
        let (expr, r#type) = self.check(of);
        if !r#type.may_be(&Type::Map) {
            return self.wrong(name_span, format!("only maps have fields, and this is {type}"));
        }
        (Expr::Field(Box::new(expr), name.clone()), Type::Any)
    }

    /// `has(field)`
    pub(super) fn has(&mut self, field: &Node) -> (Expr, Type) {
        let before = self.mistakes.len();
        let (expr, _) = self.check(field);
        if matches!(expr, Expr::EventField(_) | Expr::AllData | Expr::KeyPart(_))
            && self.mistakes.len() == before
        {
            let text = self.text(field);
            let message = format!("{text} is always there; compare it with another value, such as \"\"");
            self.mistake(field.span.clone(), message);
        }
        (Expr::Has(Box::new(expr)), Type::Bool)
    }

    /// `of[index]`
    pub(super) fn index(&mut self, sides: &[Node; 2]) -> (Expr, Type) {
        let [of, index] = sides;
        if let (Kind::Field { of: root, name }, Kind::Literal(Value::Text(field))) = (&of.kind, &index.kind)
            && name == "data"
            && self.is_event(root)
        {
            return self.data(field, index.span.clone());
        }
        let (of_expr, of_type) = self.check(of);
        let (expr, r#type) = self.check(index);
        let (item, fits) = match &of_type {
            Type::List(item) => (Type::clone(item), r#type.may_be(&Type::Int)),
            Type::Map => (Type::Any, r#type.may_be(&Type::Text)),
            Type::Any => (Type::Any, r#type.may_be(&Type::Int) || r#type.may_be(&Type::Text)),
            Type::Null
            | Type::Bool
            | Type::Int
            | Type::Double
            | Type::Text
            | Type::Period(_)
            | Type::Time
            | Type::Duration => {
                let message = format!("only lists and maps have items, and this is {of_type}");
                return self.wrong(of.span.clone(), message);
            }
        };
        if !fits {
            let asks = if of_type == Type::Map { "the name of an item" } else { "a place, counted from 0" };
            self.mistake(index.span.clone(), format!("in the brackets stands {asks}, not {type}"));
        }
        (Expr::Index(Box::new([of_expr, expr])), item)
    }

    /// A stat or flag: bare, or with `arguments` at another key. What is wrong is said of `at`; what
    /// is wrong with the arguments, of `whole`.
    pub(super) fn stat(
        &mut self,
        name: &str,
        facet: Option<&str>,
        arguments: Option<&[Node]>,
        at: Range<usize>,
        whole: Range<usize>,
    ) -> (Expr, Type) {
        let parts = arguments.map(|arguments| self.parts(arguments));
        match self.scope.stat(name, facet, arguments.map(<[Node]>::len)) {
            Ok(stat) => {
                let r#type = stat.r#type.clone();
                (Expr::Stat { stat, at: parts }, r#type)
            }
            // The name is right, and so must be its side: then it is how it is called.
            Err(problem) if arguments.is_some() && facet.is_none() && self.is_stat(name) => {
                self.wrong(whole, problem)
            }
            Err(problem) => self.wrong(at, problem),
        }
    }

    /// Whether there is a stat or flag of this name.
    pub(super) fn is_stat(&self, name: &str) -> bool {
        self.scope.names().iter().any(|known| known == name)
    }

    /// The parts of another key.
    fn parts(&mut self, arguments: &[Node]) -> Box<[Expr]> {
        let mut parts = Vec::new();
        for argument in arguments {
            let (expr, r#type) = self.check(argument);
            if matches!(r#type, Type::Null | Type::Duration | Type::List(_) | Type::Map) {
                let message = format!("the parts of a key are strings, numbers and bools, not {type}");
                self.mistake(argument.span.clone(), message);
            }
            parts.push(expr);
        }
        parts.into()
    }

    /// `root.name`, where the root is no item.
    fn field_of_name(
        &mut self,
        root: &SmolStr,
        root_span: Range<usize>,
        name: &SmolStr,
        name_span: Range<usize>,
        span: Range<usize>,
    ) -> (Expr, Type) {
        match root.as_str() {
            "event" => self.event_field(name, name_span, span),
            "key" => match self.scope.key_part(name) {
                Ok(()) => (Expr::KeyPart(name.clone()), Type::Text),
                Err(problem) => self.wrong(name_span, problem),
            },
            "profile" => match self.scope.profile(name) {
                Ok((stat, whose)) => {
                    let r#type = stat.r#type.clone();
                    let at: Option<Box<[Expr]>> = match whose {
                        Whose::OfKey => None,
                        Whose::OfEvent => Some([Expr::EventField(EventField::User)].into()),
                    };
                    (Expr::Stat { stat, at }, r#type)
                }
                Err(problem) => self.wrong(name_span, problem),
            },
            "now" => self.wrong(name_span, "a time has no fields; write day(now) or now.getHours()"),
            stat => {
                let at = if self.is_stat(stat) { name_span } else { root_span };
                self.stat(stat, Some(name), None, at, span)
            }
        }
    }

    fn event_field(&mut self, name: &SmolStr, name_span: Range<usize>, span: Range<usize>) -> (Expr, Type) {
        if let Err(problem) = self.scope.event() {
            return self.wrong(span, problem);
        }
        if name == "data" {
            return (Expr::AllData, Type::Map);
        }
        match EventField::ALL.into_iter().find(|field| field.name() == name) {
            Some(EventField::Time) => (Expr::EventField(EventField::Time), Type::Time),
            Some(field) => (Expr::EventField(field), Type::Text),
            None => {
                let message = format!(
                    "an event has no `{name}`: it has type, user, subject, time, id and data; \
                     write event.data.{name}"
                );
                self.wrong(name_span, message)
            }
        }
    }

    /// `event.data.name`
    fn data(&mut self, name: &SmolStr, name_span: Range<usize>) -> (Expr, Type) {
        let field = || Expr::Data(name.clone());
        match self.scope.event_data(name) {
            // JSON has no times, and may have a double without its fraction.
            Ok(Type::Time) => (Expr::Call(Function::ToTime, [field()].into()), Type::Time),
            Ok(Type::Double) => (Expr::Call(Function::ToDouble, [field()].into()), Type::Double),
            Ok(r#type) => (field(), r#type),
            Err(problem) => self.wrong(name_span, problem),
        }
    }

    fn is_variable(&self, name: &str) -> bool {
        self.variable.as_ref().is_some_and(|(variable, _)| variable == name)
    }

    fn is_event(&self, node: &Node) -> bool {
        matches!(&node.kind, Kind::Name(name) if name == "event")
    }
}
