//! The gRPC edge: it translates, and decides nothing.
//!
//! ```text
//! deadline ──▶ admission ──▶ frames ──▶ codec ──▶ achievements ──▶ record, stream, badges, live, catalog ──▶ Service
//!  too late   not let in   too large  unreadable └▶ admin ──▶ backup ──▶ Service
//! ```
//!
//! [`frames`] and [`codec`] answer what tonic alone would answer badly: a message that is too large, or cannot
//! be read. Each call has a file of its own. Whatever cannot be done is a [`status::Refusal`],
//! which becomes the status of the call or the error of one event.

mod achievements;
mod admin;
mod admission;
mod audit;
mod award;
mod backup;
mod badges;
mod calls;
mod catalog;
mod closing;
mod codec;
mod data;
mod deadline;
mod dispatch;
mod ending;
mod frames;
mod hand;
mod health;
mod known;
mod live;
mod page;
mod profile;
mod proto;
mod received;
mod record;
mod reflection;
mod reload;
mod sizes;
mod status;
mod stream;

use std::convert::Infallible;

use tonic::codegen::{Service as Calling, http};
use tonic::service::Routes;
use tower::ServiceBuilder;
use tower::layer::layer_fn;
use tower::util::MapRequestLayer;

use achievements::Achievements;
use admin::Admin;
use admission::Admission;
use closing::Closer;
use deadline::Deadline;
use dispatch::Dispatch;
use health::Health;
use proto::achievement_service_server::AchievementServiceServer;
use proto::admin_service_server::AdminServiceServer;

use crate::access::Access;
use crate::service::Service;

pub use calls::Calls;
pub use ending::Ending;
pub use received::received;
pub use sizes::Sizes;
/// How a call ended, in a word.
pub use tonic::Code;
/// What a request or a response carries.
pub use tonic::body::Body;

/// The descriptors of all that callers may meet: the services, and the details of errors.
pub const DESCRIPTORS: [&[u8]; 3] =
    [proto::DESCRIPTORS, tonic_health::pb::FILE_DESCRIPTOR_SET, tonic_types::pb::FILE_DESCRIPTOR_SET];

/// All calls of all services for those who may make them, with messages of at most these sizes, and who tells those
/// that last that the server goes down.
pub async fn routes(
    service: &Service,
    access: &Access,
    sizes: Sizes,
) -> (
    impl Calling<http::Request<Body>, Response = http::Response<Body>, Error = Infallible, Future: Send + Unpin>
    + Clone
    + Send
    + Sync
    + 'static,
    Farewell,
) {
    let (closer, closing) = closing::channel();
    let (health, health_service) = health::serving().await;
    let admin = AdminServiceServer::new(Admin { service: service.clone(), closing: closing.clone() });
    let achievements = AchievementServiceServer::new(Achievements { service: service.clone(), closing });
    let others = Routes::new(admin)
        .add_service(health_service)
        .add_service(reflection::v1())
        .add_service(reflection::v1alpha())
        .prepare();
    let access = access.clone();
    let calls = ServiceBuilder::new()
        .layer(layer_fn(Deadline))
        .layer(layer_fn(move |inner| Admission::new(access.clone(), inner)))
        .layer(MapRequestLayer::new(move |request| frames::guard(sizes, request)))
        .service(Dispatch { achievements, others });
    (calls, Farewell { closer, health })
}

/// Tells everybody that the server goes down.
pub struct Farewell {
    closer: Closer,
    health: Health,
}

impl Farewell {
    /// From now on nobody should send anything new here, and streams come to their end.
    pub async fn begin(&self) {
        self.health.stop_serving().await;
        self.closer.close();
    }

    /// Nothing is left to be told: lets go of those who watch the server's health until there is none.
    pub async fn end(self) {
        self.health.end_watches().await;
    }
}
