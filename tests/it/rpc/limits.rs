//! Limits of a connection, spoken to in raw HTTP/2 frames. tonic hands hyper "none" for two of them unless
//! they are set, and then there is none: that once let one client reset streams for ever.

use std::collections::BTreeMap;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::{Server, start};

const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_OF_STREAM_AND_HEADERS: u8 = 5;

async fn connect(server: &Server) -> TcpStream {
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    connection.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    connection.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    connection
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The payload of the next frame of this kind.
async fn next(connection: &mut TcpStream, kind: u8) -> Vec<u8> {
    loop {
        let mut header = [0; 9];
        connection.read_exact(&mut header).await.unwrap();
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        let mut payload = vec![0; length as usize];
        connection.read_exact(&mut payload).await.unwrap();
        if header[3] == kind {
            return payload;
        }
    }
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes.try_into().unwrap())
}

#[tokio::test]
async fn a_connection_is_told_its_limits() {
    let server = start().await;
    let settings = next(&mut connect(&server).await, SETTINGS).await;
    let settings: BTreeMap<u8, u32> = settings.chunks(6).map(|one| (one[1], number(&one[2..]))).collect();
    let (max_concurrent_streams, initial_window_size, max_header_list_size) = (3, 4, 6);
    assert_eq!(settings[&max_concurrent_streams], 128);
    assert_eq!(settings[&initial_window_size], 1024 * 1024);
    assert_eq!(settings[&max_header_list_size], 16 * 1024);
}

#[tokio::test]
async fn a_client_that_makes_the_server_reset_streams_for_ever_is_let_go() {
    let server = start().await;
    let mut connection = connect(&server).await;
    let only_a_method = [0x83];
    for stream in (1..=2 * 1100).step_by(2) {
        let request = frame(HEADERS, END_OF_STREAM_AND_HEADERS, stream, &only_a_method);
        if connection.write_all(&request).await.is_err() {
            break;
        }
    }
    // So that a server which goes on for ever ends too, and says something else.
    drop(connection.shutdown().await);
    let goaway = next(&mut connection, GOAWAY).await;
    let enhance_your_calm = 11;
    assert_eq!(number(&goaway[4..8]), enhance_your_calm);
}
