//! `laurels award`: a badge by hand.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use laurels_client::{AwardBadgeRequest, AwardBadgeResponse};

use super::award_line;
use super::error::Error;
use super::event_line;
use super::server::Server;

/// Give a badge by hand; no rule takes it back
#[derive(Debug, Args)]
pub(super) struct Award {
    /// Who gets it
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
    /// When it was earned, such as 2026-01-31T12:00:00Z; left out: now
    #[arg(long)]
    time: Option<String>,
    #[command(flatten)]
    server: Server,
}

impl Award {
    /// Gives it, and prints what came of that.
    pub(super) async fn run(self) -> Result<ExitCode, Error> {
        let time = self.time.as_deref().map(event_line::time).transpose();
        let request = AwardBadgeRequest {
            id: self.id.unwrap_or_default(),
            user: self.user,
            badge: self.badge,
            key: self.key.unwrap_or_default(),
            reason: self.reason,
            time: time.map_err(|problem| Error::Usage(format!("--{problem}")))?,
        };
        let given = self.server.connect().await?.award_badge(request).await?;
        write!(std::io::stdout(), "{}", said(&given))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn said(given: &AwardBadgeResponse) -> String {
    let what = match (given.already_held, given.duplicate) {
        (true, _) => "held before; nothing was changed",
        (false, true) => "given before",
        (false, false) => "given",
    };
    award_line::by_hand(what, given.award.as_ref(), &given.awards, &given.revoked)
}
