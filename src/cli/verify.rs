//! `laurels verify`: whether a data directory is as it was written.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::error::Error;
use super::settings::{self, OfServer};
use crate::store;
use crate::store::verify::{Counts, News, Progress, Report, Stage};

/// Check every checksum of a data directory, and that sled equals the journal
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// What to check; no server may be using it; left out: where the server's settings say
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Where sled is copied to for a while, which takes its size twice; left out: the system's directory for such
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    #[command(flatten)]
    server: OfServer,
}

impl Verify {
    /// Shows what is found, a line each, and how much was checked. Nothing is changed.
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let config = match self.server.settle([("data", self.data)])? {
            Ok(settled) => settled.config,
            Err(code) => return Ok(code),
        };
        let scratch = self.scratch.unwrap_or_else(std::env::temp_dir);
        // It is seen only where standard error is a terminal.
        let bar = ProgressBar::no_length();
        let style = ProgressStyle::with_template("{wide_bar} {percent}%  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let mut gone = None;
        let report = store::verify(&config.data, &scratch, &settings::store(&config), |news| match news {
            News::Found(found) => {
                let written = bar.suspend(|| writeln!(std::io::stdout(), "{found}"));
                gone = gone.take().or(written.err());
            }
            News::Progress(progress) => show(&bar, &progress),
        });
        bar.finish_and_clear();
        if let Some(error) = gone {
            return Err(Error::Output(error));
        }
        let report = report.map_err(in_use_says_what_to_do)?;
        writeln!(std::io::stdout(), "{}", summary(&report))?;
        Ok(if report.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn show(bar: &ProgressBar, progress: &Progress) {
    let doing = match progress.stage {
        Stage::Copying => "copying sled".to_owned(),
        Stage::Ids => "event ids".to_owned(),
        Stage::Journal => "journal".to_owned(),
        Stage::Documents { of: 1, .. } => "documents".to_owned(),
        Stage::Documents { part, of } => format!("documents, part {part} of {of}"),
    };
    bar.set_length(progress.of);
    bar.set_position(progress.done);
    bar.set_message(doing);
}

fn in_use_says_what_to_do(error: store::Error) -> Error {
    match error {
        store::Error::InUse { directory } => Error::Usage(format!(
            "a server uses {directory}; stop it, or verify a backup of it that is restored elsewhere"
        )),
        store::Error::Io { action, source } => Error::io(action, source),
        other @ (store::Error::Damaged { .. }
        | store::Error::ReadOnly { .. }
        | store::Error::Newer { .. }
        | store::Error::Expired { .. }
        | store::Error::Refused { .. }) => Error::Store(other),
    }
}

/// The line that it ends with.
fn summary(report: &Report) -> String {
    let counts = [
        counted(report.events, "event"),
        counted(report.awards, "award"),
        counted(report.documents, "document"),
        counted(report.segments, "segment"),
    ];
    let Counts { notes, made_again, unnoticed, journal } = report.found;
    let mut verdict = Vec::new();
    if report.is_right() {
        verdict.push("all checksums right, sled equals the journal".to_owned());
    }
    let mut add = |count, what: &str| {
        if count > 0 {
            verdict.push(format!("{} {what}", counted(count, "problem")));
        }
    };
    add(journal, "of the journal: events are lost unless a backup has them");
    add(unnoticed, "that no start would notice: nothing is lost, but remove what is named above");
    add(made_again, "that the next start puts right by itself");
    if !report.compared {
        verdict.push(
            "sled and ids were not compared, since the journal, or the snapshot before it, is not whole"
                .to_owned(),
        );
    }
    if notes > 0 {
        verdict.push(format!("{} left by a crash, which is no damage", counted(notes, "thing")));
    }
    format!("{}: {}", counts.join(", "), verdict.join("; "))
}

fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", HumanCount(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_tells_what_is_lost_from_what_is_made_again() {
        let mut report = Report {
            events: 39_455,
            awards: 719,
            documents: 1_234,
            segments: 2,
            compared: true,
            ..Report::default()
        };
        let counts = "39,455 events, 719 awards, 1,234 documents, 2 segments: ";
        let right = format!("{counts}all checksums right, sled equals the journal");
        assert_eq!(summary(&report), right);
        report.found.notes = 1;
        assert_eq!(summary(&report), format!("{right}; 1 thing left by a crash, which is no damage"));
        report.found.made_again = 2;
        assert_eq!(
            summary(&report),
            format!(
                "{counts}2 problems that the next start puts right by itself; 1 thing left by a crash, which is no damage"
            )
        );
        report.found.journal = 1;
        report.compared = false;
        assert!(
            summary(&report)
                .contains("1 problem of the journal: events are lost unless a backup has them; 2 problems")
        );
        assert!(!report.is_right());
    }
}
