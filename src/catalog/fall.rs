//! Which flags can fall and which badges can be taken back, and whose numbers may have to be taken back.
//!
//! A number is taken back by its `undo`, and when a flag falls or a badge is taken back that it heard. Taking back
//! must come to the answer that adding came to, whatever has happened in between; so such a rule may look at nothing
//! but what stays as it is: the `first` of something.

use super::declare::{Declaration, Sort};
use super::hearing::{Heard, Pattern, flags};
use super::layout::{Entry, Layout};
use super::limits;
use super::mistakes::{Mistakes, Spot};
use super::names::Names;
use super::rank::Ranks;
use super::rules::Condition;
use super::scope::Shape;
use super::stats::Compiled;
use crate::cel::{Facet, StatUse};
use crate::stat::{Kind, PartSource};

/// What is known of all rules when they are compiled.
pub(super) struct Rules<'a> {
    pub(super) names: &'a Names<'a>,
    pub(super) layout: &'a Layout,
    pub(super) heard: &'a [Heard],
    pub(super) stats: &'a [Option<Compiled>],
    pub(super) shapes: &'a [Option<Shape>],
    pub(super) conditions: &'a [Option<Condition>],
    pub(super) ranks: &'a Ranks,
}

/// Which rules keep a number that may have to be taken back, by rule. What cannot be taken back is a mistake.
pub(super) fn check(rules: &Rules<'_>, mistakes: &mut Mistakes) -> Vec<bool> {
    let falls = rules.falling();
    let undoable = (0..rules.names.rules.len()).map(|rule| rules.is_undoable(rule, &falls, mistakes));
    undoable.collect()
}

