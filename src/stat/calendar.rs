//! What waits to be heard: delayed events in the order of their turns.
//!
//! ```text
//! calendar ──▶ page: turn → delayed event, at most PAGE_MAX of them
//!          ──▶ page: …
//! ```
//!
//! There may be millions, so they are kept in pages, each a document of its own; the calendar says which page begins
//! where. What can be undone is noted once more at the keys concerned, to be found there.

use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};

use super::{Slot, Step};
use crate::event::{Event, EventId, Sequence, Time, UserId};
use crate::key::Key;

/// Most events of a page. One more, and the page is divided.
pub const PAGE_MAX: usize = 256;
/// Most events that wait at one key of one stat and can be found by its `undo`. With one more, the oldest cannot: undone,
/// it is taken back at once, and added when it is due.
pub const AWAITED_MAX: usize = 10_000;

/// When something is heard, and in which order: by due time, then by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Turn {
    /// When it is due.
    pub due: Time,
    /// As a part of which record it came.
    pub arrival: Sequence,
    /// The how manieth of that record it was.
    pub index: u32,
}

impl Turn {
    /// The turn as text: what a page is called that was begun for it.
    pub fn name(&self) -> SmolStr {
        format_smolstr!("{}.{}.{}", self.due.micros(), self.arrival.0, self.index)
    }
}

/// What waits. New kinds go to the end: their place is their number in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Delayed {
    /// To be heard.
    Event(Later),
    /// To be taken back.
    Award(Expiring),
}

/// An award that is taken back unless it was found true again since.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expiring {
    /// Where it is kept until when the awards of its badge are held.
    pub slot: Slot,
    /// Who holds it.
    pub user: UserId,
    /// For which key.
    pub key: Key,
}

/// Until when the awards of one badge and user are held, by the awards' keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(Key, Held)>", into = "Vec<(Key, Held)>")]
pub struct Expiries(imbl::OrdMap<Key, Held>);

/// Until when an award is held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Until then.
    pub until: Time,
    /// The key at which it was found true when it was given.
    pub given_with: Key,
}

/// An event that one stat is to hear later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Later {
    /// The stat.
    pub slot: Slot,
    /// What it is to hear.
    pub event: Event,
    /// The event of the site from which it came.
    pub origin: EventId,
    /// The how manieth time it is heard, from 1.
    pub nth: u32,
    /// At how many keys it is noted, to be found by `undo`.
    pub noted: u32,
    /// Where it was undone.
    pub undone: Vec<Key>,
}

/// A page: some delayed events that follow each other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(Turn, Delayed)>", into = "Vec<(Turn, Delayed)>")]
pub struct Waiting(imbl::OrdMap<Turn, Delayed>);

/// Which pages there are: the least turn of each, and the turn by which it is called.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(Turn, Turn)>", into = "Vec<(Turn, Turn)>")]
pub struct Calendar(imbl::OrdMap<Turn, Turn>);

/// The delayed events that wait at one key, with what each would add.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(Turn, Vec<Step>)>", into = "Vec<(Turn, Vec<Step>)>")]
pub struct Awaited(Box<imbl::Vector<(Turn, Vec<Step>)>>);

impl Waiting {
    pub(super) fn add(&mut self, turn: Turn, delayed: Delayed) {
        self.0.insert(turn, delayed);
    }

    pub(super) fn remove(&mut self, turn: Turn) -> bool {
        self.0.remove(&turn).is_some()
    }

    /// Notes that one was undone at a key.
    pub(super) fn undo(&mut self, turn: Turn, key: Key) -> bool {
        match self.0.get_mut(&turn) {
            Some(Delayed::Event(later)) => later.undone.push(key),
            Some(Delayed::Award(_)) | None => return false,
        }
        true
    }

    /// The event that has this turn.
    pub fn event(&self, turn: Turn) -> Option<&Later> {
        match self.0.get(&turn)? {
            Delayed::Event(later) => Some(later),
            Delayed::Award(_) => None,
        }
    }

