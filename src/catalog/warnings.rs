//! What can be used and was most likely not meant: tiers that nobody can reach, events of tests that nobody hears.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::compile::{Everything, Meaning};
use super::declare::{Folder, Sort};
use super::hearing::Pattern;
use super::layout::Entry;
use super::mistakes::{At, Mistakes};
use super::rank::RANKS_MAX;
use crate::cel::compare;
use crate::diagnostic::did_you_mean;
use crate::event::{Period, Value};
use crate::stat::{Kind, PartSource};

/// Stats that no flag or badge names.
pub(super) fn unused(meaning: &Meaning<'_>, used: &BTreeSet<usize>, mistakes: &mut Mistakes) {
    for (index, rule) in meaning.names.rules.iter().enumerate() {
        if rule.sort == Sort::Stat && !used.contains(&index) {
            let message = format!(
                "nobody uses the stat `{}`; name it in a flag or badge, or take it out",
                rule.name.value
            );
            mistakes.warning(&rule.name.spot, message);
        }
    }
}

/// A number of nobody's own is heard late for everybody at once, which is rarely what was meant.
pub(super) fn delays_of_nothing(meaning: &Meaning<'_>, mistakes: &mut Mistakes) {
    for rule in meaning.names.rules {
        let hearing = rule.hearing.as_ref().filter(|hearing| hearing.by.is_empty());
        if let Some(delay) = hearing.and_then(|hearing| hearing.delay.as_ref()) {
            let message = format!(
                "{} hears later, and is kept per nothing (`by = []`): whatever happens on the whole site meets in one number; say whose it is: `by = \"user\"`",
                rule.what()
            );
            mistakes.warning(&delay.spot, message);
        }
    }
}

/// What is asked of a number that it can never be.
pub(super) fn unreachable(meaning: &Meaning<'_>, compiled: &Everything, mistakes: &mut Mistakes) {
    let limits = Limits { meaning, compiled, known: RefCell::default() };
    for (rule, declaration) in meaning.names.rules.iter().enumerate() {
        let most = match (&compiled.conditions[rule], compiled.layout.number(rule)) {
            (None, _) => None,
            (Some(_), Some(number)) => limits.of_stat(number, 0),
            (Some(condition), None) => {
                condition.value.as_ref().and_then(|value| value.at_most(&|used| limits.of_stat(used.stat, 0)))
            }
        };
        let Some(most) = most else { continue };
        let asked = declaration.at.iter().map(|at| ("at", at));
        let asked = asked.chain(declaration.repeat.iter().map(|repeat| ("repeat", repeat)));
        let tiers = declaration.tiers.iter().flat_map(|tiers| &tiers.value).map(|tier| ("at", &tier.at));
        for (name, At { value, spot }) in asked.chain(tiers) {
            if compare(value, &Value::Double(most)).is_some_and(|order| order.is_gt()) {
                let what = declaration.what();
                let message =
                    format!("`{name} = {value}` cannot be reached: what {what} counts is at most {most}");
                mistakes.warning(spot, message);
            }
        }
    }
}

struct Limits<'a> {
    meaning: &'a Meaning<'a>,
    compiled: &'a Everything,
    /// By stat: what was found, so that no stat is gone into twice.
    known: RefCell<HashMap<usize, Option<f64>>>,
}

