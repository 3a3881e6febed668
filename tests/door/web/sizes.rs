//! How large messages may be is what the settings say, over every protocol that a message may come by.

use std::io::Write;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use laurels::rpc::Code;
use prost::Message;

use super::calls::{GRPC_WEB, GRPC_WEB_TEXT, Protocol, TRANSLATED, Told, ask, bytes, frames, from_text};
use crate::http::{over_http2, post, send};
use crate::program::Program;
use crate::proto::event::Payload;
use crate::proto::{Event, RecordEventRequest, RecordEventsRequest};

const REQUEST_BYTES: usize = 2048;
const STREAMED_BYTES: usize = 3072;
const JSON_BYTES: usize = 4096;

fn start() -> (Program, SocketAddr) {
    let options =
        ["--limits-request-bytes", "2KiB", "--limits-streamed-bytes", "3KiB", "--limits-json-bytes", "4KiB"];
    let program = Program::start(&options);
    let address = program.address.parse().unwrap();
    (program, address)
}

/// An event with so much data that the message around it has exactly so many bytes.
fn event_for(bytes: usize, encoded_len: impl Fn(&Event) -> usize) -> Event {
    let sizes = 0..bytes;
    let events = sizes.map(|size| Event {
        id: "e1".into(),
        r#type: "photo.posted".into(),
        user: "ann".into(),
        payload: Some(Payload::DataJson(format!(r#"{{"a":"{}"}}"#, "x".repeat(size)))),
        ..Event::default()
    });
    events.into_iter().find(|event| encoded_len(event) == bytes).expect("a text of some length is right")
}

fn request(bytes: usize) -> RecordEventRequest {
    let whole = |event: &Event| RecordEventRequest { event: Some(event.clone()) }.encoded_len();
    RecordEventRequest { event: Some(event_for(bytes, whole)) }
}

fn as_json(request: &RecordEventRequest) -> String {
    let event = request.event.as_ref().unwrap();
    let Some(Payload::DataJson(data)) = &event.payload else { panic!("{event:?}") };
    let event =
        serde_json::json!({ "id": event.id, "type": event.r#type, "user": event.user, "dataJson": data });
    serde_json::json!({ "event": event }).to_string()
}

#[tokio::test]
async fn a_request_has_at_most_what_the_settings_say_over_every_protocol() {
    let (_program, address) = start();
    for protocol in TRANSLATED.into_iter().chain([Protocol::Grpc]) {
        let told = async |size| {
            let request = request(size);
            ask(address, protocol, "AchievementService.RecordEvent", &bytes(&request), &as_json(&request))
                .await
        };
        let most = told(REQUEST_BYTES).await;
        assert!(matches!(most, Told::Answer(_)), "{protocol:?}: {most:?}");
        let Told::Error(code, message, details) = told(REQUEST_BYTES + 1).await else {
            panic!("{protocol:?} takes more")
        };
        assert_eq!(code, Code::ResourceExhausted, "{protocol:?}: {message}");
        assert!(message.ends_with("bytes; at most 2048 are allowed"), "{protocol:?}: {message}");
        let (_, info) = details.iter().find(|(name, _)| name == "google.rpc.ErrorInfo").unwrap();
        let info = tonic_types::pb::ErrorInfo::decode(&info[..]).unwrap();
        assert_eq!(
            (info.reason.as_str(), info.metadata["limit"].as_str()),
            ("ERROR_REASON_MESSAGE_TOO_LARGE", "2048"),
            "{protocol:?}"
        );
    }
}

#[tokio::test]
async fn a_message_of_a_stream_has_at_most_what_the_settings_say_over_every_protocol() {
    let (_program, address) = start();
    let message = |size| {
        let whole =
            |event: &Event| RecordEventsRequest { event: Some(event.clone()), options: None }.encoded_len();
        bytes(&RecordEventsRequest { event: Some(event_for(size, whole)), options: None })
    };
    let messages = [message(STREAMED_BYTES), message(STREAMED_BYTES + 1), message(100)];
    let body: Vec<u8> = messages
        .iter()
        .flat_map(|message| [&[0], &(message.len() as u32).to_be_bytes()[..], message].concat())
        .collect();
    let path = "/laurels.v1.AchievementService/RecordEvents";
    for media in ["application/grpc", GRPC_WEB, GRPC_WEB_TEXT] {
        let is_text = media == GRPC_WEB_TEXT;
        let body = if is_text { STANDARD.encode(&body).into_bytes() } else { body.clone() };
        let request = post(path, media, body);
        let is_native = media == "application/grpc";
        let reply = send(address, if is_native { over_http2(request) } else { request }).await;
        let (answers, trailers) = frames(&if is_text { from_text(&reply.body) } else { reply.body.to_vec() });
        let trailers = if is_native { reply.trailers } else { trailers };
        assert_eq!(answers.len(), 1, "{media}: the first is answered, and no more: {trailers:?}");
        assert_eq!(trailers["grpc-status"], "8", "{media}");
        let said = trailers["grpc-message"].to_str().unwrap().replace("%20", " ");
        assert_eq!(said, "the message has 3073 bytes; at most 3072 are allowed", "{media}");
    }
}

#[tokio::test]
async fn json_has_at_most_what_the_settings_say_packed_or_not() {
    let (_program, address) = start();
    let list = "/laurels.v1.AchievementService/ListBadges";
    let json = |size: usize| format!("{{}}{}", " ".repeat(size - 2)).into_bytes();
    // Of protobuf, a field that nobody knows.
    let proto = |size: usize| [&[0xfa, 0x3f, 0x80, 0x10], &vec![7; size - 4][..]].concat();
    for (media, size, body, status) in [
        ("application/json", JSON_BYTES, json(JSON_BYTES), 200),
        ("application/json", JSON_BYTES, json(JSON_BYTES + 1), 429),
        ("application/proto", REQUEST_BYTES, proto(REQUEST_BYTES + 1), 429),
    ] {
        for packed in [false, true] {
            let mut request = post(list, media, if packed { pack(&body) } else { body.clone() });
            if packed {
                request.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
            }
            let reply = send(address, request).await;
            assert_eq!(reply.status, status, "{media}, packed: {packed}: {}", reply.text());
            if status == 429 {
                let message = reply.json()["message"].as_str().unwrap().to_owned();
                let says = format!("the message has too many bytes; at most {size} are allowed");
                assert_eq!(message, says, "{media}, packed: {packed}");
            }
        }
    }
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
