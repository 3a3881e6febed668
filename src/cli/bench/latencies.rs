//! How long calls took, of which percentiles are asked.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest that is told from longer ones, in microseconds: a minute.
const LONGEST_MICROS: u64 = 60_000_000;
/// Within a thousandth of what they were.
const DIGITS: u8 = 3;

/// How long calls took.
pub(super) struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies(Histogram::new_with_bounds(1, LONGEST_MICROS, DIGITS).expect("the bounds are right"))
    }
}

impl Latencies {
    pub(super) fn add(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1));
    }

    pub(super) fn count(&self) -> u64 {
        self.0.len()
    }

    /// So many in a hundred took at most so many microseconds.
    pub(super) fn percentile(&self, percent: f64) -> u64 {
        self.0.value_at_percentile(percent)
    }

    pub(super) fn longest(&self) -> u64 {
        self.0.max()
    }
}
