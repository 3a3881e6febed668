//! What everybody may see of the whole: how far it goes, and its sums. Changed together, so that who takes
//! a copy has them as they were at one event.

use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::Error;
use crate::catalog::Numbers;
use crate::event::Sequence;
use crate::outcome::{Outcome, Rarity, Record};

/// The sums up to and with one event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sums {
    /// That event.
    pub(super) sequence: Sequence,
    /// How many users there are, and how many hold what.
    pub(super) rarity: Rarity,
    /// The numbers in use.
    pub(super) numbers: Arc<Numbers>,
}

impl Sums {
    /// Counts the next event. What is counted already is left alone.
    pub(super) fn count(&mut self, record: &Record) {
        if record.sequence > self.sequence {
            self.rarity.count(record);
            self.sequence = record.sequence;
        }
    }
}

/// The sums that readers see.
#[derive(Debug, Default)]
pub(super) struct Published(RwLock<Sums>);

impl Published {
    pub(super) fn set(&self, sums: Sums) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = sums;
    }

    pub(super) fn head(&self) -> Sequence {
        self.0.read().unwrap_or_else(PoisonError::into_inner).sequence
    }

    pub(super) fn sums(&self) -> Sums {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn numbers(&self) -> Arc<Numbers> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).numbers.clone()
    }

    pub(super) fn adopt(&self, numbers: Numbers) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).numbers = Arc::new(numbers);
    }

    pub(super) fn advance(&self, group: &[Outcome]) {
        let mut sums = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for outcome in group {
            sums.count(&outcome.record);
        }
    }
}

/// Whether the outcomes follow `head` without a gap, as [`Store::commit`](super::Store::commit) demands.
pub(super) fn follows(head: Sequence, group: &[Outcome]) -> Result<(), Error> {
    let mut next = head.next();
    for outcome in group {
        if outcome.record.sequence != next {
            let gap = format!("event {} was given where {} comes next", outcome.record.sequence.0, next.0);
            let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, gap);
            return Err(Error::io("keep a group of events", source));
        }
        next = next.next();
    }
    Ok(())
}
