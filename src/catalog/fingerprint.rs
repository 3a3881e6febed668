//! What a stat or flag is, apart from its name and place.
//!
//! A stat keeps its numbers as long as its fingerprint is the same. So the text that is hashed here,
//! and the hash, must never change for what could be written before.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use xxhash_rust::xxh3::xxh3_128;

use super::declare::Hearing;
use super::mistakes::At;
use crate::cel::Program;
use crate::stat::{Kind, Limits, Part, PartSource};

/// A hash of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(pub u128);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The fingerprint of a stat. `name` gives the fingerprints of the stats that it looks at.
pub(super) fn of_stat(
    hearing: &Hearing,
    kind: Kind,
    by: &[Part],
    limits: &Limits,
    when: Option<&Program>,
    amount: Option<&Program>,
    name: &dyn Fn(usize) -> String,
) -> Fingerprint {
    let canonical =
        |program: Option<&Program>| program.map_or_else(String::new, |program| program.canonical(name));
    let written = |parts: &[Part]| {
        let parts = parts.iter().map(|part| {
            let from = match &part.from {
                PartSource::User => "event.user".to_owned(),
                PartSource::Subject => "event.subject".to_owned(),
                PartSource::Period(period) => period.name().to_owned(),
                PartSource::Program(program) => program.canonical(name),
            };
            format!("{}={from}", part.name)
        });
        parts.collect::<Vec<_>>().join("\n")
    };
    let by = written(by);
    let kept = format!("{}\n{}", word(kind), canonical(amount));
    let (on, when) = (sorted(&hearing.on), canonical(when));
    let mut parts = vec!["stat".to_owned(), on, by, when, kept];
    // What was not there when the first stores were written is named only where it is used.
    for (word, patterns) in [("undo", &hearing.undo), ("reset", &hearing.reset)] {
        if !patterns.is_empty() {
            parts.extend([word.to_owned(), sorted(patterns)]);
        }
    }
    if let Some(within) = &hearing.within {
        parts.extend(["within".to_owned(), within.value.to_string()]);
    }
    if limits.others_only {
        parts.extend(["own".to_owned(), "false".to_owned()]);
    }
    for (word, number) in [("most", limits.most), ("cooldown", limits.cooldown)] {
        parts.extend(number.into_iter().flat_map(|number| [word.to_owned(), number.to_string()]));
    }
    if !limits.per.is_empty() {
        parts.extend(["per".to_owned(), written(&limits.per)]);
    }
    hash(&parts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The fingerprint of what a stat keeps of each of its groups: the stat, and which of the things.
pub(super) fn of_groups(stat: Fingerprint, which: &str) -> Fingerprint {
    hash(&["groups", &stat.to_string(), which])
}

/// What is heard, in an order that does not depend on how it is written.
fn sorted(patterns: &[At<SmolStr>]) -> String {
    let mut patterns: Vec<_> = patterns.iter().map(|pattern| pattern.value.as_str()).collect();
    patterns.sort_unstable();
    patterns.join("\n")
}

/// The fingerprint of a flag: its name, so that what is up stays up when the condition changes.
pub(super) fn of_flag(name: &str) -> Fingerprint {
    hash(&["flag", name])
}

/// The fingerprint of one of the things that are kept of why a badge is held: its id, whether that is kept for the badge or
/// for each key of its awards, and which of the things.
pub(super) fn of_reasons(badge: &str, once: bool, which: &str) -> Fingerprint {
    hash(&["reasons", badge, if once { "once" } else { "by key" }, which])
}

/// No text of ours has this character but in quotes, where it is escaped.
const BETWEEN: &str = "\u{1f}";

fn hash(parts: &[&str]) -> Fingerprint {
    Fingerprint(xxh3_128(parts.join(BETWEEN).as_bytes()))
}

fn word(kind: Kind) -> &'static str {
    use crate::event::Period::{Day, Month, Week, Year};
    match kind {
        Kind::Count => "count",
        Kind::Sum => "sum",
        Kind::Distinct => "distinct",
        Kind::Run(None) => "run",
        Kind::Run(Some(Day)) => "run of days",
        Kind::Run(Some(Week)) => "run of weeks",
        Kind::Run(Some(Month)) => "run of months",
        Kind::Run(Some(Year)) => "run of years",
        Kind::Min => "min",
        Kind::Max => "max",
        Kind::First => "first",
        Kind::Last => "last",
        Kind::Flag => "flag",
        Kind::Zone => "zone",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::mistakes::Spot;

    fn of_posts(on: &[&str], kind: Kind, parts: &[&str]) -> Fingerprint {
        let part = |name: &&str| Part { name: (*name).into(), from: PartSource::User };
        let by: Vec<_> = parts.iter().map(part).collect();
        let spot = Spot { file: 0, range: 0..0 };
        let on = on.iter().map(|on| At { value: (*on).into(), spot: spot.clone() }).collect();
        let (hearing, limits) = (Hearing { on, ..Hearing::default() }, Limits::default());
        of_stat(&hearing, kind, &by, &limits, None, None, &|_| String::new())
    }

    #[test]
    fn a_fingerprint_is_the_same_for_ever() {
        let posts = of_posts(&["post.created"], Kind::Count, &["user"]);
        assert_eq!(posts.to_string(), "b9af17be6a020be988b467288fcd9304");
        assert_eq!(of_flag("popular").to_string(), "e493b478467698f8b7b453885cba9a91");
    }

    #[test]
    fn the_order_of_events_plays_no_part_and_everything_else_does() {
        let posts = of_posts(&["a", "b"], Kind::Count, &["user"]);
        assert_eq!(of_posts(&["b", "a"], Kind::Count, &["user"]), posts);
        assert_ne!(of_posts(&["a"], Kind::Count, &["user"]), posts);
        assert_ne!(of_posts(&["a", "b"], Kind::Distinct, &["user"]), posts);
        assert_ne!(of_posts(&["a", "b"], Kind::Count, &["user", "day"]), posts);
        assert_ne!(of_flag("a"), of_flag("b"));
    }
}
