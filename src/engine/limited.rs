//! Hearing with limits: what of all that a stat hears does not count.
//!
//! `own` and `cooldown` are asked before anything moves, as `when` is. With `most` the whole of what a group has is kept
//! beside the stat, and the stat moves by what that counts more or less: so the order of events plays no part, and what is
//! taken back is taken back exactly.

use smol_str::format_smolstr;

use crate::catalog::Catalog;
use crate::document::Change;
use crate::event::{Event, Time};
use crate::key::Key;
use crate::stat::{Groups, Limits, Slot, Stat, Step, Steps};

use super::keys;
use super::{Documents, Work};

/// How an event moves one stat at one key.
pub(super) struct Move {
    pub(super) stat: usize,
    pub(super) key: Key,
    pub(super) step: Step,
    /// The group of the event, where the stat keeps what its groups have.
    pub(super) group: Option<(Key, Time)>,
}

impl<D: Documents> Work<'_, D> {
    /// Adds the moves of one key, as far as they count.
    pub(super) fn limited(
        &self,
        index: usize,
        event: &Event,
        now: Time,
        key: Key,
        steps: Steps,
        moves: &mut Vec<Move>,
    ) {
        let stat = &self.view.catalog.stats[index];
        if is_own(stat, event, &key) {
            return;
        }
        let group = match &stat.limits.groups {
            None => None,
            Some(Groups { last, .. }) => {
                let Some(group) = self.group_of(stat, event, now, &key) else { return };
                let document = self.view.document(&group);
                let last = document.as_ref().and_then(|document| document.cell(*last));
                if stat.limits.is_too_soon(last, event.time) {
                    return;
                }
                Some((group, event.time))
            }
        };
        let one = |step| Move { stat: index, key: key.clone(), step, group: group.clone() };
        moves.extend(steps.into_iter().map(one));
    }

    /// Moves a stat, and before it what its group has.
    pub(super) fn make(&mut self, one: Move) {
        let Move { stat: index, key, step, group } = one;
        let catalog: &Catalog = self.view.catalog;
        let stat = &catalog.stats[index];
        let (Some((group, time)), Some(groups)) = (group, stat.limits.groups) else {
            return self.change(index, &key, step);
        };
        if stat.limits.cooldown.is_some() {
            self.change_group(&group, groups.last, Limits::counted(time));
        }
        if stat.limits.most.is_none() {
            return self.change(index, &key, step);
        }
        let total = |work: &Self| work.view.document(&group).and_then(|had| had.cell(groups.total).cloned());
        let before = total(self);
        self.change_group(&group, groups.total, step);
        let after = total(self);
        for step in stat.limits.capped(before.as_ref(), after.as_ref()) {
            self.change(index, &key, step);
        }
    }

    fn change_group(&mut self, group: &Key, slot: Slot, step: Step) {
        self.view.open(group).apply(Change { slot, step });
    }

    /// The key of an event's group: the stat's key and the parts of `per`, whose names are made others so that a part of
    /// each may have the same. None where a part has no value, or several: then there is no group.
    fn group_of(&self, stat: &Stat, event: &Event, now: Time, key: &Key) -> Option<Key> {
        let mut group = key.clone();
        for part in &stat.limits.per {
            let values = keys::values_of(&self.view, &part.from, event, now);
            let [value] = &values[..] else { return None };
            group = group.with(&format_smolstr!("per {}", part.name), value);
        }
        Some(group)
    }
}

/// Whether somebody did it to oneself, where that does not count.
pub(super) fn is_own(stat: &Stat, event: &Event, key: &Key) -> bool {
    stat.limits.others_only && key.part("user").is_some_and(|user| user == event.user.as_str())
}
