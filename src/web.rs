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
mod notifications;
mod origins;
mod plain;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, TE};
use http::{HeaderMap, Method, Request, Response, Version};
use tower::util::Either;
use tower::{Layer, Service, ServiceExt};
use tower_http::cors::Cors;

use crate::config::Site;
use crate::rpc::{Body, Sizes};
use media::Media;
use methods::Methods;

/// The gRPC routes, and all that is translated to them.
#[derive(Clone)]
pub struct Web<S> {
    inner: S,
    methods: Arc<Methods>,
    sizes: Sizes,
}

/// What may be chosen.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The sites whose pages may call.
    pub sites: Vec<Site>,
    /// How large messages may be.
    pub sizes: Sizes,
}

/// Puts the translations before the gRPC routes.
pub fn over<S>(inner: S, options: &Options) -> Either<Cors<Web<S>>, Web<S>> {
    let web = Web { inner, methods: Arc::new(Methods::compiled_in()), sizes: options.sizes };
    match origins::layer(&options.sites) {
        Some(layer) => Either::Left(layer.layer(web)),
        None => Either::Right(web),
    }
}

/// The gRPC routes, as the translations call them.
pub trait Routes:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send + Unpin>
    + Clone
    + Send
    + 'static
{
}

impl<S> Routes for S where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send + Unpin>
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
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let request = request.map(Body::new);
        let media = Media::of(request.headers());
        if media == Media::Grpc && request.version() >= Version::HTTP_2 {
            return Answering::Native(self.inner.call(request));
        }
        // Each call goes to a clone of the routes, and waits for it there.
        let (inner, methods, sizes) = (self.inner.clone(), self.methods.clone(), self.sizes);
        Answering::Translated(Box::pin(async move { answer(inner, &methods, sizes, media, request).await }))
    }
}

/// The answer to a request on its way. Native gRPC is handed on as it is: it pays nothing for what others need.
pub enum Answering<F> {
    /// The call's own.
    Native(F),
    /// The call's, in the request's protocol.
    Translated(Pin<Box<dyn Future<Output = Response<Body>> + Send>>),
}

impl<F: Future<Output = Result<Response<Body>, Infallible>> + Unpin> Future for Answering<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.get_mut() {
            Answering::Native(answer) => Pin::new(answer).poll(cx),
            Answering::Translated(answer) => answer.as_mut().poll(cx).map(Ok),
        }
    }
}

/// The answer to a request that is not native gRPC over HTTP/2, in whatever protocol it comes.
async fn answer<S: Routes>(
    inner: S,
    methods: &Methods,
    sizes: Sizes,
    media: Media,
    request: Request<Body>,
) -> Response<Body> {
    let is_post = request.method() == Method::POST;
    let method = match (media, methods.get(request.uri().path())) {
        (Media::Grpc, _) => return plain::needs_http2(),
        (Media::GrpcWeb { text }, _) if is_post => return grpc_web::answer(inner, request, text).await,
        (_, None) => return no_method(inner, methods, request).await,
        (_, Some(_)) if !is_post => return plain::only(&[Method::POST], request.method()),
        (_, Some(method)) => method,
    };
    match media {
        Media::Json => connect::answer(inner, method, connect::Format::Json, sizes, request).await,
        Media::Proto => connect::answer(inner, method, connect::Format::Proto, sizes, request).await,
        Media::ConnectStream => connect::no_streams(&request),
        Media::Grpc | Media::GrpcWeb { .. } | Media::Other => plain::unknown_media(),
    }
}

/// The answer to what is none of the methods.
async fn no_method<S: Routes>(inner: S, methods: &Methods, request: Request<Body>) -> Response<Body> {
    match (request.uri().path(), methods.get(notifications::CALL)) {
        (notifications::PATH, Some(method)) => notifications::answer(inner, method, request).await,
        (plain::HEALTH, _) => plain::health(inner, request.method()).await,
        _ => plain::page(&request, methods),
    }
}

/// Has nginx pass on each piece of an answer as it comes, which would hold it back until there is enough.
fn pass_on_at_once(headers: &mut HeaderMap) {
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
}

/// One call that was translated, as native gRPC has it.
async fn call_as_grpc<S: Routes>(inner: S, mut request: Request<Body>) -> Response<Body> {
    *request.version_mut() = Version::HTTP_2;
    let headers = request.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(TE, HeaderValue::from_static("trailers"));
    call(inner, request).await
}

/// One call of the gRPC routes.
async fn call<S: Routes>(inner: S, request: Request<Body>) -> Response<Body> {
    let Ok(response) = inner.oneshot(request).await;
    response
}
