//! Timelines, as PostgreSQL calls them: a store that was restored has left the path that the lost one went on.
//!
//! After a restore, sequences beyond the backup are given again, to other events. Who kept a place of the
//! lost store that lies beyond must not go on there: it would pass over what happened instead. So each
//! restore begins a timeline with a name of its own, and a place is told together with the timeline it lies on.

use serde::{Deserialize, Serialize};

use crate::event::Sequence;

/// Where the events of a store went another way than those of the store it was restored from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Its name: random, and never 0.
    pub id: u64,
    /// The first event on it.
    pub first: Sequence,
}

/// The timelines that led to a store as it is, in order. On the first one, which has no name, are the events
/// before all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timelines(Vec<Timeline>);

impl Timeline {
    /// The name of the first timeline of every store.
    pub const FIRST: u64 = 0;
}

impl Timelines {
    /// The name of the timeline that an event with this sequence lies on.
    pub fn of(&self, sequence: Sequence) -> u64 {
        let on = self.0.iter().rev().find(|timeline| timeline.first <= sequence);
        on.map_or(Timeline::FIRST, |timeline| timeline.id)
    }

    /// Begins another. One that has no events, since this one begins no later, is no more.
    pub(super) fn begin(&mut self, timeline: Timeline) {
        self.0.retain(|earlier| earlier.first < timeline.first);
        self.0.push(timeline);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_lies_on_the_last_timeline_that_began_before_it() {
        let mut timelines = Timelines::default();
        let begin = |timelines: &mut Timelines, id, first| {
            timelines.begin(Timeline { id, first: Sequence(first) });
        };
        let ids = |timelines: &Timelines| [0, 9, 10, 19, 20, 99].map(|at| timelines.of(Sequence(at)));
        assert_eq!(ids(&timelines), [0; 6]);
        begin(&mut timelines, 5, 10);
        assert_eq!(ids(&timelines), [0, 0, 5, 5, 5, 5]);
        begin(&mut timelines, 6, 20);
        assert_eq!(ids(&timelines), [0, 0, 5, 5, 6, 6]);
        // Restored to what was there before the second had an event, and then to before the first had.
        begin(&mut timelines, 7, 20);
        assert_eq!(ids(&timelines), [0, 0, 5, 5, 7, 7]);
        begin(&mut timelines, 8, 10);
        assert_eq!(ids(&timelines), [0, 0, 8, 8, 8, 8]);
    }
}