impl Limits<'_> {
    /// The most that a stat can be, if that can be told. Of stats that look at others so many deep it is not.
    fn of_stat(&self, stat: usize, deep: u32) -> Option<f64> {
        if deep > RANKS_MAX {
            return None;
        }
        let known = self.known.borrow().get(&stat).copied();
        known.unwrap_or_else(|| {
            // A stat may look at itself: nothing is known of it meanwhile.
            self.known.borrow_mut().insert(stat, None);
            let most = self.worked_out(stat, deep);
            self.known.borrow_mut().insert(stat, most);
            most
        })
    }

    fn worked_out(&self, stat: usize, deep: u32) -> Option<f64> {
        let Entry::Number(rule) = self.compiled.layout.entries[stat] else { return None };
        let kept = self.compiled.stats[stat].as_ref()?;
        match kept.kind {
            Kind::Count => self.of_count(rule, &kept.by.iter().map(|part| &part.from).collect::<Vec<_>>()),
            Kind::Distinct => kept.amount.as_ref()?.values_at_most(self.types(rule)),
            Kind::Run(Some(_)) => {
                let run = kept.amount.as_ref()?.period_of_event()?;
                let within = kept.by.iter().filter_map(|part| match part.from {
                    PartSource::Period(period) => Some(most_within(run, period)),
                    PartSource::User | PartSource::Subject | PartSource::Program(_) => None,
                });
                within.min_by(f64::total_cmp)
            }
            Kind::Run(None) => kept.amount.as_ref()?.values_at_most(None),
            Kind::Min | Kind::Max | Kind::First | Kind::Last => {
                kept.amount.as_ref()?.at_most(&|used| self.of_stat(used.stat, deep + 1))
            }
            Kind::Sum | Kind::Flag | Kind::Zone => None,
        }
    }

    /// A count of what happens once a user, kept per user.
    fn of_count(&self, rule: usize, by: &[&PartSource]) -> Option<f64> {
        if !matches!(by, [PartSource::User]) {
            return None;
        }
        let names = self.meaning.names;
        let once = |pattern: &At<Pattern>| {
            let of = match &pattern.value {
                Pattern::Flag(flag) => *flag,
                Pattern::Badge(badge) => names.badges[*badge].rule,
                Pattern::Type(_) | Pattern::Prefix(_) | Pattern::AllFlags | Pattern::AllBadges => {
                    return None;
                }
            };
            let declaration = &names.rules[of];
            let per_user = matches!(self.meaning.keys[of].as_deref(), Some([part]) if part == "user");
            let once = per_user || declaration.once;
            let plain = declaration.repeat.is_none() && !declaration.manual && declaration.to.is_none();
            (once && plain).then_some(1.0)
        };
        self.meaning.heard[rule].on.iter().map(once).sum()
    }

    /// How many types of events a rule hears, if that can be told.
    fn types(&self, rule: usize) -> Option<usize> {
        let heard = &self.meaning.heard[rule].on;
        let exact = heard.iter().all(|pattern| match pattern.value {
            Pattern::Type(_) | Pattern::Flag(_) | Pattern::Badge(_) => true,
            Pattern::Prefix(_) | Pattern::AllFlags | Pattern::AllBadges => false,
        });
        exact.then_some(heard.len())
    }
}

/// How many of one period there can be in another.
fn most_within(of: Period, within: Period) -> f64 {
    match (of, within) {
        (Period::Day, Period::Week) => 7.0,
        (Period::Day, Period::Month) => 31.0,
        (Period::Day, Period::Year) => 366.0,
        // Those that begin before and end after it count too.
        (Period::Week, Period::Month) => 6.0,
        (Period::Week, Period::Year) => 54.0,
        (Period::Month, Period::Week) => 2.0,
        (Period::Month, Period::Year) => 12.0,
        (Period::Year, Period::Week) => 2.0,
        (Period::Day, Period::Day) | (Period::Week, Period::Day | Period::Week) => 1.0,
        (Period::Month, Period::Day | Period::Month) => 1.0,
        (Period::Year, Period::Day | Period::Month | Period::Year) => 1.0,
    }
}

/// Most types of events of tests of which it is said that nobody hears them. Of more the first are.
const UNHEARD_SAID: usize = 50;

/// Events of tests that no rule hears, and that nobody declares.
pub(super) fn unheard(meaning: &Meaning<'_>, folder: &Folder, mistakes: &mut Mistakes) {
    let (mut known, mut prefixes) = (BTreeSet::new(), BTreeSet::new());
    for heard in meaning.heard.iter().flat_map(|heard| heard.all()) {
        match &heard.value {
            Pattern::Type(r#type) => known.insert(r#type.as_str()),
            Pattern::Prefix(prefix) => prefixes.insert(prefix.as_str()),
            Pattern::Flag(_) | Pattern::Badge(_) | Pattern::AllFlags | Pattern::AllBadges => false,
        };
    }
    let mut said = BTreeSet::new();
    let events = folder.trials.iter().flat_map(|trial| &trial.events);
    for event in events.filter(|event| !event.value.is_tick()) {
        let r#type = event.value.r#type.as_str();
        let begins_so = || prefixes.iter().any(|prefix| r#type.starts_with(prefix));
        let is_known = known.contains(r#type) || meaning.events.fields(r#type).is_some() || begins_so();
        if is_known || said.len() == UNHEARD_SAID || !said.insert(r#type) {
            continue;
        }
        let near = did_you_mean(r#type, known.iter().copied());
        let meant =
            format!("; if it shows what does not count, declare it: `\"{type}\" = {{}}` under `[event]`");
        let help = if near.is_empty() { meant } else { near };
        mistakes.warning(&event.spot, format!("no rule hears the event `{type}`{help}"));
    }
}
