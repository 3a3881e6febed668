//! The time of day. Nothing else asks the system for it, so that tests can set it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant, SystemTime};

use crate::event::Time;

/// The longest that anybody waits without looking at the clock: it may have been set, or the machine have slept.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// From when on the time that passes is counted.
static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A clock: the system's, or one that stands still until it is set.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    Fixed(Arc<Fixed>),
}

#[derive(Debug)]
struct Fixed {
    micros: AtomicI64,
    /// Who waits for a time.
    waiting: Mutex<Vec<Waker>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Clock {
        Clock(Kind::System)
    }

    /// A clock that shows this time until it is set.
    pub fn fixed(time: Time) -> Clock {
        Clock(Kind::Fixed(Arc::new(Fixed {
            micros: AtomicI64::new(time.micros()),
            waiting: Mutex::default(),
        })))
    }

    /// Sets a clock that stands still, and all its clones. The system's cannot be set.
    pub fn set(&self, time: Time) {
        if let Kind::Fixed(fixed) = &self.0 {
            fixed.micros.store(time.micros(), Ordering::SeqCst);
            fixed.waiting.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(Waker::wake_by_ref);
        }
    }

    /// How long it is until a time, by what this clock shows now. Who waits so long should look again then: clocks are
    /// set. One that stands still wakes those who [asked for it](Clock::wake) when it is set.
    pub fn until(&self, time: Time) -> Duration {
        let micros = time.micros().saturating_sub(self.now().micros());
        Duration::from_micros(u64::try_from(micros).unwrap_or(0)).min(LOOK_EVERY)
    }

    /// Has somebody woken whenever a clock is set that stands still.
    pub fn wake(&self, who: Waker) {
        if let Kind::Fixed(fixed) = &self.0 {
            fixed.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(who);
        }
    }

    /// Waits until it shows this time.
    pub async fn reaches(&self, time: Time) {
        while self.now() < time {
            match &self.0 {
                Kind::System => tokio::time::sleep(self.until(time)).await,
                Kind::Fixed(_) => self.is_set(time).await,
            }
        }
    }

    async fn is_set(&self, time: Time) {
        std::future::poll_fn(|context| {
            // First, so that no setting in between goes unheard.
            self.wake(context.waker().clone());
            if self.now() < time { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    /// How much time has passed since some moment, whatever the time of day was set to meanwhile. A clock that stands still
    /// counts from 1970 on.
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Kind::System => BEGIN.elapsed(),
            Kind::Fixed(_) => Duration::from_micros(u64::try_from(self.now().micros()).unwrap_or(0)),
        }
    }

    /// The time it shows. A system clock before the year 1 or after 9998 shows the nearest time there is.
    #[expect(clippy::disallowed_methods, reason = "the one place that may ask the system")]
    pub fn now(&self) -> Time {
        match &self.0 {
            Kind::Fixed(fixed) => Time::from_micros(fixed.micros.load(Ordering::SeqCst)).unwrap_or(Time::MAX),
            Kind::System => {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                let micros = since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
                Time::from_micros(micros).unwrap_or(Time::MAX)
            }
        }
    }
}
