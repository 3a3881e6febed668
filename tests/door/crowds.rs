//! Crowds of callers who each hold what they get: half a call, half a body, a message that unpacks to much more, a
//! live stream. As with other floods, somebody else is served meanwhile, and the memory of the server stays within
//! bounds.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use laurels::access::{Grant, KeyFile, Narrowing, Scope};
use laurels::event::Time;
use laurels_client::{Client, ErrorReason, WatchOptions};
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::floods::{client_served_meanwhile, served_meanwhile};
use super::http::{post, send};
use super::program::Program;

/// How many come at once.
const CROWD: usize = 300;
const RECORD: &str = "/laurels.v1.AchievementService/RecordEvent";

/// Each sends this on a connection of its own, nothing more, and waits until the server ends it; gives what was answered.
async fn crowd(program: &Program, begins: &[u8]) -> Vec<String> {
    let mut all = JoinSet::new();
    for _ in 0..CROWD {
        let mut connection = TcpStream::connect(&program.address).await.unwrap();
        connection.write_all(begins).await.unwrap();
        all.spawn(async move {
            let mut said = Vec::new();
            // A connection that is reset has ended too.
            let _ = connection.read_to_end(&mut said).await;
            String::from_utf8_lossy(&said).into_owned()
        });
    }
    all.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_with_half_the_headers_of_http11_is_let_go() {
    let program = Program::start(&["--limits-first-call", "1s"]);
    let half = format!("POST {RECORD} HTTP/1.1\r\nhost: laurels\r\nx-long: {}", "x".repeat(10_000));
    let came = served_meanwhile(&program, async || crowd(&program, half.as_bytes()).await).await;
    assert!(came.iter().flatten().all(|said| !said.contains("200 OK")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_with_half_of_a_body_is_let_go() {
    let program = Program::start(&["--limits-body-stall", "1s"]);
    for media in ["application/json", "application/grpc-web+proto"] {
        let head = format!(
            "POST {RECORD} HTTP/1.1\r\nhost: laurels\r\ncontent-type: {media}\r\ncontent-length: 60000\r\n\r\n"
        );
        // A message of 59,995 bytes, of which less comes.
        let half = [head.as_bytes(), &[0, 0, 0, 0xea, 0x5b], &[b' '; 40_000]].concat();
        let came = served_meanwhile(&program, async || crowd(&program, &half).await).await;
        for said in came.iter().flatten() {
            assert!(!said.contains("eventId") && !said.contains("grpc-status: 0"), "{media}: {said}");
        }
    }
}

/// A few kilobytes that unpack to a hundred megabytes.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_packed_messages_is_not_unpacked_beyond_the_limit() {
    let program = Program::start(&[]);
    let address = program.address.parse().unwrap();
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..100 {
        packed.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bomb = packed.finish().unwrap();
    let came = served_meanwhile(&program, async || {
        let mut all = JoinSet::new();
        for media in ["application/json", "application/proto"].into_iter().cycle().take(CROWD) {
            let mut request = post(RECORD, media, bomb.clone());
            request.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
            all.spawn(async move { send(address, request).await.status.as_u16() });
        }
        all.join_all().await
    })
    .await;
    assert!(came.iter().flatten().all(|status| *status == 429), "{came:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_live_streams_has_as_many_as_the_key_may_hold() {
    const HELD: usize = 10;
    let directory = tempfile::tempdir().unwrap();
    let file = KeyFile::at(directory.path().join("keys.toml"));
    let scopes = vec![Scope::Record, Scope::Watch];
    let grant = Grant::Key { scopes, narrowing: Narrowing::default(), rate: None, burst: None };
    let made = file.create(&grant, Time::MIN, None, "").unwrap();
    let keys = file.path().to_str().unwrap();
    let program = Program::start(&["--keys", keys, "--limits-streams-per-key", "10"]);
    let client = Client::connect(format!("http://{}", program.address)).await.unwrap();
    let client = client.with_key(made.secret.expose_secret()).unwrap();
    let watching = client.clone();
    let came = client_served_meanwhile(client, &program, async || {
        let mut all = JoinSet::new();
        for _ in 0..CROWD {
            let mut watch = watching.watch(WatchOptions { heartbeats: true, ..WatchOptions::default() });
            // Held until all of them were told.
            all.spawn(async move { (watch.next().await.map_err(|error| error.reason()), watch) });
        }
        let (told, _held): (Vec<_>, Vec<_>) = all.join_all().await.into_iter().unzip();
        told
    })
    .await;
    for told in &came {
        let refused = told.iter().filter_map(|told| told.as_ref().err()).collect::<Vec<_>>();
        assert!(refused.iter().all(|reason| **reason == Some(ErrorReason::RateLimited)), "{refused:?}");
        assert!(refused.len() >= CROWD - HELD, "{} of {CROWD} were refused", refused.len());
    }
}
