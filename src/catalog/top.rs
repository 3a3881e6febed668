//! Whether `top` and `among` stand where they may, and where the rankings are kept.

use smol_str::SmolStr;

use super::declare::Declaration;
use super::fields::listed;
use super::fingerprint::{self, Fingerprint};
use super::mistakes::Mistakes;
use super::rules::Condition;

/// Whether `top` goes together with what else is there, and `among` with the parts of the key.
pub(super) fn check(declaration: &Declaration, key: Option<&[SmolStr]>, mistakes: &mut Mistakes) {
    let Some(top) = &declaration.top else {
        if let Some(among) = declaration.among.as_ref().filter(|_| !declaration.broken) {
            let message = "`among` goes with `top`: how many of them, for example `top = 3`";
            mistakes.error(&among.spot, message);
        }
        return;
    };
    if declaration.hearing.is_some() {
        let message =
            "`top` cannot stand beside `on`: make a stat of what is heard, and name it: `value = \"…\"`";
        mistakes.error(&top.spot, message);
        return;
    }
    if declaration.value.is_none() && !declaration.broken {
        let message = "`top` needs the number of which the greatest count: `value = \"…\"`";
        mistakes.error(&top.spot, message);
    }
    let beside = [
        ("at", declaration.at.as_ref().map(|at| &at.spot), "a condition can ask for it: `when = \"… >= …\"`"),
        ("tiers", declaration.tiers.as_ref().map(|tiers| &tiers.spot), "make each a badge of its own"),
        ("repeat", declaration.repeat.as_ref().map(|repeat| &repeat.spot), "take it out"),
    ];
    for (name, spot, instead) in beside {
        if let Some(spot) = spot {
            let message =
                format!("`{name}` cannot stand beside `top`, which compares with the others; {instead}");
            mistakes.error(spot, message);
        }
    }
    let Some((among, key)) = declaration.among.as_ref().zip(key) else { return };
    for part in among.value.iter().filter(|part| !key.contains(&part.value)) {
        let has =
            if key.is_empty() { "it has no parts".to_owned() } else { format!("it has {}", listed(key)) };
        let message = format!("the key of this rule has no part `{}`; {has}", part.value);
        mistakes.error(&part.spot, message);
    }
    let named = |part: &SmolStr| among.value.iter().any(|named| named.value == *part);
    if key.iter().all(named) {
        let message = "`among` names every part of the key, so each would be compared with itself only; leave out what they compete for, such as `user`";
        mistakes.error(&among.spot, message);
    }
}

/// Under which definition the rankings of a rule are kept: another condition or value is another ranking.
/// `name` gives the fingerprints of stats.
pub(super) fn of_ranking(
    declaration: &Declaration,
    condition: &Condition,
    name: &dyn Fn(usize) -> String,
) -> Fingerprint {
    let mut among: Vec<_> = among(declaration).collect();
    among.sort_unstable();
    let programs = [&condition.when, &condition.value];
    let [when, value] =
        programs.map(|program| program.as_ref().map_or_else(String::new, |program| program.canonical(name)));
    let (sort, of) = (declaration.sort.name(), &declaration.name.value);
    fingerprint::of_ranking(sort, of, &among.join("\n"), &when, &value)
}

/// The parts that `among` names: none where the whole site is one group.
pub(super) fn among(declaration: &Declaration) -> impl Iterator<Item = &str> {
    declaration.among.iter().flat_map(|among| &among.value).map(|part| part.value.as_str())
}
