//! The `laurels` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    laurels::cli::run()
}
