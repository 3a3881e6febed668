//! The time of day. Nothing else asks the system for it, so that tests can set it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use crate::event::Time;

/// A clock: the system's, or one that stands still until it is set.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Clock {
        Clock(Kind::System)
    }

    /// A clock that shows this time until it is set.
    pub fn fixed(time: Time) -> Clock {
        Clock(Kind::Fixed(Arc::new(AtomicI64::new(time.micros()))))
    }

    /// Sets a clock that stands still, and all its clones. The system's cannot be set.
    pub fn set(&self, time: Time) {
        if let Kind::Fixed(micros) = &self.0 {
            micros.store(time.micros(), Ordering::SeqCst);
        }
    }

    /// The time it shows. A system clock before the year 1 or after 9998 shows the nearest time there is.
    #[expect(clippy::disallowed_methods, reason = "the one place that may ask the system")]
    pub fn now(&self) -> Time {
        match &self.0 {
            Kind::Fixed(micros) => Time::from_micros(micros.load(Ordering::SeqCst)).unwrap_or(Time::MAX),
            Kind::System => {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                let micros = since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
                Time::from_micros(micros).unwrap_or(Time::MAX)
            }
        }
    }
}
