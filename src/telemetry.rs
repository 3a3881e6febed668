//! The log: what happened and when, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Whether a text says what is logged, as `tracing` has it: `warn`, or `info,laurels::store=debug`.
pub fn is_filter(text: &str) -> bool {
    !text.trim().is_empty() && EnvFilter::try_new(text).is_ok()
}

/// Begins to log what `filter` says.
pub fn start(filter: &str) {
    // Only a second call fails, and then there is a log already.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
}
