//! The way a number took in a test that failed, so that whoever wrote the rule sees where it went.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::{SmolStr, format_smolstr};

use super::super::progress::times;
use crate::catalog::{Catalog, Gives, Held, Rule, Trial};
use crate::cel::{Facet, Program, StatUse, Type};
use crate::event::{Time, Value};
use crate::key::Key;
use crate::outcome::Outcome;
use crate::stat::{Kind, Stat};

/// Most values of one way that are shown: of a longer one the first and the last.
const VALUES_SHOWN: usize = 9;
/// Most ways that are shown of one award.
const WAYS_SHOWN: usize = 8;
/// Most rows of events that are shown of one way: of more the first.
const ROWS_SHOWN: usize = 6;

/// The ways of all numbers on which some awards rest.
pub(super) struct Ways<'a> {
    catalog: &'a Catalog,
    /// What each rule rests on, nearest first.
    watched: BTreeMap<usize, Vec<Watched>>,
    moved: BTreeMap<(usize, Side), BTreeMap<Key, Way>>,
}

/// A stat as it is looked at.
#[derive(Clone, Debug, PartialEq)]
struct Watched {
    stat: usize,
    side: Side,
    /// What is asked of it, if that can be said.
    needs: Vec<String>,
}

/// The numbers of the events that moved something, each with what it was then.
type Way = Vec<(usize, Option<Value>)>;
/// The word behind the dot; empty: the stat itself.
type Side = &'static str;

