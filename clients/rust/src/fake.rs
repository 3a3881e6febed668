//! A server that answers `RecordEvent` as a test tells it to.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::generated::{Event, RecordEventRequest, RecordEventResponse};

/// Gives its answers one after the other, and remembers the events.
#[derive(Clone)]
pub(crate) struct Fake {
    answers: Arc<Mutex<VecDeque<Result<RecordEventResponse, Status>>>>,
    heard: Arc<Mutex<Vec<Event>>>,
}

impl Fake {
    /// Starts it on a free port; gives it and its URL. It ends with the runtime of the test.
    pub(crate) async fn start(
        answers: impl IntoIterator<Item = Result<RecordEventResponse, Status>>,
    ) -> (Fake, String) {
        let answers = Arc::new(Mutex::new(answers.into_iter().collect()));
        let fake = Fake { answers, heard: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = tonic::transport::Server::builder().add_service(fake.clone());
        tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
        (fake, url)
    }

    /// The events it was sent.
    pub(crate) fn heard(&self) -> Vec<Event> {
        self.heard.lock().unwrap().clone()
    }
}

impl UnaryService<RecordEventRequest> for Fake {
    type Response = RecordEventResponse;
    type Future = Ready<Result<Response<RecordEventResponse>, Status>>;

    fn call(&mut self, request: Request<RecordEventRequest>) -> Self::Future {
        self.heard.lock().unwrap().extend(request.into_inner().event);
        ready(self.answers.lock().unwrap().pop_front().expect("an answer is left").map(Response::new))
    }
}

impl Service<http::Request<Body>> for Fake {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let fake = self.clone();
        let mut grpc = Grpc::new(ProstCodec::<RecordEventResponse, RecordEventRequest>::default());
        Box::pin(async move { Ok(grpc.unary(fake, request).await) })
    }
}

impl NamedService for Fake {
    const NAME: &'static str = "laurels.v1.AchievementService";
}
