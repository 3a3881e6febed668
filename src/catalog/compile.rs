//! From files to a catalog, step by step.

use std::cell::RefCell;
use std::collections::HashMap;

use smol_str::SmolStr;

use super::declare::{Declaration, Folder};
use super::events::Events;
use super::hearing::{Heard, Pattern};
use super::keys::{self, Parts};
use super::layout::{Entry, Layout};
use super::listeners::Listeners;
use super::mistakes::{At, Mistakes};
use super::names::Names;
use super::rank::{self, Ranks};
use super::rules::{self, Condition};
use super::scope::Known;
use super::stats;
use super::waits::Reads;
use super::{
    Attempted, Catalog, Fingerprint, Gives, Numbers, Rule, Season, Source, Tier, Top, Trial, badges, fall,
    fingerprint, profile, top, warnings,
};
use crate::badge::Badge;
use crate::diagnostic::Diagnostic;
use crate::event::Value;
use crate::stat::{Delay, Limits, Stat};

impl Catalog {
    /// Compiles files, or says everything that is wrong with them. Files are given in the order of
    /// their names.
    ///
    /// The numbers are those of the store; they come back with what is new in them, to be kept with
    /// the catalog. The diagnostics that come with a catalog are warnings.
    pub fn compile(
        files: &[Source],
        numbers: &Numbers,
    ) -> Result<(Catalog, Numbers, Vec<Diagnostic>), Vec<Diagnostic>> {
        let mut mistakes = Mistakes::new(files);
        let Some(folder) = Folder::read(files, &mut mistakes) else {
            return Err(mistakes.into_diagnostics());
        };
        let (catalog, numbers, warnings, _) = of_folder(folder, numbers, mistakes, None)?;
        Ok((catalog, numbers, warnings))
    }
}

/// A catalog, its numbers, warnings, and what was asked for.
type Compiled = (Catalog, Numbers, Vec<Diagnostic>, Option<Attempted>);

/// Compiles what was read. What `asked` keeps, a stat's name, is handed over too.
pub(super) fn of_folder(
    mut folder: Folder,
    numbers: &Numbers,
    mut mistakes: Mistakes,
    asked: Option<&str>,
) -> Result<Compiled, Vec<Diagnostic>> {
    folder.rules.extend(profile::stats(&folder));
    let names = Names::of(&folder, &mut mistakes);
    let events = Events::of(&folder.events, &mut mistakes);
    let keys = keys::of_all(&names);
    let heard = Heard::of_all(&names, &events, &mut mistakes);
    let trials = Trial::of_all(&folder, &names, &events, &keys, &mut mistakes);
    let meaning = Meaning { names: &names, events: &events, keys: &keys, heard: &heard };
    let compiled = meaning.compile(&mut mistakes);
    if mistakes.any() {
        return Err(mistakes.into_diagnostics());
    }
    warnings::unreachable(&meaning, &compiled, &mut mistakes);
    warnings::unheard(&meaning, &folder, &mut mistakes);
    let asked = asked.and_then(|name| compiled.layout.number(names.stat(name)?));
    let program = asked.and_then(|stat| compiled.stats[stat].as_ref()?.amount.clone());
    let mut numbers = numbers.clone();
    let mut catalog = compiled.into_catalog(&meaning, &folder, &mut numbers);
    catalog.events = events;
    catalog.trials = trials;
    let attempted = asked.zip(program);
    let attempted = attempted.map(|(stat, program)| Attempted { program, stat: catalog.stats[stat].clone() });
    Ok((catalog, numbers, mistakes.into_diagnostics(), attempted))
}

/// What the names in the files mean.
pub(super) struct Meaning<'a> {
    pub(super) names: &'a Names<'a>,
    pub(super) events: &'a Events,
    pub(super) keys: &'a [Parts],
    pub(super) heard: &'a [Heard],
}

/// Everything compiled, before it has its place and number.
pub(super) struct Everything {
    pub(super) layout: Layout,
    pub(super) stats: Vec<Option<stats::Compiled>>,
    pub(super) conditions: Vec<Option<Condition>>,
    ranks: Ranks,
    /// By rule: whether its number may have to be taken back.
    undoable: Vec<bool>,
}

