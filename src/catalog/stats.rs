//! Compiles what stands beside `on`: whose number a stat is, which events count, what is kept.
//!
//! A stat may look at others, and its type and its fingerprint then depend on theirs; so each is
//! compiled after those it looks at.

use std::cell::RefCell;

use super::declare::{Hearing, PartDeclaration, Sort};
use super::fingerprint::{self, Fingerprint};
use super::layout::Entry;
use super::limits;
use super::mistakes::{At, Mistakes};
use super::scope::{Known, RuleScope, Shape, Stands};
use crate::cel::{Program, Type, compile};
use crate::event::Period;
use crate::stat::{Kind, Limits, Part, PartSource};

/// A compiled stat.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub(super) kind: Kind,
    pub(super) whole: Option<bool>,
    pub(super) by: Vec<Part>,
    pub(super) limits: Limits,
    pub(super) when: Option<Program>,
    pub(super) amount: Option<Program>,
    pub(super) fingerprint: Fingerprint,
}

/// Compiles every stat, in the order of the layout. None where something is wrong with it.
pub(super) fn compile_all(
    known: &Known<'_>,
    mistakes: &mut Mistakes,
) -> (Vec<Option<Compiled>>, Vec<Option<Shape>>) {
    let count = known.layout.entries.len();
    let mut stats = Stats { known, compiled: vec![None; count], shapes: vec![None; count] };
    for index in 0..count {
        stats.compile_after_others(index, mistakes);
    }
    (stats.compiled, stats.shapes)
}

struct Stats<'a> {
    known: &'a Known<'a>,
    compiled: Vec<Option<Compiled>>,
    /// Set for each stat that was compiled, also where something is wrong with it.
    shapes: Vec<Option<Shape>>,
}

