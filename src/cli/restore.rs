//! `laurels restore`: a store made of a backup.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::backup::until;
use super::error::Error;
use super::settings::{self, OfServer};
use crate::store::{self, Contents, Until};

/// Make a store of a backup, for `laurels serve` to begin with
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The file that `laurels backup` made
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to make the store: a directory that is not there, or is empty; left out: where the server's settings say
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Only up to this event, by its number, or up to this time of arrival, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "SEQUENCE|TIME", value_parser = until)]
    until: Option<Until>,
    #[command(flatten)]
    server: OfServer,
}

impl Restore {
    /// Restores what the command line says.
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let config = match self.server.settle([("data", self.data)])? {
            Ok(settled) => settled.config,
            Err(code) => return Ok(code),
        };
        let name = self.file.display().to_string();
        let file = File::open(&self.file).map_err(|source| Error::io(format!("open {name}"), source))?;
        let backup = BufReader::with_capacity(1 << 20, file);
        let until = self.until.unwrap_or(Until::Head);
        let Contents { events, last, .. } =
            store::restore(backup, &name, &config.data, until, &settings::store(&config))?;
        let data = config.data.display();
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "{events} events, up to number {}, are in {data}; serve them with --data {data}",
            last.0
        )?;
        Ok(ExitCode::SUCCESS)
    }
}
