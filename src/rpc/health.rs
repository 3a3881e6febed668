//! `grpc.health.v1`: of the whole server, for everybody, and of each service by its name, for those with a key.

use tonic::{Request, Response, Status};
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{Health as Calls, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_health::server::{HealthReporter, HealthService};

use super::admission::caller;
use super::proto::{achievement_service_server, admin_service_server};
use super::status::Refusal;
use crate::access::Needs;

/// The empty name is the whole server.
const NAMES: [&str; 3] = ["", achievement_service_server::SERVICE_NAME, admin_service_server::SERVICE_NAME];

/// Says how the server is.
pub(super) struct Health(HealthReporter);

/// A server that serves, and what answers those who ask.
pub(super) async fn serving() -> (Health, HealthServer<Guarded>) {
    let health = Health(HealthReporter::new());
    health.set(ServingStatus::Serving).await;
    let service = HealthService::from_health_reporter(health.0.clone());
    (health, HealthServer::new(Guarded(service)))
}

/// Tells details only to those who may know them.
pub(super) struct Guarded(HealthService);

#[tonic::async_trait]
impl Calls for Guarded {
    type WatchStream = <HealthService as Calls>::WatchStream;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        if !request.get_ref().service.is_empty() {
            caller(&request)?.may(Needs::Key).map_err(Refusal::from)?;
        }
        self.0.check(request).await
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        self.0.watch(request).await
    }
}

impl Health {
    /// From now on nobody should send anything new here.
    pub(super) async fn stop_serving(&self) {
        self.set(ServingStatus::NotServing).await;
    }

    /// Lets go of everybody who watches: a watch would keep the server from going down.
    pub(super) async fn end_watches(mut self) {
        for name in NAMES {
            self.0.clear_service_status(name).await;
        }
    }

    async fn set(&self, status: ServingStatus) {
        for name in NAMES {
            self.0.set_service_status(name, status).await;
        }
    }
}