impl Stats<'_> {
    /// Compiles a stat, and before it those it looks at.
    fn compile_after_others(&mut self, index: usize, mistakes: &mut Mistakes) {
        let mut path = vec![index];
        while let Some(&top) = path.last() {
            if self.shapes[top].is_some() {
                path.pop();
                continue;
            }
            let before = mistakes.mark();
            let waiting = self.compile(top, mistakes);
            let Some(&next) = waiting.first() else {
                path.pop();
                continue;
            };
            // What was said came of a guess.
            mistakes.rewind(before);
            if let Some(at) = path.iter().position(|on_path| *on_path == next) {
                self.refuse_circle(&path[at..], mistakes);
            } else {
                path.push(next);
            }
        }
    }

    /// Compiles a stat; answers the stats that have to be compiled before.
    fn compile(&mut self, index: usize, mistakes: &mut Mistakes) -> Vec<usize> {
        let Entry::Number(rule) = self.known.layout.entries[index] else {
            let Entry::Truth(rule) = self.known.layout.entries[index] else { return Vec::new() };
            self.keep_truth(index, rule);
            return Vec::new();
        };
        let declaration = &self.known.names.rules[rule];
        let Some(hearing) = &declaration.hearing else { return Vec::new() };
        let scope = |stands| RuleScope {
            known: self.known,
            shapes: &self.shapes,
            rule,
            stands,
            waiting: RefCell::new(Vec::new()),
        };
        let (in_by, beside) = (scope(Stands::InBy), scope(Stands::BesideOn));
        let by: Vec<_> = hearing.by.iter().map(|part| compile_part(part, &in_by, mistakes)).collect();
        let limits = limits::compile(declaration, hearing, &in_by, mistakes);
        let when = declaration.when.as_ref().map(|when| compile_when(when, &beside, mistakes));
        let amount = hearing.amount.as_ref().map(|(_, amount)| compile_expression(amount, &beside, mistakes));
        let mut waiting = [in_by.waiting.into_inner(), beside.waiting.into_inner()].concat();
        // A stat that looks at itself knows what it is, but for the type of what it keeps.
        waiting.retain(|other| *other != index);
        if !waiting.is_empty() {
            return waiting;
        }
        let needs_number = declaration.sort != Sort::Stat;
        check_window(hearing, mistakes);
        if let Some(by) = by.iter().cloned().collect::<Option<Vec<_>>>() {
            limits::check_own(hearing, &by, mistakes);
        }
        let shape = match (&hearing.amount, &amount) {
            (Some((kind, source)), Some(Some(amount))) => {
                check_amount(*kind, source, amount, needs_number, mistakes)
            }
            (Some((kind, _)), _) => Shape { kind: *kind, amount: Type::Any },
            (None, _) => Shape { kind: Kind::Count, amount: Type::Any },
        };
        self.compiled[index] = self.finished(index, hearing, &shape, (by, limits), when, amount);
        self.shapes[index] = Some(shape);
        Vec::new()
    }

    fn finished(
        &self,
        index: usize,
        hearing: &Hearing,
        shape: &Shape,
        (by, limits): (Vec<Option<Part>>, Option<Limits>),
        when: Option<Option<Program>>,
        amount: Option<Option<Program>>,
    ) -> Option<Compiled> {
        // A program that is there and could not be compiled leaves no stat.
        let or_none = |program: Option<Option<Program>>| match program {
            Some(None) => Err(()),
            other => Ok(other.flatten()),
        };
        let by: Vec<Part> = by.into_iter().collect::<Option<_>>()?;
        let limits = limits?;
        let (when, amount) = (or_none(when).ok()?, or_none(amount).ok()?);
        let whole = match (shape.kind, &shape.amount) {
            (Kind::Sum, Type::Int) => Some(true),
            (Kind::Sum, Type::Double) => Some(false),
            _ => None,
        };
        let name = |stat: usize| match &self.compiled[stat] {
            Some(compiled) => compiled.fingerprint.to_string(),
            None if stat == index => "itself".to_owned(),
            None => String::new(),
        };
        let fingerprint =
            fingerprint::of_stat(hearing, shape.kind, &by, &limits, when.as_ref(), amount.as_ref(), &name);
        Some(Compiled { kind: shape.kind, whole, by, limits, when, amount, fingerprint })
    }

    fn keep_truth(&mut self, index: usize, rule: usize) {
        let names = self.known.names;
        let parts = self.known.keys[rule].iter().flatten();
        // Nothing is read out of an event: the rule itself moves it.
        let by = parts.map(|name| Part { name: name.clone(), from: PartSource::User }).collect();
        let fingerprint = fingerprint::of_flag(&names.rules[rule].name.value);
        self.compiled[index] = Some(Compiled {
            kind: Kind::Flag,
            whole: None,
            by,
            limits: Limits::default(),
            when: None,
            amount: None,
            fingerprint,
        });
        self.shapes[index] = Some(Shape { kind: Kind::Flag, amount: Type::Bool });
    }

    /// Stats that look at each other have no definition that could be told apart from others.
    fn refuse_circle(&mut self, circle: &[usize], mistakes: &mut Mistakes) {
        let rules =
            circle.iter().map(|index| &self.known.names.rules[self.known.layout.entries[*index].rule()]);
        let rules: Vec<_> = rules.collect();
        let names: Vec<_> = rules.iter().map(|rule| format!("`{}`", rule.name.value)).collect();
        let message = format!(
            "these look at each other in a circle: {} → {}; take one look out",
            names.join(" → "),
            names[0]
        );
        mistakes.error(&rules[0].name.spot, message);
        for index in circle {
            self.shapes[*index] = Some(Shape { kind: Kind::Last, amount: Type::Any });
        }
    }
}

/// Compiles an expression and says what is wrong with it.
pub(super) fn compile_expression(
    source: &At<String>,
    scope: &RuleScope<'_>,
    mistakes: &mut Mistakes,
) -> Option<Program> {
    match compile(&source.value, scope) {
        Ok(program) => Some(program),
        Err(found) => {
            mistakes.expression(source, found);
            None
        }
    }
}

