//! Calls by Connect: a message as JSON, and what a person with curl sees.

use std::io::Write;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::http::{Reply, over_http2, post, send};
use crate::server::{self, Server};

const JSON: &str = "application/json";

async fn call(server: &Server, method: &str, json: &str) -> Reply {
    let path = format!("/laurels.v1.AchievementService/{method}");
    send(server.address, post(&path, JSON, json.to_owned())).await
}

#[tokio::test]
async fn an_event_is_recorded_and_its_awards_are_answered_as_json() {
    let server = server::start().await;
    let event = r#"{"event":{"id":"e1","type":"photo.posted","user":"ann","subject":"p1"}}"#;
    let reply = call(&server, "RecordEvent", event).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, JSON));
    let answer = reply.json();
    assert_eq!((&answer["eventId"], &answer["duplicate"]), (&json!("e1"), &json!(false)));
    assert_eq!(answer["awards"][0]["badge"], "first-photo");
    assert_eq!(answer["awards"][0]["time"], "2026-01-01T00:00:00Z");
    // What has nothing to say is there all the same: a page needs not ask before it counts.
    assert_eq!((&answer["revoked"], &answer["awards"][0]["tier"]), (&json!([]), &json!(0)));
    assert_eq!(call(&server, "RecordEvent", event).await.json()["duplicate"], true);

    let badges = call(&server, "GetBadges", r#"{"user":"ann"}"#).await.json();
    assert_eq!((&badges["totalSize"], &badges["heldBits"]), (&json!(2), &json!("Aw==")));
    assert_eq!(
        badges["progress"][0],
        json!({"badge": "collector", "key": "", "current": 1.0, "goal": 10.0, "title": "Collector", "tier": 0})
    );
    let listed = call(&server, "ListBadges", "{}").await.json();
    assert_eq!(listed["userCount"], "1", "64 bits are a text, as the mapping has it");
    server.stop().await;
}

