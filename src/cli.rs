//! The command line: one file a command.
//!
//! `serve`, `key`, `check`, `try`, `schema`, `verify` and `config` are the server itself. All other commands speak to
//! a server through the client crate, as any program would; they know nothing of gRPC.

mod attempt;
mod audit;
mod award;
mod award_line;
mod awards;
mod backup;
mod badges;
pub mod bench;
mod check;
mod config;
mod error;
mod event_line;
mod folder;
mod key;
mod keys;
pub mod lines;
mod past;
mod profile;
mod record;
mod reload;
mod restore;
mod retain;
mod revoke;
mod schema;
mod secure;
mod serve;
mod server;
mod settings;
mod signals;
mod single;
mod tally;
mod upload;
mod verify;
mod watch;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use error::Error;

/// An achievements server: a site says what happened, Laurels decides who has earned what.
#[derive(Debug, Parser)]
#[command(name = "laurels", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Record(record::Record),
    Badges(badges::Badges),
    Watch(watch::Watch),
    Bench(bench::Bench),
    Awards(awards::Awards),
    Award(award::Award),
    Revoke(revoke::Revoke),
    Audit(audit::Audit),
    Profile(profile::Profile),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Reload(reload::Reload),
    Key(key::Key),
    Check(check::Check),
    Try(attempt::Try),
    Schema(schema::Schema),
    Verify(verify::Verify),
    Config(config::Config),
}

/// Does what the command line says. Exits with 0 when all went well, with 1 when something did not, and
/// with 2 when the command line itself is wrong.
pub fn run() -> ExitCode {
    let command = Cli::parse().command;
    match carry_out(command) {
        Ok(code) => code,
        // Whoever reads has seen enough: `laurels awards | head`.
        Err(Error::Output(source)) if source.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is gone too, nobody is left to tell.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Serve(serve) => block_on(serve.run()),
        Command::Record(record) => block_on(record.run()),
        Command::Badges(badges) => block_on(badges.run()),
        Command::Watch(watch) => block_on(watch.run()),
        Command::Bench(bench) => bench.run(),
        Command::Awards(awards) => block_on(awards.run()),
        Command::Award(award) => block_on(award.run()),
        Command::Revoke(revoke) => block_on(revoke.run()),
        Command::Audit(audit) => block_on(audit.run()),
        Command::Profile(profile) => block_on(profile.run()),
        Command::Backup(backup) => block_on(backup.run()),
        Command::Restore(restore) => restore.run(),
        Command::Reload(reload) => block_on(reload.run()),
        Command::Key(key) => key.run(),
        Command::Check(check) => check.run(),
        Command::Try(attempt) => attempt.run(),
        Command::Schema(schema) => schema.run(),
        Command::Verify(verify) => verify.run(),
        Command::Config(config) => config.run(),
    }
}

fn block_on(command: impl Future<Output = Result<ExitCode, Error>>) -> Result<ExitCode, Error> {
    let runtime = tokio::runtime::Runtime::new().map_err(|source| Error::io("start threads", source))?;
    runtime.block_on(command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