impl Meaning<'_> {
    fn compile(&self, mistakes: &mut Mistakes) -> Everything {
        let layout = Layout::new(self.names);
        let known = self.known(&layout);
        let (stats, shapes) = stats::compile_all(&known, mistakes);
        let conditions = rules::compile_all(&known, &shapes, mistakes);
        let ranks = Ranks::of(self.names, &layout, self.heard, &conditions, mistakes);
        let undoable = fall::check(
            &fall::Rules {
                names: self.names,
                layout: &layout,
                heard: self.heard,
                stats: &stats,
                shapes: &shapes,
                conditions: &conditions,
                ranks: &ranks,
            },
            mistakes,
        );
        if !mistakes.any() {
            warnings::unused(self, &known.used.into_inner(), mistakes);
            warnings::delays_of_nothing(self, mistakes);
        }
        match same_definitions(&stats) {
            Some(same) if !mistakes.any() => {
                self.compile_merged(&layout.merged(self.names, &same), ranks, undoable, mistakes)
            }
            _ => Everything { layout, stats, conditions, ranks, undoable },
        }
    }

    /// Compiles once more, with the places that stats have when those that are alike are one.
    fn compile_merged(
        &self,
        layout: &Layout,
        ranks: Ranks,
        undoable: Vec<bool>,
        mistakes: &mut Mistakes,
    ) -> Everything {
        let said_before = mistakes.mark();
        let known = self.known(layout);
        let (stats, shapes) = stats::compile_all(&known, mistakes);
        let conditions = rules::compile_all(&known, &shapes, mistakes);
        mistakes.rewind(said_before);
        Everything { layout: layout.clone(), stats, conditions, ranks, undoable }
    }

    fn known<'a>(&'a self, layout: &'a Layout) -> Known<'a> {
        let Meaning { names, events, keys, heard } = self;
        Known { names, events, keys, heard, layout, used: RefCell::default() }
    }

    /// The window of a stat, in microseconds.
    fn within(&self, entry: Entry) -> Option<i64> {
        match entry {
            Entry::Number(rule) => Some(self.names.rules[rule].hearing.as_ref()?.within.as_ref()?.value),
            Entry::Truth(_) => None,
        }
    }

    /// When a stat hears events, if not at once.
    fn delay(&self, entry: Entry) -> Option<Delay> {
        match entry {
            Entry::Number(rule) => Some(self.names.rules[rule].hearing.as_ref()?.delay.as_ref()?.value),
            Entry::Truth(_) => None,
        }
    }
}

/// For each stat the first that is defined like it; none where all differ.
fn same_definitions(stats: &[Option<stats::Compiled>]) -> Option<Vec<usize>> {
    let mut first = HashMap::new();
    let same: Vec<_> = stats
        .iter()
        .enumerate()
        .map(|(index, stat)| match stat {
            Some(stat) => *first.entry(stat.fingerprint).or_insert(index),
            None => index,
        })
        .collect();
    same.iter().enumerate().any(|(index, same)| index != *same).then_some(same)
}

impl Everything {
    fn into_catalog(self, meaning: &Meaning<'_>, folder: &Folder, numbers: &mut Numbers) -> Catalog {
        let mut catalog = Catalog {
            stats: self.stats(meaning, numbers),
            badges: badges_of(meaning, folder, numbers),
            categories: folder.categories.clone(),
            listeners: self.listeners(meaning, |heard| &heard.on),
            undoers: self.listeners(meaning, |heard| &heard.undo),
            resetters: self.listeners(meaning, |heard| &heard.reset),
            ..Catalog::default()
        };
        let order = rank::order(meaning.names, &self.ranks).into_iter();
        // What is given by hand has no condition.
        let looked_at = order.filter_map(|rule| Some((rule, self.conditions[rule].as_ref()?)));
        for (place, (rule, condition)) in looked_at.enumerate() {
            let key = meaning.keys[rule].as_deref().unwrap_or_default();
            let reads = Reads::of(condition, key, |stat| catalog.stats[stat].parts());
            for stat in &reads.stats {
                catalog.stats[*stat].looked_at_by.push(place);
            }
            for stat in &reads.stats_elsewhere {
                catalog.stats[*stat].waited_for_by.push(place);
            }
            for badge in &reads.badges {
                let looks = catalog.award_looks.entry(catalog.badges[*badge].number).or_default();
                let looks = if reads.badges_are_elsewhere { &mut looks.waiting } else { &mut looks.own };
                looks.push(place);
            }
            let waits = reads.is_elsewhere().then(|| numbers.slot(waiting_of(&meaning.names.rules[rule])));
            let top = self.top(rule, condition, meaning, numbers);
            let rule = self.rule(rule, condition, meaning, numbers);
            catalog.rules.push(Rule { waits, top, ..rule });
        }
        let delayed = catalog.stats.iter().enumerate().filter(|(_, stat)| stat.delay.is_some());
        catalog.delayed = delayed.map(|(place, stat)| (stat.slot, place)).collect();
        for (place, rule) in catalog.rules.iter().enumerate() {
            let Gives::Badges { tiers, .. } = &rule.gives else { continue };
            let expiring =
                tiers.iter().enumerate().filter_map(|(at, tier)| Some((tier.expires?.1, (place, at))));
            catalog.expiring.extend(expiring);
        }
        let places = || catalog.badges.iter().enumerate();
        catalog.by_number = places().map(|(place, badge)| (badge.number, place)).collect();
        catalog.by_id = places().map(|(place, badge)| (badge.id.clone(), place)).collect();
        catalog
    }

