//! The calls of a site without connections: a request goes in, its response comes out.

use tonic::body::Body;
use tonic::codegen::{Service as _, http};

use super::achievements::Achievements;
use super::closing::{self, Closer};
use super::proto::achievement_service_server::AchievementServiceServer;
use super::{Sizes, frames};
use crate::access::Access;
use crate::clock::Clock;
use crate::service::Service;

/// Answers requests as [`routes`](super::routes) do, whoever read them from wherever, and lets everybody in.
pub struct Calls {
    calls: AchievementServiceServer<Achievements>,
    /// Streams end when it is gone.
    _closer: Closer,
}

impl Calls {
    /// The calls of a site, over one service.
    pub fn over(service: Service) -> Calls {
        let (closer, closing) = closing::channel();
        let calls = AchievementServiceServer::new(Achievements { service, closing });
        Calls { calls, _closer: closer }
    }

    /// The response to one request. Its body may come to an end much later, or never.
    pub async fn answer(&self, mut request: http::Request<Body>) -> http::Response<Body> {
        request.extensions_mut().insert(Access::open(Clock::system()).caller(None));
        let Ok(response) = self.calls.clone().call(frames::guard(Sizes::default(), request)).await;
        response
    }
}
