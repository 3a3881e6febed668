//! Requests as the port hands them over: how long the rest of one may take.
//!
//! A call that sends one message has it at hand, so a body that stops half-way is a caller who is gone, or who wants to
//! hold what others need. A stream of HTTP/2 may be silent as long as it likes: pings say whether anybody is there.

use http_body_util::BodyExt;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::{Request, Version};

use crate::port::{self, Stalled};

/// What the paths of calls begin with that send a stream.
const STREAMS: [&str; 2] = ["/laurels.v1.AchievementService/RecordEvents", "/grpc.reflection."];

/// A request as the routes take it.
pub fn received(request: Request<port::Body>) -> Request<Body> {
    let streams = request.version() >= Version::HTTP_2 && is_stream(request.uri().path());
    request.map(|body| {
        let body = if streams { body.that_may_stop() } else { body };
        Body::new(body.map_err(said))
    })
}

fn is_stream(path: &str) -> bool {
    STREAMS.iter().any(|begin| path.starts_with(begin))
}

fn said(error: Box<dyn std::error::Error + Send + Sync>) -> Status {
    match error.is::<Stalled>() {
        true => Status::deadline_exceeded(error.to_string()),
        false => Status::from_error(error),
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use prost_types::FileDescriptorSet;

    use super::super::proto::DESCRIPTORS;
    use super::*;

    #[test]
    fn every_call_that_sends_a_stream_and_no_other_may_be_silent() {
        let files = FileDescriptorSet::decode(DESCRIPTORS).unwrap().file;
        let mut streams = Vec::new();
        for file in &files {
            for service in &file.service {
                for method in &service.method {
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    assert_eq!(is_stream(&path), method.client_streaming(), "{path}");
                    streams.extend(method.client_streaming().then_some(path));
                }
            }
        }
        assert_eq!(streams, ["/laurels.v1.AchievementService/RecordEvents"]);
    }
}
