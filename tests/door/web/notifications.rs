//! Live notifications as server-sent events: what an `EventSource` relies on.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::Value;

use crate::http::{Reply, open, over_http2, post, send};
use crate::server::{self, Server};

/// Longer than anything takes that comes by itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// What stands between two empty lines.
#[derive(Debug, Default)]
struct Block {
    id: String,
    event: String,
    data: String,
    comment: String,
    retry: String,
}

/// An open stream.
struct Stream {
    body: Incoming,
    text: String,
}

impl Stream {
    async fn open(server: &Server, request: Request<Full<Bytes>>) -> Stream {
        let response = open(server.address, request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let mut stream = Stream { body: response.into_body(), text: String::new() };
        let first = stream.next().await.unwrap();
        assert!(first.retry.parse::<u32>().unwrap() >= 1000);
        stream
    }

    /// The next block; None at the end.
    async fn next(&mut self) -> Option<Block> {
        while !self.text.contains("\n\n") {
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.unwrap()?;
            let data = frame.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&data).unwrap());
        }
        let (lines, rest) = self.text.split_once("\n\n").unwrap();
        let mut block = Block::default();
        for line in lines.lines() {
            let (field, value) = line.split_once(':').unwrap();
            let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
            match field {
                "id" => block.id = value,
                "event" => block.event = value,
                "data" => block.data = value,
                "retry" => block.retry = value,
                "" => block.comment = value,
                other => panic!("an EventSource knows no {other}"),
            }
        }
        self.text = rest.to_owned();
        Some(block)
    }

    /// The next that a page hears of.
    async fn event(&mut self) -> Option<Block> {
        loop {
            match self.next().await {
                Some(block) if block.data.is_empty() => {}
                other => return other,
            }
        }
    }
}

