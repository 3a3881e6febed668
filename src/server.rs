//! The server: a port over the calls over a service, and how it goes down.
//!
//! In that order: whoever asks hears that it goes down, what was accepted is kept, and everybody has a while to take
//! their last answers.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;
use tower::ServiceExt;

use crate::access::Access;
use crate::port::Port;
use crate::rpc;
use crate::service::Service;
use crate::web;

/// How long callers have to take their last answers when the server goes down. All that was accepted is
/// kept before; who has not taken the answer by then can ask again.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// Why the server could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No event can be recorded.
    #[error("the thread that records events died; what was answered is kept, so start the server again")]
    Recording,
    /// Nobody can be served.
    #[error("the system has no room for the threads that serve connections: {0}")]
    Threads(io::Error),
}

/// Serves until `shutdown`, and then until what was accepted is kept and answered. A server that cannot record
/// any more goes down by itself: whoever watches over it can start it again.
pub async fn serve(
    port: Port,
    web: web::Options,
    service: Service,
    access: Access,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let (calls, farewell) = rpc::routes(&service, &access, web.sizes).await;
    let calls = web::over(calls, &web).map_request(rpc::received);

    let (closed, kept) = oneshot::channel();
    let died = AtomicBool::new(false);
    let close = async {
        tokio::select! {
            () = shutdown => {}
            () = service.ended() => died.store(true, Ordering::SeqCst),
        }
        farewell.begin().await;
        service.shut_down().await;
        farewell.end().await;
        // Nobody waits for this once all connections have ended.
        let _ = closed.send(());
    };
    let grace = async {
        // An error cannot be: it is sent before `close` is over, and with it the serving.
        let _ = kept.await;
        tokio::time::sleep(SHUTDOWN_GRACE).await;
    };
    tokio::select! {
        served = port.serve(calls, close) => served.map_err(Error::Threads)?,
        () = grace => {
            tracing::warn!("some callers had not taken their last answers when the server went down");
        }
    }
    match died.load(Ordering::SeqCst) {
        true => Err(Error::Recording),
        false => Ok(()),
    }
}
