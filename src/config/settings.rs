//! The settings: the one place where they are declared.
//!
//! A setting is a line here, and a value with a comment in `laurels.default.toml`. From these come what a file may say,
//! its variable of the environment, its option on the command line with the help to it, and what `laurels config show`
//! prints. A test compares the two, and says what is missing.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::declare::settings;
use super::kind::{address, count, log, path, size, time_or, truth};
use crate::store;

settings! {
    data: PathBuf = path();
    badges: PathBuf = path().reread();
    listen: SocketAddr = address();
    watch: bool = truth();
    retain: Option<Duration> = time_or("all", Duration::from_secs(1)..);
    log: String = log();

    [store] Store {
        segment_bytes: u64 = size(store::SEGMENT_BYTES_MIN..).flag("segment-bytes");
        checkpoint_bytes: u64 = size(store::CHECKPOINT_JOURNAL_BYTES_MIN..).flag("checkpoint-bytes");
        cache_bytes: u64 = size(store::CACHE_BYTES_MIN..).flag("cache-bytes");
    }
}
