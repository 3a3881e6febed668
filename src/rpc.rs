//! The gRPC edge: it translates, and decides nothing.
//!
//! ```text
//! connections ──▶ frames ──▶ codec ──▶ achievements ──▶ record, stream, badges, live, catalog ──▶ Service
//!  too many     too large  unreadable └▶ admin ──▶ backup ──▶ Service
//! ```
//!
//! [`frames`] and [`codec`] answer what tonic alone would answer badly: a message that is too large, or cannot
//! be read. Each call has a file of its own. Whatever cannot be done is a [`status::Refusal`],
//! which becomes the status of the call or the error of one event.

mod achievements;
mod admin;
mod award;
mod backup;
mod badges;
mod calls;
mod catalog;
mod closing;
mod codec;
mod connections;
mod data;
mod ending;
mod frames;
mod health;
mod known;
mod live;
mod page;
mod proto;
mod record;
mod reflection;
mod reload;
mod status;
mod stream;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::transport::Server;
use tower::util::MapRequestLayer;

use achievements::Achievements;
use admin::Admin;
use proto::achievement_service_server::AchievementServiceServer;
use proto::admin_service_server::AdminServiceServer;

use crate::service::Service;

pub use calls::Calls;
pub use connections::CONNECTIONS_MAX;
pub use ending::Ending;
pub use frames::REQUEST_MAX_BYTES;
pub use tonic::Code;
pub use tonic::body::Body;

/// Most calls at once on one connection. A further one waits in the client. Without it hyper has no limit.
const CALLS_MAX: u32 = 128;
/// Most streams that the server had to reset for a client's mistakes; with one more, the connection ends.
/// Without it hyper has no limit, and a client can make the server write resets for ever.
const RESETS_MAX: usize = 1024;
/// Most bytes of the headers of one call. More are refused.
const HEADERS_MAX_BYTES: u32 = 16 * 1024;
/// How much a client may send ahead on one call: one message of the largest kind.
const CALL_WINDOW_BYTES: u32 = 1024 * 1024;
/// How much a client may send ahead on all its calls together.
const CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
/// How long a connection may be silent before the server asks whether anybody is there.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(60);
/// How long the answer to that may take, before the connection ends. Long: a PHP page that works for a minute
/// between two messages answers nothing meanwhile.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(90);
/// How long callers have to take their last answers when the server goes down. All that was accepted is
/// kept before; who has not taken the answer by then can ask again.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// Why the server could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection can be accepted.
    #[error("the server cannot listen any more")]
    Listening(#[from] tonic::transport::Error),
    /// No event can be recorded.
    #[error("the thread that records events died; what was answered is kept, so start the server again")]
    Recording,
}

/// The descriptors of all that callers may meet: the services, and the details of errors.
pub const DESCRIPTORS: [&[u8]; 3] =
    [proto::DESCRIPTORS, tonic_health::pb::FILE_DESCRIPTOR_SET, tonic_types::pb::FILE_DESCRIPTOR_SET];

/// Serves until `shutdown`, and then until what was accepted is kept and answered. A server that cannot record
/// any more goes down by itself: whoever watches over it can start it again.
pub async fn serve(
    listener: TcpListener,
    service: Service,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let (closer, closing) = closing::channel();
    let (health, health_service) = health::serving().await;
    let admin = AdminServiceServer::new(Admin { service: service.clone(), closing: closing.clone() });
    let achievements = AchievementServiceServer::new(Achievements { service: service.clone(), closing });

    let (closed, kept) = oneshot::channel();
    let died = AtomicBool::new(false);
    let close = async {
        tokio::select! {
            () = shutdown => {}
            () = service.ended() => died.store(true, Ordering::SeqCst),
        }
        health.stop_serving().await;
        closer.close();
        service.shut_down().await;
        health.end_watches().await;
        // Nobody waits for this once serving has failed.
        let _ = closed.send(());
    };
    let router = builder()
        .layer(MapRequestLayer::new(connections::note))
        .layer(MapRequestLayer::new(frames::guard))
        .add_service(achievements)
        .add_service(admin)
        .add_service(health_service)
        .add_service(reflection::v1())
        .add_service(reflection::v1alpha());
    let grace = async {
        // An error says that serving has failed before.
        let _ = kept.await;
        tokio::time::sleep(SHUTDOWN_GRACE).await;
    };
    tokio::select! {
        served = router.serve_with_incoming_shutdown(connections::accept(listener), close) => served?,
        () = grace => {
            tracing::warn!("some callers had not taken their last answers when the server went down");
        }
    }
    match died.load(Ordering::SeqCst) {
        true => Err(Error::Recording),
        false => Ok(()),
    }
}

fn builder() -> Server {
    Server::builder()
        .max_concurrent_streams(CALLS_MAX)
        .http2_max_local_error_reset_streams(Some(RESETS_MAX))
        .http2_max_header_list_size(HEADERS_MAX_BYTES)
        .initial_stream_window_size(CALL_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
}
