//! Everything that the port speaks beside native gRPC, as translations of it.
//!
//! ```text
//!              ┌▶ grpc_web ───────┐
//! origins ──▶ web ──▶ connect ────┼──▶ the gRPC routes: who may call, limits, the calls themselves
//!  (CORS)      └▶ notifications ──┘
//!              └▶ plain: /healthz, /, and what to ask instead
//! ```
//!
//! Authorization, limits and errors are there once, in gRPC's terms, behind all of these: what is translated
//! here decides nothing.

mod connect;
mod grpc_web;
mod json;
mod media;
mod methods;
mod plain;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response, Version};
use tower::{Service, ServiceExt};

use crate::rpc::Body;
use media::Media;
use methods::Methods;

/// The gRPC routes, and all that is translated to them.
#[derive(Clone)]
pub struct Web<S> {
    inner: S,
    methods: Arc<Methods>,
}

/// Puts the translations before the gRPC routes.
pub fn over<S>(inner: S) -> Web<S> {
    Web { inner, methods: Arc::new(Methods::compiled_in()) }
}

/// The gRPC routes, as the translations call them.
pub trait Routes:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S> Routes for S where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

impl<S, B> Service<Request<B>> for Web<S>
where
    S: Routes,
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Each call goes to a clone of the routes, and waits for it there.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (inner, methods) = (self.inner.clone(), self.methods.clone());
        let request = request.map(Body::new);
        Box::pin(async move { Ok(answer(inner, &methods, request).await) })
    }
}

/// The answer to a request in whatever protocol it comes.
async fn answer<S: Routes>(inner: S, methods: &Methods, request: Request<Body>) -> Response<Body> {
    match (Media::of(request.headers()), request.method()) {
        (Media::Grpc, _) if request.version() < Version::HTTP_2 => plain::needs_http2(),
        (Media::Grpc, _) => call(inner, request).await,
        (Media::GrpcWeb { text }, &Method::POST) => grpc_web::answer(inner, request, text).await,
        (
            media
            @ (Media::GrpcWeb { .. } | Media::Json | Media::Proto | Media::ConnectStream | Media::Other),
            _,
        ) => match methods.get(request.uri().path()) {
            None if request.uri().path() == plain::HEALTH => plain::health(inner, request.method()).await,
            None => plain::page(&request, methods),
            Some(_) if request.method() != Method::POST => plain::only(&[Method::POST], request.method()),
            Some(method) => match media {
                Media::Json => connect::answer(inner, method, connect::Format::Json, request).await,
                Media::Proto => connect::answer(inner, method, connect::Format::Proto, request).await,
                Media::ConnectStream => connect::no_streams(&request),
                Media::Grpc | Media::GrpcWeb { .. } | Media::Other => plain::unknown_media(),
            },
        },
    }
}

/// One call of the gRPC routes.
async fn call<S: Routes>(inner: S, request: Request<Body>) -> Response<Body> {
    let Ok(response) = inner.oneshot(request).await;
    response
}
