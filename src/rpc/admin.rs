//! `AdminService`: which function answers which call.

use tonic::{Request, Response, Status};

use super::admission::caller;
use super::backup;
use super::closing::Closing;
use super::proto::admin_service_server::AdminService;
use super::proto::{
    AwardBadgeRequest, AwardBadgeResponse, BackupRequest, ListAuditEventsRequest, ListAuditEventsResponse,
    ReloadRequest, ReloadResponse, RevokeBadgeRequest, RevokeBadgeResponse,
};
use super::{audit, hand, reload};
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
        let caller = caller(&request)?;
        let chunks = backup::take(&self.service, &caller, request.get_ref(), self.closing.clone()).await?;
        Ok(Response::new(chunks))
    }

    async fn reload(&self, request: Request<ReloadRequest>) -> Result<Response<ReloadResponse>, Status> {
        Ok(Response::new(reload::reload(&self.service, &caller(&request)?).await?))
    }

    async fn award_badge(
        &self,
        request: Request<AwardBadgeRequest>,
    ) -> Result<Response<AwardBadgeResponse>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(hand::award(&self.service, &caller, request.into_inner()).await?))
    }

    async fn revoke_badge(
        &self,
        request: Request<RevokeBadgeRequest>,
    ) -> Result<Response<RevokeBadgeResponse>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(hand::revoke(&self.service, &caller, request.into_inner()).await?))
    }

    async fn list_audit_events(
        &self,
        request: Request<ListAuditEventsRequest>,
    ) -> Result<Response<ListAuditEventsResponse>, Status> {
        Ok(Response::new(audit::list(&self.service, request.get_ref()).await?))
    }
}
