//! Which flags can fall, and who may not hear them.
//!
//! When a flag falls, what counted it has to be taken back, which this version cannot do yet. So a
//! count, a sum, a set or a run may hear only flags that stay up.

use super::hearing::{Pattern, flags};
use super::layout::{Entry, Layout};
use super::mistakes::{At, Mistakes};
use super::names::Names;
use super::rank::Ranks;
use super::rules::Condition;
use super::scope::Shape;
use crate::cel::{Facet, StatUse};
use crate::stat::Kind;

/// Refuses what counts a flag that can fall.
pub(super) fn check(
    names: &Names<'_>,
    layout: &Layout,
    shapes: &[Option<Shape>],
    heard: &[Vec<At<Pattern>>],
    conditions: &[Option<Condition>],
    ranks: &Ranks,
    mistakes: &mut Mistakes,
) {
    let mut falls = vec![false; names.rules.len()];
    let mut order: Vec<_> = flags(names).collect();
    // A flag's condition may name flags of lower rank.
    order.sort_by_key(|flag| ranks.of[*flag]);
    for flag in order {
        let grows = |used: &StatUse| grows(used, layout, shapes, &falls);
        let declaration = &names.rules[flag];
        let stays = match (&conditions[flag], layout.number(flag)) {
            _ if declaration.kept => true,
            (_, Some(number)) => kind_grows(shapes[number].as_ref().map(|shape| shape.kind)),
            (Some(condition), None) => condition.whole.iter().all(|program| program.stays_true(&grows)),
            (None, None) => true,
        };
        falls[flag] = !stays;
    }
    for (rule, patterns) in heard.iter().enumerate() {
        if !takes_back(names, rule) {
            continue;
        }
        for pattern in patterns {
            let falling = match &pattern.value {
                Pattern::Flag(flag) => falls[*flag].then_some(*flag),
                Pattern::AllFlags => flags(names).find(|flag| falls[*flag]),
                Pattern::Type(_) | Pattern::Prefix(_) | Pattern::Badge(_) | Pattern::AllBadges => None,
            };
            let Some(flag) = falling else { continue };
            let message = format!(
                "the flag `{}` can fall, and taking back what was counted is not supported yet by this version; let it stay up: `revoke = false` in `[flag.{0}]`",
                names.rules[flag].name.value
            );
            mistakes.error(&pattern.spot, message);
        }
    }
}

/// Whether what a rule keeps has to be taken back when a flag falls: least, greatest, first and last
/// remember.
fn takes_back(names: &Names<'_>, rule: usize) -> bool {
    let kind = names.rules[rule].hearing.as_ref().and_then(|hearing| Some(hearing.amount.as_ref()?.0));
    match kind.unwrap_or(Kind::Count) {
        Kind::Count | Kind::Sum | Kind::Distinct | Kind::Run(_) | Kind::Flag => true,
        Kind::Min | Kind::Max | Kind::First | Kind::Last => false,
    }
}

fn grows(used: &StatUse, layout: &Layout, shapes: &[Option<Shape>], falls: &[bool]) -> bool {
    let grows = match layout.entries[used.stat] {
        Entry::Truth(flag) => !falls[flag],
        Entry::Number(_) => kind_grows(shapes[used.stat].as_ref().map(|shape| shape.kind)),
    };
    // A missing number that comes late ends a gap, and a new greatest one may end a streak.
    grows && matches!(used.facet, Facet::Itself | Facet::Longest | Facet::Size)
}

fn kind_grows(kind: Option<Kind>) -> bool {
    match kind {
        Some(Kind::Count | Kind::Distinct | Kind::Run(_) | Kind::Max) | None => true,
        Some(Kind::Sum | Kind::Min | Kind::First | Kind::Last | Kind::Flag) => false,
    }
}