impl Rules<'_> {
    /// By rule: whether it is a flag that can fall, or a badge that can be taken back.
    fn falling(&self) -> Vec<bool> {
        let mut falls = vec![false; self.names.rules.len()];
        let badges = (0..falls.len()).filter(|rule| self.names.rules[*rule].sort == Sort::Badge);
        let mut order: Vec<_> = flags(self.names).chain(badges).collect();
        // A rule rests on those of lower rank only.
        order.sort_by_key(|rule| self.ranks.of[*rule]);
        for rule in order {
            let declaration = &self.names.rules[rule];
            let stays = match declaration.sort {
                Sort::Stat => true,
                // One that repeats is only an event.
                Sort::Flag => {
                    declaration.kept || declaration.repeat.is_some() || self.stays_true(rule, &falls)
                }
                // Who gets it may be others later.
                Sort::Badge if declaration.expires.is_some() => false,
                Sort::Badge => {
                    declaration.revoke.is_none()
                        || (declaration.to.is_none() && self.stays_true(rule, &falls))
                }
            };
            falls[rule] = !stays;
        }
        falls
    }

    /// Whether a condition stays true once it is.
    fn stays_true(&self, rule: usize, falls: &[bool]) -> bool {
        // Others may pass.
        if self.names.rules[rule].top.is_some() {
            return false;
        }
        let grows = |used: &StatUse| self.grows(used, falls);
        let kept = |badge: usize| !falls[self.names.badges[badge].rule];
        match (&self.conditions[rule], self.layout.number(rule)) {
            (_, Some(number)) => self.number_grows(number, falls),
            (Some(condition), None) => {
                condition.whole.iter().all(|program| program.stays_true(&grows, &kept))
            }
            (None, None) => true,
        }
    }

    fn grows(&self, used: &StatUse, falls: &[bool]) -> bool {
        let grows = match self.layout.entries[used.stat] {
            Entry::Truth(flag) => !falls[flag],
            Entry::Number(_) => self.number_grows(used.stat, falls),
        };
        // A missing number that comes late ends a gap, and a new greatest one may end a streak.
        grows && matches!(used.facet, Facet::Itself | Facet::Longest | Facet::Size)
    }

    fn number_grows(&self, stat: usize, falls: &[bool]) -> bool {
        let rule = self.layout.entries[stat].rule();
        let windowed =
            self.names.rules[rule].hearing.as_ref().is_some_and(|hearing| hearing.within.is_some());
        let heard = &self.heard[rule];
        let shrinks = windowed
            || !heard.undo.is_empty()
            || !heard.reset.is_empty()
            || self.falling_heard(heard, falls).is_some();
        match self.shapes[stat].as_ref().map(|shape| shape.kind) {
            Some(Kind::Count | Kind::Distinct | Kind::Run(_)) | None => !shrinks,
            Some(Kind::Max) => heard.reset.is_empty(),
            Some(Kind::Sum | Kind::Min | Kind::First | Kind::Last | Kind::Flag | Kind::Zone) => false,
        }
    }

    /// A flag or badge that is heard and can fall, with the place where that is written.
    fn falling_heard<'h>(&self, heard: &'h Heard, falls: &[bool]) -> Option<(usize, &'h Spot)> {
        heard.counted().find_map(|pattern| {
            let rule = match &pattern.value {
                Pattern::Flag(flag) => falls[*flag].then_some(*flag),
                Pattern::Badge(badge) => Some(self.names.badges[*badge].rule).filter(|rule| falls[*rule]),
                Pattern::AllFlags => flags(self.names).find(|flag| falls[*flag]),
                Pattern::AllBadges => {
                    let mut meant = self.names.badges.iter().map(|badge| badge.rule);
                    meant.find(|rule| falls[*rule] && !self.ranks.outside_all_badges[*rule])
                }
                Pattern::Type(_) | Pattern::Prefix(_) => None,
            };
            rule.map(|rule| (rule, &pattern.spot))
        })
    }

    fn is_undoable(&self, rule: usize, falls: &[bool], mistakes: &mut Mistakes) -> bool {
        let (declaration, heard) = (&self.names.rules[rule], &self.heard[rule]);
        let Some(hearing) = &declaration.hearing else { return false };
        let remembers = matches!(hearing.kind(), Kind::Min | Kind::Max | Kind::First | Kind::Last);
        if remembers {
            if let Some(undo) = heard.undo.first() {
                let message = "`min`, `max`, `first` and `last` remember, and take nothing back; take `undo` out, or set them to nothing with `reset`";
                mistakes.error(&undo.spot, message);
            }
            return false;
        }
        let falling = self.falling_heard(heard, falls);
        let Some(spot) = heard.undo.first().map(|undo| &undo.spot).or(falling.map(|(_, spot)| spot)) else {
            return false;
        };
        if let Some((fallen, at)) = falling
            && hearing.limits.cooldown.is_some()
            && heard.undo.is_empty()
        {
            limits::refuse_cooldown(declaration, &self.why_it_falls(fallen), at, mistakes);
        }
        if let Some(look) = self.look_that_changes(rule) {
            let why = match falling.filter(|_| heard.undo.is_empty()) {
                Some((rule, _)) => self.why_it_falls(rule),
                None => "`undo` takes back what was added".to_owned(),
            };
            mistakes.error(spot, format!("{why}, which must come to the same answer again; so {} may look only at `first` stats, and it looks at {look}: make a flag of that and count the flag", declaration.what()));
        }
        true
    }

    fn why_it_falls(&self, rule: usize) -> String {
        let declaration = &self.names.rules[rule];
        let name = &declaration.name.value;
        let (falls, keep) = match declaration.sort {
            Sort::Badge => {
                ("be taken back", format!("keep it: no `revoke` and no `expires` in `[badge.{name}]`"))
            }
            Sort::Stat | Sort::Flag => {
                ("fall", format!("let it stay up: `revoke = false` in `[flag.{name}]`"))
            }
        };
        format!("the {} can {falls}, and what was counted is then taken back ({keep})", declaration.what())
    }

    /// Something that a rule looks at beside `on` and that may be another when it is taken back.
    fn look_that_changes(&self, rule: usize) -> Option<String> {
        let stat = self.stats[self.layout.number(rule)?].as_ref()?;
        let of_key = stat.by.iter().chain(&stat.limits.per).filter_map(|part| match &part.from {
            PartSource::Program(program) => Some(program),
            PartSource::User | PartSource::Subject | PartSource::Period(_) => None,
        });
        let programs = of_key.chain(&stat.when).chain(&stat.amount);
        for program in programs {
            if let Some(badge) = program.badges().into_iter().next() {
                return Some(format!("`holds(\"{}\")`", self.names.badges[badge].id));
            }
            let changes = |used: &StatUse| {
                let is_first = self.shapes[used.stat].as_ref().is_some_and(|shape| shape.kind == Kind::First);
                !is_first || !self.heard[self.layout.entries[used.stat].rule()].reset.is_empty()
            };
            if let Some((used, _)) = program.stats().into_iter().find(|(used, _)| changes(used)) {
                let looked_at: &Declaration = &self.names.rules[self.layout.entries[used.stat].rule()];
                return Some(format!("the {}", looked_at.what()));
            }
        }
        None
    }
}
