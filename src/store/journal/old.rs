//! What of a journal is old, and taking it away.
//!
//! Segments go from the oldest on, one at a time, durably: wherever that is cut off, those that are left follow
//! one another. Nothing here knows whether they may go; see [`super::super::behind`].

use std::io;
use std::sync::{Arc, PoisonError};

use super::super::Error;
use super::segment::Segment;
use super::{Journal, arrival, sidecar};
use crate::award::Place;
use crate::event::{Sequence, Time};

/// A closed segment that is old.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::store) struct Old {
    /// Its last event.
    pub(in crate::store) last: Sequence,
    pub(in crate::store) bytes: u64,
}

impl Journal {
    /// The oldest segments, as far as all of their events arrived before this time. Never the last one.
    pub(in crate::store) fn old(&self, before: Time) -> Result<Vec<Old>, Error> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut old = Vec::new();
        for segment in &segments[..segments.len() - 1] {
            if self.newest(segment)? >= before {
                break;
            }
            old.push(Old { last: Sequence(segment.next().0 - 1), bytes: segment.end() });
        }
        Ok(old)
    }

    /// Takes away the segments up to this event. Not while somebody holds them: then it answers false.
    pub(in crate::store) fn take_away(&self, until: Sequence) -> Result<bool, Error> {
        let holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        if *holders > 0 {
            return Ok(false);
        }
        loop {
            let gone = {
                let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
                match &segments[..] {
                    [first, _, ..] if first.next().0 <= until.0 + 1 => segments.remove(0),
                    _ => return Ok(true),
                }
            };
            self.files.remove(&gone.first.0);
            self.remove(&gone)
                .map_err(|source| Error::io(format!("take {} away", gone.path.display()), source))?;
        }
    }

    /// Why nothing can be read after this event, in a journal that begins later.
    pub(in crate::store) fn expired(&self, asked: Sequence) -> Error {
        Error::Expired { asked, oldest: Place::end_of(Sequence(self.first().0 - 1)) }
    }

    fn remove(&self, segment: &Segment) -> io::Result<()> {
        sidecar::remove(&*self.disk, segment)?;
        self.disk.remove(&segment.path)?;
        self.disk.sync_directory(&self.directory)
    }

    /// When the last of a closed segment's events arrived: not always the last one, as clocks are set back.
    fn newest(&self, segment: &Arc<Segment>) -> Result<Time, Error> {
        if let Some(newest) = segment.newest.get() {
            return Ok(*newest);
        }
        let (end, mut newest) = (segment.next(), Time::MIN);
        let mut walk = self.walk(segment.first);
        while let Some(frame) = walk.next_frame()?.filter(|frame| frame.first() < end) {
            newest = frame.raw_entries().filter_map(arrival).fold(newest, Time::max);
        }
        Ok(*segment.newest.get_or_init(|| newest))
    }
}
