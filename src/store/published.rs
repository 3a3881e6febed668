//! What everybody may see of the whole: how far it goes, and its sums. Changed together, so that who takes
//! a copy has them as they were at one event.

use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::{Error, Timelines};
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
    /// The timelines that led here.
    pub(super) timelines: Timelines,
}

impl Sums {
    /// Counts the next event. What is counted already is left alone.
    pub(super) fn count(&mut self, record: &Record) {
        if record.sequence > self.sequence {
            self.rarity.count(record);
            self.sequence = record.sequence;
        }
    }

    /// The sums that were kept as these bytes.
    pub(super) fn read(bytes: &[u8]) -> Result<Sums, postcard::Error> {
        let read = postcard::from_bytes(bytes);
        match read == Err(postcard::Error::DeserializeUnexpectedEnd) {
            // Kept before there were timelines, which come last: there were none.
            true => postcard::from_bytes(&[bytes, &[0]].concat()),
            false => read,
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

    pub(super) fn timelines(&self) -> Timelines {
        self.0.read().unwrap_or_else(PoisonError::into_inner).timelines.clone()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_that_were_kept_before_there_were_timelines_are_read() {
        let sums = Sums { sequence: Sequence(7), ..Sums::default() };
        let bytes = postcard::to_stdvec(&sums).unwrap();
        assert_eq!(Sums::read(&bytes), Ok(sums.clone()));
        assert_eq!(Sums::read(&bytes[..bytes.len() - 1]), Ok(sums));
        assert!(Sums::read(&bytes[..bytes.len() - 2]).is_err());
    }
}
