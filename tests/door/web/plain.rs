//! What is no call: health, the front page, and what to ask instead.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use crate::http::{over_http2, post, send};
use crate::server;

fn ask(method: &str, path: &str) -> Request<Full<Bytes>> {
    Request::builder().method(method).uri(path).body(Full::default()).unwrap()
}

#[tokio::test]
async fn a_server_that_serves_is_ok() {
    let server = server::start().await;
    for request in [ask("GET", "/healthz"), over_http2(ask("GET", "/healthz"))] {
        let reply = send(server.address, request).await;
        assert_eq!((reply.status.as_u16(), reply.text()), (200, "ok\n"));
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    let head = send(server.address, ask("HEAD", "/healthz")).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    let reply = send(server.address, ask("DELETE", "/healthz")).await;
    assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "GET, HEAD, OPTIONS"));
    server.stop().await;
}

#[tokio::test]
async fn whoever_asks_for_the_wrong_thing_is_told_the_right_one() {
    let server = server::start().await;
    let call = "/laurels.v1.AchievementService/GetBadges";
    for (request, status, says) in [
        (ask("GET", "/"), 200, "an achievements server"),
        (ask("POST", "/"), 405, "GET, HEAD only"),
        (ask("GET", "/helthz"), 404, "did you mean /healthz?"),
        (ask("GET", "/what/ever"), 404, "GET / says what there is"),
        (
            post("/laurels.v1.AchievementService/GetBadge", "application/json", "{}"),
            404,
            "did you mean /laurels.v1.AchievementService/GetBadges?",
        ),
        (ask("GET", call), 405, "POST only"),
        (post(call, "text/plain", "{}"), 415, "application/json"),
        (post(call, "application/grpc", ""), 505, "needs HTTP/2"),
    ] {
        let reply = send(server.address, request).await;
        assert_eq!(reply.status, status, "{reply:?}");
        assert_eq!(reply.header("content-type"), "application/json");
        assert!(reply.text().contains(says), "{}", reply.text());
        assert!(status == 200 || reply.json()["code"].is_string());
    }
    let reply = send(server.address, ask("OPTIONS", call)).await;
    assert_eq!((reply.status.as_u16(), reply.header("allow")), (204, "POST, OPTIONS"));
    let reply = send(server.address, post(call, "text/plain", "{}")).await;
    assert!(reply.header("accept-post").contains("application/grpc-web"));
    server.stop().await;
}
