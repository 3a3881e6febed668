//! `laurels config`: how a server would be set up here, and why.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::error::Error;
use super::settings::{self, Settings};
use crate::config::{self, DEFAULTS, Said, Taken};

/// The widest setting beside which comments stand in one column.
const COLUMN_MAX: usize = 44;

/// Show the settings of a server, or check a file of them
#[derive(Debug, Args)]
pub(super) struct Config {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print every setting, its value, and where that comes from; takes the options of `serve`
    Show(Settings),
    /// Say everything that is wrong with a file of settings
    Check {
        /// The file
        #[arg(value_name = "FILE", default_value = "laurels.toml")]
        file: PathBuf,
    },
    /// Print all settings with their defaults and what they mean: the beginning of a file of one's own
    Default,
}

impl Config {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        match self.action {
            Action::Show(settings) => show(settings),
            Action::Check { file } => check(file),
            Action::Default => {
                write!(std::io::stdout(), "{DEFAULTS}")?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// Prints settings as a file that could be used as it is.
fn show(settings: Settings) -> Result<ExitCode, Error> {
    let settled = match settings.settle()? {
        Ok(settled) => settled,
        Err(code) => return Ok(code),
    };
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "# Each setting with where its value comes from, and when another comes into use: at the next start, or, for\n\
         # what a path names, at SIGHUP. `laurels config default` says what each means."
    )?;
    let mut section = None;
    for (setting, Taken { value, origin, .. }) in config::settings().iter().zip(&settled.taken) {
        let (of, name) = setting.place();
        if of != section {
            writeln!(out, "\n[{}]", of.unwrap_or_default())?;
            section = of;
        }
        let line = format!("{name} = {value}");
        writeln!(out, "{line:<COLUMN_MAX$} # {origin}; {}", setting.comes_into_use())?;
    }
    for variable in &settled.unknown_variables {
        writeln!(out, "\n# {variable} is set, and is no setting")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn check(file: PathBuf) -> Result<ExitCode, Error> {
    let said = Said { file: Some(settings::read(&file)?), ..Said::default() };
    match config::settle(&said) {
        Ok(_) => {
            writeln!(std::io::stdout(), "{} can be used", file.display())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(mistakes) => {
            settings::show(&mistakes)?;
            Ok(ExitCode::FAILURE)
        }
    }
}
