//! Calls that cannot be served are answered with a code, a reason from the proto enum, and the field.

use prost::Message;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::proto::{
    Event, GetBadgesRequest, GetBadgesResponse, ListBadgesRequest, LiveNotificationsRequest,
    RecordEventRequest, RecordEventResponse,
};
use super::raw;
use super::server::{event, start};

const RECORD: &str = "/laurels.v1.AchievementService/RecordEvent";
const GET: &str = "/laurels.v1.AchievementService/GetBadges";

/// The code, the reason without its prefix, and the fields.
fn said(status: &Status) -> (Code, String, Vec<String>) {
    let details: ErrorDetails = status.get_error_details();
    let info = details.error_info().expect("every error has an ErrorInfo");
    assert_eq!(info.domain, "laurels");
    let fields = details.bad_request().map(|wrong| wrong.field_violations.clone()).unwrap_or_default();
    let fields = fields.into_iter().map(|violation| violation.field).collect();
    (status.code(), info.reason.replace("ERROR_REASON_", ""), fields)
}

fn refused(code: Code, reason: &str, fields: &[&str]) -> (Code, String, Vec<String>) {
    (code, reason.to_owned(), fields.iter().map(|field| (*field).to_owned()).collect())
}

#[tokio::test]
async fn bytes_that_cannot_be_read_are_the_callers_mistake() {
    let server = start().await;
    let mut bytes = RecordEventRequest { event: Some(event("1")) }.encode_to_vec();
    let at = bytes.windows(3).position(|three| three == b"ann").unwrap();
    bytes[at] = 0xff;
    let status = raw::unary::<RecordEventResponse>(&server.channel, RECORD, &bytes).await.unwrap_err();
    assert_eq!(said(&status), refused(Code::InvalidArgument, "INVALID_FIELD", &["event.user"]));
    assert_eq!(status.message(), "event.user must be UTF-8; encode the text anew");

    let status = raw::unary::<GetBadgesResponse>(&server.channel, GET, b"\xff\xff").await.unwrap_err();
    assert_eq!(said(&status), refused(Code::InvalidArgument, "INVALID_FIELD", &[""]));
}

#[tokio::test]
async fn a_request_over_64_kib_is_refused_with_the_limit() {
    let server = start().await;
    // An unknown field of so many bytes, behind its tag and its length of three bytes.
    let request = |bytes: usize| {
        let mut request = RecordEventRequest { event: Some(event("1")) }.encode_to_vec();
        let filling = bytes - request.len() - 4;
        prost::encoding::bytes::encode(15, &vec![0u8; filling], &mut request);
        assert_eq!(request.len(), bytes);
        request
    };
    raw::unary::<RecordEventResponse>(&server.channel, RECORD, &request(65_536)).await.unwrap();
    for bytes in [65_537, 10_000_000] {
        let filling = vec![0; bytes];
        let status = raw::unary::<RecordEventResponse>(&server.channel, RECORD, &filling).await.unwrap_err();
        assert_eq!(said(&status), refused(Code::ResourceExhausted, "MESSAGE_TOO_LARGE", &[]));
        let says = format!("the message has {bytes} bytes; at most 65536 are allowed");
        assert_eq!(status.message(), says);
    }
}

#[tokio::test]
async fn every_wrong_field_of_an_event_is_named() {
    let server = start().await;
    let wrong = Event { r#type: "Photo".into(), user: String::new(), subject: "\n".into(), ..event("1") };
    for (sent, fields) in [
        (None, vec!["event"]),
        (Some(wrong), vec!["event.type", "event.user", "event.subject"]),
        (Some(Event { id: "é".into(), ..event("1") }), vec!["event.id"]),
    ] {
        let status = server.client().record_event(RecordEventRequest { event: sent }).await.unwrap_err();
        assert_eq!(said(&status), refused(Code::InvalidArgument, "INVALID_FIELD", &fields));
    }

    let future = prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 };
    let early = Event { time: Some(future), ..event("1") };
    let status = server.client().record_event(RecordEventRequest { event: Some(early) }).await.unwrap_err();
    assert_eq!(said(&status), refused(Code::InvalidArgument, "EVENT_TIME_IN_FUTURE", &["event.time"]));
}

#[tokio::test]
async fn an_id_that_is_used_for_something_else_is_said_to_be() {
    let server = start().await;
    let record = async |event| server.client().record_event(RecordEventRequest { event: Some(event) }).await;
    assert!(!record(event("1")).await.unwrap().into_inner().duplicate);
    assert!(record(event("1")).await.unwrap().into_inner().duplicate);
    let status = record(Event { user: "ben".into(), ..event("1") }).await.unwrap_err();
    assert_eq!(said(&status), refused(Code::AlreadyExists, "EVENT_ID_REUSED", &["event.id"]));
}

#[tokio::test]
async fn questions_that_make_no_sense_are_refused() {
    let server = start().await;
    let ann = GetBadgesRequest { user: "ann".into(), ..GetBadgesRequest::default() };
    for (request, reason, field) in [
        (GetBadgesRequest::default(), "INVALID_FIELD", &["user"][..]),
        (GetBadgesRequest { page_size: -1, ..ann.clone() }, "INVALID_FIELD", &["page_size"]),
        (GetBadgesRequest { page_token: "x".into(), ..ann.clone() }, "PAGE_TOKEN_INVALID", &[]),
        (
            GetBadgesRequest { categories: vec!["x".into()], ..ann.clone() },
            "INVALID_FIELD",
            &["categories[0]"],
        ),
    ] {
        let status = server.client().get_badges(request).await.unwrap_err();
        assert_eq!(said(&status), refused(Code::InvalidArgument, reason, field));
    }
    let unknown = GetBadgesRequest { badges: vec!["x".into()], ..ann };
    let status = server.client().get_badges(unknown).await.unwrap_err();
    assert_eq!(said(&status), refused(Code::NotFound, "BADGE_NOT_FOUND", &[]));

    let listen = LiveNotificationsRequest::default();
    let too_often = Some(prost_types::Duration { seconds: 0, nanos: 1 });
    for (request, reason, field) in [
        (
            LiveNotificationsRequest { users: vec!["u".into(); 101], ..listen.clone() },
            "INVALID_FIELD",
            &["users"][..],
        ),
        (
            LiveNotificationsRequest { users: vec!["u".into(), String::new()], ..listen.clone() },
            "INVALID_FIELD",
            &["users[1]"],
        ),
        (
            LiveNotificationsRequest { heartbeat_interval: too_often, ..listen.clone() },
            "INVALID_FIELD",
            &["heartbeat_interval"],
        ),
        (
            LiveNotificationsRequest { after: "x".into(), from_beginning: true, ..listen.clone() },
            "INVALID_FIELD",
            &["from_beginning"],
        ),
        (LiveNotificationsRequest { after: "x".into(), ..listen.clone() }, "CURSOR_INVALID", &[]),
    ] {
        let status = server.client().live_notifications(request).await.unwrap_err();
        assert_eq!(said(&status), refused(Code::InvalidArgument, reason, field));
    }

    let request = ListBadgesRequest { page_size: -1, ..ListBadgesRequest::default() };
    let status = server.client().list_badges(request).await.unwrap_err();
    assert_eq!(said(&status), refused(Code::InvalidArgument, "INVALID_FIELD", &["page_size"]));
}
