//! Callers who take their time, and more of them than may be: they are let go, and others are served meanwhile.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use laurels::clock::Clock;
use laurels::port::Limits;
use laurels::port::tls::Tls;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::answering::{Answering, LARGE, ask, ended, in_time, post};
use super::certificates::{Authority, agree};
use super::program::Program;
use super::server::start_within;

/// Short, so that tests need not wait long for what must happen.
const SHORT: Duration = Duration::from_millis(300);
/// What must not be what ends a connection.
const LONG: Duration = Duration::from_secs(3600);
/// A byte comes so often from those who drip.
const DRIP: Duration = Duration::from_millis(20);

/// Limits of which none is reached.
fn patient() -> Limits {
    Limits {
        first_call: LONG,
        tls_handshake: LONG,
        http1_idle: LONG,
        body_stall: LONG,
        write_stall: LONG,
        ..Limits::default()
    }
}

/// Sends a byte now and then, for ever, as long as it is taken.
async fn drip(mut connection: impl AsyncWrite + Unpin, bytes: &[u8]) {
    for byte in bytes.iter().cycle() {
        if connection.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(DRIP).await;
    }
}

/// Somebody else is served.
async fn serves(answering: &Answering) {
    let mut other = answering.connect().await;
    assert!(ask(&mut other, &post("other")).await.ends_with("other"));
}

