//! An award: this user earned this badge, then, for this key, because of that event. And what is told of it: that it
//! was given, and that it was taken back.

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
    /// Which of that event's news, from 0: an award that it gave or took back.
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

/// An award that was taken back, since its condition was true no longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revocation {
    /// Where it stands in the order of everything told.
    pub place: Place,
    /// The award, as it was given.
    pub award: Award,
    /// The time of the event after which it was true no longer.
    pub time: Time,
    /// That event.
    pub event_id: EventId,
    /// Whether the user holds the badge no longer, for any key: who counts its holders counts these.
    pub last: bool,
}

/// What is told of awards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum News {
    /// One was given.
    Award(Award),
    /// One was taken back.
    Revocation(Revocation),
}

impl Award {
    /// Whether both are of the same badge, key and number. Of one user only one of these is held at a time.
    pub fn is_same(&self, other: &Award) -> bool {
        (self.badge, &self.key, self.number) == (other.badge, &other.key, other.number)
    }
}

impl News {
    /// What one event gave and took back, in the order in which it did. Both are in order by themselves.
    pub fn of(awards: &[Award], revoked: &[Revocation]) -> impl Iterator<Item = News> {
        let (mut given, mut taken) = (awards.iter().peekable(), revoked.iter().peekable());
        std::iter::from_fn(move || match (given.peek(), taken.peek()) {
            (Some(award), Some(revocation)) if revocation.place < award.place => {
                taken.next().cloned().map(News::Revocation)
            }
            (None, Some(_)) => taken.next().cloned().map(News::Revocation),
            (Some(_), _) => given.next().cloned().map(News::Award),
            (None, None) => None,
        })
    }

    /// Where it stands in the order of everything told.
    pub fn place(&self) -> Place {
        match self {
            News::Award(award) => award.place,
            News::Revocation(revocation) => revocation.place,
        }
    }

    /// The award that it is about.
    pub fn award(&self) -> &Award {
        match self {
            News::Award(award) => award,
            News::Revocation(revocation) => &revocation.award,
        }
    }
}
