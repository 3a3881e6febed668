//! Which names an expression of a rule may use, and what they are.

use std::cell::RefCell;
use std::collections::BTreeSet;

use smol_str::SmolStr;

use super::declare::Sort;
use super::events::Events;
use super::fields::listed;
use super::hearing::{Heard, Pattern, flags};
use super::keys::Parts;
use super::layout::{Entry, Layout};
use super::look;
use super::mistakes::At;
use super::names::Names;
use super::profile;
use crate::cel::{Facet, Scope, StatUse, Type, Whose};
use crate::diagnostic::did_you_mean;
use crate::stat::Kind;

/// What is known of all rules before their expressions are.
pub(super) struct Known<'a> {
    /// What is called what.
    pub(super) names: &'a Names<'a>,
    /// The declared events.
    pub(super) events: &'a Events,
    /// By rule: the parts of its key.
    pub(super) keys: &'a [Parts],
    /// By rule: what it hears.
    pub(super) heard: &'a [Heard],
    /// Where stats are.
    pub(super) layout: &'a Layout,
    /// The rules that some expression names.
    pub(super) used: RefCell<BTreeSet<usize>>,
}

/// What a stat keeps, and what type its values have.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// What it keeps.
    pub(super) kind: Kind,
    /// The type of what is summed, compared or remembered.
    pub(super) amount: Type,
}

/// Where in a rule an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// In `by`: there is an event, and no key yet.
    InBy,
    /// Beside `on`: there is an event, and what is read is as it was before.
    BesideOn,
    /// Without `on`: there is a key, and what is read is as it is after.
    WithoutOn,
}

/// The names that one expression may use.
pub(super) struct RuleScope<'a> {
    pub(super) known: &'a Known<'a>,
    /// By stat: its shape, if it is compiled.
    pub(super) shapes: &'a [Option<Shape>],
    pub(super) rule: usize,
    pub(super) stands: Stands,
    /// The stats that were named and are not compiled yet: what was said of them is a guess.
    pub(super) waiting: RefCell<Vec<usize>>,
}