/// Compiles a condition.
pub(super) fn compile_when(
    source: &At<String>,
    scope: &RuleScope<'_>,
    mistakes: &mut Mistakes,
) -> Option<Program> {
    let program = compile_expression(source, scope, mistakes)?;
    if matches!(program.r#type(), Type::Bool | Type::Any) {
        return Some(program);
    }
    let message =
        format!("`when` asks for a bool, and this is {}; compare it, for example `… > 3`", program.r#type());
    mistakes.error(&source.spot, message);
    None
}

pub(super) fn compile_part(
    part: &PartDeclaration,
    scope: &RuleScope<'_>,
    mistakes: &mut Mistakes,
) -> Option<Part> {
    let name = part.name.value.clone();
    let short = match (&part.from, name.as_str()) {
        (None, name @ ("user" | "subject")) => format!("event.{name}"),
        (None, name) if Period::named(name).is_some() => format!("{name}(event.time)"),
        (None, name) => format!("event.data.{name}"),
        (Some(from), _) => from.value.trim().to_owned(),
    };
    let period = short.strip_suffix("(event.time)").and_then(Period::named);
    let from = match (short.as_str(), period) {
        ("event.user", _) => PartSource::User,
        ("event.subject", _) => PartSource::Subject,
        (_, Some(period)) => PartSource::Period(period),
        _ => {
            let program = match &part.from {
                Some(from) => compile_expression(from, scope, mistakes)?,
                None => compile(&short, scope)
                    .map_err(|found| {
                        // The name stands for an expression that the file does not have.
                        found
                            .into_iter()
                            .for_each(|mistake| mistakes.error(&part.name.spot, mistake.message));
                    })
                    .ok()?,
            };
            if !may_be_text(program.r#type()) {
                let message = format!(
                    "a part of a key is a text, a number, a bool or a time; `{name}` is {}",
                    program.r#type()
                );
                let spot = part.from.as_ref().map_or(&part.name.spot, |from| &from.spot);
                mistakes.error(spot, message);
                return None;
            }
            PartSource::Program(program)
        }
    };
    Some(Part { name, from })
}

/// Whether values of this type, or the items of such a list, have a text.
fn may_be_text(r#type: &Type) -> bool {
    match r#type {
        Type::Any | Type::Bool | Type::Int | Type::Double | Type::Text | Type::Period(_) | Type::Time => true,
        Type::List(of) => !matches!(**of, Type::List(_)) && may_be_text(of),
        Type::Null | Type::Duration | Type::Map => false,
    }
}

/// Whether what is kept can be kept with the time of each.
fn check_window(hearing: &Hearing, mistakes: &mut Mistakes) {
    let Some(within) = &hearing.within else { return };
    match hearing.kind() {
        Kind::Count | Kind::Sum | Kind::Distinct | Kind::Flag | Kind::Zone => {}
        Kind::Run(_) | Kind::Min | Kind::Max | Kind::First | Kind::Last => {
            let message = "`within` goes with a count, `sum` or `distinct`; take it out, or keep one per period: `by = [\"user\", \"day\"]`";
            mistakes.error(&within.spot, message);
        }
    }
}

/// Whether what is kept can be kept. Where it is compared with `at` it must be a number besides.
fn check_amount(
    kind: Kind,
    source: &At<String>,
    amount: &Program,
    needs_number: bool,
    mistakes: &mut Mistakes,
) -> Shape {
    let r#type = amount.r#type().clone();
    let is_number = matches!(r#type, Type::Int | Type::Double | Type::Any);
    let (kind, fits, must_be) = match (kind, &r#type) {
        (Kind::Run(_), Type::Period(period)) => (Kind::Run(Some(*period)), true, ""),
        (Kind::Run(_), Type::Int | Type::Any) => (Kind::Run(None), true, ""),
        (Kind::Run(_), _) => (
            Kind::Run(None),
            false,
            "`run` needs whole numbers or calendar periods, such as `day(event.time)`",
        ),
        (Kind::Sum, _) => (kind, is_number, "`sum` needs a number"),
        (Kind::Distinct, _) => {
            (kind, may_be_text(&r#type), "`distinct` needs texts, numbers, bools or times")
        }
        (Kind::Min | Kind::Max | Kind::First | Kind::Last, _) if needs_number => {
            (kind, is_number, "what a badge or flag compares with `at` must be a number")
        }
        (Kind::Min | Kind::Max, Type::List(_) | Type::Map | Type::Null | Type::Bool) => {
            (kind, false, "`min` and `max` need numbers, texts or times")
        }
        (Kind::First | Kind::Last, Type::Null) => (kind, false, "`first` and `last` need a value"),
        (Kind::Min | Kind::Max | Kind::First | Kind::Last | Kind::Count | Kind::Flag | Kind::Zone, _) => {
            (kind, true, "")
        }
    };
    if !fits {
        mistakes.error(&source.spot, format!("{must_be}; this is {}", r#type));
    }
    Shape { kind, amount: r#type }
}
