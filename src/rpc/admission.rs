//! Who is let in: before a call is looked at any further, its credential is, against what the call needs.
//!
//! Whoever translates another protocol into calls hands its credential over as the metadata `authorization`, and is let in
//! here too: there is one door. A stream ends when its key or token is good no longer, whichever call it is of.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::{Request, Status};

use super::status::Refusal;
use crate::access::{self, Access, Caller, Needs, Refused};

/// How much of a call that is refused is taken in, in bytes. Of a larger one, the rest is refused too.
const REFUSED_BYTES: usize = 64 * 1024;
/// For how long the rest of a call that is refused is waited for. Then it is answered as it is.
const REFUSED_WAIT: Duration = Duration::from_millis(100);

/// Lets calls in, or refuses them.
#[derive(Clone)]
pub(super) struct Admission<S> {
    access: Access,
    inner: S,
}

impl<S> Admission<S> {
    pub(super) fn new(access: Access, inner: S) -> Admission<S> {
        Admission { access, inner }
    }
}

/// Who makes a call that was let in.
pub(super) fn caller<T>(request: &Request<T>) -> Result<Caller, Status> {
    // It cannot be missing: whoever adds a way around admission is told here.
    request.extensions().get().cloned().ok_or_else(|| Status::internal("nobody let this call in"))
}

impl<S> Service<http::Request<Body>> for Admission<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S::Future: Unpin,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Admitting<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        // Taken away, so that nothing further in can show it.
        let authorization = request.headers_mut().remove(http::header::AUTHORIZATION);
        let path = request.uri().path();
        let Some(needs) = access::needs(path) else {
            let status = Status::unimplemented("there is no such method; reflection lists those there are");
            return Admitting::Refused(Box::pin(std::future::ready(status)));
        };
        let caller = self.access.caller(authorization.as_ref().map(|value| value.as_bytes()));
        if let Err(refused) = caller.may(needs).and_then(|()| caller.step()) {
            tracing::debug!(path, why = %refused, "a call was not let in");
            let body = request.into_body();
            return Admitting::Refused(Box::pin(async move {
                take_in(body).await;
                status(refused)
            }));
        }
        request.extensions_mut().insert(caller.clone());
        Admitting::LetIn { answer: self.inner.call(request), caller, needs }
    }
}

/// The answer to a call that was let in, or why it was not.
pub(super) enum Admitting<F> {
    /// On its way.
    LetIn { answer: F, caller: Caller, needs: Needs },
    /// When as much of the call as is waited for is there.
    Refused(Pin<Box<dyn Future<Output = Status> + Send>>),
}

impl<F> Future for Admitting<F>
where
    F: Future<Output = Result<http::Response<Body>, Infallible>> + Unpin,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.get_mut() {
            Admitting::LetIn { answer, caller, needs } => Pin::new(answer).poll(cx).map_ok(|response| {
                let (caller, needs) = (caller.clone(), *needs);
                response.map(|body| Body::new(Watched { body, caller, needs, refused: None, ended: false }))
            }),
            Admitting::Refused(why) => why.as_mut().poll(cx).map(|status| Ok(status.into_http())),
        }
    }
}

/// Takes in what is still on its way of a call that is refused. Answered before it is whole, its stream is reset behind the
/// answer, and libcurl 7.88 loses the answer then: a PHP site would not learn that its key is wrong.
async fn take_in(mut body: Body) {
    let mut left = REFUSED_BYTES;
    let rest = async {
        while let Some(Ok(frame)) = body.frame().await {
            match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                Some(fewer) => left = fewer,
                None => return,
            }
        }
    };
    // Over or not: it is answered now.
    let _ = tokio::time::timeout(REFUSED_WAIT, rest).await;
}

fn status(refused: Refused) -> Status {
    Refusal::from(refused).into()
}

/// The body of an answer, for as long as its caller may have it.
struct Watched {
    body: Body,
    caller: Caller,
    needs: Needs,
    /// Waits for the end of what the caller may; begun when the answer is not whole at once.
    refused: Option<Pin<Box<dyn Future<Output = Refused> + Send>>>,
    ended: bool,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        // Before what comes next: to a stream that never pauses it would not come otherwise.
        if let Some(refused) = &mut self.refused
            && let Poll::Ready(refused) = refused.as_mut().poll(cx)
        {
            return self.end(refused);
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if polled.is_pending() && self.refused.is_none() {
            let mut refused = Box::pin(self.caller.clone().until_refused(self.needs));
            if let Poll::Ready(refused) = refused.as_mut().poll(cx) {
                return self.end(refused);
            }
            self.refused = Some(refused);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Watched {
    /// Says why nothing more comes, and lets go of what would have come.
    fn end(&mut self, refused: Refused) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.ended = true;
        self.body = Body::empty();
        let mut trailers = http::HeaderMap::new();
        let added = status(refused).add_header(&mut trailers);
        Poll::Ready(Some(added.map(|()| Frame::trailers(trailers))))
    }
}

#[cfg(test)]
mod tests {
    use crate::access::METHODS;
    use crate::rpc::proto::DESCRIPTORS;
    use prost::Message;
    use prost_types::FileDescriptorSet;
    use tonic_reflection::pb::{v1, v1alpha};

    /// The paths of all methods that these descriptors declare.
    fn declared(descriptors: &[u8]) -> Vec<String> {
        let set = FileDescriptorSet::decode(descriptors).unwrap();
        let paths = set.file.iter().flat_map(|file| {
            file.service.iter().flat_map(|service| {
                let full = format!("/{}.{}/", file.package(), service.name());
                service.method.iter().map(move |method| format!("{full}{}", method.name()))
            })
        });
        paths.collect()
    }

    #[test]
    fn every_method_says_what_it_needs() {
        let mut served = declared(DESCRIPTORS);
        served.extend(declared(tonic_health::pb::FILE_DESCRIPTOR_SET));
        served.extend(declared(v1::FILE_DESCRIPTOR_SET));
        served.extend(declared(v1alpha::FILE_DESCRIPTOR_SET));
        served.sort();
        let mut stated: Vec<_> = METHODS.iter().map(|(path, _)| (*path).to_owned()).collect();
        stated.sort();
        assert_eq!(served, stated, "METHODS in src/access/scope.rs has each method that is served, once");
    }
}