    fn stats(&self, meaning: &Meaning<'_>, numbers: &mut Numbers) -> Vec<Stat> {
        // Each of them compiled, or there would have been a mistake.
        let stats = self.layout.entries.iter().zip(self.stats.iter().flatten());
        let stats = stats.map(|(entry, stat)| Stat {
            name: meaning.names.rules[entry.rule()].name.value.clone(),
            slot: numbers.slot(stat.fingerprint),
            kind: stat.kind,
            whole: stat.whole,
            by: stat.by.clone(),
            undoable: self.undoable[entry.rule()],
            within: meaning.within(*entry),
            delay: meaning.delay(*entry),
            awaited: meaning.delay(*entry).filter(|_| self.undoable[entry.rule()]).map(|_| {
                let awaited = fingerprint::of_awaited(stat.fingerprint);
                numbers.slot(awaited)
            }),
            when: stat.when.clone(),
            amount: stat.amount.clone(),
            limits: Limits {
                groups: stat.limits.needs_groups().then(|| numbers.groups(stat.fingerprint)),
                ..stat.limits.clone()
            },
            looked_at_by: Vec::new(),
            waited_for_by: Vec::new(),
        });
        stats.collect()
    }

    fn listeners(&self, meaning: &Meaning<'_>, which: impl Fn(&Heard) -> &Vec<At<Pattern>>) -> Listeners {
        let mut listeners = Listeners::default();
        for (stat, entry) in self.layout.entries.iter().enumerate() {
            if let Entry::Number(rule) = entry {
                for pattern in which(&meaning.heard[*rule]) {
                    listeners.add(stat, &pattern.value, meaning.names, &self.ranks);
                }
            }
        }
        listeners
    }

    fn top(
        &self,
        rule: usize,
        condition: &Condition,
        meaning: &Meaning<'_>,
        numbers: &mut Numbers,
    ) -> Option<Top> {
        let declaration = &meaning.names.rules[rule];
        let count = declaration.top.as_ref()?.value;
        let name = |stat: usize| {
            self.stats[stat].as_ref().map_or_else(String::new, |stat| stat.fingerprint.to_string())
        };
        let slot = numbers.slot(top::of_ranking(declaration, condition, &name));
        Some(Top { count, among: top::among(declaration).map(SmolStr::from).collect(), slot })
    }

    fn rule(&self, rule: usize, condition: &Condition, meaning: &Meaning<'_>, numbers: &mut Numbers) -> Rule {
        let declaration = &meaning.names.rules[rule];
        let at = declaration.at.as_ref().map_or(Value::Int(1), |at| at.value.clone());
        let falls = declaration.revoke.is_some() || declaration.expires.is_some();
        let shared = falls && gives_shared(declaration, meaning.keys[rule].as_deref());
        let tiers = meaning.names.badges_of(rule).map(|(badge, named)| {
            let at = named.tier.map_or_else(|| at.clone(), |(_, tier)| tier.at.value.clone());
            let reasons = shared.then(|| numbers.reasons(&named.id, declaration.once));
            let expires = declaration.expires.as_ref();
            let expires = expires.map(|span| (span.value, numbers.slot(fingerprint::of_expiries(&named.id))));
            Tier { at, badge, reasons, expires }
        });
        let repeat = declaration.repeat.as_ref().map(|repeat| repeat.value.clone());
        let gives = match (self.layout.truth(rule), repeat) {
            (Some(stat), None) => Gives::Flag { stat, at, kept: declaration.kept },
            (Some(stat), Some(every)) => Gives::Event { stat, every },
            (None, repeat) => Gives::Badges {
                tiers: tiers.collect(),
                to: condition.to.clone(),
                once: declaration.once,
                repeat,
                season: Season { from: declaration.from, until: declaration.until },
                revoke: declaration.revoke.is_some(),
            },
        };
        Rule {
            name: declaration.name.value.clone(),
            rank: self.ranks.of[rule],
            parts: meaning.keys[rule].clone().unwrap_or_default(),
            when: condition.when.clone(),
            value: condition.value.clone(),
            waits: None,
            top: None,
            gives,
        }
    }
}

/// Under which definition it is kept who waits for a rule.
fn waiting_of(declaration: &Declaration) -> Fingerprint {
    fingerprint::of_waiting(declaration.sort.name(), &declaration.name.value)
}

/// Whether several keys may give the same award.
fn gives_shared(declaration: &Declaration, parts: Option<&[SmolStr]>) -> bool {
    let of_more_than_users = parts.is_some_and(|parts| parts.iter().any(|part| part != "user"));
    declaration.to.is_some() || (declaration.once && of_more_than_users)
}

/// The badges declared, with their numbers, and then those that are declared no longer.
fn badges_of(meaning: &Meaning<'_>, folder: &Folder, numbers: &mut Numbers) -> Vec<Badge> {
    numbers.retire_all();
    let named = meaning.names.badges.iter().enumerate();
    let declared = named.map(|(place, named)| {
        let parts = meaning.keys[named.rule].as_deref().unwrap_or_default();
        let file = meaning.names.rules[named.rule].name.spot.file;
        numbers.declare(badges::badge(meaning.names, place, parts, &folder.categories[file].id))
    });
    let mut badges: Vec<_> = declared.collect();
    badges.extend(numbers.badges().filter(|badge| badge.retired).cloned());
    badges
}
