//! HTTP/2 as bytes: what no well-made client sends.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::server::Server;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RESET: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const END_OF_STREAM: u8 = 1;
pub(crate) const END_OF_HEADERS: u8 = 4;

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The headers of a call, as HPACK has them without a table: method, scheme, path, content type, te.
pub(crate) fn call(stream: u32, method: &str) -> Vec<u8> {
    let path = format!("/laurels.v1.AchievementService/{method}");
    let mut block = vec![0x83, 0x86, 0x04, u8::try_from(path.len()).expect("short")];
    block.extend(path.as_bytes());
    block.extend([0x0f, 0x10, 16]);
    block.extend(b"application/grpc");
    block.extend([0x00, 2]);
    block.extend(b"te");
    block.push(8);
    block.extend(b"trailers");
    frame(HEADERS, END_OF_HEADERS, stream, &block)
}

/// A message of a call, with the five bytes before it.
pub(crate) fn message(stream: u32, flags: u8, message: &impl prost::Message) -> Vec<u8> {
    let encoded = message.encode_to_vec();
    let length = u32::try_from(encoded.len()).expect("short").to_be_bytes();
    frame(DATA, flags, stream, &[&[0], &length[..], &encoded].concat())
}

/// A connection that has said hello.
pub(crate) async fn connect(server: &Server) -> TcpStream {
    let mut connection = TcpStream::connect(&server.address).await.expect("it listens");
    connection.write_all(PREFACE).await.expect("it is read");
    connection.write_all(&frame(SETTINGS, 0, 0, &[])).await.expect("it is read");
    connection
}
