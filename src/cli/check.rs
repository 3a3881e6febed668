//! `laurels check`: whether the badge files are right.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::error::Error;
use super::past::Seen;
use super::settings::OfServer;
use crate::catalog::{Catalog, Files, Numbers, Size};
use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::trial;

/// Check badge files: compile them, and run their tests
///
/// Exits with 0 when they can be used and all tests pass, also where there are warnings; with 1 when there is a
/// mistake, or a test fails; with 2 when the command line is wrong.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The badge files; left out: where the server's settings say, which is badges where they say nothing
    #[arg(value_name = "DIR")]
    badges: Option<String>,
    /// A data directory, whose journal is looked at too: for events that no rule hears, and badges that nobody got
    /// though their events come; a server may be using it
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Most bytes that all files may have together
    #[arg(long, value_name = "SIZE")]
    limits_catalog_bytes: Option<String>,
    /// Most flags and badges that they may declare
    #[arg(long, value_name = "NUMBER")]
    limits_catalog_rules: Option<String>,
    #[command(flatten)]
    server: OfServer,
}

impl Check {
    /// Shows every mistake, then every test that fails. No server is needed.
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let config = match self.server.settle([
            ("badges", self.badges),
            ("limits.catalog_bytes", self.limits_catalog_bytes),
            ("limits.catalog_rules", self.limits_catalog_rules),
        ])? {
            Ok(settled) => settled.config,
            Err(code) => return Ok(code),
        };
        let seen = self.data.as_deref().map(Seen::read).transpose()?;
        let numbers = seen.as_ref().map(|seen| seen.numbers.clone()).unwrap_or_default();
        let Some((catalog, _)) = compile(&config.badges, (&config.limits).into(), &numbers)? else {
            return Ok(ExitCode::FAILURE);
        };
        let mut out = std::io::stdout().lock();
        let trials = catalog.trials.iter();
        let failures: Vec<_> = trials.filter_map(|trial| trial::run(&catalog, trial).err()).collect();
        for failure in &failures {
            writeln!(out, "{failure}")?;
        }
        if let Some(seen) = &seen {
            for warning in seen.warnings(&catalog) {
                writeln!(out, "warning: {warning}")?;
            }
            writeln!(out, "{}", seen.summary())?;
        }
        let badges = catalog.badges.iter().filter(|badge| !badge.retired).count();
        let (tests, failed) = (catalog.trials.len(), failures.len());
        writeln!(out, "{badges} badges; {tests} tests, {failed} failed")?;
        Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Compiles the badge files of a folder, and shows everything that is wrong with them. None where they
/// cannot be used.
pub(super) fn compile(
    folder: &Path,
    most: Size,
    numbers: &Numbers,
) -> Result<Option<(Catalog, Numbers)>, Error> {
    match Files::read_within(folder, most)?.compile(numbers) {
        Ok((catalog, numbers, warnings)) => {
            show(&warnings)?;
            Ok(Some((catalog, numbers)))
        }
        Err(mistakes) => {
            show(&mistakes)?;
            Ok(None)
        }
    }
}

fn show(found: &[Diagnostic]) -> Result<(), Error> {
    let mut err = std::io::stderr().lock();
    let colour = err.is_terminal();
    for diagnostic in found {
        writeln!(err, "{}\n", diagnostic.excerpt(colour))?;
    }
    let errors = found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    if errors > 0 {
        writeln!(err, "{}", summary(errors))?;
    }
    Ok(())
}

fn summary(errors: usize) -> String {
    let mistakes = if errors == 1 { "mistake" } else { "mistakes" };
    format!("{errors} {mistakes}; nothing of the folder is used until it is right")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mistake_is_not_several() {
        assert_eq!(summary(1), "1 mistake; nothing of the folder is used until it is right");
        assert!(summary(2).starts_with("2 mistakes; "));
    }
}
