//! All that is kept under one key is one [`Document`]: the cells of stats and flags, and under a
//! user's key that user's awards.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::award::Award;
use crate::badge::BadgeNumber;
use crate::event::Sequence;
use crate::key::Key;
use crate::stat::{Cell, Slot, Step};

/// One thing that one event changed in one document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Which cell.
    pub slot: Slot,
    /// How it moved.
    pub step: Step,
}

/// All that is kept under one key. Cheap to copy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The last event that changed it. What is older is in it already.
    pub sequence: Sequence,
    /// Sorted by slot.
    cells: Vec<(Slot, Cell)>,
    /// Sorted by badge and key. Only a user's document has any.
    awards: Arc<Vec<Award>>,
}

impl Document {
    /// What is kept in this slot, if anything.
    pub fn cell(&self, slot: Slot) -> Option<&Cell> {
        let at = self.cells.binary_search_by_key(&slot, |(known, _)| *known).ok()?;
        Some(&self.cells[at].1)
    }

    /// Moves a cell; says whether that changed anything.
    pub fn apply(&mut self, change: &Change) -> bool {
        match self.cells.binary_search_by_key(&change.slot, |(known, _)| *known) {
            Ok(at) => {
                let mut cell = Some(self.cells[at].1.clone());
                let changed = Cell::apply(&mut cell, &change.step);
                if let Some(cell) = cell.filter(|_| changed) {
                    self.cells[at].1 = cell;
                }
                changed
            }
            Err(at) => {
                let mut cell = None;
                Cell::apply(&mut cell, &change.step);
                if let Some(cell) = cell {
                    self.cells.insert(at, (change.slot, cell));
                }
                true
            }
        }
    }

    /// Keeps an award; says whether it is a new one.
    pub fn give(&mut self, award: Award) -> bool {
        match self.find(award.badge, &award.key) {
            Ok(_) => false,
            Err(at) => {
                Arc::make_mut(&mut self.awards).insert(at, award);
                true
            }
        }
    }

    /// The award of this badge for this key.
    pub fn award(&self, badge: BadgeNumber, key: &Key) -> Option<&Award> {
        self.find(badge, key).ok().map(|at| &self.awards[at])
    }

    /// Whether this badge is held, for any key.
    pub fn holds(&self, badge: BadgeNumber) -> bool {
        let at = self.awards.partition_point(|award| award.badge < badge);
        self.awards.get(at).is_some_and(|award| award.badge == badge)
    }

    /// All awards, sorted by badge and key.
    pub fn awards(&self) -> &[Award] {
        &self.awards
    }

    /// Whether nothing has ever been kept in it.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty() && self.awards.is_empty()
    }

    fn find(&self, badge: BadgeNumber, key: &Key) -> Result<usize, usize> {
        self.awards.binary_search_by(|award| (award.badge, &award.key).cmp(&(badge, key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::award::Place;
    use crate::event::{EventId, Time, UserId};

    #[test]
    fn an_award_is_given_once_a_badge_and_key() {
        let mut document = Document::default();
        let award = |badge, photo| Award {
            place: Place::START,
            user: UserId::default(),
            badge: BadgeNumber(badge),
            key: Key::new([("photo", photo)]),
            time: Time::MIN,
            event_id: EventId::default(),
            points: 0,
            first: true,
        };
        assert!(document.give(award(2, "p1")));
        assert!(document.give(award(2, "p0")));
        assert!(document.give(award(1, "p1")));
        assert!(!document.give(award(2, "p1")));
        assert!(document.holds(BadgeNumber(2)) && !document.holds(BadgeNumber(3)));
        assert_eq!(document.awards().len(), 3);
    }
}