impl RuleScope<'_> {
    fn key(&self) -> Option<&[SmolStr]> {
        self.known.keys[self.rule].as_deref()
    }

    /// The type of a field of what one item of `on` stands for; none where it has no such field.
    fn field_of(&self, pattern: &Pattern, field: &str) -> Vec<Option<Type>> {
        let events = self.known.events;
        let declared = |r#type: &str| events.field(r#type, field);
        let badge = |badge: usize| match field {
            "points" => Some(Type::Int),
            "medal" => Some(Type::Text),
            _ => self.part_of(self.known.names.badges[badge].rule, field),
        };
        match pattern {
            Pattern::Type(r#type) => vec![declared(r#type)],
            Pattern::Prefix(_) if events.is_empty() => vec![Some(Type::Any)],
            Pattern::Prefix(prefix) => events.beginning_with(prefix).map(|r#type| declared(r#type)).collect(),
            Pattern::Flag(rule) => vec![self.part_of(*rule, field)],
            Pattern::Badge(place) => vec![badge(*place)],
            Pattern::AllFlags => flags(self.known.names).map(|rule| self.part_of(rule, field)).collect(),
            Pattern::AllBadges => (0..self.known.names.badges.len()).map(badge).collect(),
        }
    }

    fn part_of(&self, rule: usize, field: &str) -> Option<Type> {
        match &self.known.keys[rule] {
            None => Some(Type::Any),
            Some(parts) => parts.iter().any(|part| part == field).then_some(Type::Text),
        }
    }

    /// Every field that some event has which the rule hears, for "did you mean".
    fn fields(&self) -> Vec<SmolStr> {
        let known = self.known;
        let declared = |r#type: &str| -> Vec<SmolStr> {
            known.events.fields(r#type).map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
        };
        let parts = |rule: usize| known.keys[rule].clone().unwrap_or_default();
        let of = |pattern: &At<Pattern>| match &pattern.value {
            Pattern::Type(r#type) => declared(r#type),
            Pattern::Prefix(prefix) => {
                known.events.beginning_with(prefix).flat_map(|r#type| declared(r#type)).collect()
            }
            Pattern::Flag(rule) => parts(*rule),
            Pattern::Badge(place) => parts(known.names.badges[*place].rule),
            Pattern::AllFlags => flags(known.names).flat_map(parts).collect(),
            Pattern::AllBadges => known.names.badges.iter().flat_map(|badge| parts(badge.rule)).collect(),
        };
        let fields: BTreeSet<_> = known.heard[self.rule].counted().flat_map(of).collect();
        fields.into_iter().collect()
    }
}

impl Scope for RuleScope<'_> {
    fn event_data(&self, field: &str) -> Result<Type, String> {
        self.event()?;
        let heard = &self.known.heard[self.rule];
        // Where `on` itself is wrong, its events may have any field.
        if heard.on.is_empty() {
            return Ok(Type::Any);
        }
        let types = heard.counted().flat_map(|pattern| self.field_of(&pattern.value, field)).flatten();
        let types: Vec<_> = types.collect();
        match &types[..] {
            [] => {
                let fields = self.fields();
                let help = match did_you_mean(field, fields.iter().map(SmolStr::as_str)) {
                    near if near.is_empty() && fields.is_empty() => "; it has no fields".to_owned(),
                    near if near.is_empty() => format!("; there are {}", listed(&fields)),
                    near => near,
                };
                Err(format!("the event has no field `{field}`{help}"))
            }
            [first, others @ ..] if others.iter().all(|other| other == first) => Ok(first.clone()),
            _ => Ok(Type::Any),
        }
    }

    fn event(&self) -> Result<(), String> {
        match self.stands {
            Stands::InBy | Stands::BesideOn => Ok(()),
            Stands::WithoutOn => Err("there is no event without `on`: say which events are heard, `on = \"…\"`, or keep what is needed in a stat".to_owned()),
        }
    }

    fn key_part(&self, name: &str) -> Result<(), String> {
        if self.stands == Stands::InBy {
            return Err("in `by` there is no key yet; use the event: `event.data.…`".to_owned());
        }
        match self.key() {
            Some(parts) if !parts.iter().any(|part| part == name) => {
                let near = did_you_mean(name, parts.iter().map(SmolStr::as_str));
                let help = if near.is_empty() { format!("; it has {}", listed(parts)) } else { near };
                Err(format!("the key of this rule has no part `{name}`{help}"))
            }
            _ => Ok(()),
        }
    }

    fn stat(&self, name: &str, facet: Option<&str>, arguments: Option<usize>) -> Result<StatUse, String> {
        let names = self.known.names;
        let Some(rule) = names.stat(name) else {
            if names.badge(&name.replace('_', "-")).is_ok() {
                return Err(format!(
                    "there is no stat or flag `{name}`; ask for a badge with `holds(\"{}\")`",
                    name.replace('_', "-")
                ));
            }
            let help = match did_you_mean(name, names.stats()) {
                near if near.is_empty() => format!("; declare it: `[stat.{name}]`"),
                near => near,
            };
            return Err(format!("there is no stat or flag `{name}`{help}"));
        };
        if names.rules[rule].sort == Sort::Flag && names.rules[rule].repeat.is_some() {
            return Err(format!(
                "the flag `{name}` is only an event, since it has `repeat`; count it: `on = \"flag.{name}\"` in a stat"
            ));
        }
        self.known.used.borrow_mut().insert(rule);
        if let Some(parts) = &self.known.keys[rule] {
            look::check(name, parts, arguments, self.stands, self.key())?;
        }
        let place = match names.rules[rule].sort {
            Sort::Flag => self.known.layout.truth(rule),
            Sort::Stat | Sort::Badge => self.known.layout.number(rule),
        };
        let stat = place.ok_or_else(|| format!("`{name}` keeps nothing"))?;
        let shape = match (self.known.layout.entries[stat], &self.shapes[stat]) {
            (Entry::Truth(_), _) => Shape { kind: Kind::Flag, amount: Type::Bool },
            (Entry::Number(_), Some(shape)) => shape.clone(),
            (Entry::Number(_), None) => {
                self.waiting.borrow_mut().push(stat);
                let kind =
                    names.rules[rule].hearing.as_ref().and_then(|hearing| Some(hearing.amount.as_ref()?.0));
                Shape { kind: kind.unwrap_or(Kind::Count), amount: Type::Any }
            }
        };
        let (facet, r#type) = shape.facet(name, facet)?;
        Ok(StatUse { stat, facet, r#type })
    }

    fn profile(&self, field: &str) -> Result<(StatUse, Whose), String> {
        let name = profile::stat_name(field);
        match (self.key_part("user"), self.event()) {
            (Ok(()), _) => Ok((self.stat(&name, None, None)?, Whose::OfKey)),
            (Err(_), Ok(())) => Ok((self.stat(&name, None, Some(1))?, Whose::OfEvent)),
            (Err(_), Err(_)) => Err(format!(
                "whose `{name}` it is is not known: the key of this rule has no `user`, and without `on` there is no event"
            )),
        }
    }

    fn badge(&self, id: &str) -> Result<usize, String> {
        let place = self.known.names.badge(id)?;
        let per_user = self.key().is_none_or(|parts| matches!(parts, [part] if part == "user"));
        if self.stands == Stands::WithoutOn && !per_user {
            return Err("`holds` in a rule without `on` that is not kept per `user` is not supported yet by this version; ask beside `on`".to_owned());
        }
        Ok(place)
    }

    fn names(&self) -> Vec<SmolStr> {
        self.known.names.stats().map(SmolStr::from).collect()
    }
}

impl Shape {
    /// Which side of the stat a word behind its name asks for, and the type of that.
    fn facet(&self, name: &str, word: Option<&str>) -> Result<(Facet, Type), String> {
        let itself = match self.kind {
            Kind::Count | Kind::Distinct | Kind::Run(_) => Type::Int,
            Kind::Sum | Kind::Min | Kind::Max | Kind::First | Kind::Last => self.amount.clone(),
            Kind::Flag => Type::Bool,
            Kind::Zone => Type::Text,
        };
        let sides: &[(&str, Facet)] = match self.kind {
            Kind::Distinct => &[("list", Facet::List)],
            Kind::Run(_) => &[
                ("longest", Facet::Longest),
                ("streak", Facet::Streak),
                ("size", Facet::Size),
                ("first", Facet::First),
                ("last", Facet::Last),
                ("gap", Facet::Gap),
            ],
            Kind::Count
            | Kind::Sum
            | Kind::Min
            | Kind::Max
            | Kind::First
            | Kind::Last
            | Kind::Flag
            | Kind::Zone => &[],
        };
        let Some(word) = word else { return Ok((Facet::Itself, itself)) };
        let Some((_, facet)) = sides.iter().find(|(known, _)| *known == word) else {
            let words: Vec<_> = sides.iter().map(|(known, _)| format!(".{known}")).collect();
            let help = if words.is_empty() {
                format!("write `{name}` alone")
            } else {
                format!("it has {}", listed(&words))
            };
            return Err(format!("`{name}` has no `.{word}`; {help}"));
        };
        let r#type = match (facet, self.kind) {
            (Facet::List, _) => Type::List(Box::new(Type::Text)),
            (Facet::First | Facet::Last, Kind::Run(Some(period))) => Type::Period(period),
            _ => Type::Int,
        };
        Ok((*facet, r#type))
    }
}
