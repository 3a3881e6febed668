//! Being told to stop: ctrl-c, or the service manager's SIGTERM.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::error::Error;

/// Hears both signals from when it is made; without it they end the program at once.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(super) fn listen() -> Result<Signals, Error> {
        let listen = |kind| signal(kind).map_err(|source| Error::io("listen to signals", source));
        Ok(Signals {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
