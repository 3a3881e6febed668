//! The sums in sled: that they are what the journal, and the snapshot before it, come to where sled stands.

use std::path::Path;

use super::super::published::Sums;
use super::super::{Timeline, Timelines};
use super::finding::{Findings, Severity};
use crate::catalog::Numbers;
use crate::event::Sequence;
use crate::outcome::{Rarity, Record};

/// Sums counted again.
pub(super) struct Recount {
    /// Where sled says that it stands.
    promised: Sequence,
    /// Up to here all is counted in what it began with.
    base: Sequence,
    /// Up to there.
    then: Rarity,
    /// Of all events.
    pub(super) now: Rarity,
    /// The numbers and timelines in use there. More than one where some were taken into use just after that event:
    /// sled may have been written before or after.
    in_use: Vec<(Numbers, Timelines)>,
}

impl Recount {
    /// Counts on from the sums of a snapshot, or from none.
    pub(super) fn new(promised: Sequence, begin: Sums) -> Recount {
        Recount {
            promised,
            base: begin.sequence,
            then: begin.rarity.clone(),
            now: begin.rarity,
            in_use: vec![(Numbers::clone(&begin.numbers), begin.timelines)],
        }
    }

    /// Counts the next event.
    pub(super) fn event(&mut self, record: &Record) {
        if record.sequence <= self.base {
            return;
        }
        self.now.count(record);
        if record.sequence <= self.promised {
            self.then.count(record);
        }
    }

    /// Numbers were taken into use before the event `next`.
    pub(super) fn numbers(&mut self, numbers: Numbers, next: Sequence) {
        self.take_into_use(next, |in_use| in_use.0 = numbers);
    }

    /// A timeline was begun before the event `next`.
    pub(super) fn timeline(&mut self, timeline: Timeline, next: Sequence) {
        self.take_into_use(next, |in_use| in_use.1.begin(timeline));
    }

    fn take_into_use(&mut self, next: Sequence, change: impl FnOnce(&mut (Numbers, Timelines))) {
        // The sums of a snapshot may have what came just after its last event, or not.
        if next <= self.base {
            return;
        }
        let mut changed = self.in_use.last().cloned().unwrap_or_default();
        change(&mut changed);
        if next <= self.promised {
            self.in_use = vec![changed];
        } else if next == self.promised.next() {
            self.in_use.push(changed);
        }
    }

    /// Tells where the sums in sled are others.
    pub(super) fn compare(&self, sums: Option<&Sums>, sled: &Path, findings: &mut Findings<'_>) {
        // Of an event before a snapshot nobody knows the sums any more.
        let Some(sums) = sums.filter(|_| self.promised >= self.base) else { return };
        let mut wrong = |what: &str| {
            let problem = format!(
                "{what} in sled is not what the journal comes to at event {}: remove {}, and it is made again from the journal",
                self.promised.0,
                sled.display()
            );
            findings.add(Severity::Unnoticed, sled.display(), problem);
        };
        if sums.rarity.users != self.then.users {
            wrong(&format!("the number of users ({}, counted {})", sums.rarity.users, self.then.users));
        }
        if sums.rarity.holders != self.then.holders {
            wrong("how many hold each badge");
        }
        if !self.in_use.iter().any(|(numbers, _)| *numbers == *sums.numbers) {
            wrong("the table of the numbers of stats and badges");
        }
        if !self.in_use.iter().any(|(_, timelines)| *timelines == sums.timelines) {
            wrong("the list of timelines");
        }
    }
}
