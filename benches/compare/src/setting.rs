//! How everything is measured in this run.

use std::path::PathBuf;

/// So many times less work in a smoke run.
const SMOKE_PART: u64 = 50;
/// Enough for the CPU time, which Linux counts in hundredths of a second, to be more than nothing.
const SMOKE_LEAST: u64 = 2_000;

/// How everything is measured in this run.
pub(crate) struct Setting {
    /// The server that is measured.
    pub(crate) laurels: PathBuf,
    /// The program that makes the load.
    pub(crate) load: PathBuf,
    /// How often each is measured.
    pub(crate) rounds: usize,
    /// Only whether it works: little work, one round.
    pub(crate) smoke: bool,
}

impl Setting {
    /// How many events stand for so many in this run.
    pub(crate) fn events(&self, events: u64) -> u64 {
        match self.smoke {
            true => (events / SMOKE_PART).max(SMOKE_LEAST.min(events)),
            false => events,
        }
    }

    /// Says what happens meanwhile.
    pub(crate) fn tell(&self, text: &str) {
        eprintln!("  {text}");
    }
}
