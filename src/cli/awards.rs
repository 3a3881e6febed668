//! `laurels awards`: every award held.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use laurels_client::{NotificationKind, WatchOptions};

use super::award_line;
use super::error::Error;
use super::server::Server;

/// For how long a lost connection is tried again, before the list is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Show every award held, in the order in which they were given; where a server keeps records for a limited time, those
/// whose records are kept
#[derive(Debug, Args)]
pub(super) struct Awards {
    /// One JSON object a line: {"user":"…","badge":"…","key":"…","time":"…"}
    #[arg(long)]
    jsonl: bool,
    #[command(flatten)]
    server: Server,
}

impl Awards {
    /// Reads the live stream from its beginning to where it becomes live.
    pub(super) async fn run(self) -> Result<ExitCode, Error> {
        let options = WatchOptions {
            from_beginning: true,
            heartbeats: true,
            patience: Some(PATIENCE),
            ..WatchOptions::default()
        };
        let mut watch = self.server.connect().await?.watch(options);
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let mut count = 0_u64;
        loop {
            match watch.next().await?.kind {
                Some(NotificationKind::Award(award)) => {
                    count += 1;
                    let line =
                        if self.jsonl { award_line::json(&award) } else { award_line::readable(&award) };
                    writeln!(out, "{line}")?;
                }
                Some(NotificationKind::Heartbeat(heartbeat)) if heartbeat.live => break,
                Some(NotificationKind::Heartbeat(_)) | None => {}
            }
        }
        if !self.jsonl {
            writeln!(out, "{count} awards")?;
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}
