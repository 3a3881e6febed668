//! Which service has a call: that of the sites' calls is asked at once, and the others through a router.
//!
//! A router is for finding one of many: it matches, decodes and keeps the path, and boxes the answer anew. Nearly all
//! calls are for one service. Without it, with smaller buffers and without a boxed future, a call took 35.5 µs of CPU
//! instead of 37.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::NamedService;
use tonic::service::Routes;

use super::achievements::Achievements;
use super::proto::achievement_service_server::AchievementServiceServer;

/// All services.
#[derive(Clone)]
pub(super) struct Dispatch {
    pub(super) achievements: AchievementServiceServer<Achievements>,
    pub(super) others: Routes,
}

impl Service<http::Request<Body>> for Dispatch {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // All services are ready always: what is too much is refused call by call.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        match is_of::<AchievementServiceServer<Achievements>>(request.uri().path()) {
            true => self.achievements.call(request),
            false => Box::pin(self.others.call(request)),
        }
    }
}

/// Whether a path is a method's of this service.
fn is_of<S: NamedService>(path: &str) -> bool {
    let service = path.strip_prefix('/').and_then(|path| path.strip_prefix(S::NAME));
    service.is_some_and(|method| method.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_the_paths_under_its_whole_name() {
        let is_ours = is_of::<AchievementServiceServer<Achievements>>;
        assert!(is_ours("/laurels.v1.AchievementService/RecordEvent"));
        assert!(!is_ours("/laurels.v1.AchievementServiceOfOthers/RecordEvent"));
        assert!(!is_ours("/laurels.v1.AdminService/Reload"));
        assert!(!is_ours("laurels.v1.AchievementService/RecordEvent"));
    }
}
