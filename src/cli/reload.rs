//! `laurels reload`: the server reads its badge files again.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use laurels_client::{ErrorReason, Reloaded};

use super::error::Error;
use super::server::Server;

/// Have the server read its badge files again
#[derive(Debug, Args)]
pub(super) struct Reload {
    #[command(flatten)]
    server: Server,
}

impl Reload {
    /// Says what is in use now, or every mistake that keeps the files from being used.
    pub(super) async fn run(self) -> Result<ExitCode, Error> {
        match self.server.connect().await?.reload().await {
            Ok(reloaded) => {
                write!(std::io::stdout(), "{}", said(&reloaded))?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) if error.reason() == Some(ErrorReason::BadgesInvalid) => {
                let mut err = std::io::stderr().lock();
                for mistake in error.fields() {
                    writeln!(err, "{}: {}", mistake.field, mistake.problem)?;
                }
                writeln!(err, "error: {}", error.message())?;
                Ok(ExitCode::FAILURE)
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn said(reloaded: &Reloaded) -> String {
    let Reloaded { badge_count, added, retired, restarted, warnings } = reloaded;
    let warnings = warnings
        .iter()
        .map(|one| format!("{}:{}:{}: warning: {}\n", one.file, one.line, one.column, one.message));
    let mut text: String = warnings.collect();
    text.push_str(&format!("{badge_count} badges are in use"));
    let counts_anew = "changed, and counts from nothing";
    for (ids, what) in [(added, "new"), (retired, "declared no longer"), (restarted, counts_anew)] {
        if !ids.is_empty() {
            text.push_str(&format!("; {what}: {}", ids.join(", ")));
        }
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_and_what_is_gone_is_named() {
        let mut reloaded = Reloaded { badge_count: 3, ..Reloaded::default() };
        assert_eq!(said(&reloaded), "3 badges are in use\n");
        (reloaded.added, reloaded.retired) = (vec!["a".into(), "b".into()], vec!["c".into()]);
        assert_eq!(said(&reloaded), "3 badges are in use; new: a, b; declared no longer: c\n");
        let reloaded = Reloaded { badge_count: 1, restarted: vec!["hearts".into()], ..Reloaded::default() };
        assert_eq!(said(&reloaded), "1 badges are in use; changed, and counts from nothing: hearts\n");
    }
}
