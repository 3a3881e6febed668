//! `laurels revoke`: an award is taken back by hand.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use laurels_client::{RevokeBadgeRequest, RevokeBadgeResponse};

use super::award_line;
use super::error::Error;
use super::server::Server;

/// Take an award back by hand; no rule gives it again
#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// Whose award
    user: String,
    /// Which badge, by id; of a family, which tier
    badge: String,
    /// For what, where the badge is earned for something: the photo's id, the day
    key: Option<String>,
    /// Why, for the audit log
    #[arg(long)]
    reason: String,
    /// Names the act for ever: sent again under the same id it is done once
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    server: Server,
}

impl Revoke {
    /// Takes it back, and prints what came of that.
    pub(super) async fn run(self) -> Result<ExitCode, Error> {
        let request = RevokeBadgeRequest {
            id: self.id.unwrap_or_default(),
            user: self.user,
            badge: self.badge,
            key: self.key.unwrap_or_default(),
            reason: self.reason,
        };
        let taken = self.server.connect().await?.revoke_badge(request).await?;
        write!(std::io::stdout(), "{}", said(&taken))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn said(taken: &RevokeBadgeResponse) -> String {
    let what = match (&taken.award, taken.duplicate) {
        (None, _) => "not held; nothing was changed",
        (Some(_), true) => "taken back before",
        (Some(_), false) => "taken back",
    };
    award_line::by_hand(what, taken.award.as_ref(), &taken.awards, &taken.revoked)
}
