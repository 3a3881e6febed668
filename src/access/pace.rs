//! How often a key may call.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::clock::Clock;

/// So many a second, and so many at once after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Calls and events a second, in the long run.
    pub per_second: NonZeroU32,
    /// Calls and events at once, when there were none for a while.
    pub burst: NonZeroU32,
}

/// Counts what one key does.
#[derive(Debug)]
pub(super) struct Pace(RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Duration>>);

impl Pace {
    pub(super) fn new(rate: Rate, clock: Clock) -> Pace {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Pace(RateLimiter::direct_with_clock(quota, Ticks(clock)))
    }

    /// Counts one call or event, or says after what time it may come.
    pub(super) fn step(&self) -> Result<(), Duration> {
        self.0.check().map_err(|not_until| not_until.wait_time_from(self.0.clock().now()))
    }
}

/// The time that passes, whatever the time of day is set to: a key must not stand still for an hour because a clock was put
/// back.
#[derive(Clone, Debug)]
struct Ticks(Clock);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Time;

    #[test]
    fn a_burst_is_let_through_and_then_so_many_a_second() {
        let start = Time::parse("2026-01-01T00:00:00Z").unwrap();
        let clock = Clock::fixed(start);
        let two = NonZeroU32::new(2).unwrap();
        let pace = Pace::new(Rate { per_second: two, burst: NonZeroU32::new(3).unwrap() }, clock.clone());
        let passed = |most| (0..most).take_while(|_| pace.step().is_ok()).count();
        assert_eq!(passed(10), 3);
        assert_eq!(pace.step(), Err(Duration::from_millis(500)));

        clock.set(start.plus_micros(499_999).unwrap());
        assert_eq!(pace.step(), Err(Duration::from_micros(1)));
        clock.set(start.plus_micros(500_000).unwrap());
        assert_eq!(passed(10), 1);
        clock.set(start.plus_micros(60_000_000).unwrap());
        assert_eq!(passed(10), 3);
    }
}
