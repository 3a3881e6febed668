//! What is heard later, as the model knows it: what waits, how far time has come, and when there may be a tick.

use std::collections::BTreeMap;

use laurels::event::{EventId, Sequence, Time};
use laurels::outcome::Record;

use crate::schedule::broken;

/// Most that is heard in one record.
const HEARD_MAX: usize = 256;
/// An event may be so far ahead of the clock on the wall.
const AHEAD_MICROS: i64 = 300 * 1_000_000;

/// When something is due, and the event with which it came: things are heard in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    pub(crate) due: Time,
    pub(crate) arrival: Sequence,
}

/// What waits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Waits {
    /// A post that counts if it is not undone.
    ToSettle { user: String, event: EventId },
    /// A badge that is taken back if it is not found true again.
    ToExpire { user: String },
}

/// How far time has come, and all that waits.
#[derive(Clone, Debug)]
pub(crate) struct Delays {
    clock: Time,
    /// Whether the last event was one of the past: after it the clock on the wall says nothing.
    is_past: bool,
    waiting: BTreeMap<Turn, Waits>,
    /// How much the tick at hand has heard, and when the last of it was due.
    heard: usize,
    last: Option<Time>,
}

impl Default for Delays {
    fn default() -> Delays {
        let (heard, last) = (0, None);
        Delays { clock: Time::MIN, is_past: false, waiting: BTreeMap::new(), heard, last }
    }
}

impl Delays {
    pub(crate) fn wait(&mut self, turn: Turn, waits: Waits) {
        if let Some(other) = self.waiting.insert(turn, waits) {
            broken("an event lets one thing wait", format!("{other:?} waits at {turn:?}"));
        }
    }

    pub(crate) fn forget(&mut self, turn: Turn) {
        self.waiting.remove(&turn);
    }

    /// Whatever is due at an event has been heard before it.
    pub(crate) fn begin_event(&mut self, record: &Record) {
        if let Some((turn, waits)) = self.due(record.event.time) {
            broken(
                "what is due is heard before an event",
                format!(
                    "{waits:?}, due at {turn:?}, was not before {:?}, {:?}",
                    record.sequence, record.event
                ),
            );
        }
    }

    pub(crate) fn end_event(&mut self, record: &Record) {
        self.clock = self.clock.max(record.event.time);
        self.is_past = record.historical;
    }

    /// A tick may be where time has come so far, by an event, by the clock on the wall, or by an event that lies
    /// ahead of it as far as one may: that one need not follow, since it is refused where a document of its own
    /// cannot be read.
    pub(crate) fn begin_tick(&mut self, record: &Record) {
        (self.heard, self.last) = (0, None);
        let Record { sequence, arrival, event, .. } = record;
        let ahead = arrival.plus_micros(AHEAD_MICROS).unwrap_or(Time::MAX);
        if event.time > self.clock.max(ahead) {
            broken("nothing is heard before it is due", format!("{sequence:?} at {arrival:?}: {event:?}"));
        }
        if event.id.as_str() != format!("laurels-tick-{}", sequence.0) {
            broken("a tick is named after its place", format!("{sequence:?} is {event:?}"));
        }
    }

    /// What the tick hears next.
    pub(crate) fn next_of_tick(&mut self, record: &Record) -> Option<(Turn, Waits)> {
        let next = self.waiting.first_key_value().map(|(turn, _)| *turn)?;
        if next.due > record.event.time || self.heard >= HEARD_MAX {
            return None;
        }
        (self.heard, self.last) = (self.heard + 1, Some(next.due));
        self.waiting.pop_first()
    }

    pub(crate) fn end_tick(&mut self, record: &Record) {
        if self.last != Some(record.event.time) {
            broken(
                "a tick is recorded when something is due, with the time at which it was",
                format!("{:?}, {:?}: the last was due at {:?}", record.sequence, record.event, self.last),
            );
        }
        self.clock = self.clock.max(record.event.time);
    }

    /// What is due when the clock on the wall shows this.
    pub(crate) fn due_by_the_wall(&self, wall: Time) -> Option<(&Turn, &Waits)> {
        self.due(if self.is_past { Time::MIN } else { wall })
    }

    fn due(&self, time: Time) -> Option<(&Turn, &Waits)> {
        self.waiting.first_key_value().filter(|(turn, _)| turn.due <= time.max(self.clock))
    }

    /// When everything is due that waits.
    pub(crate) fn turns(&self) -> impl Iterator<Item = (Time, Sequence)> {
        self.waiting.keys().map(|turn| (turn.due, turn.arrival))
    }
}
