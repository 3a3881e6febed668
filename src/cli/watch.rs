//! `laurels watch`: what is being earned now, and taken back.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use laurels_client::{Notification, NotificationKind, WatchOptions};

use super::award_line;
use super::error::Error;
use super::server::Server;
use super::signals::Signals;

/// Show what is being earned and taken back, as it happens
#[derive(Debug, Args)]
pub(super) struct Watch {
    /// Only this user; may be given several times
    #[arg(long = "user", value_name = "USER")]
    users: Vec<String>,
    /// Only this badge; may be given several times
    #[arg(long = "badge", value_name = "BADGE")]
    badges: Vec<String>,
    /// Only badges of this category; may be given several times
    #[arg(long = "category", value_name = "CATEGORY")]
    categories: Vec<String>,
    /// Begin after this cursor: what was missed comes first
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// Begin with the first award there is
    #[arg(long, conflicts_with = "after")]
    from_beginning: bool,
    /// One JSON object a line, with the cursor that continues after it
    #[arg(long)]
    jsonl: bool,
    #[command(flatten)]
    server: Server,
}

impl Watch {
    /// Prints until it is told to stop, and then says how to go on.
    pub(super) async fn run(self) -> Result<ExitCode, Error> {
        let mut stop = Signals::listen()?;
        let options = WatchOptions {
            users: self.users,
            badges: self.badges,
            categories: self.categories,
            after: self.after.unwrap_or_default(),
            from_beginning: self.from_beginning,
            heartbeats: true,
            ..WatchOptions::default()
        };
        let mut watch = self.server.connect().await?.watch(options);
        let (mut listening, jsonl) = (false, self.jsonl);
        loop {
            let notification = tokio::select! {
                notification = watch.next() => notification?,
                () = stop.next() => break,
            };
            if !listening {
                listening = true;
                eprint("listening; ctrl-c ends it");
            }
            if let Some(line) = line(&notification, jsonl) {
                let mut out = std::io::stdout().lock();
                writeln!(out, "{line}")?;
                out.flush()?;
            }
        }
        if !watch.cursor().is_empty() {
            eprint(&format!("to go on from here: laurels watch --after {}", watch.cursor()));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// How a notification is shown; none for one that is about no award.
fn line(notification: &Notification, jsonl: bool) -> Option<String> {
    let Notification { cursor, time, .. } = notification;
    match (notification.kind.as_ref()?, jsonl) {
        (NotificationKind::Award(award), true) => Some(award_line::json_of_stream(award, cursor)),
        (NotificationKind::Award(award), false) => Some(award_line::readable(award)),
        (NotificationKind::Revocation(taken), true) => {
            Some(award_line::json_of_revoked(taken, *time, cursor))
        }
        (NotificationKind::Revocation(taken), false) => {
            Some(award_line::readable_revoked(taken.award.as_ref()?, *time))
        }
        (NotificationKind::Heartbeat(_), _) => None,
    }
}

/// Says something beside the output. Where standard error is gone, nobody misses it.
fn eprint(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
