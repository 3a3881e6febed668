//! What rests on what, and the order in which rules are looked at.
//!
//! A rule rests on the flags and badges whose events its number hears, and, without `on`, on the flags
//! and badges that it names and on those whose events the stats hear that it names. What stands beside
//! `on` is read as it was before, and rests on nothing. A rule's *rank* is one more than the highest it
//! rests on: so whatever makes it true has been settled when it is looked at.

use std::collections::BTreeSet;

use super::declare::Sort;
use super::hearing::{Heard, Pattern, flags};
use super::layout::{Entry, Layout};
use super::mistakes::Mistakes;
use super::names::Names;
use super::rules::Condition;

/// How many ranks there may be. A rule of a higher one is refused.
pub(super) const RANKS_MAX: u32 = 16;

/// Ranks, and what came to light on the way.
pub(super) struct Ranks {
    /// By rule: its rank.
    pub(super) of: Vec<u32>,
    /// By rule: whether it rests on `badge.*`, which therefore does not mean it.
    pub(super) outside_all_badges: Vec<bool>,
}

impl Ranks {
    /// The rank of every rule. Circles, and too many ranks, are mistakes.
    pub(super) fn of(
        names: &Names<'_>,
        layout: &Layout,
        heard: &[Heard],
        conditions: &[Option<Condition>],
        mistakes: &mut Mistakes,
    ) -> Ranks {
        let mut graph = Graph { names, rests_on: vec![BTreeSet::new(); names.rules.len()] };
        let mut hears_all_badges = BTreeSet::new();
        for (rule, condition) in conditions.iter().enumerate() {
            let Some(condition) = condition else { continue };
            let own = layout.number(rule).map(|_| rule);
            let used = condition.programs().flat_map(|program| program.stats());
            let read = used.map(|(stat, _)| layout.entries[stat.stat]);
            for entry in own.map(Entry::Number).into_iter().chain(read) {
                match entry {
                    Entry::Truth(flag) => graph.add(rule, flag),
                    Entry::Number(number) => {
                        if graph.add_heard(rule, &heard[number]) {
                            hears_all_badges.insert(rule);
                        }
                    }
                }
            }
            for badge in condition.programs().flat_map(|program| program.badges()) {
                graph.add(rule, names.badges[badge].rule);
            }
        }
        let outside_all_badges = graph.resting_on(&hears_all_badges);
        for rule in hears_all_badges {
            for badge in &names.badges {
                if !outside_all_badges[badge.rule] {
                    graph.add(rule, badge.rule);
                }
            }
        }
        Ranks { of: graph.ranks(mistakes), outside_all_badges }
    }
}

struct Graph<'a> {
    names: &'a Names<'a>,
    /// By rule: the rules it rests on.
    rests_on: Vec<BTreeSet<usize>>,
}

impl Graph<'_> {
    fn add(&mut self, rule: usize, on: usize) {
        self.rests_on[rule].insert(on);
    }

    /// Lets a rule rest on what is heard; says whether that is also every badge.
    fn add_heard(&mut self, rule: usize, heard: &Heard) -> bool {
        let mut all_badges = false;
        for pattern in heard.all() {
            match &pattern.value {
                Pattern::Type(_) | Pattern::Prefix(_) => {}
                Pattern::Flag(flag) => self.add(rule, *flag),
                Pattern::Badge(badge) => self.add(rule, self.names.badges[*badge].rule),
                Pattern::AllFlags => flags(self.names).for_each(|flag| self.add(rule, flag)),
                Pattern::AllBadges => all_badges = true,
            }
        }
        all_badges
    }

    /// By rule: whether it is one of these or rests on one, directly or not.
    fn resting_on(&self, on: &BTreeSet<usize>) -> Vec<bool> {
        let above = self.above();
        let mut found = vec![false; self.rests_on.len()];
        let mut open: Vec<_> = on.iter().copied().collect();
        while let Some(rule) = open.pop() {
            if !std::mem::replace(&mut found[rule], true) {
                open.extend(&above[rule]);
            }
        }
        found
    }

    /// By rule: the rules that rest on it.
    fn above(&self) -> Vec<Vec<usize>> {
        let mut above = vec![Vec::new(); self.rests_on.len()];
        for (rule, on) in self.rests_on.iter().enumerate() {
            on.iter().for_each(|on| above[*on].push(rule));
        }
        above
    }

    fn ranks(&self, mistakes: &mut Mistakes) -> Vec<u32> {
        let above = self.above();
        let mut ranks = vec![0; self.rests_on.len()];
        let mut unsettled: Vec<usize> = self.rests_on.iter().map(BTreeSet::len).collect();
        let mut open: Vec<usize> = (0..ranks.len()).filter(|rule| unsettled[*rule] == 0).collect();
        while let Some(rule) = open.pop() {
            for &higher in &above[rule] {
                ranks[higher] = ranks[higher].max(ranks[rule] + 1);
                unsettled[higher] -= 1;
                if unsettled[higher] == 0 {
                    open.push(higher);
                }
            }
        }
        self.refuse_circles(&unsettled, mistakes);
        for (rule, declaration) in self.names.rules.iter().enumerate() {
            if ranks[rule] == RANKS_MAX && unsettled[rule] == 0 {
                let message = format!(
                    "{} rests on {RANKS_MAX} rules, each of which rests on the next; at most {RANKS_MAX} may lie above each other",
                    declaration.what()
                );
                mistakes.error(&declaration.name.spot, message);
            }
        }
        ranks
    }

    /// Each rule that was not settled rests on a circle or is in one: follow it there.
    fn refuse_circles(&self, unsettled: &[usize], mistakes: &mut Mistakes) {
        let mut visited = vec![false; unsettled.len()];
        for start in (0..unsettled.len()).filter(|rule| unsettled[*rule] > 0) {
            let mut path: Vec<usize> = Vec::new();
            let mut rule = start;
            while !visited[rule] {
                visited[rule] = true;
                path.push(rule);
                // What is not settled rests on something that is not settled.
                let Some(next) = self.rests_on[rule].iter().find(|on| unsettled[**on] > 0) else { break };
                rule = *next;
            }
            if let Some(at) = path.iter().position(|on_path| *on_path == rule) {
                self.refuse_circle(&path[at..], mistakes);
            }
        }
    }

    fn refuse_circle(&self, circle: &[usize], mistakes: &mut Mistakes) {
        let first = circle.iter().enumerate().min_by_key(|(_, rule)| **rule).map_or(0, |(at, _)| at);
        let around = circle.iter().cycle().skip(first).take(circle.len() + 1);
        let names: Vec<_> = around.map(|rule| self.names.rules[*rule].what()).collect();
        let message =
            format!("these rest on each other in a circle: {}; take one of them out", names.join(" → "));
        mistakes.error(&self.names.rules[circle[first]].name.spot, message);
    }
}

/// The rules that are no stats, in the order in which they are looked at: by rank, within a rank flags
/// before badges, then by name.
pub(super) fn order(names: &Names<'_>, ranks: &Ranks) -> Vec<usize> {
    let mut order: Vec<_> =
        (0..names.rules.len()).filter(|rule| names.rules[*rule].sort != Sort::Stat).collect();
    order.sort_by_key(|rule| {
        let declaration = &names.rules[*rule];
        (ranks.of[*rule], declaration.sort, &declaration.name.value)
    });
    order
}
