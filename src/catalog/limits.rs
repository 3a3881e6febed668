//! What stands beside `on` against farming, compiled: and whether it goes with what else the rule has.

use super::declare::{Declaration, Hearing};
use super::mistakes::{Mistakes, Spot};
use super::scope::RuleScope;
use super::stats::compile_part;
use crate::stat::{Kind, Limits, Part, PartSource};

/// Compiles the limits of a stat that is kept `by` these parts. None where a part of `per` is wrong.
pub(super) fn compile(
    declaration: &Declaration,
    hearing: &Hearing,
    scope: &RuleScope<'_>,
    mistakes: &mut Mistakes,
) -> Option<Limits> {
    let declared = &hearing.limits;
    let per: Vec<_> = declared.per.iter().map(|part| compile_part(part, scope, mistakes)).collect();
    check_most(declaration, hearing, mistakes);
    if let (Some(cooldown), Some(_)) = (&declared.cooldown, hearing.undo.first()) {
        let message = format!(
            "`cooldown` cannot stand beside `undo`: whether an event counted hangs on those before it, and what was not counted cannot be taken back; take one of them out{}",
            instead_of_cooldown(declaration)
        );
        mistakes.error(&cooldown.spot, message);
    }
    Some(Limits {
        others_only: declared.own.is_some(),
        most: declared.most.as_ref().map(|most| most.value),
        cooldown: declared.cooldown.as_ref().map(|cooldown| cooldown.value),
        per: per.into_iter().collect::<Option<_>>()?,
        groups: None,
    })
}

/// Whether there is somebody whose own doing could be left out, and anything would be left.
pub(super) fn check_own(hearing: &Hearing, by: &[Part], mistakes: &mut Mistakes) {
    let Some(own) = &hearing.limits.own else { return };
    let message = match by.iter().find(|part| part.name == "user").map(|part| &part.from) {
        None => {
            "`own = false` leaves out what the key's `user` did, and this key has no `user`; say whose number it is: `by = { user = \"event.data.owner\" }`, or take `own` out"
        }
        Some(PartSource::User) => {
            "`own = false` leaves out what the key's `user` did, and here that is who did it: nothing would ever count; say whose number it is: `by = { user = \"event.data.owner\" }`"
        }
        Some(PartSource::Subject | PartSource::Period(_) | PartSource::Program(_)) => return,
    };
    mistakes.error(own, message);
}

/// What was heard by a rule with `cooldown` cannot be taken back, and this can fall.
pub(super) fn refuse_cooldown(declaration: &Declaration, why: &str, spot: &Spot, mistakes: &mut Mistakes) {
    let message = format!(
        "{why}; but beside `cooldown` nothing can be taken back, since whether it counted hangs on what came before it{}",
        instead_of_cooldown(declaration)
    );
    mistakes.error(spot, message);
}

fn instead_of_cooldown(declaration: &Declaration) -> String {
    format!(
        "; {} may count at most so many of a day instead: `most = 5`, `per = \"day\"`",
        declaration.what()
    )
}

fn check_most(declaration: &Declaration, hearing: &Hearing, mistakes: &mut Mistakes) {
    let Some(most) = &hearing.limits.most else { return };
    let message = match hearing.kind() {
        Kind::Count | Kind::Sum => None,
        Kind::Distinct
        | Kind::Run(_)
        | Kind::Min
        | Kind::Max
        | Kind::First
        | Kind::Last
        | Kind::Flag
        | Kind::Zone => Some(
            "`most` goes with a count or a `sum`: of each group at most so much of it; take it out, or count what is heard",
        ),
    };
    let message = message.or(hearing.within.as_ref().map(|_| {
        "`most` cannot stand beside `within`, where what counts is another at every moment; take one of them out, or keep one per period: `by = [\"user\", \"day\"]`"
    }));
    let message = message.or(hearing.reset.first().map(|_| {
        "`most` cannot stand beside `reset`, which would set the number to nothing and leave what each group has; take one of them out"
    }));
    if let Some(message) = message {
        mistakes.error(&most.spot, format!("{message} ({})", declaration.what()));
    }
}
