//! gRPC-Web: what a browser or PHP's curl sees of it.

use std::collections::VecDeque;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use prost::Message;

use super::calls::{GRPC_WEB, GRPC_WEB_TEXT, bytes, frames, from_text};
use crate::http::{open, over_http2, post, send};
use crate::proto::notification::Kind;
use crate::proto::{
    Event, GetBadgesRequest, LiveNotificationsRequest, LiveNotificationsResponse, RecordEventRequest,
};
use crate::server;

const LIVE: &str = "/laurels.v1.AchievementService/LiveNotifications";
const RECORD: &str = "/laurels.v1.AchievementService/RecordEvent";
const BADGES: &str = "/laurels.v1.AchievementService/GetBadges";
/// Longer than anything takes that comes at once.
const PATIENCE: Duration = Duration::from_secs(20);

fn framed(message: &[u8]) -> Vec<u8> {
    [&[0], &u32::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
}

fn photo(user: &str) -> Vec<u8> {
    let event = Event { r#type: "photo.posted".into(), user: user.into(), ..Event::default() };
    framed(&bytes(&RecordEventRequest { event: Some(event) }))
}

#[tokio::test]
async fn a_live_stream_tells_each_award_while_it_goes_on() {
    let server = server::start().await;
    let listen =
        framed(&bytes(&LiveNotificationsRequest { users: vec!["ann".into()], ..Default::default() }));
    for (is_text, is_http2) in [(false, false), (false, true), (true, false), (true, true)] {
        let request = match is_text {
            true => post(LIVE, GRPC_WEB_TEXT, STANDARD.encode(&listen)),
            false => post(LIVE, GRPC_WEB, listen.clone()),
        };
        let request = if is_http2 { over_http2(request) } else { request };
        let response = open(server.address, request).await;
        assert_eq!(response.headers()["x-accel-buffering"], "no", "nginx would hold the awards back");
        let mut body = response.into_body();
        let mut told = VecDeque::new();
        let mut next = async || {
            if told.is_empty() {
                let frame = tokio::time::timeout(PATIENCE, body.frame()).await.unwrap().unwrap().unwrap();
                let data = frame.into_data().unwrap();
                let data = if is_text { from_text(&data) } else { data.to_vec() };
                told.extend(frames(&data).0);
            }
            let message = LiveNotificationsResponse::decode(told.pop_front().unwrap()).unwrap();
            message.notification.unwrap().kind.unwrap()
        };
        assert!(matches!(next().await, Kind::Heartbeat(_)));
        // A subject of its own: an award in each turn.
        let subject = format!("{is_text}{is_http2}");
        let event = Event { r#type: "photo.posted".into(), user: "ann".into(), subject, ..Event::default() };
        let record = framed(&bytes(&RecordEventRequest { event: Some(event) }));
        send(server.address, post(RECORD, GRPC_WEB, record)).await;
        assert!(matches!(next().await, Kind::Award(award) if award.user == "ann"));
    }
    server.stop().await;
}

#[tokio::test]
async fn an_error_without_a_message_is_in_the_headers() {
    let server = server::start().await;
    let reply = send(server.address, post(RECORD, GRPC_WEB, photo(""))).await;
    assert_eq!((reply.status.as_u16(), reply.header("grpc-status")), (200, "3"));
    assert!(reply.header("grpc-message").contains("event.user"));
    assert!(!reply.header("grpc-status-details-bin").is_empty());
    server.stop().await;
}

#[tokio::test]
async fn the_answer_comes_in_the_form_that_is_asked_for() {
    let server = server::start().await;
    let get = framed(&bytes(&GetBadgesRequest { user: "ann".into(), ..Default::default() }));
    for (sent, accept, answered) in [
        (GRPC_WEB, "", "application/grpc-web+proto"),
        (GRPC_WEB, "*/*", "application/grpc-web+proto"),
        (GRPC_WEB, "application/grpc-web-text", "application/grpc-web-text+proto"),
        (GRPC_WEB_TEXT, "", "application/grpc-web-text+proto"),
        (GRPC_WEB_TEXT, "application/grpc-web-text", "application/grpc-web-text+proto"),
        (GRPC_WEB_TEXT, "application/grpc-web", "application/grpc-web+proto"),
        ("application/grpc-web-text+proto; charset=utf-8", "", "application/grpc-web-text+proto"),
    ] {
        let body = if sent.contains("text") { STANDARD.encode(&get).into() } else { get.clone() };
        let mut request = post(BADGES, sent, body);
        if !accept.is_empty() {
            request.headers_mut().insert("accept", accept.parse().unwrap());
        }
        let reply = send(server.address, request).await;
        assert_eq!(reply.header("content-type"), answered, "{sent} {accept}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_grpc_web_is_said_to_be_the_callers_mistake() {
    let server = server::start().await;
    let too_large = framed(&vec![0; 70_000]);
    for (media, body, code, says) in [
        (GRPC_WEB_TEXT, b"AA*A".to_vec(), "3", "is not base 64"),
        (GRPC_WEB_TEXT, b"AAAAA".to_vec(), "3", "is cut short"),
        (GRPC_WEB, b"".to_vec(), "3", "is missing"),
        (GRPC_WEB, photo("ann")[..9].to_vec(), "3", "is cut short"),
        (GRPC_WEB, [&[0x80], &photo("ann")[1..]].concat(), "3", "begins with the byte 128"),
        (GRPC_WEB, too_large.clone(), "8", "at most 65536"),
        (GRPC_WEB_TEXT, STANDARD.encode(too_large).into_bytes(), "8", "at most 65536"),
    ] {
        let reply = send(server.address, post(RECORD, media, body)).await;
        assert_eq!((reply.status.as_u16(), reply.header("grpc-status")), (200, code), "{reply:?}");
        let message = reply.header("grpc-message").replace("%20", " ");
        assert!(message.contains(says), "{message}");
        assert!(!reply.header("grpc-status-details-bin").is_empty());
    }
    server.stop().await;
}
