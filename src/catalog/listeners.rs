//! Which stats hear which events.

use std::borrow::Cow;
use std::collections::HashMap;

use smol_str::SmolStr;

use super::hearing::{Pattern, badge_event, flag_event, flags};
use super::names::Names;
use super::rank::Ranks;

/// Stats by what they hear. Finding those of one event costs no more for all the others.
#[derive(Clone, Debug, Default)]
pub(super) struct Listeners {
    /// By type.
    exact: HashMap<SmolStr, Vec<usize>>,
    /// By what types begin with, the dot included.
    prefixes: HashMap<SmolStr, Vec<usize>>,
}

impl Listeners {
    /// A stat hears what a pattern means.
    pub(super) fn add(&mut self, stat: usize, pattern: &Pattern, names: &Names<'_>, ranks: &Ranks) {
        match pattern {
            Pattern::Type(r#type) => self.add_exact(stat, r#type.clone()),
            Pattern::Prefix(prefix) => self.prefixes.entry(prefix.clone()).or_default().push(stat),
            Pattern::Flag(rule) => self.add_exact(stat, flag_event(names, *rule)),
            Pattern::Badge(badge) => self.add_exact(stat, badge_event(names, *badge)),
            Pattern::AllFlags => flags(names).for_each(|rule| self.add_exact(stat, flag_event(names, rule))),
            Pattern::AllBadges => {
                let meant = |badge: &usize| !ranks.outside_all_badges[names.badges[*badge].rule];
                for badge in (0..names.badges.len()).filter(meant) {
                    self.add_exact(stat, badge_event(names, badge));
                }
            }
        }
    }

    /// The stats that hear events of this type, each once, in order.
    pub(super) fn of(&self, event_type: &str) -> impl Iterator<Item = usize> + use<'_> {
        let mut found = Cow::Borrowed(self.exact.get(event_type).map_or(&[][..], Vec::as_slice));
        if !self.prefixes.is_empty() {
            let found = found.to_mut();
            for (dot, _) in event_type.match_indices('.') {
                found.extend(self.prefixes.get(&event_type[..=dot]).into_iter().flatten());
            }
            found.sort_unstable();
            found.dedup();
        }
        (0..found.len()).map(move |at| found[at])
    }

    /// The types that are heard as they are named.
    pub(super) fn types(&self) -> impl Iterator<Item = &str> {
        self.exact.keys().map(SmolStr::as_str)
    }

    fn add_exact(&mut self, stat: usize, r#type: SmolStr) {
        let stats = self.exact.entry(r#type).or_default();
        // Stats are added in order; one may mean the same event twice, as in `["badge.*", "badge.a"]`.
        if stats.last() != Some(&stat) {
            stats.push(stat);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_end_at_dots_and_a_stat_hears_an_event_once() {
        let mut listeners = Listeners::default();
        for (prefix, stat) in [("order.", 3), ("order.item.", 1)] {
            listeners.prefixes.entry(prefix.into()).or_default().push(stat);
        }
        listeners.add_exact(2, "order.placed".into());
        listeners.add_exact(3, "order.placed".into());
        let of = |r#type: &str| listeners.of(r#type).collect::<Vec<_>>();
        assert_eq!(of("order.placed"), [2, 3]);
        assert_eq!(of("order.item.added"), [1, 3]);
        assert!(of("order").is_empty());
        assert!(of("orders.placed").is_empty());
    }
}
