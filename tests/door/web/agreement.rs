//! The same call through each protocol has the same answer, or the same error to the last detail.

use prost_types::value::Kind;
use prost_types::{Struct, Timestamp, Value};

use super::calls::{Protocol, TRANSLATED, Told, ask, bytes};
use crate::proto::event::Payload;
use crate::proto::{
    BackupRequest, Event, GetBadgesRequest, ListBadgesRequest, RecordEventRequest, ReloadRequest,
};
use crate::server;

fn record(event: Event) -> Vec<u8> {
    bytes(&RecordEventRequest { event: Some(event) })
}

fn photo(id: &str) -> Event {
    Event { id: id.into(), r#type: "photo.posted".into(), user: "ann".into(), ..Event::default() }
}

/// Calls, as protobuf and as JSON. Asked again, each is answered the same.
fn table() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let number = Value { kind: Some(Kind::NumberValue(3.5)) };
    let data = Struct {
        fields: [("score".to_owned(), number), ("none".to_owned(), Value { kind: Some(Kind::NullValue(0)) })]
            .into(),
    };
    let time = Timestamp { seconds: 1_767_139_200, nanos: 500_000_000 };
    let whole =
        Event { subject: "p1".into(), time: Some(time), payload: Some(Payload::Data(data)), ..photo("e1") };
    let as_text =
        Event { payload: Some(Payload::DataJson(r#"{"a":9007199254740993}"#.into())), ..photo("e2") };
    let get = |request: GetBadgesRequest| bytes(&request);
    vec![
        (
            "AchievementService.RecordEvent",
            record(whole),
            r#"{"event":{"id":"e1","type":"photo.posted","user":"ann","subject":"p1","time":"2025-12-31T00:00:00.5Z","data":{"score":3.5,"none":null}}}"#,
        ),
        (
            "AchievementService.RecordEvent",
            record(as_text),
            r#"{"event":{"id":"e2","type":"photo.posted","user":"ann","data_json":"{\"a\":9007199254740993}"}}"#,
        ),
        (
            "AchievementService.RecordEvent",
            record(Event { user: "ben".into(), ..photo("e1") }),
            r#"{"event":{"id":"e1","type":"photo.posted","user":"ben"}}"#,
        ),
        (
            "AchievementService.RecordEvent",
            record(Event { r#type: "Photo posted".into(), id: "é".into(), ..Event::default() }),
            r#"{"event":{"id":"é","type":"Photo posted"}}"#,
        ),
        (
            "AchievementService.RecordEvent",
            record(Event { time: Some(Timestamp { seconds: 1_900_000_000, nanos: 0 }), ..photo("e9") }),
            r#"{"event":{"id":"e9","type":"photo.posted","user":"ann","time":"2030-03-17T17:46:40Z"}}"#,
        ),
        ("AchievementService.RecordEvent", bytes(&RecordEventRequest::default()), "{}"),
        (
            "AchievementService.GetBadges",
            get(GetBadgesRequest { user: "ann".into(), ..Default::default() }),
            r#"{"user":"ann"}"#,
        ),
        (
            "AchievementService.GetBadges",
            get(GetBadgesRequest {
                user: "ann".into(),
                without_progress: true,
                page_size: 1,
                ..Default::default()
            }),
            r#"{"user":"ann","withoutProgress":true,"pageSize":1,"badges":null}"#,
        ),
        (
            "AchievementService.GetBadges",
            get(GetBadgesRequest {
                user: "ann".into(),
                badges: vec!["frist-photo".into()],
                ..Default::default()
            }),
            r#"{"user":"ann","badges":["frist-photo"]}"#,
        ),
        (
            "AchievementService.GetBadges",
            get(GetBadgesRequest { user: "ann".into(), page_token: "no".into(), ..Default::default() }),
            r#"{"user":"ann","page_token":"no"}"#,
        ),
        ("AchievementService.ListBadges", bytes(&ListBadgesRequest::default()), "{}"),
        (
            "AchievementService.ListBadges",
            bytes(&ListBadgesRequest { page_size: -1, ..Default::default() }),
            r#"{"pageSize":"-1"}"#,
        ),
        ("AdminService.Reload", bytes(&ReloadRequest::default()), "{}"),
    ]
}

#[tokio::test]
async fn every_protocol_gives_the_same_answers_and_the_same_errors() {
    let server = server::start().await;
    for (method, request, json) in table() {
        // Once before, since a duplicate is answered as one from the second time on.
        ask(server.address, Protocol::Grpc, method, &request, json).await;
        let native = ask(server.address, Protocol::Grpc, method, &request, json).await;
        for protocol in TRANSLATED {
            let told = ask(server.address, protocol, method, &request, json).await;
            assert_eq!(told, native, "{protocol:?} {method} {json}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn the_calls_that_are_compared_have_answers_and_errors_of_many_kinds() {
    let server = server::start().await;
    let (mut answers, mut codes) = (0, Vec::new());
    for (method, request, json) in table() {
        match ask(server.address, Protocol::Grpc, method, &request, json).await {
            Told::Answer(_) => answers += 1,
            Told::Error(code, _, details) => {
                assert!(!details.is_empty(), "{method} {json}");
                codes.push(code);
            }
        }
    }
    codes.sort_by_key(|code| *code as i32);
    codes.dedup();
    assert!(answers >= 5 && codes.len() >= 3, "{answers} {codes:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_stream_by_grpc_web_ends_with_its_trailers() {
    let server = server::start().await;
    // A backup is a stream that ends.
    let request = bytes(&BackupRequest::default());
    let native = ask(server.address, Protocol::Grpc, "AdminService.Backup", &request, "").await;
    for protocol in [Protocol::GrpcWeb, Protocol::GrpcWebHttp2, Protocol::GrpcWebText] {
        assert!(matches!(native, Told::Answer(_)));
        let told = ask(server.address, protocol, "AdminService.Backup", &request, "").await;
        assert!(matches!(told, Told::Answer(_)), "{protocol:?}: {told:?}");
    }
    server.stop().await;
}
