//! How long to wait before the next attempt.

use std::time::Duration;

use crate::fresh::fraction;

/// The wait before the first new attempt.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait. From then on every attempt waits about so long.
const LONGEST: Duration = Duration::from_secs(10);

/// Doubles with every attempt, and is half random, so that the clients of a server that comes back do
/// not all knock at once.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// How long to wait now.
    pub fn next_wait(&mut self) -> Duration {
        let whole = FIRST.saturating_mul(2_u32.saturating_pow(self.attempts)).min(LONGEST);
        self.attempts = self.attempts.saturating_add(1);
        whole.mul_f64(0.5 + fraction() / 2.0)
    }

    /// Begins anew: the last attempt came through.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_to_a_limit_and_begins_anew() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..100).map(|_| backoff.next_wait()).collect();
        assert!(waits[0] <= FIRST && waits[0] >= FIRST / 2);
        assert!(waits[99] <= LONGEST && waits[99] >= LONGEST / 2);
        backoff.reset();
        assert!(backoff.next_wait() <= FIRST);
    }
}
