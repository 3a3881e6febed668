//! The log: what happened and when, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Says what is logged, as `tracing` has it: `warn`, or `info,laurels::store=debug`.
const VARIABLE: &str = "LAURELS_LOG";

/// Begins to log. Says what is wrong with `LAURELS_LOG`, if it cannot be read.
pub fn start() -> Result<(), String> {
    let wanted = std::env::var(VARIABLE).ok().filter(|wanted| !wanted.is_empty());
    let wanted = wanted.unwrap_or_else(|| "info".to_owned());
    let filter = EnvFilter::try_new(&wanted).map_err(|error| {
        format!("{VARIABLE}={wanted} cannot be read: {error}; write a level such as info, or info,laurels::store=debug")
    })?;
    // Only a second call fails, and then there is a log already.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
    Ok(())
}
