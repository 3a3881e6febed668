//! One call by any of the protocols, and what came of it in the words of all.

use std::net::SocketAddr;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use bytes::{Buf, Bytes};
use http::HeaderMap;
use laurels::rpc::{Code, DESCRIPTORS, Ending};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

use crate::http::{Reply, over_http2, post, send};

/// One for all: messages are compared with their descriptors.
static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS[0]).unwrap());

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Grpc,
    GrpcWeb,
    GrpcWebHttp2,
    GrpcWebText,
    ConnectProto,
    ConnectJson,
    ConnectJsonHttp2,
}

pub(super) const TRANSLATED: [Protocol; 6] = [
    Protocol::GrpcWeb,
    Protocol::GrpcWebHttp2,
    Protocol::GrpcWebText,
    Protocol::ConnectProto,
    Protocol::ConnectJson,
    Protocol::ConnectJsonHttp2,
];

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Told {
    /// The answer as protobuf.
    Answer(Vec<u8>),
    /// The code, the message, and the details as their types and bytes.
    Error(Code, String, Vec<(String, Vec<u8>)>),
}

/// Asks; the request as protobuf and as JSON.
pub(super) async fn ask(
    address: SocketAddr,
    protocol: Protocol,
    method: &str,
    request: &[u8],
    json: &str,
) -> Told {
    let path = format!("/laurels.v1.{}", method.replace('.', "/"));
    let framed = [&[0], &u32::try_from(request.len()).unwrap().to_be_bytes()[..], request].concat();
    let output = output(method);
    match protocol {
        Protocol::Grpc => {
            let mut request = over_http2(post(&path, "application/grpc", framed));
            request.headers_mut().insert("te", "trailers".parse().unwrap());
            let reply = send(address, request).await;
            told_by_grpc(&output, &reply.headers, &reply.trailers, &reply.body)
        }
        Protocol::GrpcWeb => told_by_web(&output, &send(address, post(&path, GRPC_WEB, framed)).await),
        Protocol::GrpcWebHttp2 => {
            told_by_web(&output, &send(address, over_http2(post(&path, GRPC_WEB, framed))).await)
        }
        Protocol::GrpcWebText => {
            let text = STANDARD.encode(framed);
            told_by_web(&output, &send(address, post(&path, GRPC_WEB_TEXT, text)).await)
        }
        Protocol::ConnectProto => {
            let reply = send(address, post(&path, "application/proto", request.to_vec())).await;
            told_by_connect(&reply, || DynamicMessage::decode(output, reply.body.clone()).unwrap())
        }
        Protocol::ConnectJson | Protocol::ConnectJsonHttp2 => {
            let request = post(&path, "application/json", json.to_owned());
            let is_http2 = protocol == Protocol::ConnectJsonHttp2;
            let reply = send(address, if is_http2 { over_http2(request) } else { request }).await;
            told_by_connect(&reply, || DynamicMessage::deserialize(output, reply.json()).unwrap())
        }
    }
}

pub(super) const GRPC_WEB: &str = "application/grpc-web+proto";
pub(super) const GRPC_WEB_TEXT: &str = "application/grpc-web-text";

/// The messages of a gRPC-Web body, and its trailers.
pub(super) fn frames(mut body: &[u8]) -> (Vec<Bytes>, HeaderMap) {
    let (mut messages, mut trailers) = (Vec::new(), HeaderMap::new());
    while body.has_remaining() {
        assert!(trailers.is_empty(), "the trailers are the last frame");
        let flag = body.get_u8();
        let length = body.get_u32() as usize;
        let frame = body.copy_to_bytes(length);
        match flag {
            0 => messages.push(frame),
            0x80 => {
                for line in std::str::from_utf8(&frame).unwrap().lines() {
                    let (name, value) = line.split_once(':').unwrap();
                    let name: http::HeaderName = name.parse().unwrap();
                    trailers.insert(name, value.trim().parse().unwrap());
                }
            }
            _ => panic!("there is no frame with flag {flag}"),
        }
    }
    (messages, trailers)
}

/// Base 64 of which each piece has its own padding.
pub(super) fn from_text(text: &[u8]) -> Vec<u8> {
    assert_eq!(text.len() % 4, 0);
    text.chunks(4).flat_map(|four| STANDARD.decode(four).unwrap()).collect()
}

fn told_by_web(output: &MessageDescriptor, reply: &Reply) -> Told {
    assert_eq!(reply.status, 200);
    let body = match reply.header("content-type") {
        "application/grpc-web+proto" => reply.body.to_vec(),
        "application/grpc-web-text+proto" => from_text(&reply.body),
        other => panic!("{other:?} was not asked for"),
    };
    let (messages, trailers) = frames(&body);
    assert!(reply.trailers.is_empty());
    told(output, &reply.headers, &trailers, messages.first())
}

fn told_by_grpc(output: &MessageDescriptor, headers: &HeaderMap, trailers: &HeaderMap, body: &[u8]) -> Told {
    let (messages, none) = frames(body);
    assert!(none.is_empty());
    told(output, headers, trailers, messages.first())
}

fn told(
    output: &MessageDescriptor,
    headers: &HeaderMap,
    trailers: &HeaderMap,
    message: Option<&Bytes>,
) -> Told {
    let ending = Ending::read(trailers).or_else(|| Ending::read(headers)).unwrap();
    if ending.code == Code::Ok {
        let message = DynamicMessage::decode(output.clone(), message.unwrap().clone()).unwrap();
        return Told::Answer(message.encode_to_vec());
    }
    let name = |url: &str| url.rsplit('/').next().unwrap().to_owned();
    let details = ending.details.into_iter().map(|any| (name(&any.type_url), any.value));
    Told::Error(ending.code, ending.message, details.collect())
}

fn told_by_connect(reply: &Reply, answer: impl FnOnce() -> DynamicMessage) -> Told {
    if reply.status == 200 {
        return Told::Answer(answer().encode_to_vec());
    }
    let error = reply.json();
    assert_eq!(reply.header("content-type"), "application/json");
    let details = error["details"].as_array().into_iter().flatten().map(|detail| {
        let value = STANDARD_NO_PAD.decode(detail["value"].as_str().unwrap()).unwrap();
        (detail["type"].as_str().unwrap().to_owned(), value)
    });
    let message = error["message"].as_str().unwrap().to_owned();
    Told::Error(code(error["code"].as_str().unwrap(), reply), message, details.collect())
}

/// The code of a name, which must come with its own status.
fn code(name: &str, reply: &Reply) -> Code {
    let (code, status) = match name {
        "invalid_argument" => (Code::InvalidArgument, 400),
        "not_found" => (Code::NotFound, 404),
        "already_exists" => (Code::AlreadyExists, 409),
        "out_of_range" => (Code::OutOfRange, 400),
        "resource_exhausted" => (Code::ResourceExhausted, 429),
        "failed_precondition" => (Code::FailedPrecondition, 400),
        "unavailable" => (Code::Unavailable, 503),
        "internal" => (Code::Internal, 500),
        other => panic!("{other} was not expected"),
    };
    assert_eq!(reply.status, status, "{name}");
    code
}

fn output(method: &str) -> MessageDescriptor {
    let (service, method) = method.split_once('.').unwrap();
    let service = POOL.get_service_by_name(&format!("laurels.v1.{service}")).unwrap();
    let method = service.methods().find(|known| known.name() == method);
    method.unwrap().output()
}

/// A request as protobuf.
pub(super) fn bytes(request: &impl Message) -> Vec<u8> {
    request.encode_to_vec()
}
