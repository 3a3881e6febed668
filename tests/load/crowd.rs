//! Very many live streams: awards reach exactly those who listen, and what the crowd took is given back.

use std::time::Instant;

use tokio::task::JoinSet;
use tokio_stream::StreamExt;

use super::calls::{Client, Stream, connect, event, in_time, listen, next, next_award, record};
use super::server::Server;

/// What one stream on a connection of its own may take of the server's memory. What it is bounded by: a
/// frame to be read and one to be written of 16 KiB each, headers of 16 KiB, and 16 + 64 notifications that wait.
const STREAM_MAX_KIB: u64 = 96;
/// What the events and documents themselves may take, and what the allocator keeps.
const REST_MAX_KIB: u64 = 128 << 10;
/// Descriptors that open and close beside the crowd's: the store's files, one recorder.
const OTHER_DESCRIPTORS: usize = 32;
/// So many crowds come and go.
const ROUNDS: usize = 8;
/// By how much a later crowd may take more than the first ones.
const AGAIN_MAX_KIB: u64 = 32 << 10;
/// So many begin at once.
const AT_ONCE: usize = 200;

/// So many streams, each of one user, on connections that carry so many each.
pub(crate) async fn run(streams: usize, each: usize) {
    let server = Server::start("ulimit -n $(ulimit -Hn)");
    let before = server.takes();
    let began = Instant::now();
    let (clients, mut crowd) = gather(&server, streams, each).await;
    let idle = server.takes();
    let begun = began.elapsed();
    assert!(idle.descriptors >= before.descriptors + clients.len(), "each connection is one");

    // Each user comes twice: the streams that hear of it must hear "joined" of their own user, then "returned".
    let mut recorder = connect(&server).await;
    let began = Instant::now();
    for visit in 0..2 {
        let events = (0..streams).map(|user| event(format!("{visit}-{user}"), "visit", format!("u{user}")));
        assert_eq!(record(&mut recorder, events.collect()).await, streams);
    }
    let mut told = 0;
    for (number, stream) in &mut crowd {
        for expected in ["joined", "returned"] {
            let (_, user, badge, _) = next_award(stream).await;
            assert_eq!((user, badge.as_str()), (format!("u{number}"), expected));
            told += 1;
        }
    }
    let after = server.takes();
    let per_stream = idle.rss_kib.saturating_sub(before.rss_kib) as f64 / streams as f64;
    println!(
        "{streams} streams on {} connections: begun in {begun:?}; {told} awards told in {:?}; server {} KiB before, {} KiB with all of them idle ({per_stream:.1} KiB a stream), {} KiB after the awards; {} descriptors; {} ticks of CPU",
        clients.len(),
        began.elapsed(),
        before.rss_kib,
        idle.rss_kib,
        after.rss_kib,
        idle.descriptors,
        after.cpu_ticks - before.cpu_ticks,
    );
    let most = before.rss_kib + REST_MAX_KIB + streams as u64 * STREAM_MAX_KIB;
    assert!(after.rss_kib <= most, "{} KiB are more than {most}", after.rss_kib);

    // Who was told all hears nothing else, and ends when told so; then everything is given back.
    drop(crowd);
    drop(clients);
    let last = server
        .until("the descriptors", |takes| takes.descriptors <= before.descriptors + OTHER_DESCRIPTORS)
        .await;
    println!("all gone: {} KiB, {} descriptors", last.rss_kib, last.descriptors);
    let mut late = listen(&mut recorder, vec!["u0".to_owned()], None).await;
    assert!(in_time("a heartbeat", late.next()).await.is_some(), "it goes on");
}

/// Crowds come and go, and each finds the memory that the ones before gave back.
pub(crate) async fn again(streams: usize) {
    let server = Server::start("ulimit -n $(ulimit -Hn)");
    let before = server.takes();
    let mut took = Vec::new();
    for _ in 0..ROUNDS {
        let crowd = gather(&server, streams, 1).await;
        took.push(server.takes().rss_kib);
        drop(crowd);
        server
            .until("the descriptors", |takes| takes.descriptors <= before.descriptors + OTHER_DESCRIPTORS)
            .await;
    }
    println!(
        "{streams} streams come and go: {} KiB before, then with all of them {took:?} KiB",
        before.rss_kib
    );
    let (early, late) = took.split_at(ROUNDS / 2);
    assert!(late.iter().max() <= early.iter().max().map(|most| most + AGAIN_MAX_KIB).as_ref(), "{took:?}");
}

/// Connections, and streams on them that are live, each with its user's number.
async fn gather(server: &Server, streams: usize, each: usize) -> (Vec<Client>, Vec<(usize, Stream)>) {
    let (mut clients, mut crowd) = (Vec::new(), Vec::new());
    let mut beginning = JoinSet::new();
    for number in 0..streams {
        // One by one, since a connection that asks for nothing for long is let go.
        if number % each == 0 {
            clients.push(connect(server).await);
        }
        let mut client = clients[number / each].clone();
        beginning.spawn(async move {
            let mut stream = listen(&mut client, vec![format!("u{number}")], None).await;
            // The first message is a heartbeat: from here on nothing is missed.
            next(&mut stream).await;
            (number, stream)
        });
        if beginning.len() >= AT_ONCE {
            crowd.push(beginning.join_next().await.expect("one").expect("no panic"));
        }
    }
    while let Some(begun) = beginning.join_next().await {
        crowd.push(begun.expect("no panic"));
    }
    (clients, crowd)
}
