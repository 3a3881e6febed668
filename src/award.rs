//! An award: this user earned this badge, then, for this key, because of that event.

use serde::{Deserialize, Serialize};

use crate::badge::BadgeNumber;
use crate::event::{EventId, Sequence, Time, UserId};
use crate::key::Key;

/// Where an award stands in the order of everything told: by event, then within it. Orders as a
/// cursor does: "after this place" leaves nothing out and repeats nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The event.
    pub sequence: Sequence,
    /// Which award of that event, from 0.
    pub index: u32,
}

impl Place {
    /// Before everything.
    pub const START: Place = Place { sequence: Sequence(0), index: 0 };

    /// The last place an event can have: after it comes the next event.
    pub fn end_of(sequence: Sequence) -> Place {
        Place { sequence, index: u32::MAX }
    }
}

/// One badge, earned once, by one user, for one key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Award {
    /// Where it stands in the order of everything told.
    pub place: Place,
    /// Who earned it.
    pub user: UserId,
    /// Which badge.
    pub badge: BadgeNumber,
    /// What it was earned for: the parts of the rule's key but `user`.
    pub key: Key,
    /// The how manieth it is: 1, and 2, 3, … where a badge is given again for the same key.
    pub number: u32,
    /// The time of the event that completed it.
    pub time: Time,
    /// That event.
    pub event_id: EventId,
    /// The points that came with it.
    pub points: i32,
    /// Whether the user did not hold the badge before, for any key: who counts its holders counts these.
    pub first: bool,
}
