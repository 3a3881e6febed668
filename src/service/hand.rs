//! Giving and taking back by hand.
//!
//! An act is an event of the server's own, and goes the way of all events: parsed here, decided, kept and told by the
//! writer.

use std::sync::atomic::Ordering;

use crate::act::{Hand, Order};
use crate::award::{Award, Revocation};
use crate::badge::BadgeNumber;
use crate::event::{Event, Invalid, Time};
use crate::key::Key;

use super::{Error, Recorded, Service};

/// How many pieces of room an act takes: it has no data but a reason and a key.
const PIECES: u32 = 4;

/// What came of giving by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The award: the new one, or the one that was held. None where a retry finds that it was taken back since, where
    /// the rules dropped the badge just as it was asked for, and where it cannot be read now.
    pub award: Option<Award>,
    /// Whether it was held: then nothing changed.
    pub already_held: bool,
    /// The act, with all that it gave and took back.
    pub recorded: Recorded,
}

/// What came of taking back by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// What was taken back. None where the user did not hold it: then nothing changed.
    pub revocation: Option<Revocation>,
    /// The act, with all that it gave and took back.
    pub recorded: Recorded,
}

impl Service {
    /// Gives a badge by hand. No rule takes it back.
    pub async fn award_by_hand(&self, order: Order) -> Result<Given, Error> {
        let room = self.0.room(PIECES)?;
        let Parsed { badge, key, event, arrival } = self.parse_order(order, Hand::Gives).await?;
        let user = event.user.clone();
        let recorded = self.0.record(event, arrival, room).await?;
        // The act comes before all that rests on it.
        let given = recorded.awards.first().cloned();
        let already_held = given.is_none();
        let award = match given {
            Some(award) => Some(award),
            // The act is kept, whatever comes of reading what was held.
            None => self.document(&user).await.ok().and_then(|(document, _)| {
                let number = document.times(badge, &key);
                document.award(badge, &key, number).cloned()
            }),
        };
        Ok(Given { award, already_held, recorded })
    }

    /// Takes an award back by hand. No rule gives it again.
    pub async fn revoke_by_hand(&self, order: Order) -> Result<Taken, Error> {
        let room = self.0.room(PIECES)?;
        let Parsed { event, arrival, .. } = self.parse_order(order, Hand::Takes).await?;
        let recorded = self.0.record(event, arrival, room).await?;
        let revocation = recorded.revoked.first().cloned();
        Ok(Taken { revocation, recorded })
    }

    async fn parse_order(&self, order: Order, hand: Hand) -> Result<Parsed, Error> {
        if self.0.stopping.load(Ordering::SeqCst) {
            return Err(Error::ShuttingDown);
        }
        let catalog = self.catalog();
        let Some(badge) = catalog.badge_by_id(&order.badge) else {
            let problem = format!("must be the id of a badge; there is no {:?}", order.badge);
            return Err(Error::InvalidRequest(vec![Invalid::new("badge", problem)]));
        };
        let mut badge = badge.clone();
        // An act that was done before the rules dropped the badge is answered as it was.
        if badge.retired && self.0.is_recorded(&order.id).await? {
            badge.retired = false;
        }
        let arrival = self.0.arrival(&order.id, order.time).await?;
        let (event, key) = order.parse(hand, &badge, arrival).map_err(Error::InvalidRequest)?;
        Ok(Parsed { badge: badge.number, key, event, arrival })
    }
}

/// An act that is known to be right.
struct Parsed {
    badge: BadgeNumber,
    key: Key,
    event: Event,
    arrival: Time,
}