#[tokio::test]
async fn one_more_connection_than_may_be_is_closed_until_there_is_room() {
    let answering = Answering::within(Limits { connections: 2, ..patient() }).await;
    let mut first = answering.connect().await;
    let mut second = answering.connect().await;
    assert!(ask(&mut first, &post("1")).await.ends_with('1'));
    assert!(ask(&mut second, &post("2")).await.ends_with('2'));
    let mut third = answering.connect().await;
    assert_eq!(ended(&mut third).await, "");
    assert!(ask(&mut first, &post("still")).await.ends_with("still"));
    drop(second);
    // The room comes back when the server has noticed, whenever that is.
    in_time("room", async {
        loop {
            let mut late = answering.connect().await;
            late.write_all(post("late").as_bytes()).await.unwrap();
            if late.read_u8().await.is_ok() {
                break;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn who_asks_nothing_or_sends_headers_for_ever_is_let_go() {
    let answering = Answering::within(Limits { first_call: SHORT, ..patient() }).await;
    let mut silent = answering.connect().await;
    let (mut reads, writes) = answering.connect().await.into_split();
    let begun = b"POST / HTTP/1.1\r\nhost: localhost\r\nx-more: ";
    let slow = async {
        let mut writes = writes;
        writes.write_all(begun).await.unwrap();
        drip(writes, b"a").await;
    };
    serves(&answering).await;
    tokio::join!(slow, ended(&mut reads), ended(&mut silent));
    serves(&answering).await;
}

#[tokio::test]
async fn headers_of_a_later_call_are_not_waited_for_longer() {
    let answering = Answering::within(Limits { http1_idle: SHORT, ..patient() }).await;
    let mut connection = answering.connect().await;
    assert!(ask(&mut connection, &post("1")).await.ends_with('1'));
    assert!(ask(&mut connection, &post("2")).await.ends_with('2'));
    let (mut reads, mut writes) = connection.into_split();
    let slow = async {
        writes.write_all(b"POST / HTTP/1.1\r\nx-more: ").await.unwrap();
        drip(writes, b"a").await;
    };
    serves(&answering).await;
    tokio::join!(slow, ended(&mut reads));
}

#[tokio::test]
async fn headers_that_are_too_large_are_refused() {
    let answering = Answering::within(patient()).await;
    let mut connection = answering.connect().await;
    let large = "a".repeat(64 * 1024);
    let request = format!("POST / HTTP/1.1\r\nx-large: {large}\r\n\r\n");
    let (mut reads, mut writes) = connection.split();
    // It may be refused before all of it is sent.
    let (_, answer) = tokio::join!(writes.write_all(request.as_bytes()), ended(&mut reads));
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    serves(&answering).await;
}

#[tokio::test]
async fn a_body_that_stops_half_way_fails_its_call() {
    let answering = Answering::within(Limits { body_stall: SHORT, ..patient() }).await;
    let mut connection = answering.connect().await;
    connection
        .write_all(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nhalf")
        .await
        .unwrap();
    serves(&answering).await;
    let answer = ended(&mut connection).await;
    assert!(answer.ends_with("failed: the rest of the request did not come"), "{answer}");
}

/// A body that begins, and then neither goes on nor ends.
struct Half(Option<Bytes>);

impl Body for Half {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.take().map_or(Poll::Pending, |begin| Poll::Ready(Some(Ok(Frame::data(begin)))))
    }
}

#[tokio::test]
async fn over_http2_a_body_that_stops_fails_its_call_alone_and_a_stream_may_be_silent() {
    let server = start_within(Limits { body_stall: SHORT, ..patient() }).await;
    let stream = TokioIo::new(TcpStream::connect(server.address).await.unwrap());
    let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let call = |method: &str, begin: &'static [u8]| {
        let uri = format!("http://{}/laurels.v1.AchievementService/{method}", server.address);
        let request = Request::post(uri).header("content-type", "application/grpc").header("te", "trailers");
        sender.clone().send_request(request.body(Half(Some(Bytes::from_static(begin)))).unwrap())
    };
    // A whole event of ann; its answer comes, and the stream goes on.
    let event = b"\0\0\0\0\x17\x0a\x15\x0a\x01e\x12\x0cphoto.posted\x1a\x02an";
    let mut silent = in_time("a stream", call("RecordEvents", event)).await.unwrap().into_body();
    let answer = in_time("an answer", silent.frame()).await.unwrap().unwrap();
    assert!(answer.is_data());
    for _ in 0..2 {
        let stopped = in_time("an answer", call("GetBadges", b"\0\0\0\0\x09half")).await.unwrap();
        let deadline_exceeded = "4";
        assert_eq!(stopped.headers()["grpc-status"], deadline_exceeded, "{stopped:?}");
        assert_eq!(stopped.headers()["grpc-message"], "the%20rest%20of%20the%20request%20did%20not%20come");
    }
    // By now it has been silent for longer than that.
    tokio::select! {
        biased;
        ended = silent.frame() => panic!("the stream ended: {ended:?}"),
        () = std::future::ready(()) => {}
    }
}

#[tokio::test]
async fn who_reads_nothing_of_what_is_sent_is_let_go() {
    let answering = Answering::within(Limits { write_stall: SHORT, ..patient() }).await;
    let mut connection = answering.connect().await;
    connection.write_all(b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    // It answers, and nobody takes it: what is there to be read stops where the system holds no more. Since nothing
    // tells a client that a server has given up, the server's going down does: it waits for every connection.
    in_time("the beginning of the answer", connection.peek(&mut [0])).await.unwrap();
    serves(&answering).await;
    in_time("the end of the port", answering.stop()).await;
    let answer = ended(&mut connection).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.len() < LARGE, "{} bytes came", answer.len());
}

#[tokio::test]
async fn a_slow_reader_gets_everything() {
    let answering = Answering::within(Limits { write_stall: SHORT, ..patient() }).await;
    let mut connection = answering.connect().await;
    connection
        .write_all(b"GET /large HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let (mut count, mut bytes) = (0, vec![0; 4 << 20]);
    loop {
        let came = in_time("more", connection.read(&mut bytes)).await.unwrap();
        if came == 0 {
            break;
        }
        count += came;
        tokio::time::sleep(DRIP).await;
    }
    assert!(count > LARGE, "{count}");
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let tls = Tls::load(authority.sign().write(folder.path()), Clock::system()).unwrap();
    let limits = Limits { tls_handshake: SHORT, ..patient() };
    let answering = Answering::start(|port| port.tls(tls).limits(limits)).await;
    let mut silent = answering.connect().await;
    let (mut reads, writes) = answering.connect().await.into_split();
    // The beginning of a hello that says it is 16 KiB long.
    let hello = [&[22, 3, 1, 64, 0, 1, 0, 63, 252, 3, 3][..], &[7; 4096]].concat();
    let good = async {
        let mut good = agree(answering.connect().await, &authority, &["http/1.1"], None).await.unwrap();
        assert!(ask(&mut good, &post("hello")).await.ends_with("hello"));
    };
    tokio::join!(drip(writes, &hello), ended(&mut reads), ended(&mut silent), good);
}

#[tokio::test]
async fn headers_for_ever_over_tls_are_let_go_too() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let tls = Tls::load(authority.sign().write(folder.path()), Clock::system()).unwrap();
    let limits = Limits { first_call: SHORT, ..patient() };
    let answering = Answering::start(|port| port.tls(tls).limits(limits)).await;
    let slow = agree(answering.connect().await, &authority, &["http/1.1"], None).await.unwrap();
    let (mut reads, mut writes) = tokio::io::split(slow);
    writes.write_all(b"POST / HTTP/1.1\r\nx-more: ").await.unwrap();
    tokio::join!(drip(writes, b"a"), ended(&mut reads));
}

#[tokio::test]
async fn a_port_that_goes_down_answers_what_it_was_asked_and_waits_for_no_handshake() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let tls = Tls::load(authority.sign().write(folder.path()), Clock::system()).unwrap();
    let answering = Answering::start(|port| port.tls(tls).limits(patient())).await;
    let mut silent = answering.connect().await;
    let mut asks = agree(answering.connect().await, &authority, &["http/1.1"], None).await.unwrap();
    assert!(ask(&mut asks, &post("1")).await.ends_with('1'));
    asks.write_all(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\n\r\nha").await.unwrap();
    // Half of it is there before the end begins: what is answered to another says that it was read.
    let mut other = agree(answering.connect().await, &authority, &["http/1.1"], None).await.unwrap();
    assert!(ask(&mut other, &post("2")).await.ends_with('2'));
    let finish = async {
        assert_eq!(ended(&mut silent).await, "");
        asks.write_all(b"t").await.unwrap();
        ended(&mut asks).await
    };
    let ((), answer) = tokio::join!(answering.stop(), finish);
    assert!(answer.ends_with("hat"), "{answer}");
}

/// Connections that begin TLS and go no further.
const HALF: usize = 500;
/// What each may take: its buffers, and less than a hello of the largest kind.
const HALF_MAX_KIB: u64 = 64;
/// What is not theirs.
const REST_MAX_KIB: u64 = 32 << 10;

#[tokio::test]
async fn hundreds_of_handshakes_that_stop_half_way_take_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.sign().write(folder.path());
    let options = ["--tls-cert", files.cert.to_str().unwrap(), "--tls-key", files.key.to_str().unwrap()];
    let program = Program::start(&options);
    let client = laurels_client::Tls::default().with_ca(authority.pem.clone());
    let url = format!("https://localhost:{}", program.port());
    let client = laurels_client::Client::connect_tls(url, client).await.unwrap();
    client.record(laurels_client::Event::new("photo.posted", "ana")).await.unwrap();
    let before = program.peak_kib();
    let hello = [&[22, 3, 1, 64, 0, 1, 0, 63, 252, 3, 3][..], &[7; 16_000]].concat();
    let mut half = JoinSet::new();
    for _ in 0..HALF {
        let mut connection = TcpStream::connect(&program.address).await.unwrap();
        connection.write_all(&hello).await.unwrap();
        half.spawn(async move { ended(&mut connection).await });
    }
    client.record(laurels_client::Event::new("photo.posted", "bob")).await.unwrap();
    let during = program.peak_kib();
    assert!(during <= before + REST_MAX_KIB + HALF as u64 * HALF_MAX_KIB, "{before} KiB, then {during} KiB");
    // Each is let go after its time.
    while half.join_next().await.is_some() {}
    client.record(laurels_client::Event::new("photo.posted", "cid")).await.unwrap();
}