impl Block {
    fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

fn listen(query: &str) -> Request<Full<Bytes>> {
    Request::get(format!("/v1/notifications{query}")).body(Full::default()).unwrap()
}

fn again(query: &str, last: &str) -> Request<Full<Bytes>> {
    let mut request = listen(query);
    request.headers_mut().insert("last-event-id", last.parse().unwrap());
    request
}

async fn record(server: &Server, user: &str, subject: &str) {
    let json = format!(r#"{{"event":{{"type":"photo.posted","user":"{user}","subject":"{subject}"}}}}"#);
    let path = "/laurels.v1.AchievementService/RecordEvent";
    let reply = send(server.address, post(path, "application/json", json)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

async fn refused(server: &Server, request: Request<Full<Bytes>>) -> Reply {
    let reply = send(server.address, request).await;
    assert_eq!(reply.header("content-type"), "application/json");
    reply
}

#[tokio::test]
async fn an_award_is_an_event_with_its_cursor_as_id() {
    let server = server::start().await;
    for (user, request) in [("ann", listen("?user=ann")), ("ben", over_http2(listen("?user=ben&user=carl")))]
    {
        let mut stream = Stream::open(&server, request).await;
        let alive = stream.next().await.unwrap();
        assert_eq!((alive.comment.as_str(), alive.data.as_str()), ("heartbeat, live", ""));
        assert!(!alive.id.is_empty(), "whoever connects again now misses nothing");

        record(&server, "nobody-listens", "p1").await;
        record(&server, user, "p1").await;
        let block = stream.event().await.unwrap();
        let told = block.json();
        assert_eq!((block.event.as_str(), &told["cursor"]), ("award", &Value::from(block.id.clone())));
        assert_eq!(
            (&told["user"], &told["award"]["badge"]),
            (&Value::from(user), &Value::from("first-photo"))
        );
        assert_eq!(stream.event().await.unwrap().json()["award"]["title"], "Framed: p1");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_browser_that_connects_again_misses_nothing_although_the_server_was_restarted() {
    let server = server::start().await;
    let mut stream = Stream::open(&server, listen("?user=ann&badge=framed")).await;
    record(&server, "ann", "p1").await;
    let first = stream.event().await.unwrap();
    assert_eq!(first.json()["award"]["key"], "p1");

    let server = server.restart().await;
    let end = stream.event().await.unwrap();
    assert_eq!((end.event.as_str(), &end.json()["code"]), ("end", &Value::from("unavailable")));
    assert!(stream.next().await.is_none(), "the stream is over");
    record(&server, "ann", "p2").await;
    record(&server, "ann", "p3").await;

    let mut stream = Stream::open(&server, again("?user=ann&badge=framed", &first.id)).await;
    for subject in ["p2", "p3"] {
        assert_eq!(stream.event().await.unwrap().json()["award"]["key"], subject);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_heartbeat_is_heard_by_proxies_and_not_by_pages() {
    let server = server::start().await;
    let mut stream = Stream::open(&server, listen("?user=ann&heartbeat_interval=1s")).await;
    for _ in 0..3 {
        let alive = stream.next().await.unwrap();
        assert_eq!(
            (alive.comment.as_str(), alive.event.as_str(), alive.data.as_str()),
            ("heartbeat, live", "", "")
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn who_has_missed_something_is_told_when_that_is_all() {
    let server = server::start().await;
    record(&server, "ann", "p1").await;
    let mut stream = Stream::open(&server, listen("?user=ann&from_beginning=true")).await;
    let mut comments = Vec::new();
    while comments.last().is_none_or(|comment| comment != "heartbeat, live") {
        comments.push(stream.next().await.unwrap().comment);
    }
    // The stream is alive; two awards; that is all.
    assert_eq!(comments, ["heartbeat", "", "", "heartbeat, live"]);
    server.stop().await;
}

#[tokio::test]
async fn the_place_of_a_heartbeat_is_one_to_go_on_from() {
    let server = server::start().await;
    let place = Stream::open(&server, listen("?user=ann")).await.next().await.unwrap().id;
    record(&server, "ann", "p1").await;
    let mut stream = Stream::open(&server, again("?user=ann&from_beginning=true", &place)).await;
    assert_eq!(stream.event().await.unwrap().json()["award"]["badge"], "first-photo");
    let mut stream = Stream::open(&server, listen(&format!("?user=ann&after={place}"))).await;
    assert_eq!(stream.event().await.unwrap().json()["award"]["badge"], "first-photo");
    let mut stream = Stream::open(&server, listen("?user=ann&from_beginning=true")).await;
    assert_eq!(stream.event().await.unwrap().json()["award"]["badge"], "first-photo");
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_listened_to_is_refused_before_the_stream() {
    let server = server::start().await;
    for (request, status, says) in [
        (listen("?after=nonsense"), 400, "ERROR_REASON_CURSOR_INVALID"),
        (again("?user=ann", "nonsense"), 400, "ERROR_REASON_CURSOR_INVALID"),
        (again("", "0000000000000001-1"), 400, "ERROR_REASON_CURSOR_FOREIGN"),
        (listen("?badge=frist-photo"), 404, "did you mean \\\"first-photo\\\"?"),
        (listen("?category=nature"), 400, "there is no"),
        (listen("?usr=ann"), 400, "usr is no parameter; did you mean user?"),
        (listen("?after=1&after=2"), 400, "after comes twice"),
        (listen("?heartbeat_interval=often"), 400, "heartbeat_interval must be a length of time in seconds"),
        (listen("?heartbeat_interval=0.1s"), 400, "must be from 1 to 60 seconds"),
        (listen("?from_beginning=perhaps"), 400, "from_beginning must be true or false"),
        (post("/v1/notifications", "application/json", "{}"), 405, "GET, HEAD only"),
    ] {
        let reply = refused(&server, request).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        assert!(reply.text().contains(says), "{}", reply.text());
    }
    server.stop().await;
}

#[tokio::test]
async fn head_answers_what_get_would_and_no_stream() {
    let server = server::start().await;
    let ask = |query: &str| {
        Request::head(format!("/v1/notifications{query}")).body(Full::<Bytes>::default()).unwrap()
    };
    let reply = send(server.address, ask("?user=ann")).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "text/event-stream"));
    assert!(reply.body.is_empty());
    assert_eq!(send(server.address, ask("?badge=frist-photo")).await.status, 404);
    server.stop().await;
}
