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
    /// Sorted by badge, key and number. Only a user's document has any.
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
                match cell {
                    Some(cell) => self.cells[at].1 = cell,
                    None => drop(self.cells.remove(at)),
                }
                changed
            }
            Err(at) => {
                let mut cell = None;
                let changed = Cell::apply(&mut cell, &change.step);
                if let Some(cell) = cell {
                    self.cells.insert(at, (change.slot, cell));
                }
                changed
            }
        }
    }

    /// Keeps an award; says whether it is a new one.
    pub fn give(&mut self, award: Award) -> bool {
        let same = |known: &Award| {
            (known.badge, &known.key, known.number).cmp(&(award.badge, &award.key, award.number))
        };
        match self.awards.binary_search_by(same) {
            Ok(_) => false,
            Err(at) => {
                Arc::make_mut(&mut self.awards).insert(at, award);
                true
            }
        }
    }

    /// How often this badge was given for this key.
    pub fn times(&self, badge: BadgeNumber, key: &Key) -> u32 {
        let after = self.awards.partition_point(|award| (award.badge, &award.key) <= (badge, key));
        let last = after.checked_sub(1).map(|at| &self.awards[at]);
        last.filter(|award| award.badge == badge && award.key == *key).map_or(0, |award| award.number)
    }

    /// Whether this badge is held, for any key.
    pub fn holds(&self, badge: BadgeNumber) -> bool {
        let at = self.awards.partition_point(|award| award.badge < badge);
        self.awards.get(at).is_some_and(|award| award.badge == badge)
    }

    /// All awards, sorted by badge, key and number.
    pub fn awards(&self) -> &[Award] {
        &self.awards
    }

    /// Whether nothing has ever been kept in it. What was kept may all have been taken back since.
    pub fn is_new(&self) -> bool {
        self.sequence == Sequence::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::award::Place;
    use crate::event::{EventId, Time, UserId};

    #[test]
    fn an_award_is_given_once_a_badge_key_and_number() {
        let mut document = Document::default();
        let nth = |badge, photo, number| Award {
            number,
            place: Place::START,
            user: UserId::default(),
            badge: BadgeNumber(badge),
            key: Key::new([("photo", photo)]),
            time: Time::MIN,
            event_id: EventId::default(),
            points: 0,
            first: true,
        };
        let award = |badge, photo| nth(badge, photo, 1);
        assert!(document.give(award(2, "p1")));
        assert!(document.give(award(2, "p0")));
        assert!(document.give(award(1, "p1")));
        assert!(!document.give(award(2, "p1")));
        assert!(document.holds(BadgeNumber(2)) && !document.holds(BadgeNumber(3)));
        assert_eq!(document.awards().len(), 3);
        assert!(document.give(nth(2, "p0", 2)) && !document.give(nth(2, "p0", 2)));
        let times = |badge, photo| document.times(BadgeNumber(badge), &Key::new([("photo", photo)]));
        assert_eq!([times(2, "p0"), times(2, "p1"), times(2, "p2"), times(3, "p0")], [2, 1, 0, 0]);
    }
}
