//! What all workers of a bench share: which call comes next, until when, and what came of those before.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use laurels_client::Error;

use super::latencies::Latencies;

/// Until when calls begin.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// Up to this number.
    Number(u64),
    /// Up to this moment.
    Time(Instant),
}

/// One run of a load.
pub(super) struct Course {
    next: AtomicU64,
    until: Until,
    outcome: Mutex<Outcome>,
}

/// What came of the calls.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) latencies: Latencies,
    pub(super) refused: u64,
    /// The first refusal: the others are most often the same.
    pub(super) refusal: Option<Error>,
}

impl Course {
    /// Numbers its calls from here on.
    pub(super) fn new(first: u64, until: Until) -> Course {
        Course { next: AtomicU64::new(first), until, outcome: Mutex::default() }
    }

    /// The number of the next call; none when it is over.
    pub(super) fn begin(&self) -> Option<u64> {
        let within = match self.until {
            Until::Number(end) => self.next.load(Ordering::Relaxed) < end,
            Until::Time(end) => Instant::now() < end,
        };
        // There is one thread, so nobody was in between.
        within.then(|| self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Takes what came of a call that began then.
    pub(super) fn end(&self, began: Instant, result: Result<(), Error>) {
        let took = began.elapsed();
        let mut outcome = self.outcome.lock().expect("nobody panics with it");
        match result {
            Ok(()) => outcome.latencies.add(took),
            Err(error) => {
                outcome.refused += 1;
                outcome.refusal.get_or_insert(error);
            }
        }
    }

    /// How many calls began, with those of the courses before it.
    pub(super) fn begun(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// What came of all calls that ended.
    pub(super) fn outcome<T>(&self, read: impl FnOnce(&Outcome) -> T) -> T {
        read(&self.outcome.lock().expect("nobody panics with it"))
    }
}
