//! `laurels schema`: what badge files may have, for editors.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use super::error::Error;
use crate::catalog::schema;

/// Print the JSON Schema of badge files, which has editors complete and check them
#[derive(Debug, Args)]
pub(super) struct Schema {}

impl Schema {
    /// Prints it: a file begins with `#:schema ./schema.json` where that is kept beside it.
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        write!(std::io::stdout(), "{}", schema())?;
        Ok(ExitCode::SUCCESS)
    }
}
