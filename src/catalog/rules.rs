//! Compiles flags and badges: what must be true, and who gets it.

use std::cell::RefCell;

use super::declare::{Declaration, Sort};
use super::fields::listed;
use super::mistakes::{At, Mistakes};
use super::scope::{Known, RuleScope, Shape, Stands};
use super::stats::{compile_expression, compile_when};
use crate::badge::template_parts;
use crate::cel::{Facet, Program, StatUse, Type};
use crate::event::Value;
use crate::stat::Kind;

/// A compiled flag or badge.
#[derive(Clone, Debug, Default)]
pub(super) struct Condition {
    pub(super) when: Option<Program>,
    pub(super) value: Option<Program>,
    pub(super) to: Option<Program>,
    /// The condition as one expression that is true or false: what can be asked whether it stays true.
    pub(super) whole: Vec<Program>,
}

impl Condition {
    /// The programs that are looked at again when what they read changes.
    pub(super) fn programs(&self) -> impl Iterator<Item = &Program> {
        [&self.when, &self.value, &self.to].into_iter().flatten()
    }

    /// Whether everything compiled, and there is nothing that could change.
    fn is_about_nothing(&self, declaration: &Declaration) -> bool {
        let written = [&declaration.when, &declaration.value].into_iter().flatten().count();
        let compiled = || [&self.when, &self.value].into_iter().flatten();
        let nothing = |program: &Program| program.stats().is_empty() && program.badges().is_empty();
        written > 0 && compiled().count() == written && compiled().all(nothing)
    }
}

/// Compiles the condition of every flag and badge, by rule; none for stats.
pub(super) fn compile_all(
    known: &Known<'_>,
    shapes: &[Option<Shape>],
    mistakes: &mut Mistakes,
) -> Vec<Option<Condition>> {
    let conditions = known.names.rules.iter().enumerate().map(|(rule, declaration)| {
        if declaration.sort == Sort::Stat {
            return None;
        }
        if declaration.manual {
            check_manual(declaration, mistakes);
            return None;
        }
        check_form(known, rule, declaration, mistakes);
        check_templates(known, rule, declaration, mistakes);
        Some(compile(known, shapes, rule, declaration, mistakes))
    });
    conditions.collect()
}

