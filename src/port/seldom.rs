//! What happens to one connection after the other, and is logged once in a while.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So often at most.
const LOGGED_EVERY: Duration = Duration::from_secs(60);

/// Counts what happens, and has it logged now and then.
#[derive(Default)]
pub(super) struct Seldom(Mutex<Since>);

#[derive(Default)]
struct Since {
    times: u64,
    logged: Option<Instant>,
}

impl Seldom {
    /// Logs how often it happened since it was logged last, if it is time to.
    pub(super) fn happened(&self, log: impl FnOnce(u64)) {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.times += 1;
        if since.logged.is_some_and(|at| at.elapsed() < LOGGED_EVERY) {
            return;
        }
        since.logged = Some(Instant::now());
        log(std::mem::take(&mut since.times));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_a_thousand_times_is_logged_once_a_while() {
        let seldom = Seldom::default();
        let mut logged = Vec::new();
        (0..1000).for_each(|_| seldom.happened(|times| logged.push(times)));
        assert_eq!((logged, seldom.0.lock().unwrap().times), (vec![1], 999));
    }
}
