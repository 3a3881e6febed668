//! Which sites' pages may call: nobody's, or those of the list.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use laurels::web::Options;

use crate::http::{Reply, post, send};
use crate::server::{self, Server};

const CALL: &str = "/laurels.v1.AchievementService/GetBadges";
const FORUM: &str = "https://forum.example";

fn preflight(path: &str, origin: &str) -> Request<Full<Bytes>> {
    Request::options(path)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,authorization")
        .body(Full::default())
        .unwrap()
}

async fn call(server: &Server, origin: &str) -> Reply {
    let mut request = post(CALL, "application/json", r#"{"user":"ann"}"#);
    request.headers_mut().insert("origin", origin.parse().unwrap());
    send(server.address, request).await
}

#[tokio::test]
async fn no_page_of_another_site_may_read_if_nothing_is_said() {
    let server = server::start().await;
    for path in [CALL, "/v1/notifications", "/healthz"] {
        let reply = send(server.address, preflight(path, FORUM)).await;
        assert_eq!((reply.status.as_u16(), reply.header("access-control-allow-origin")), (204, ""));
    }
    let reply = call(&server, FORUM).await;
    assert_eq!((reply.status.as_u16(), reply.header("access-control-allow-origin")), (200, ""));
    server.stop().await;
}

#[tokio::test]
async fn pages_of_the_list_may_call_and_read_with_their_cookies() {
    let sites = vec![FORUM.parse().unwrap(), "http://localhost:8080".parse().unwrap()];
    let server = server::start_with(Options { sites, ..Options::default() }).await;
    for origin in [FORUM, "http://localhost:8080"] {
        for path in [CALL, "/v1/notifications"] {
            let reply = send(server.address, preflight(path, origin)).await;
            assert_eq!(reply.header("access-control-allow-origin"), origin);
            assert_eq!(reply.header("access-control-allow-credentials"), "true");
            let sent = reply.header("access-control-allow-headers");
            assert!(
                ["content-type", "authorization", "x-grpc-web"].iter().all(|name| sent.contains(name)),
                "{sent}"
            );
        }
        let reply = call(&server, origin).await;
        assert_eq!((reply.status.as_u16(), reply.header("access-control-allow-origin")), (200, origin));
        let read = reply.header("access-control-expose-headers");
        assert!(
            ["grpc-status", "grpc-message", "grpc-status-details-bin"].iter().all(|name| read.contains(name))
        );
        assert!(reply.headers.get_all("vary").iter().any(|vary| vary.to_str().unwrap().contains("origin")));
    }
    server.stop().await;
}

#[tokio::test]
async fn pages_of_other_sites_may_not_although_there_is_a_list() {
    let server =
        server::start_with(Options { sites: vec![FORUM.parse().unwrap()], ..Options::default() }).await;
    for origin in
        ["https://evil.example", "https://forum.example.evil.example", "http://forum.example", "null"]
    {
        let reply = send(server.address, preflight(CALL, origin)).await;
        assert_eq!(reply.header("access-control-allow-origin"), "");
        assert_eq!(call(&server, origin).await.header("access-control-allow-origin"), "");
    }
    server.stop().await;
}
