//! A client for Laurels, the achievements server: say what
//! happened, ask what was earned, and listen for what is being earned now.
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/mod.rs"));
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), laurels_client::Error> {
//! use laurels_client::{Client, Event, NotificationKind, WatchOptions};
//!
//! let url = "http://127.0.0.1:50051";
//! # let server = Server::start([("photos.toml", PHOTOS.to_owned())]);
//! # let url = server.url();
//! let client = Client::connect(url).await?;
//!
//! let recorded = client.record(Event::new("photo.posted", "ana").with_subject("photo:7")).await?;
//! for award in &recorded.awards {
//!     println!("{} earned {}", award.user, award.title);
//! }
//! # assert_eq!(recorded.awards[0].title, "First light");
//!
//! let badges = client.badges("ana").await?;
//! assert_eq!(badges.awards, recorded.awards);
//!
//! let of_ana = WatchOptions { users: vec!["ana".into()], from_beginning: true, ..WatchOptions::default() };
//! let mut watch = client.watch(of_ana);
//! let notification = watch.next().await?;
//! assert!(matches!(notification.kind, Some(NotificationKind::Award(award)) if award.badge == "first-photo"));
//! # Ok(())
//! # }
//! # const PHOTOS: &str = r#"
//! # [badge.first-photo]
//! # title = "First light"
//! # on = "photo.posted"
//! # [event]
//! # "photo.posted" = {}
//! # "#;
//! ```
//!
//! What the server keeps survives a crash, and every event has an id, so whatever was not answered
//! may be sent again: [`Client::record`] does so once by itself, and [`Watch`] is a `Stream` that goes on after
//! a lost connection where it had stopped.

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
mod profile;
mod tls;
mod watch;

/// The messages of the protocol, as `proto/laurels/v1/` has them.
#[expect(unreachable_pub, clippy::allow_attributes_without_reason, reason = "generated")]
mod generated {
    include!("generated/laurels.v1.rs");
}

pub use answers::{Answer, Answers};
pub use backoff::Backoff;
pub use backup::Backup;
pub use client::{BadgeList, BadgesOptions, Client, ListOptions, UserBadges};
pub use error::{Error, FieldProblem};
pub use generated::RecordEventResponse as Recorded;
pub use generated::ReloadResponse as Reloaded;
pub use generated::backup_request::Until as BackupUntil;
pub use generated::notification::Kind as NotificationKind;
pub use generated::{
    AuditEvent, AwardBadgeRequest, AwardBadgeResponse, Profile, RevokeBadgeRequest, RevokeBadgeResponse,
    UpdateProfileRequest, UpdateProfileResponse,
};
pub use generated::{
    Award, Badge, Diagnostic, ErrorReason, Event, Heartbeat, Notification, Progress, Revocation,
};
pub use prost_types::Timestamp;
pub use tls::Tls;
pub use watch::{Watch, WatchOptions};
