//! A client for Laurels, the achievements server: say what
//! happened, ask what was earned, and listen for what is being earned now.
//!
//! ```no_run
//! use laurels_client::{Client, Event, WatchOptions};
//!
//! # async fn example() -> Result<(), laurels_client::Error> {
//! let client = Client::connect("http://127.0.0.1:50051").await?;
//!
//! let recorded = client.record(Event::new("photo.posted", "ana").with_subject("photo:7")).await?;
//! for award in recorded.awards {
//!     println!("{} earned {}", award.user, award.title);
//! }
//!
//! let mut watch = client.watch(WatchOptions { users: vec!["ana".into()], ..WatchOptions::default() });
//! loop {
//!     let notification = watch.next().await?;
//!     println!("{notification:?}");
//! }
//! # }
//! ```
//!
//! What the server keeps survives a crash, and every event has an id, so whatever was not answered
//! may be sent again: [`Client::record`] does so once by itself, and [`Watch`] goes on after a lost
//! connection where it had stopped.

mod answers;
mod backoff;
mod backup;
mod client;
mod credential;
mod error;
mod event;
#[cfg(test)]
mod fake;
mod fresh;
mod watch;

/// The messages of the protocol, as `proto/laurels/v1/` has them.
#[expect(unreachable_pub, clippy::allow_attributes_without_reason, reason = "generated")]
mod generated {
    include!("generated/laurels.v1.rs");
}

pub use answers::{Answer, Answers};
pub use backoff::Backoff;
pub use backup::Backup;
pub use client::{BadgeList, Client, UserBadges};
pub use error::{Error, FieldProblem};
pub use generated::RecordEventResponse as Recorded;
pub use generated::ReloadResponse as Reloaded;
pub use generated::backup_request::Until as BackupUntil;
pub use generated::notification::Kind as NotificationKind;
pub use generated::{
    Award, Badge, Diagnostic, ErrorReason, Event, Heartbeat, Notification, Progress, Revocation,
};
pub use generated::{AwardBadgeRequest, AwardBadgeResponse, RevokeBadgeRequest, RevokeBadgeResponse};
pub use prost_types::Timestamp;
pub use watch::{Watch, WatchOptions};
