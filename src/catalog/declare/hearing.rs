//! What stands beside `on`: which events are heard, whose number it is, what is kept.

use smol_str::SmolStr;

use super::limits::{LIMITS, LimitsDeclaration};
use super::name;
use super::rule::Sort;
use crate::catalog::fields::{Field, Fields};
use crate::catalog::mistakes::{At, Mistakes};
use crate::cel::parse_duration;
use crate::event::{EventType, TYPE_MAX_BYTES};
use crate::stat::Kind;

/// What stands beside `on`.
#[derive(Debug, Default)]
pub(in crate::catalog) struct Hearing {
    /// The types and prefixes of the events.
    pub(in crate::catalog) on: Vec<At<SmolStr>>,
    /// Of those that take back what `on` added.
    pub(in crate::catalog) undo: Vec<At<SmolStr>>,
    /// Of those that set it to nothing.
    pub(in crate::catalog) reset: Vec<At<SmolStr>>,
    /// The parts of the key.
    pub(in crate::catalog) by: Vec<PartDeclaration>,
    /// `within`, in microseconds.
    pub(in crate::catalog) within: Option<At<i64>>,
    /// What is kept, and the expression for it. None: a count.
    pub(in crate::catalog) amount: Option<(Kind, At<String>)>,
    /// What of all that does not count.
    pub(in crate::catalog) limits: LimitsDeclaration,
}

/// One part of `by`.
#[derive(Debug)]
pub(in crate::catalog) struct PartDeclaration {
    /// What it is called.
    pub(in crate::catalog) name: At<SmolStr>,
    /// Where an event has it. None: where its name says.
    pub(in crate::catalog) from: Option<At<String>>,
}

/// The longest window.
const WITHIN_MAX_MICROS: i64 = 36_525 * 86_400 * 1_000_000;

/// What may be kept, by the name of its field. `run` learns later what its numbers are.
const AGGREGATES: [(&str, Kind); 7] = [
    ("sum", Kind::Sum),
    ("distinct", Kind::Distinct),
    ("min", Kind::Min),
    ("max", Kind::Max),
    ("first", Kind::First),
    ("last", Kind::Last),
    ("run", Kind::Run(None)),
];

