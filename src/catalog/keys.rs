//! The parts of each rule's key.

use smol_str::SmolStr;

use super::declare::Declaration;
use super::names::Names;
use super::rank::RANKS_MAX;
use crate::cel::{asks_holds, bare_names};

/// The parts of a rule's key, in the order in which they are written. None where they cannot be known,
/// because something else is wrong.
pub(super) type Parts = Option<Vec<SmolStr>>;

/// The parts of every rule's key. With `on` they are written; without, they are those of the largest
/// stat or flag that the rule names bare. It is `user` if it names none, and where it asks `holds` and the
/// largest is one for the whole site: somebody must be asked about.
pub(super) fn of_all(names: &Names<'_>) -> Vec<Parts> {
    let mut found = Keys { names, known: vec![None; names.rules.len()] };
    (0..names.rules.len()).map(|rule| found.of(rule, 0)).collect()
}

struct Keys<'a> {
    names: &'a Names<'a>,
    known: Vec<Option<Parts>>,
}

impl Keys<'_> {
    fn of(&mut self, rule: usize, depth: u32) -> Parts {
        // Deeper than there may be ranks there is a circle, or a mistake that is said elsewhere.
        if depth > RANKS_MAX {
            return None;
        }
        if let Some(known) = &self.known[rule] {
            return known.clone();
        }
        let declaration = &self.names.rules[rule];
        let parts = match &declaration.hearing {
            Some(hearing) => Some(hearing.by.iter().map(|part| part.name.value.clone()).collect()),
            None => self.of_largest(declaration, depth),
        };
        self.known[rule] = Some(parts.clone());
        parts
    }

    fn of_largest(&mut self, declaration: &Declaration, depth: u32) -> Parts {
        let sources = [&declaration.value, &declaration.when, &declaration.to];
        let bare = sources.into_iter().flatten().flat_map(|source| bare_names(&source.value));
        let mut largest: Parts = None;
        for stat in bare.filter_map(|name| self.names.stat(&name)) {
            let parts = self.of(stat, depth + 1)?;
            if largest.as_ref().is_none_or(|largest| largest.len() < parts.len()) {
                largest = Some(parts);
            }
        }
        let conditions = [&declaration.value, &declaration.when];
        let of_user = conditions.into_iter().flatten().any(|source| asks_holds(&source.value));
        let largest = largest.filter(|parts| !(parts.is_empty() && of_user));
        Some(largest.unwrap_or_else(|| vec![SmolStr::new_static("user")]))
    }
}

/// Whether both have the same parts, in any order.
pub(super) fn same(a: &[SmolStr], b: &[SmolStr]) -> bool {
    a.len() == b.len() && within(a, b)
}

/// Whether every part of one is a part of the other.
pub(super) fn within(small: &[SmolStr], large: &[SmolStr]) -> bool {
    small.iter().all(|part| large.contains(part))
}
