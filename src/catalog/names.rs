//! Everything that has a name, found by its name; and what a name that nobody has most likely means.

use std::collections::HashMap;

use smol_str::{SmolStr, format_smolstr};

use super::declare::{Declaration, Folder, Sort, TierDeclaration, check_id};
use super::mistakes::{Mistakes, Spot};
use crate::cel::compare;
use crate::diagnostic::{did_you_mean, nearest};
use crate::event::Value;

/// The names of a folder.
pub(super) struct Names<'a> {
    /// Stats, flags and badges, in the order in which they are written.
    pub(super) rules: &'a [Declaration],
    /// Badges, each tier being one, in the order in which they are written.
    pub(super) badges: Vec<Named<'a>>,
    stats: HashMap<&'a str, usize>,
    families: HashMap<&'a str, usize>,
    by_id: HashMap<SmolStr, usize>,
}

/// One badge.
pub(super) struct Named<'a> {
    /// Its id.
    pub(super) id: SmolStr,
    /// The rule that gives it.
    pub(super) rule: usize,
    /// Which tier of the rule it is, from 0.
    pub(super) tier: Option<(usize, &'a TierDeclaration)>,
}

impl<'a> Names<'a> {
    /// The names of a folder. Those that are used twice are mistakes; the first use counts.
    pub(super) fn of(folder: &'a Folder, mistakes: &mut Mistakes) -> Names<'a> {
        let rules = &folder.rules[..];
        let mut names = Names {
            rules,
            badges: Vec::new(),
            stats: HashMap::new(),
            families: HashMap::new(),
            by_id: HashMap::new(),
        };
        for (index, rule) in rules.iter().enumerate() {
            match (rule.sort, &rule.tiers) {
                (Sort::Stat | Sort::Flag, _) => names.add_stat(index, mistakes),
                (Sort::Badge, None) => {
                    names.add_badge(rule.name.value.clone(), &rule.name.spot, index, None, mistakes);
                }
                (Sort::Badge, Some(tiers)) => names.add_family(index, &tiers.value, mistakes),
            }
        }
        names
    }

    /// The stat or flag with this name.
    pub(super) fn stat(&self, name: &str) -> Option<usize> {
        self.stats.get(name).copied()
    }

    /// The names of all stats and flags.
    pub(super) fn stats(&self) -> impl Iterator<Item = &'a str> {
        self.rules.iter().filter(|rule| rule.sort != Sort::Badge).map(|rule| rule.name.value.as_str())
    }

    /// The flag with this name; if there is none, why.
    pub(super) fn flag(&self, name: &str) -> Result<usize, String> {
        match self.stat(name) {
            Some(index) if self.rules[index].sort == Sort::Flag => Ok(index),
            Some(_) => Err(format!("`{name}` is a stat, not a flag; only flags and badges become events")),
            None => {
                let flags = self.rules.iter().filter(|rule| rule.sort == Sort::Flag);
                let near = did_you_mean(name, flags.map(|rule| rule.name.value.as_str()));
                let help = if near.is_empty() { format!("; declare it: `[flag.{name}]`") } else { near };
                Err(format!("there is no flag `{name}`{help}"))
            }
        }
    }

    /// The place of the badge with this id; if there is none, why.
    pub(super) fn badge(&self, id: &str) -> Result<usize, String> {
        if let Some(index) = self.by_id.get(id) {
            return Ok(*index);
        }
        if let Some(family) = self.families.get(id) {
            let first = self.badges_of(*family).next();
            let example = first.map_or_else(String::new, |(_, badge)| format!(", such as `{}`", badge.id));
            return Err(format!("`{id}` is a family of badges; name one of them{example}"));
        }
        let hyphenated = id.replace('_', "-");
        let ids = || self.badges.iter().map(|badge| badge.id.as_str());
        let near = nearest(&hyphenated, ids());
        Err(match near {
            Some(near) => format!("there is no badge `{id}`; did you mean `{near}`?"),
            None => format!("there is no badge `{id}`; declare it: `[badge.{hyphenated}]`"),
        })
    }

    /// The badges of one rule, with their places.
    pub(super) fn badges_of(&self, rule: usize) -> impl Iterator<Item = (usize, &Named<'a>)> {
        let first = self.badges.partition_point(|badge| badge.rule < rule);
        let from_first = self.badges.iter().enumerate().skip(first);
        from_first.take_while(move |(_, badge)| badge.rule == rule)
    }

    fn add_stat(&mut self, index: usize, mistakes: &mut Mistakes) {
        let name = &self.rules[index].name;
        match self.stats.get(name.value.as_str()) {
            None => {
                self.stats.insert(&name.value, index);
            }
            Some(first) => {
                let first = &self.rules[*first];
                let place = mistakes.place(&first.name.spot);
                let message = format!(
                    "the name `{}` belongs to the {} at {place}; choose another name",
                    name.value,
                    first.sort.name()
                );
                mistakes.error(&name.spot, message);
            }
        }
    }

    fn add_family(&mut self, index: usize, tiers: &'a [TierDeclaration], mistakes: &mut Mistakes) {
        let family = &self.rules[index].name;
        self.families.entry(&family.value).or_insert(index);
        let mut before: Option<&Value> = None;
        for (place, tier) in tiers.iter().enumerate() {
            if before.is_some_and(|before| compare(before, &tier.at.value).is_none_or(|order| order.is_ge()))
            {
                let message =
                    format!("tiers must ascend: {} must be more than the tier before it", tier.at.value);
                mistakes.error(&tier.at.spot, message);
            }
            before = Some(&tier.at.value);
            let (id, spot) = match (&tier.id, &tier.at.value) {
                (Some(id), _) => (SmolStr::from(id.value.as_str()), &id.spot),
                (None, Value::Int(at)) if *at >= 0 => {
                    (format_smolstr!("{}-{at}", family.value), &tier.at.spot)
                }
                (None, _) => {
                    let message = format!(
                        "`at = {}` cannot be a part of an id; give this tier an id: `id = \"{}-half\"`",
                        tier.at.value, family.value
                    );
                    mistakes.error(&tier.at.spot, message);
                    continue;
                }
            };
            if let Err(problem) = check_id(&id) {
                mistakes.error(spot, format!("the id {problem}"));
                continue;
            }
            self.add_badge(id, spot, index, Some((place, tier)), mistakes);
        }
    }

    fn add_badge(
        &mut self,
        id: SmolStr,
        spot: &Spot,
        rule: usize,
        tier: Option<(usize, &'a TierDeclaration)>,
        mistakes: &mut Mistakes,
    ) {
        if let Some(first) = self.by_id.get(&id) {
            let place = mistakes.place(&self.rules[self.badges[*first].rule].name.spot);
            mistakes.error(spot, format!("the id `{id}` belongs to the badge at {place}; choose another id"));
            return;
        }
        self.by_id.insert(id.clone(), self.badges.len());
        self.badges.push(Named { id, rule, tier });
    }
}
