//! Being told to stop, by ctrl-c or the service manager's SIGTERM; and to read the badge files again, by SIGHUP.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::error::Error;

/// Hears what tells to stop, from when it is made; without it these signals end the program at once.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

/// Hears SIGHUP from when it is made; without it that ends the program at once.
pub(super) struct Hangups(Signal);

impl Signals {
    pub(super) fn listen() -> Result<Signals, Error> {
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

impl Hangups {
    pub(super) fn listen() -> Result<Hangups, Error> {
        Ok(Hangups(listen(SignalKind::hangup())?))
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        self.0.recv().await;
    }
}

fn listen(kind: SignalKind) -> Result<Signal, Error> {
    signal(kind).map_err(|source| Error::io("listen to signals", source))
}