fn compile(
    known: &Known<'_>,
    shapes: &[Option<Shape>],
    rule: usize,
    declaration: &Declaration,
    mistakes: &mut Mistakes,
) -> Condition {
    let scope =
        RuleScope { known, shapes, rule, stands: Stands::WithoutOn, waiting: RefCell::new(Vec::new()) };
    let mut condition = Condition { to: compile_to(declaration, &scope, mistakes), ..Condition::default() };
    if let Some(number) = known.layout.number(rule) {
        let shape = shapes[number].clone().unwrap_or(Shape { kind: Kind::Count, amount: Type::Any });
        let r#type = if shape.kind == Kind::Count { Type::Int } else { shape.amount };
        condition.value = Some(Program::of_stat(StatUse { stat: number, facet: Facet::Itself, r#type }));
        return condition;
    }
    condition.when = declaration.when.as_ref().and_then(|when| compile_when(when, &scope, mistakes));
    condition.value = declaration.value.as_ref().and_then(|value| compile_value(value, &scope, mistakes));
    if condition.is_about_nothing(declaration) {
        let message = format!(
            "the condition of {} names no stat, flag or badge, so nothing would ever make it true; name one, or say which events are heard: `on = \"…\"`",
            declaration.what()
        );
        mistakes.error(&declaration.name.spot, message);
    }
    condition.whole = whole(declaration, &condition, &scope);
    condition
}

fn compile_value(source: &At<String>, scope: &RuleScope<'_>, mistakes: &mut Mistakes) -> Option<Program> {
    let program = compile_expression(source, scope, mistakes)?;
    if is_number(program.r#type()) {
        return Some(program);
    }
    mistakes.error(&source.spot, format!("`value` must be a number; this is {}", program.r#type()));
    None
}

fn compile_to(declaration: &Declaration, scope: &RuleScope<'_>, mistakes: &mut Mistakes) -> Option<Program> {
    let source = declaration.to.as_ref()?;
    let program = compile_expression(source, scope, mistakes)?;
    let is_text = |r#type: &Type| matches!(r#type, Type::Any | Type::Text | Type::Period(_));
    let fits = if let Type::List(of) = program.r#type() { is_text(of) } else { is_text(program.r#type()) };
    if fits {
        return Some(program);
    }
    let message = format!(
        "`to` must be a text or a list of texts, for example `crew.list`; this is {}",
        program.r#type()
    );
    mistakes.error(&source.spot, message);
    None
}

/// The condition, `value` compared with the least `at` included. Empty where something is wrong with it.
fn whole(declaration: &Declaration, condition: &Condition, scope: &RuleScope<'_>) -> Vec<Program> {
    let at = declaration.at.as_ref().map_or(Value::Int(1), |at| at.value.clone());
    let reached = declaration
        .value
        .as_ref()
        .and_then(|value| crate::cel::compile(&format!("({}) >= {at}", value.value), scope).ok());
    condition.when.iter().cloned().chain(reached).collect()
}

fn is_number(r#type: &Type) -> bool {
    matches!(r#type, Type::Int | Type::Double | Type::Any)
}

/// Whether the fields that are there go together, and none is missing.
fn check_form(known: &Known<'_>, rule: usize, declaration: &Declaration, mistakes: &mut Mistakes) {
    let what = declaration.what();
    if let (Some(_), Some(at)) = (&declaration.tiers, &declaration.at) {
        mistakes.error(&at.spot, "`at` cannot stand beside `tiers`; make it one of them");
    }
    let once = declaration.at.as_ref().map(|at| (&at.spot, "at"));
    let once = once.or_else(|| Some((&declaration.tiers.as_ref()?.spot, "tiers")));
    if let (Some(repeat), Some((spot, name))) = (&declaration.repeat, once) {
        let message = format!(
            "`{name}` cannot stand beside `repeat`, which gives at every multiple of {}; take one of them out",
            repeat.value
        );
        mistakes.error(spot, message);
    }
    match (&declaration.hearing, &declaration.value) {
        (Some(_), Some(value)) => {
            let message = "`value` cannot stand beside `on`, where the rule has a number of its own; take it out, or make a stat of what is heard";
            mistakes.error(&value.spot, message);
        }
        (None, None) => {
            let needless = declaration.at.as_ref().map(|at| ("at", &at.spot));
            let needless = needless.or_else(|| Some(("tiers", &declaration.tiers.as_ref()?.spot)));
            let needless = needless.or_else(|| Some(("repeat", &declaration.repeat.as_ref()?.spot)));
            if let (Some((name, spot)), Some(_)) = (needless, &declaration.when) {
                let message = format!(
                    "`{name}` needs a number to compare with: `value = \"…\"` or `on = \"…\"`; a condition alone is true or false"
                );
                mistakes.error(spot, message);
            } else if declaration.when.is_none() && !declaration.broken {
                let message = format!(
                    "{what} has no condition; say which events count, `on = \"…\"`, or what must be true, `when = \"…\"`"
                );
                mistakes.error(&declaration.name.spot, message);
            }
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    let has_user = |parts: &[_]| parts.iter().any(|part| part == "user");
    if declaration.sort == Sort::Badge
        && declaration.to.is_none()
        && !declaration.broken
        && let Some(parts) = &known.keys[rule]
        && !has_user(parts)
    {
        let message = format!(
            "nobody can be given {what}: its key has no `user` ({}); add one to `by`, or say who gets it with `to`",
            if parts.is_empty() { "it has no parts".to_owned() } else { format!("only {}", listed(parts)) }
        );
        mistakes.error(&declaration.name.spot, message);
    }
}

/// What is given by hand has no condition.
fn check_manual(declaration: &Declaration, mistakes: &mut Mistakes) {
    let hearing = declaration.hearing.as_ref().and_then(|hearing| hearing.on.first());
    let written = [
        ("on", hearing.map(|on| &on.spot)),
        ("when", declaration.when.as_ref().map(|when| &when.spot)),
        ("value", declaration.value.as_ref().map(|value| &value.spot)),
        ("at", declaration.at.as_ref().map(|at| &at.spot)),
        ("tiers", declaration.tiers.as_ref().map(|tiers| &tiers.spot)),
        ("repeat", declaration.repeat.as_ref().map(|repeat| &repeat.spot)),
        ("to", declaration.to.as_ref().map(|to| &to.spot)),
        ("revoke", declaration.revoke.as_ref()),
    ];
    for (name, spot) in written {
        if let Some(spot) = spot {
            let message =
                format!("{} is given by hand only (`manual = true`); take `{name}` out", declaration.what());
            mistakes.error(spot, message);
        }
    }
}

/// Whether the parts in titles are parts of the award's key.
fn check_templates(known: &Known<'_>, rule: usize, declaration: &Declaration, mistakes: &mut Mistakes) {
    let Some(parts) = &known.keys[rule] else { return };
    let parts: Vec<_> = parts.iter().filter(|part| *part != "user" && !declaration.once).collect();
    let tiers = declaration.tiers.iter().flat_map(|tiers| &tiers.value).map(|tier| &tier.looks);
    for looks in [&declaration.looks].into_iter().chain(tiers) {
        for template in [&looks.title, &looks.description, &looks.icon].into_iter().flatten() {
            for (_, name) in template_parts(&template.value) {
                if parts.iter().any(|part| *part == name) {
                    continue;
                }
                let why = match (declaration.once, name) {
                    (true, _) => "with `once` an award has no key".to_owned(),
                    (false, "user") => "the user is not a part of an award's key".to_owned(),
                    (false, _) if parts.is_empty() => "an award of this badge has no key".to_owned(),
                    (false, _) => format!("there are {}", listed(&parts)),
                };
                mistakes.error(
                    &template.spot,
                    format!("`{{{name}}}` stands for no part of the award's key; {why}"),
                );
            }
        }
    }
}
