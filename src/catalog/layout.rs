//! Which stats a catalog has, and in which order.
//!
//! There are more of them than tables called `stat`: a flag or badge with `on` has a number of its own,
//! and a flag's truth is kept like a stat. Two that are defined alike are one, so that nothing is
//! counted twice.

use super::declare::Sort;
use super::names::Names;

/// The stats of a catalog.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// In the order of names; of one name stats come first, then flags, then badges.
    pub(super) entries: Vec<Entry>,
    /// By rule: where its number is.
    numbers: Vec<Option<usize>>,
    /// By rule: where its truth is.
    truths: Vec<Option<usize>>,
}

/// One stat: which number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// What the rule counts beside its `on`.
    Number(usize),
    /// Whether the flag is up.
    Truth(usize),
}

impl Entry {
    /// The rule it belongs to.
    pub(super) fn rule(self) -> usize {
        match self {
            Entry::Number(rule) | Entry::Truth(rule) => rule,
        }
    }
}

impl Layout {
    /// A stat for each rule with `on` and for each flag's truth.
    pub(super) fn new(names: &Names<'_>) -> Layout {
        let of_rule = |rule: usize| {
            let declaration = &names.rules[rule];
            let number = declaration.hearing.is_some().then_some(Entry::Number(rule));
            let truth = (declaration.sort == Sort::Flag).then_some(Entry::Truth(rule));
            number.into_iter().chain(truth)
        };
        let mut entries: Vec<_> = (0..names.rules.len()).flat_map(of_rule).collect();
        entries.sort_by_key(|entry| {
            let declaration = &names.rules[entry.rule()];
            (&declaration.name.value, declaration.sort, matches!(entry, Entry::Truth(_)))
        });
        let same = (0..entries.len()).collect::<Vec<_>>();
        Layout::placed(names, &entries, &same)
    }

    /// The same without those that are defined like another: `same` says, for each, which one it is like
    /// (itself, where it is like none before it).
    pub(super) fn merged(&self, names: &Names<'_>, same: &[usize]) -> Layout {
        Layout::placed(names, &self.entries, same)
    }

    /// Where a rule's number is.
    pub(super) fn number(&self, rule: usize) -> Option<usize> {
        self.numbers[rule]
    }

    /// Where a flag's truth is.
    pub(super) fn truth(&self, rule: usize) -> Option<usize> {
        self.truths[rule]
    }

    fn placed(names: &Names<'_>, entries: &[Entry], same: &[usize]) -> Layout {
        let mut layout = Layout {
            entries: Vec::new(),
            numbers: vec![None; names.rules.len()],
            truths: vec![None; names.rules.len()],
        };
        let mut places = vec![0; entries.len()];
        for (index, entry) in entries.iter().enumerate() {
            if same[index] == index {
                places[index] = layout.entries.len();
                layout.entries.push(*entry);
            }
            // What it is like has been placed before.
            let place = places[same[index]];
            match entry {
                Entry::Number(rule) => layout.numbers[*rule] = Some(place),
                Entry::Truth(rule) => layout.truths[*rule] = Some(place),
            }
        }
        layout
    }
}
