//! How much may be asked of the port.

use std::time::Duration;

use crate::config;

/// Most connections at once, if nothing else is said. A further one is closed as soon as it is made. There are fewer
/// where the system allows fewer open files.
pub const CONNECTIONS_MAX: u64 = 16 * 1024;
/// Most calls at once on one connection. A further one waits in the client. Without it hyper has no limit.
const CALLS_MAX: u32 = 128;
/// Most streams that the server had to reset for a client's mistakes; with one more, the connection ends.
/// Without it hyper has no limit, and a client can make the server write resets for ever.
const RESETS_MAX: usize = 1024;
/// Most calls that a client took back before the server looked at them; with one more, the connection ends.
const TAKEN_BACK_MAX: usize = 20;
/// Most bytes of the headers of one call. More are refused.
const HEADERS_MAX_BYTES: u32 = 16 * 1024;

/// How much may be asked of the port. Each default is what holds if nothing else is said.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Most connections at once. A further one is closed as soon as it is made. There are fewer where the
    /// system allows fewer open files: some are left to the store.
    pub connections: u64,
    /// How long a connection may take to send the headers of its first call. Then it ends: a client that has nothing
    /// to ask yet connects again when it has.
    pub first_call: Duration,
    /// How long a connection may take until both sides agree on TLS. Then it ends.
    pub tls_handshake: Duration,
    /// How long an HTTP/1.1 connection may take to send the headers of its next call, from when the last was answered. Then
    /// it ends. Longer than proxies keep a connection for later (nginx: 60 s), so that it is they who end it.
    pub http1_idle: Duration,
    /// How long the body of a call may stop half-way. Then the call fails, and with HTTP/1.1 its connection ends. A stream
    /// of HTTP/2 may be silent as long as it likes.
    pub body_stall: Duration,
    /// How long a connection may take nothing of what it is sent. Then it ends.
    pub write_stall: Duration,
    /// Most bytes of the headers of one call. More are refused. Not less than 8192.
    pub headers_bytes: u32,
    /// Most calls at once on one HTTP/2 connection. A further one waits in the client.
    pub calls_per_connection: u32,
    /// Most HTTP/2 streams that the server had to reset for a client's mistakes; with one more, the connection ends.
    pub resets: usize,
    /// Most calls of an HTTP/2 connection that the client took back before the server looked at them; with one more,
    /// the connection ends.
    pub taken_back: usize,
    /// How many bytes a client may send ahead on one HTTP/2 call: one message of the largest kind.
    pub call_window_bytes: u32,
    /// How many bytes a client may send ahead on all calls of an HTTP/2 connection together.
    pub connection_window_bytes: u32,
    /// How long an HTTP/2 connection may be silent before the server asks whether anybody is there.
    pub keep_alive_interval: Duration,
    /// How long the answer to that may take, before the connection ends. Long: a PHP page that works for a minute
    /// between two messages answers nothing meanwhile.
    pub keep_alive_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: CONNECTIONS_MAX,
            first_call: Duration::from_secs(20),
            tls_handshake: Duration::from_secs(10),
            http1_idle: Duration::from_secs(75),
            body_stall: Duration::from_secs(20),
            write_stall: Duration::from_secs(90),
            headers_bytes: HEADERS_MAX_BYTES,
            calls_per_connection: CALLS_MAX,
            resets: RESETS_MAX,
            taken_back: TAKEN_BACK_MAX,
            call_window_bytes: 1024 * 1024,
            connection_window_bytes: 4 * 1024 * 1024,
            keep_alive_interval: Duration::from_secs(60),
            keep_alive_timeout: Duration::from_secs(90),
        }
    }
}

impl From<&config::Limits> for Limits {
    fn from(limits: &config::Limits) -> Limits {
        Limits {
            connections: limits.connections,
            first_call: limits.first_call,
            tls_handshake: limits.tls_handshake,
            http1_idle: limits.http1_idle,
            body_stall: limits.body_stall,
            write_stall: limits.write_stall,
            headers_bytes: limits.headers_bytes,
            calls_per_connection: limits.calls_per_connection,
            resets: limits.resets,
            taken_back: limits.taken_back,
            call_window_bytes: limits.call_window_bytes,
            connection_window_bytes: limits.connection_window_bytes,
            keep_alive_interval: limits.keep_alive_interval,
            keep_alive_timeout: limits.keep_alive_timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_of_the_port_are_those_of_the_settings() {
        assert_eq!(Limits::default(), Limits::from(&config::Config::default().limits));
    }
}
