//! `AdminService`: which function answers which call.

use tonic::{Request, Response, Status};

use super::backup;
use super::closing::Closing;
use super::proto::BackupRequest;
use super::proto::admin_service_server::AdminService;
use crate::service::Service;

/// The calls of those who run the site, over one service.
pub(super) struct Admin {
    pub(super) service: Service,
    pub(super) closing: Closing,
}

#[tonic::async_trait]
impl AdminService for Admin {
    type BackupStream = backup::Chunks;

    async fn backup(&self, request: Request<BackupRequest>) -> Result<Response<backup::Chunks>, Status> {
        let chunks = backup::take(&self.service, request.get_ref(), self.closing.clone()).await?;
        Ok(Response::new(chunks))
    }
}