impl<'a> Ways<'a> {
    /// The ways to these awards, on which nothing has moved yet.
    pub(super) fn to(catalog: &'a Catalog, awards: &[&Held]) -> Ways<'a> {
        let rules: BTreeSet<usize> = awards.iter().filter_map(|held| giver(catalog, held.badge)).collect();
        let watched = rules.into_iter().map(|rule| (rule, rests_on(catalog, &catalog.rules[rule]))).collect();
        Ways { catalog, watched, moved: BTreeMap::new() }
    }

    /// Notes what an event moved.
    pub(super) fn note(&mut self, number: usize, outcome: &Outcome) {
        let time = outcome.record.event.time;
        let watched: BTreeSet<(usize, Side)> =
            self.watched.values().flatten().map(|watched| (watched.stat, watched.side)).collect();
        for (key, changes) in &outcome.record.changes {
            let Some((_, document)) = outcome.documents.iter().find(|(of, _)| of == key) else { continue };
            for (index, side) in &watched {
                let stat = &self.catalog.stats[*index];
                if !changes.iter().any(|change| change.slot == stat.slot) {
                    continue;
                }
                let value = stat.read(document.cell(stat.slot), facet(side), time);
                let way = self.moved.entry((*index, side)).or_default().entry(key.clone()).or_default();
                let before = way.last().map_or_else(|| nothing_yet(stat, side), |(_, value)| value.clone());
                if before != value {
                    way.push((number, value));
                }
            }
        }
    }

    /// The ways to one award, in words, a line each.
    pub(super) fn of(&self, held: &Held, trial: &Trial) -> Vec<String> {
        let Some(rule) = giver(self.catalog, held.badge) else {
            return vec!["it is given by hand only, which no test does".to_owned()];
        };
        let known = self.known_parts(held, &self.catalog.rules[rule]);
        let mut lines = Vec::new();
        for watched in self.watched.get(&rule).into_iter().flatten() {
            lines.extend(self.lines(watched, held, rule, &known, trial));
        }
        let left = lines.len().saturating_sub(WAYS_SHOWN);
        lines.truncate(WAYS_SHOWN);
        if left > 0 {
            lines.push(format!("and {left} more"));
        }
        lines
    }

    fn lines(
        &self,
        watched: &Watched,
        held: &Held,
        rule: usize,
        known: &[(SmolStr, String)],
        trial: &Trial,
    ) -> Vec<String> {
        let stat = &self.catalog.stats[watched.stat];
        let fits = |key: &Key| {
            known.iter().all(|(name, value)| key.part(name).is_none_or(|part| part == value.as_str()))
        };
        let name = match watched.side {
            "" => stat.name.to_string(),
            side => format!("{}.{side}", stat.name),
        };
        let needs = match self.needs(watched, held, rule) {
            needs if needs.is_empty() => String::new(),
            needs => format!(" (needs {})", needs.join(" and ")),
        };
        let ways = self.moved.get(&(watched.stat, watched.side));
        let ways: Vec<_> =
            ways.into_iter().flatten().filter(|(key, way)| fits(key) && !way.is_empty()).collect();
        if ways.is_empty() {
            let whole: Option<Vec<_>> =
                stat.by.iter().map(|part| known.iter().find(|(name, _)| *name == part.name)).collect();
            let of = whole.filter(|whole| !whole.is_empty()).map_or_else(String::new, |whole| {
                let values: Vec<_> = whole.iter().map(|(_, value)| value.as_str()).collect();
                format!(" of {}", values.join("/"))
            });
            return vec![self.still(watched, &format!("{name}{of}"), &needs, trial)];
        }
        let line = |(key, way): (&Key, &Way)| {
            let name = format!("{name}{}", of_key(stat, key));
            match stat.kind {
                Kind::Flag => format!("{name}: {}", rises(way, trial)),
                Kind::Count
                | Kind::Sum
                | Kind::Distinct
                | Kind::Run(_)
                | Kind::Min
                | Kind::Max
                | Kind::First
                | Kind::Last
                | Kind::Zone => {
                    let first = nothing_yet(stat, watched.side);
                    let values = std::iter::once(first).chain(way.iter().map(|(_, value)| value.clone()));
                    let events: Vec<_> = way.iter().map(|(number, _)| *number).collect();
                    format!("{name}: {}{needs}, {}", arrows(values.collect()), at_events(&events, trial))
                }
            }
        };
        ways.into_iter().map(line).collect()
    }

    /// What is said of a number that stayed as it was.
    fn still(&self, watched: &Watched, name: &str, needs: &str, trial: &Trial) -> String {
        let stat = &self.catalog.stats[watched.stat];
        if stat.kind == Kind::Flag {
            return format!("{name}: never rose");
        }
        let hears = |r#type: &str| self.catalog.hears(r#type).any(|index| index == watched.stat);
        let heard: Vec<usize> = (1..=trial.events.len())
            .filter(|number| hears(trial.events[number - 1].r#type.as_str()))
            .collect();
        let why = match (heard.is_empty(), &stat.when) {
            (true, _) => "it hears none of the events".to_owned(),
            (false, Some(_)) => format!(
                "it hears what happens {}, where its `when` was not true, or a field was missing, or the key was another",
                at_events(&heard, trial)
            ),
            (false, None) => {
                format!(
                    "it hears what happens {}, where a field was missing, or the key was another",
                    at_events(&heard, trial)
                )
            }
        };
        format!("{name}: {} all the time{needs}; {why}", shown(&nothing_yet(stat, watched.side)))
    }

    /// What is asked of a number for this award.
    fn needs(&self, watched: &Watched, held: &Held, rule: usize) -> Vec<String> {
        let rule = &self.catalog.rules[rule];
        let is_value = |program: &Program| {
            program
                .only_stat()
                .is_some_and(|used| used.stat == watched.stat && side(used.facet) == watched.side)
        };
        match (&rule.gives, rule.value.as_ref().is_some_and(is_value)) {
            (Gives::Badges { repeat: Some(every), .. }, true) => vec![times(every, held.number).to_string()],
            (Gives::Badges { tiers, .. }, true) => {
                let tier = tiers.iter().find(|tier| tier.badge == held.badge);
                tier.map(|tier| tier.at.to_string()).into_iter().collect()
            }
            (Gives::Badges { .. } | Gives::Flag { .. } | Gives::Event { .. }, _) => watched.needs.clone(),
        }
    }

    /// The parts of the key that an award tells, with their values.
    fn known_parts(&self, held: &Held, rule: &Rule) -> Vec<(SmolStr, String)> {
        let badge = &self.catalog.badges[held.badge];
        let mut known = Vec::new();
        if let Gives::Badges { to: None, .. } = &rule.gives {
            known.push((SmolStr::new_static("user"), held.user.to_string()));
        }
        let values: Vec<String> = match badge.parts.len() {
            0 => Vec::new(),
            1 => vec![held.key.clone()],
            _ => held.key.split('/').map(|part| part.replace("%2F", "/").replace("%25", "%")).collect(),
        };
        known.extend(badge.parts.iter().cloned().zip(values));
        known
    }
}

/// The rule that gives a badge.
fn giver(catalog: &Catalog, badge: usize) -> Option<usize> {
    catalog.rules.iter().position(|rule| match &rule.gives {
        Gives::Badges { tiers, .. } => tiers.iter().any(|tier| tier.badge == badge),
        Gives::Flag { .. } | Gives::Event { .. } => false,
    })
}

/// The stats that a rule rests on, nearest first: those it names, those that its flags name, and so on.
fn rests_on(catalog: &Catalog, rule: &Rule) -> Vec<Watched> {
    let mut found: Vec<Watched> = Vec::new();
    let mut open: Vec<&Rule> = vec![rule];
    let mut seen: BTreeSet<SmolStr> = BTreeSet::new();
    while let Some(rule) = open.pop() {
        let at = match &rule.gives {
            Gives::Flag { at, .. } => vec![at.to_string()],
            Gives::Event { every, .. } => vec![format!("a multiple of {every}")],
            Gives::Badges { .. } => Vec::new(),
        };
        let value = rule.value.as_ref().and_then(Program::only_stat).cloned();
        let asks = value.map(|stat| (stat, at));
        let compared = rule.when.iter().flat_map(Program::comparisons);
        let compared = compared.map(|found| (found.stat, vec![found.asks]));
        let programs = [&rule.value, &rule.when].into_iter().flatten();
        let named = programs.flat_map(Program::stats).map(|(stat, _)| (stat, Vec::new()));
        for (used, needs) in asks.into_iter().chain(compared).chain(named) {
            watch(&mut found, &used, needs);
            for name in flags_behind(catalog, used.stat) {
                if !seen.insert(name.clone()) {
                    continue;
                }
                for flag in catalog.rules.iter().filter(|rule| is_flag(rule) && rule.name == name) {
                    if let Gives::Flag { stat, .. } = &flag.gives {
                        let rose = StatUse { stat: *stat, facet: Facet::Itself, r#type: Type::Bool };
                        watch(&mut found, &rose, Vec::new());
                    }
                    open.push(flag);
                }
            }
        }
    }
    found
}

fn watch(found: &mut Vec<Watched>, used: &StatUse, needs: Vec<String>) {
    let side = side(used.facet);
    match found.iter_mut().find(|known| known.stat == used.stat && known.side == side) {
        Some(known) => {
            let new = needs.into_iter().filter(|asks| !known.needs.contains(asks)).collect::<Vec<_>>();
            known.needs.extend(new);
        }
        None => found.push(Watched { stat: used.stat, side, needs }),
    }
}

/// The flags whose rise moves this stat, or that it is.
fn flags_behind(catalog: &Catalog, stat: usize) -> Vec<SmolStr> {
    let behind = |rule: &&Rule| match &rule.gives {
        Gives::Flag { stat: truth, .. } | Gives::Event { stat: truth, .. } => {
            let event = format_smolstr!("flag.{}", rule.name);
            *truth == stat || catalog.hears(&event).any(|hears| hears == stat)
        }
        Gives::Badges { .. } => false,
    };
    catalog.rules.iter().filter(behind).map(|rule| rule.name.clone()).collect()
}

fn is_flag(rule: &Rule) -> bool {
    matches!(rule.gives, Gives::Flag { .. } | Gives::Event { .. })
}

const SIDES: [(Side, Facet); 8] = [
    ("", Facet::Itself),
    ("list", Facet::List),
    ("longest", Facet::Longest),
    ("streak", Facet::Streak),
    ("size", Facet::Size),
    ("first", Facet::First),
    ("last", Facet::Last),
    ("gap", Facet::Gap),
];

fn side(facet: Facet) -> Side {
    SIDES.iter().find(|(_, known)| *known == facet).map_or("", |(side, _)| side)
}

fn facet(side: Side) -> Facet {
    SIDES.iter().find(|(known, _)| *known == side).map_or(Facet::Itself, |(_, facet)| *facet)
}

fn nothing_yet(stat: &Stat, side: Side) -> Option<Value> {
    stat.read(None, facet(side), Time::MIN)
}

fn of_key(stat: &Stat, key: &Key) -> String {
    let values: Vec<_> = stat.by.iter().filter_map(|part| key.part(&part.name)).collect();
    if values.is_empty() { String::new() } else { format!(" of {}", values.join("/")) }
}

fn shown(value: &Option<Value>) -> String {
    value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string)
}

/// `0 → 1 → 2`
fn arrows(values: Vec<Option<Value>>) -> String {
    let mut texts: Vec<_> = values.iter().map(shown).collect();
    if texts.len() > VALUES_SHOWN {
        let half = VALUES_SHOWN / 2;
        let end = texts.split_off(texts.len() - half);
        texts.truncate(half);
        texts.push("…".to_owned());
        texts.extend(end);
    }
    texts.join(" → ")
}

/// `rose at event 3 (heart.given), fell at event 7 (heart.taken)`
fn rises(way: &[(usize, Option<Value>)], trial: &Trial) -> String {
    let moves = way.iter().map(|(number, value)| {
        let how = if *value == Some(Value::Bool(true)) { "rose" } else { "fell" };
        format!("{how} {}", at_events(&[*number], trial))
    });
    let mut moves: Vec<_> = moves.collect();
    if moves.len() > VALUES_SHOWN {
        let last = moves.split_off(moves.len() - 1);
        moves.truncate(VALUES_SHOWN - 2);
        moves.push("…".to_owned());
        moves.extend(last);
    }
    moves.join(", ")
}

/// `at events 1 to 3 and 7 (heart.given)`
fn at_events(numbers: &[usize], trial: &Trial) -> String {
    let mut rows: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match rows.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            Some((_, last)) if *last == number => {}
            _ => rows.push((number, number)),
        }
    }
    let texts = rows.iter().take(ROWS_SHOWN).flat_map(|(first, last)| match last - first {
        0 => vec![first.to_string()],
        1 => vec![first.to_string(), last.to_string()],
        _ => vec![format!("{first} to {last}")],
    });
    let texts: Vec<_> = texts.collect();
    let listed = match &texts[..] {
        _ if rows.len() > ROWS_SHOWN => format!("{} and others", texts.join(", ")),
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => texts.concat(),
    };
    let types: BTreeSet<&str> =
        numbers.iter().filter_map(|number| Some(trial.events.get(number - 1)?.r#type.as_str())).collect();
    let types: Vec<_> = types.into_iter().collect();
    let events = if numbers.len() == 1 { "event" } else { "events" };
    format!("at {events} {listed} ({})", types.join(", "))
}
