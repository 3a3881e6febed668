//! `laurels awards`: every award held.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use laurels_client::{Award, NotificationKind, WatchOptions};

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
        let mut held = Held::default();
        loop {
            match watch.next().await?.kind {
                Some(NotificationKind::Award(award)) => {
                    let line =
                        if self.jsonl { award_line::json(&award) } else { award_line::readable(&award) };
                    held.give(award, line);
                }
                Some(NotificationKind::Revocation(taken)) => held.take_back(taken.award.unwrap_or_default()),
                Some(NotificationKind::Heartbeat(heartbeat)) if heartbeat.live => break,
                Some(NotificationKind::Heartbeat(_)) | None => {}
            }
        }
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        for line in held.lines.values() {
            writeln!(out, "{line}")?;
        }
        if !self.jsonl {
            writeln!(out, "{} awards", held.lines.len())?;
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The awards that are held. All are in memory, since any of them may be taken back by the last event.
#[derive(Default)]
struct Held {
    /// In the order in which they were given.
    lines: BTreeMap<u64, String>,
    /// Which of them is that of a user, badge, key and number.
    places: HashMap<(String, String, String, i32), u64>,
    given: u64,
}

impl Held {
    fn give(&mut self, award: Award, line: String) {
        self.given += 1;
        self.lines.insert(self.given, line);
        self.places.insert(identity(award), self.given);
    }

    fn take_back(&mut self, award: Award) {
        if let Some(place) = self.places.remove(&identity(award)) {
            self.lines.remove(&place);
        }
    }
}

fn identity(award: Award) -> (String, String, String, i32) {
    (award.user, award.badge, award.key, award.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_back_is_held_only_where_it_was_given_again() {
        let award = |user: &str| Award { user: user.to_owned(), ..Award::default() };
        let mut held = Held::default();
        for (user, line) in [("ann", "1"), ("bob", "2"), ("cat", "3")] {
            held.give(award(user), line.to_owned());
        }
        held.take_back(award("ann"));
        held.take_back(award("bob"));
        held.give(award("ann"), "4".to_owned());
        // One that was given before the first record that is kept.
        held.take_back(award("dan"));
        assert_eq!(held.lines.values().collect::<Vec<_>>(), ["3", "4"]);
    }
}