    /// All of them, the next one first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Turn, &Delayed)> {
        self.0.iter().map(|(turn, delayed)| (*turn, delayed))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Calendar {
    pub(super) fn add(&mut self, from: Turn, page: Turn) -> bool {
        self.0.insert(from, page) != Some(page)
    }

    pub(super) fn remove(&mut self, from: Turn) -> bool {
        self.0.remove(&from).is_some()
    }

    /// The pages: where each begins, at the latest, and what it is called.
    pub fn pages(&self) -> impl Iterator<Item = (Turn, Turn)> {
        self.0.iter().map(|(from, page)| (*from, *page))
    }

    /// The page on which this turn belongs, as in [`Calendar::pages`]. Before all others belongs on the first.
    pub fn page_of(&self, turn: Turn) -> Option<(Turn, Turn)> {
        let (from, page) =
            self.0.get_prev(&turn).or_else(|| self.0.get_min().map(|(from, page)| (from, page)))?;
        Some((*from, *page))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Expiries {
    /// Until when the award for this key is held, and what it was given with.
    pub fn get(&self, key: &Key) -> Option<&Held> {
        self.0.get(key)
    }

    pub(super) fn set(&mut self, key: Key, held: Held) -> bool {
        self.0.insert(key, held.clone()).as_ref() != Some(&held)
    }

    pub(super) fn remove(&mut self, key: &Key) -> bool {
        self.0.remove(key).is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<(Key, Held)>> for Expiries {
    fn from(held: Vec<(Key, Held)>) -> Expiries {
        Expiries(held.into_iter().collect())
    }
}

impl From<Expiries> for Vec<(Key, Held)> {
    fn from(expiries: Expiries) -> Vec<(Key, Held)> {
        expiries.0.into_iter().collect()
    }
}

impl Awaited {
    pub(super) fn add(&mut self, turn: Turn, steps: Vec<Step>) {
        self.0.push_back((turn, steps));
        if self.0.len() > AWAITED_MAX {
            self.0.pop_front();
        }
    }

    pub(super) fn remove(&mut self, turn: Turn) -> bool {
        let at = self.0.iter().position(|(known, _)| *known == turn);
        at.map(|at| self.0.remove(at)).is_some()
    }

    /// The one that came last of those that would add the same. What is heard again and again was put here anew each
    /// time, and yet came when its event did.
    pub fn last_adding(&self, steps: &[Step]) -> Option<Turn> {
        let same = self.0.iter().filter(|(_, known)| known == steps).map(|(turn, _)| *turn);
        same.max_by_key(|turn| (turn.arrival, turn.index))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<(Turn, Delayed)>> for Waiting {
    fn from(items: Vec<(Turn, Delayed)>) -> Waiting {
        Waiting(items.into_iter().collect())
    }
}

impl From<Waiting> for Vec<(Turn, Delayed)> {
    fn from(waiting: Waiting) -> Vec<(Turn, Delayed)> {
        waiting.0.into_iter().collect()
    }
}

impl From<Vec<(Turn, Turn)>> for Calendar {
    fn from(pages: Vec<(Turn, Turn)>) -> Calendar {
        Calendar(pages.into_iter().collect())
    }
}

impl From<Calendar> for Vec<(Turn, Turn)> {
    fn from(calendar: Calendar) -> Vec<(Turn, Turn)> {
        calendar.0.into_iter().collect()
    }
}

impl From<Vec<(Turn, Vec<Step>)>> for Awaited {
    fn from(items: Vec<(Turn, Vec<Step>)>) -> Awaited {
        Awaited(Box::new(items.into_iter().collect()))
    }
}

impl From<Awaited> for Vec<(Turn, Vec<Step>)> {
    fn from(awaited: Awaited) -> Vec<(Turn, Vec<Step>)> {
        awaited.0.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(due: i64, arrival: u64) -> Turn {
        Turn { due: Time::from_unix(due, 0).unwrap(), arrival: Sequence(arrival), index: 0 }
    }

    #[test]
    fn turns_go_by_due_time_and_then_by_arrival() {
        let mut turns = [turn(2, 1), turn(1, 9), turn(1, 3)];
        turns.sort_unstable();
        assert_eq!(turns, [turn(1, 3), turn(1, 9), turn(2, 1)]);
    }

    #[test]
    fn a_turn_belongs_on_the_last_page_that_begins_before_it_or_on_the_first() {
        let mut calendar = Calendar::default();
        assert_eq!(calendar.page_of(turn(1, 1)), None);
        calendar.add(turn(10, 1), turn(12, 1));
        calendar.add(turn(20, 1), turn(20, 1));
        let page = |due| calendar.page_of(turn(due, 1)).unwrap().1;
        assert_eq!(
            [page(5), page(10), page(19), page(20), page(99)],
            [12, 12, 12, 20, 20].map(|due| turn(due, 1))
        );
    }

    #[test]
    fn the_last_that_would_add_the_same_is_found_and_the_oldest_of_too_many_is_not() {
        let mut awaited = Awaited::default();
        let value = |text: &str| vec![Step::Distinct(text.into())];
        for (due, text) in [(1, "a"), (2, "b"), (3, "a")] {
            awaited.add(turn(due, 1), value(text));
        }
        assert_eq!(awaited.last_adding(&value("a")), Some(turn(3, 1)));
        assert!(awaited.remove(turn(3, 1)) && !awaited.remove(turn(3, 1)));
        assert_eq!(awaited.last_adding(&value("a")), Some(turn(1, 1)));
        (0..AWAITED_MAX as i64).for_each(|due| awaited.add(turn(due + 9, 1), value("c")));
        assert_eq!(awaited.last_adding(&value("a")), None);
        assert_eq!(Vec::from(awaited).len(), AWAITED_MAX);
    }
}
