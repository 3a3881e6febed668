//! Which sites' pages may call: CORS, by a list, for none if nothing is said.

use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::Site;

/// How long a browser may remember what it was told.
const REMEMBERED: Duration = Duration::from_secs(2 * 60 * 60);

/// What a page may send.
const SENT: [HeaderName; 11] = [
    ACCEPT,
    AUTHORIZATION,
    CONTENT_ENCODING,
    CONTENT_TYPE,
    HeaderName::from_static("connect-protocol-version"),
    HeaderName::from_static("connect-timeout-ms"),
    HeaderName::from_static("grpc-timeout"),
    HeaderName::from_static("last-event-id"),
    HeaderName::from_static("x-grpc-web"),
    HeaderName::from_static("x-user-agent"),
    HeaderName::from_static("cache-control"),
];

/// What a page may read.
const READ: [HeaderName; 5] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
    CONTENT_ENCODING,
    RETRY_AFTER,
];

/// Lets the pages of these sites call, also with cookies. None: there are no such sites.
pub(super) fn layer(sites: &[Site]) -> Option<CorsLayer> {
    let origin = |site: &Site| HeaderValue::from_str(site.as_str()).expect("an origin is ASCII");
    let listed: Vec<_> = sites.iter().map(origin).collect();
    let layer = || {
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(listed.clone()))
            .allow_methods([Method::GET, Method::POST])
            .allow_headers(SENT)
            .expose_headers(READ)
            .allow_credentials(true)
            .max_age(REMEMBERED)
    };
    (!listed.is_empty()).then(layer)
}
