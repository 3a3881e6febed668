//! What an attack says when a promise does not hold.

use std::fmt;

/// A promise that did not hold, or an attack that could not be made.
#[derive(Debug)]
pub(crate) struct Failure {
    promised: String,
    seen: String,
}

/// What an attack step gives.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// This was promised, and that was seen.
    pub(crate) fn new(promised: impl Into<String>, seen: impl Into<String>) -> Failure {
        Failure { promised: promised.into(), seen: seen.into() }
    }

    /// The attack itself did not work: nothing is said of any promise.
    pub(crate) fn of_attack(action: impl fmt::Display, problem: impl fmt::Display) -> Failure {
        Failure::new("the attack can be made", format!("cannot {action}: {problem}"))
    }

    /// The same, seen in a certain place.
    pub(crate) fn within(mut self, place: impl fmt::Display) -> Failure {
        self.seen = format!("{place}: {}", self.seen);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "promised: {}\nseen:     {}", self.promised, self.seen)
    }
}

/// Fails unless this holds, which was promised.
pub(crate) fn hold(holds: bool, promised: &str, seen: impl FnOnce() -> String) -> Result<()> {
    match holds {
        true => Ok(()),
        false => Err(Failure::new(promised, seen())),
    }
}
