//! In which form a request comes: what its `content-type` says.

use http::{HeaderMap, header};

/// The form of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// Native gRPC.
    Grpc,
    /// gRPC-Web; `text` is in base 64.
    GrpcWeb { text: bool },
    /// One message as JSON.
    Json,
    /// One message as protobuf.
    Proto,
    /// Connect's protocol for streams.
    ConnectStream,
    /// No content type, or one that no call comes in.
    Other,
}

/// What a call may come in, for those who sent another.
pub(super) const ACCEPTED: &str =
    "application/json, application/proto, application/grpc, application/grpc-web, application/grpc-web-text";

/// The forms by their names, the most frequent first.
const FORMS: [(&str, Media); 9] = [
    ("application/grpc", Media::Grpc),
    ("application/grpc-web+proto", Media::GrpcWeb { text: false }),
    ("application/grpc-web", Media::GrpcWeb { text: false }),
    ("application/json", Media::Json),
    ("application/grpc-web-text", Media::GrpcWeb { text: true }),
    ("application/grpc-web-text+proto", Media::GrpcWeb { text: true }),
    ("application/proto", Media::Proto),
    ("application/connect+json", Media::ConnectStream),
    ("application/connect+proto", Media::ConnectStream),
];
/// What gRPC's name begins with where it says how messages are written.
const GRPC_WITH: &str = "application/grpc+";

impl Media {
    pub(super) fn of(headers: &HeaderMap) -> Media {
        let sent =
            headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // Parameters, such as a charset, change nothing: JSON is UTF-8, and the others are no text.
        let media = sent.split(';').next().unwrap_or_default().trim_ascii();
        let known = FORMS.iter().find(|(name, _)| media.eq_ignore_ascii_case(name));
        // Whatever is in it: gRPC itself says which codec it lacks.
        let is_grpc =
            || media.get(..GRPC_WITH.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(GRPC_WITH));
        match known {
            Some((_, media)) => *media,
            None if is_grpc() => Media::Grpc,
            None => Media::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_change_nothing() {
        let media = |sent: &'static str| {
            let headers =
                HeaderMap::from_iter([(header::CONTENT_TYPE, http::HeaderValue::from_static(sent))]);
            Media::of(&headers)
        };
        assert_eq!(media("application/json; charset=utf-8"), Media::Json);
        assert_eq!(media("Application/JSON"), Media::Json);
        assert_eq!(media("application/grpc-web-text+proto;x=y"), Media::GrpcWeb { text: true });
        assert_eq!(media("application/grpc-web"), Media::GrpcWeb { text: false });
        assert_eq!(media("application/grpc+proto"), Media::Grpc);
        assert_eq!(media("application/grpc-web+json"), Media::Other);
        assert_eq!(media("text/json"), Media::Other);
        assert_eq!(Media::of(&HeaderMap::new()), Media::Other);
    }
}
