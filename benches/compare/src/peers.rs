//! What a site would build instead, each written as well as those who know the system would.
//!
//! Every peer does for an event what Laurels does for it: looks whether its id was there before, counts, compares
//! with thresholds, and where one is reached keeps the badge, the points and word of it for those who listen; all of
//! it or nothing, in one round trip, and on the disk before it is answered. The scripts are in `peers/`, beside this
//! crate's `src/`.

pub(crate) mod drive;
pub(crate) mod laurels;
pub(crate) mod mariadb;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod redis;
pub(crate) mod rounds;
#[cfg(test)]
mod tests;

use std::time::Duration;

/// The one type of event, of [`crate::catalog::POSTER`] too.
pub(crate) const TYPE: &str = "post.created";

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) user: String,
}

/// What was answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answer {
    /// Whether the id was there before.
    pub(crate) duplicate: bool,
    /// The badge that the event earned.
    pub(crate) earned: Option<String>,
}

/// A system that records events.
pub(crate) trait Peer {
    type Connection: Connection + 'static;

    async fn connect(&self) -> anyhow::Result<Self::Connection>;

    /// The CPU time that its processes have used.
    fn spent(&self) -> anyhow::Result<Duration>;
}

/// One connection to it, which does one thing after the other.
pub(crate) trait Connection {
    /// Records these events in one round trip, where there are many and the system can, and is answered for each.
    async fn record(&mut self, events: &[Event]) -> anyhow::Result<Vec<Answer>>;
}