#[tokio::test]
async fn an_error_says_what_a_program_and_a_person_need() {
    let server = server::start().await;
    let reply = call(&server, "GetBadges", r#"{"user":"ann","badges":["frist-photo"]}"#).await;
    assert_eq!(reply.status, 404);
    let error = reply.json();
    assert_eq!(error["code"], "not_found");
    assert_eq!(error["message"], r#"there is no badge "frist-photo"; did you mean "first-photo"?"#);
    let info = &error["details"][0];
    assert_eq!(info["type"], "google.rpc.ErrorInfo");
    assert_eq!(
        info["debug"],
        json!({"reason": "ERROR_REASON_BADGE_NOT_FOUND", "domain": "laurels", "metadata": {"badge": "frist-photo"}})
    );
    server.stop().await;
}

#[tokio::test]
async fn a_message_of_the_largest_size_is_taken_and_a_larger_one_is_not() {
    let server = server::start().await;
    let path = "/laurels.v1.AchievementService/RecordEvent";
    for (media, body, status) in [
        // Read, and found to be no event.
        ("application/proto", vec![0xff; 65_536], 400),
        ("application/proto", vec![0xff; 65_537], 429),
        (JSON, vec![b' '; 4 * 65_536], 400),
        (JSON, vec![b' '; 4 * 65_536 + 1], 429),
        // Short enough as JSON, and too long as protobuf.
        (JSON, format!(r#"{{"event":{{"user":"{}"}}}}"#, "a".repeat(70_000)).into_bytes(), 429),
    ] {
        let reply = send(server.address, post(path, media, body)).await;
        assert_eq!(reply.status, status, "{media} {}", reply.text());
        let reason =
            if status == 429 { "ERROR_REASON_MESSAGE_TOO_LARGE" } else { "ERROR_REASON_INVALID_FIELD" };
        assert_eq!(reply.json()["details"][0]["debug"]["reason"], reason);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_request_may_be_packed_by_gzip_and_by_nothing_else() {
    let server = server::start().await;
    let path = "/laurels.v1.AchievementService/ListBadges";
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(b"{}").unwrap();
    let mut request = post(path, JSON, packed.finish().unwrap());
    for (encoding, status) in [("gzip", 200), ("br", 501), ("identity", 400)] {
        request.headers_mut().insert("content-encoding", encoding.parse().unwrap());
        assert_eq!(send(server.address, request.clone()).await.status, status, "{encoding}");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_answer_of_a_kilobyte_is_gzipped_where_the_caller_accepts_it_and_not_otherwise() {
    let server = server::start().await;
    for photo in 0..10 {
        let event = json!({"type": "photo.posted", "user": "ann", "subject": format!("photo-{photo}")});
        assert_eq!(call(&server, "RecordEvent", &json!({ "event": event }).to_string()).await.status, 200);
    }
    let asked = async |body: &str, accepts: Option<&str>| {
        let mut request = post("/laurels.v1.AchievementService/GetBadges", JSON, body.to_owned());
        if let Some(accepts) = accepts {
            request.headers_mut().insert("accept-encoding", accepts.parse().unwrap());
        }
        let reply = send(server.address, request).await;
        assert_eq!((reply.status.as_u16(), reply.header("vary")), (200, "accept-encoding"));
        reply
    };
    let plain = asked(r#"{"user":"ann"}"#, None).await;
    assert!(plain.body.len() >= 1024 && plain.header("content-encoding").is_empty(), "{plain:?}");
    for accepts in ["gzip", "br;q=1, gzip;q=0.5"] {
        let packed = asked(r#"{"user":"ann"}"#, Some(accepts)).await;
        assert_eq!(packed.header("content-encoding"), "gzip", "{accepts}");
        assert!(packed.body.len() < plain.body.len());
        assert_eq!(std::io::read_to_string(GzDecoder::new(&packed.body[..])).unwrap(), plain.text());
    }
    for accepts in ["identity", "br", "gzip;q=0"] {
        let reply = asked(r#"{"user":"ann"}"#, Some(accepts)).await;
        assert_eq!((reply.header("content-encoding"), &reply.body), ("", &plain.body), "{accepts}");
    }
    let short = asked(r#"{"user":"nobody","withoutProgress":true}"#, Some("gzip")).await;
    assert!(short.body.len() < 1024 && short.header("content-encoding").is_empty(), "{short:?}");
    server.stop().await;
}

#[tokio::test]
async fn the_headers_of_connect_are_understood() {
    let server = server::start().await;
    let path = "/laurels.v1.AchievementService/GetBadges";
    for (name, value, status) in [
        ("connect-protocol-version", "1", 200),
        ("connect-protocol-version", "2", 400),
        ("connect-timeout-ms", "20000", 200),
        ("connect-timeout-ms", "soon", 400),
        ("connect-timeout-ms", "0", 504),
        // gRPC's own headers are not for whoever speaks Connect.
        ("grpc-timeout", "0n", 200),
        ("grpc-encoding", "gzip", 200),
    ] {
        let mut request = over_http2(post(path, JSON, r#"{"user":"ann"}"#));
        request.headers_mut().insert(name, value.parse().unwrap());
        let reply = send(server.address, request).await;
        // A call that is answered at once may be in time even where there is none.
        let in_time = status == 504 && reply.status == 200;
        assert!(reply.status == status || in_time, "{name}: {value} is answered {}", reply.text());
    }
    server.stop().await;
}

#[tokio::test]
async fn a_stream_says_by_what_it_can_be_had() {
    let server = server::start().await;
    for method in ["RecordEvents", "LiveNotifications"] {
        let reply = call(&server, method, "{}").await;
        assert_eq!((reply.status.as_u16(), &reply.json()["code"]), (501, &json!("unimplemented")));
        assert!(reply.text().contains("/v1/notifications"));
        let path = format!("/laurels.v1.AchievementService/{method}");
        let reply =
            send(server.address, post(&path, "application/connect+json", vec![0, 0, 0, 0, 2, b'{', b'}']))
                .await;
        assert_eq!(
            (reply.status.as_u16(), reply.body[0]),
            (200, 2),
            "the last frame of a stream, as Connect has it"
        );
        let length = u32::from_be_bytes(reply.body[1..5].try_into().unwrap()) as usize;
        assert_eq!(reply.body.len(), 5 + length);
        let last: serde_json::Value = serde_json::from_slice(&reply.body[5..]).unwrap();
        assert_eq!(last["error"]["code"], "unimplemented");
    }
    server.stop().await;
}