impl Hearing {
    /// Reads `on` and what may stand beside it. None where there is no `on`, and need not be.
    pub(super) fn read(sort: Sort, fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Option<Hearing> {
        let on = fields.take("on");
        if on.is_none() && sort != Sort::Stat {
            let why = "stands only beside `on`; say which events: `on = \"post.created\"`";
            for name in ["by", "undo", "reset", "within"].into_iter().chain(LIMITS) {
                fields.refuse(mistakes, name, why);
            }
            for (name, _) in AGGREGATES {
                fields.refuse(mistakes, name, why);
            }
            return None;
        }
        let on = match on {
            Some(field) => read_patterns("on", field, fields, mistakes),
            None => {
                let message = "a stat needs `on`: which events it hears, for example `on = \"post.created\"`";
                fields.broken_at(&fields.spot(), mistakes, message);
                Vec::new()
            }
        };
        let mut read = |name| match fields.take(name) {
            Some(field) => read_patterns(name, field, fields, mistakes),
            None => Vec::new(),
        };
        let (undo, reset) = (read("undo"), read("reset"));
        let (within, by) = (read_within(fields, mistakes), read_by(fields, mistakes));
        let (amount, limits) = (read_amount(fields, mistakes), LimitsDeclaration::read(fields, mistakes));
        Some(Hearing { on, undo, reset, by, within, amount, limits })
    }

    /// What its numbers may be: a count where nothing else is said.
    pub(in crate::catalog) fn kind(&self) -> Kind {
        self.amount.as_ref().map_or(Kind::Count, |(kind, _)| *kind)
    }
}

fn read_patterns(
    name: &str,
    field: Field<'_>,
    fields: &mut Fields<'_>,
    mistakes: &mut Mistakes,
) -> Vec<At<SmolStr>> {
    let items: Vec<_> = match field.items() {
        Some(items) => items.collect(),
        None => vec![field],
    };
    if items.is_empty() {
        fields.broken_at(&field.spot(), mistakes, format!("`{name}` is empty; say which events it hears"));
    }
    let mut patterns: Vec<At<SmolStr>> = Vec::new();
    for item in items {
        let Some(text) = item.text_at() else {
            let message = format!(
                "`{name}` must be an event's type in quotes, or a list of them, for example `{name} = \"post.created\"`"
            );
            fields.broken_at(&item.spot(), mistakes, message);
            continue;
        };
        match check_pattern(&text.value) {
            Ok(()) if patterns.iter().any(|known| known.value == text.value) => {
                mistakes.error(&text.spot, format!("`{}` is in the list twice; take one out", text.value));
            }
            Ok(()) => patterns.push(At { value: text.value.into(), spot: text.spot }),
            Err(problem) => fields.broken_at(&text.spot, mistakes, problem),
        }
    }
    patterns
}

/// Whether something is a type, a prefix `order.*`, or the event of a flag or badge.
fn check_pattern(pattern: &str) -> Result<(), String> {
    if pattern == "*" {
        return Err("`*` alone is no prefix; name the events, or a prefix such as `order.*`".to_owned());
    }
    let stem = pattern.strip_suffix(".*").unwrap_or(pattern);
    if stem.contains('*') {
        return Err(format!("`{pattern}` must have its `*` at the end, after a dot, as in `order.*`"));
    }
    // Which flags and badges there are is known only when everything has been read.
    if ["flag", "badge"].contains(&stem) || stem.starts_with("flag.") || stem.starts_with("badge.") {
        return Ok(());
    }
    if pattern.len() > TYPE_MAX_BYTES {
        return Err(format!(
            "an event's type has at most {TYPE_MAX_BYTES} bytes; `{pattern}` has {}",
            pattern.len()
        ));
    }
    EventType::parse(stem).map(drop).map_err(|problem| format!("an event's type {problem}"))
}

fn read_within(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Option<At<i64>> {
    let must_be =
        "a length of time of `s`, `m`, `h`, `d` or `w`, at most 100 years, for example `within = \"12h\"`";
    fields.read(mistakes, "within", must_be, |field| {
        parse_duration(field.text()?).filter(|micros| (1..=WITHIN_MAX_MICROS).contains(micros))
    })
}

fn read_by(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Vec<PartDeclaration> {
    let Some(field) = fields.take("by") else {
        let name = At { value: SmolStr::new_static("user"), spot: fields.spot() };
        return vec![PartDeclaration { name, from: None }];
    };
    read_parts("by", field, fields, mistakes)
}

/// The parts of a key: a name, a list of names, or a table of expressions.
pub(super) fn read_parts(
    name: &str,
    field: Field<'_>,
    fields: &mut Fields<'_>,
    mistakes: &mut Mistakes,
) -> Vec<PartDeclaration> {
    let written = name;
    let parts: Vec<(At<SmolStr>, Option<Field<'_>>)> = if let Some(table) = field.table() {
        Fields::new(written, field.spot(), table).all().map(|part| (part.named(), Some(part))).collect()
    } else {
        let items: Vec<_> = field.items().map_or_else(|| vec![field], Iterator::collect);
        let names = items.into_iter().filter_map(|item| match item.text_at() {
            Some(text) => Some((At { value: text.value.into(), spot: text.spot }, None)),
            None => {
                let message = format!(
                    "`{written}` must be a name in quotes, a list of names, or a table, for example `{written} = [\"user\", \"day\"]`"
                );
                fields.broken_at(&item.spot(), mistakes, message);
                None
            }
        });
        names.collect()
    };
    let mut by: Vec<PartDeclaration> = Vec::new();
    for (name, expression) in parts {
        if let Err(problem) = name::check_part(&name.value) {
            let expression = name.value.contains('.') && expression.is_none();
            let instead = format!(
                "; an expression needs a name of its own: `{written} = {{ owner = \"{}\" }}`",
                name.value
            );
            let message = format!("the part {problem}{}", if expression { &instead } else { "" });
            fields.broken_at(&name.spot, mistakes, message);
            continue;
        }
        if by.iter().any(|known| known.name.value == name.value) {
            fields.broken_at(
                &name.spot,
                mistakes,
                format!("the part `{}` is there twice; take one out", name.value),
            );
            continue;
        }
        let from = expression.and_then(|field| {
            let text = field.text_at();
            if text.is_none() {
                let message = format!(
                    "a part of a key is an expression in quotes, for example `{} = \"event.data.owner\"`",
                    name.value
                );
                fields.broken_at(&field.spot(), mistakes, message);
            }
            text
        });
        by.push(PartDeclaration { name, from });
    }
    by
}

fn read_amount(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Option<(Kind, At<String>)> {
    let mut found: Option<(&str, Kind, At<String>)> = None;
    for (name, kind) in AGGREGATES {
        let Some(expression) = fields.expression(mistakes, name) else { continue };
        match &found {
            None => found = Some((name, kind, expression)),
            Some((first, ..)) => {
                let message = format!(
                    "`{name}` cannot stand beside `{first}`; one rule keeps one thing, make a stat of the other"
                );
                fields.broken_at(&expression.spot, mistakes, message);
            }
        }
    }
    found.map(|(_, kind, expression)| (kind, expression))
}
