//! The settings: the one place where they are declared.
//!
//! A setting is a line here, and a value with a comment in `laurels.default.toml`. From these come what a file may say,
//! its variable of the environment, its option on the command line with the help to it, and what `laurels config show`
//! prints. A test compares the two, and says what is missing.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::declare::settings;
use super::kind::{address, count, log, path, path_or, sites, size, time, time_or, truth};
use super::site::Site;
use crate::event::DATA_MAX_BYTES;
use crate::store;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// The largest window: HTTP/2 cannot speak of twice as much.
const WINDOW_LARGEST: u64 = 1 << 30;
/// The largest message: tonic reads no larger one.
const MESSAGE_LARGEST: u64 = 4 << 20;

settings! {
    data: PathBuf = path();
    badges: PathBuf = path().reread();
    keys: Option<PathBuf> = path_or("in data").reread();
    listen: SocketAddr = address();
    insecure: bool = truth();
    watch: bool = truth();
    retain: Option<Duration> = time_or("all", SECOND..);
    log: String = log();
    allow_origins: Vec<Site> = sites().flag("allow-origin");

    [tls] Tls {
        cert: Option<PathBuf> = path_or("none").reread();
        key: Option<PathBuf> = path_or("none").reread();
        client_ca: Option<PathBuf> = path_or("none").reread();
    }

    [limits] Limits {
        connections: u64 = count("connections", 1..=1_000_000);
        calls_per_connection: u32 = count("calls", 1..=65_536);
        headers_bytes: u32 = size(8 << 10..=1 << 20);
        first_call: Duration = time(SECOND..=HOUR);
        tls_handshake: Duration = time(SECOND..=HOUR);
        http1_idle: Duration = time(SECOND..=24 * HOUR);
        body_stall: Duration = time(SECOND..=HOUR);
        write_stall: Duration = time(SECOND..=HOUR);
        keep_alive_interval: Duration = time(SECOND..=HOUR);
        keep_alive_timeout: Duration = time(MINUTE..=HOUR);
        streams_per_key: u32 = count("streams", 1..=1_000_000);
        streams_per_user: u32 = count("streams", 1..=1_000_000);
        resets: usize = count("streams", 1..=1_000_000);
        taken_back: usize = count("calls", 1..=1_000_000);
        call_window_bytes: u32 = size(64 << 10..=WINDOW_LARGEST);
        connection_window_bytes: u32 = size(64 << 10..=WINDOW_LARGEST);
        request_bytes: usize = size(1 << 10..=MESSAGE_LARGEST);
        streamed_bytes: usize = size(1 << 10..=MESSAGE_LARGEST);
        json_bytes: usize = size(1 << 10..=MESSAGE_LARGEST);
        data_bytes: usize = size(..=DATA_MAX_BYTES as u64);
        queue_events: usize = count("events", 1..=1_000_000);
        queue_bytes: usize = size(64 << 10..=1 << 30);
        catalog_bytes: u64 = size(1 << 10..=1 << 30);
        catalog_rules: usize = count("flags and badges", 1..=1_000_000);
    }

    [store] Store {
        segment_bytes: u64 = size(store::SEGMENT_BYTES_MIN..).flag("segment-bytes");
        checkpoint_bytes: u64 = size(store::CHECKPOINT_JOURNAL_BYTES_MIN..).flag("checkpoint-bytes");
        cache_bytes: u64 = size(store::CACHE_BYTES_MIN..).flag("cache-bytes");
    }
}
