//! Tells the streams of events that the server is going down.

use tokio::sync::watch;

/// Tells it; once.
pub(super) struct Closer(watch::Sender<bool>);

/// Hears it.
#[derive(Clone)]
pub(super) struct Closing(watch::Receiver<bool>);

/// The two ends.
pub(super) fn channel() -> (Closer, Closing) {
    let (sender, receiver) = watch::channel(false);
    (Closer(sender), Closing(receiver))
}

impl Closer {
    /// From now on the server is going down.
    pub(super) fn close(&self) {
        self.0.send_replace(true);
    }
}

impl Closing {
    /// Waits until the server is going down.
    pub(super) async fn begun(&mut self) {
        // An error says that the other end is gone, and with it the server.
        let _ = self.0.wait_for(|closing| *closing).await;
    }
}
