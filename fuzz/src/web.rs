//! Requests that are no native gRPC: JSON and gRPC-Web, as anybody may send them, through the translations to the
//! service and back.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use laurels::clock::Clock;
use laurels::event::Time;
use laurels::rpc::{Body, Calls};
use laurels::service::Service;
use laurels::web;
use tower::{ServiceExt, service_fn};

use super::memory::Memory;
use super::request::{CATALOG, RUNTIME};

/// The calls that have one answer, and a path that is none.
const METHODS: [&str; 4] = ["RecordEvent", "GetBadges", "ListBadges", "NoSuchCall"];
/// Written in front of an answer's last frame.
const TRAILERS: u8 = 0x80;

/// Whatever stands for JSON is answered with JSON: an answer, or what is wrong and whose fault it is.
pub fn connect(bytes: &[u8]) {
    let [method, json @ ..] = bytes else { return };
    let method = METHODS[usize::from(*method) % METHODS.len()];
    let answer = || ask(method, "application/json", json.to_vec());
    let (status, said) = answer();
    let said: serde_json::Value = serde_json::from_slice(&said).expect("an answer is JSON");
    match status {
        200 => assert!(said.is_object()),
        400 | 404 | 409 | 429 => {
            assert!(said["code"].is_string() && said["message"] != "", "{said}");
            assert!(status == 404 || said["details"].is_array(), "{said}");
        }
        _ => panic!("{method} is answered {status}: {said}"),
    }
    // The service is another each time, so that the same request has the same answer.
    assert_eq!(answer().0, status);
}

/// Whatever stands for a body of gRPC-Web is answered with frames, of which the last has the trailers.
pub fn grpc_web(bytes: &[u8]) {
    let [kind, body @ ..] = bytes else { return };
    let method = METHODS[usize::from(kind & 0x7f) % (METHODS.len() - 1)];
    let media = if kind >> 7 == 0 { "application/grpc-web" } else { "application/grpc-web-text" };
    let (status, mut said) = ask(method, media, body.to_vec());
    assert_eq!(status, 200);
    if media.ends_with("text") {
        said =
            said.chunks(4).flat_map(|four| base64(four.try_into().expect("text comes in fours"))).collect();
    }
    let mut said = &said[..];
    let mut last = TRAILERS;
    while said.has_remaining() {
        last = said.get_u8();
        let length = said.get_u32() as usize;
        said.advance(length);
    }
    assert_eq!(last, TRAILERS, "{method}");
}

/// The status and the whole body of the answer.
fn ask(method: &str, media: &'static str, body: Vec<u8>) -> (u16, Vec<u8>) {
    let request = Request::post(format!("/laurels.v1.AchievementService/{method}"))
        .header("content-type", media)
        .body(Full::new(Bytes::from(body)))
        .expect("the request is well-formed");
    RUNTIME.block_on(async {
        let clock = Clock::fixed(Time::from_unix(1_767_225_600, 0).expect("this time is in range"));
        let service = Service::start(Arc::new(Memory::default()), CATALOG.clone(), clock);
        let calls = Arc::new(Calls::over(service.clone()));
        let routes = service_fn(move |request: Request<Body>| {
            let calls = calls.clone();
            Box::pin(async move { Ok::<Response<Body>, Infallible>(calls.answer(request).await) })
        });
        let Ok(response) = web::over(routes, &web::Options::default()).oneshot(request).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("an answer does not fail").to_bytes();
        service.shut_down().await;
        (status, body.to_vec())
    })
}

/// Four characters as the bytes they stand for.
fn base64(four: [u8; 4]) -> Vec<u8> {
    let bits = |character: u8| match character {
        b'A'..=b'Z' => u32::from(character - b'A'),
        b'a'..=b'z' => u32::from(character - b'a') + 26,
        b'0'..=b'9' => u32::from(character - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        b'=' => 0,
        _ => panic!("{character} is not of base 64"),
    };
    let whole = four.iter().fold(0, |whole, character| (whole << 6) | bits(*character));
    let padding = four.iter().filter(|character| **character == b'=').count();
    whole.to_be_bytes()[1..4 - padding].to_vec()
}
