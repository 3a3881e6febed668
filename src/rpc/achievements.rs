//! `AchievementService`: which function answers which call.

use tonic::{Request, Response, Status, Streaming};

use super::admission::caller;
use super::closing::Closing;
use super::codec::Frame;
use super::proto::achievement_service_server::AchievementService;
use super::proto::{
    GetBadgesRequest, GetBadgesResponse, GetProfileRequest, GetProfileResponse, ListBadgesRequest,
    ListBadgesResponse, LiveNotificationsRequest, RecordEventRequest, RecordEventResponse,
    RecordEventsRequest, UpdateProfileRequest, UpdateProfileResponse,
};
use super::{badges, catalog, live, profile, record, stream};
use crate::service::Service;

/// The calls of a site, over one service.
pub(super) struct Achievements {
    pub(super) service: Service,
    pub(super) closing: Closing,
}

#[tonic::async_trait]
impl AchievementService for Achievements {
    type RecordEventsStream = stream::Answers;
    type LiveNotificationsStream = live::Notifications;

    async fn record_event(
        &self,
        request: Request<RecordEventRequest>,
    ) -> Result<Response<RecordEventResponse>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(record::record(&self.service, &caller, request.into_inner()).await?))
    }

    async fn record_events(
        &self,
        request: Request<Streaming<Frame<RecordEventsRequest>>>,
    ) -> Result<Response<stream::Answers>, Status> {
        let caller = caller(&request)?;
        let service = self.service.clone();
        Ok(Response::new(stream::answer(service, caller, request.into_inner(), self.closing.clone())))
    }

    async fn get_badges(
        &self,
        request: Request<GetBadgesRequest>,
    ) -> Result<Response<GetBadgesResponse>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(badges::get(&self.service, &caller, request.into_inner()).await?))
    }

    async fn live_notifications(
        &self,
        request: Request<LiveNotificationsRequest>,
    ) -> Result<Response<live::Notifications>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(live::listen(&self.service, &caller, request.get_ref())?))
    }

    async fn list_badges(
        &self,
        request: Request<ListBadgesRequest>,
    ) -> Result<Response<ListBadgesResponse>, Status> {
        Ok(Response::new(catalog::list(&self.service, request.get_ref())?))
    }

    async fn get_profile(
        &self,
        request: Request<GetProfileRequest>,
    ) -> Result<Response<GetProfileResponse>, Status> {
        Ok(Response::new(profile::get(&self.service, &caller(&request)?, request.get_ref()).await?))
    }

    async fn update_profile(
        &self,
        request: Request<UpdateProfileRequest>,
    ) -> Result<Response<UpdateProfileResponse>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(profile::update(&self.service, &caller, request.into_inner()).await?))
    }
}
