//! All that is kept under one key is one [`Document`]: the cells of stats and flags, and under a
//! user's key that user's awards, and those that were taken back.

mod seldom;

use serde::{Deserialize, Serialize};

use crate::award::{Award, News, Revocation};
use crate::badge::BadgeNumber;
use crate::event::Sequence;
use crate::key::Key;
use crate::stat::{Cell, Slot, Step};
use seldom::Seldom;

/// Most times that one award (a user's, of one badge, key and number) is remembered to have been taken back. Of more the
/// oldest is forgotten, with the award that it took back: a stream of this user that continues from before tells the
/// others, and ends with what is held.
pub const REVOCATIONS_MAX: usize = 64;

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
    awards: Seldom<Award>,
    /// What was taken back, in the order in which it was: what a stream of this user tells who was not there.
    revoked: Seldom<Revocation>,
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
                // It is taken out, and not copied: what comes back is put where it was.
                let mut cell = Some(std::mem::replace(&mut self.cells[at].1, Cell::Count(0)));
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

    /// Keeps an award, or takes one back; says whether that changed anything.
    pub fn tell(&mut self, news: News) -> bool {
        match news {
            News::Award(award) => self.give(award),
            News::Revocation(revocation) => self.take_back(revocation),
        }
    }

    /// Keeps an award; says whether it is a new one.
    pub fn give(&mut self, award: Award) -> bool {
        match self.place_of(award.badge, &award.key, award.number) {
            Ok(_) => false,
            Err(at) => {
                self.awards.make_mut().insert(at, award);
                true
            }
        }
    }

    /// Takes an award back; says whether it was held.
    pub fn take_back(&mut self, revocation: Revocation) -> bool {
        let Revocation { award: Award { badge, key, number, .. }, .. } = &revocation;
        let Ok(at) = self.place_of(*badge, key, *number) else { return false };
        self.awards.make_mut().remove(at);
        let revoked = self.revoked.make_mut();
        let same = |known: &Revocation| known.award.is_same(&revocation.award);
        if revoked.iter().filter(|known| same(known)).count() >= REVOCATIONS_MAX
            && let Some(oldest) = revoked.iter().position(same)
        {
            revoked.remove(oldest);
        }
        revoked.push(revocation);
        true
    }

    /// How often this badge is held for this key.
    pub fn times(&self, badge: BadgeNumber, key: &Key) -> u32 {
        let after = self.awards.partition_point(|award| (award.badge, &award.key) <= (badge, key));
        let last = after.checked_sub(1).map(|at| &self.awards[at]);
        last.filter(|award| award.badge == badge && award.key == *key).map_or(0, |award| award.number)
    }

    /// The numbers of this badge and key that are held, in order. Only by hand some come to be left out.
    pub fn numbers(&self, badge: BadgeNumber, key: &Key) -> impl ExactSizeIterator<Item = u32> {
        let begin = self.awards.partition_point(|award| (award.badge, &award.key) < (badge, key));
        let after = self.awards.partition_point(|award| (award.badge, &award.key) <= (badge, key));
        self.awards[begin..after].iter().map(|award| award.number)
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

    /// The award of this badge, key and number, if it is held.
    pub fn award(&self, badge: BadgeNumber, key: &Key, number: u32) -> Option<&Award> {
        self.place_of(badge, key, number).ok().map(|at| &self.awards[at])
    }

    /// What was taken back, in the order in which it was.
    pub fn revoked(&self) -> &[Revocation] {
        &self.revoked
    }

    /// All that was given and taken back, in order; without what was forgotten ([`REVOCATIONS_MAX`]).
    pub fn news(&self) -> Vec<News> {
        let held = self.awards.iter().cloned().map(News::Award);
        let gone = self
            .revoked
            .iter()
            .cloned()
            .flat_map(|revocation| [News::Award(revocation.award.clone()), News::Revocation(revocation)]);
        let mut news: Vec<_> = held.chain(gone).collect();
        news.sort_unstable_by_key(News::place);
        news
    }

    /// Whether nothing has ever been kept in it. What was kept may all have been taken back since.
    pub fn is_new(&self) -> bool {
        self.sequence == Sequence::default()
    }

    fn place_of(&self, badge: BadgeNumber, key: &Key, number: u32) -> Result<usize, usize> {
        let by = |award: &Award| (award.badge, &award.key, award.number).cmp(&(badge, key, number));
        self.awards.binary_search_by(by)
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

    #[test]
    fn what_was_taken_back_is_remembered_in_order_and_not_without_end() {
        let at = |sequence| Place { sequence: Sequence(sequence), index: 0 };
        let award = |place, photo| Award {
            place,
            user: UserId::default(),
            badge: BadgeNumber(1),
            key: Key::new([("photo", photo)]),
            number: 1,
            time: Time::MIN,
            event_id: EventId::default(),
            points: 0,
            first: true,
        };
        let taken = |place, award| Revocation {
            place,
            award,
            time: Time::MIN,
            event_id: EventId::default(),
            last: true,
        };
        let mut document = Document::default();
        assert!(!document.take_back(taken(at(1), award(at(0), "p"))));
        // Another award is remembered however often this one comes and goes.
        assert!(document.give(award(at(1), "q")) && document.take_back(taken(at(2), award(at(1), "q"))));
        let rounds = REVOCATIONS_MAX as u64 + 3;
        for round in 0..rounds {
            let (given, gone) = (at(10 + 2 * round), at(11 + 2 * round));
            assert!(document.give(award(given, "p")));
            assert!(document.take_back(taken(gone, award(given, "p"))));
        }
        assert_eq!((document.awards().len(), document.revoked().len()), (0, REVOCATIONS_MAX + 1));
        assert!(document.give(award(at(999), "p")));
        let places: Vec<_> = document.news().iter().map(|news| news.place().sequence.0).collect();
        let expected = [1, 2].into_iter().chain(16..10 + 2 * rounds).chain([999]);
        assert_eq!(places, expected.collect::<Vec<_>>());
    }
}
