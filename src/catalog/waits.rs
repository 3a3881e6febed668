//! Where a rule looks: at its own key, and at others.
//!
//! What it names bare and what is kept per the parts of its key is read at that key, so that the rule is looked at
//! wherever it changes. What has fewer parts, or is called, is read at another key: there the rule has to say that it
//! waits, so it has a permanent number under which that is kept.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use super::keys::same;
use super::rules::Condition;

/// What one rule reads: stats by their places, and badges by theirs.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// At its own key.
    pub(super) stats: BTreeSet<usize>,
    /// At others.
    pub(super) stats_elsewhere: BTreeSet<usize>,
    /// Whether its key's user holds them.
    pub(super) badges: BTreeSet<usize>,
    /// Whether the key is more than that user, who is then another key.
    pub(super) badges_are_elsewhere: bool,
}

impl Reads {
    /// What a condition reads that is kept per `key`; `parts` says what a stat is kept per.
    pub(super) fn of(condition: &Condition, key: &[SmolStr], parts: impl Fn(usize) -> Vec<SmolStr>) -> Reads {
        let mut reads = Reads::default();
        for (used, called) in condition.programs().flat_map(|program| program.stats()) {
            match !called && same(&parts(used.stat), key) {
                true => reads.stats.insert(used.stat),
                false => reads.stats_elsewhere.insert(used.stat),
            };
        }
        reads.badges = condition.programs().flat_map(|program| program.badges()).collect();
        reads.badges_are_elsewhere = !matches!(key, [part] if part == "user");
        reads
    }

    /// Whether the rule has to wait for other keys.
    pub(super) fn is_elsewhere(&self) -> bool {
        !self.stats_elsewhere.is_empty() || self.badges_are_elsewhere && !self.badges.is_empty()
    }
}
