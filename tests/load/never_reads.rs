//! Who does not read what is sent: the server's memory is bounded, others are undisturbed, and who reads on, or
//! comes back with a cursor, has missed nothing and meets nothing twice.

use std::collections::BTreeSet;

use tokio::io::AsyncWriteExt;
use tokio_stream::StreamExt;

use super::calls::{connect, event, in_time, listen, next, next_award, record};
use super::frames::{self, END_OF_STREAM};
use super::proto::{LiveNotificationsRequest, RecordEventRequest, RecordEventsRequest};
use super::server::Server;

/// Events of which each gives an award to everybody who listens.
const EVENTS: usize = 20_000;
/// Streams of one kind that are never read.
const DEAF: usize = 50;
/// What waits for one of them in the server: 16 + 64 notifications of less than 4 KiB, a frame of 16 KiB, and what
/// the connection may send ahead: 4 MiB at most, of which a stream that only listens sends nothing.
const DEAF_MAX_KIB: u64 = 512;
/// A connection that floods with events: what it may send ahead, and the values that are made of it.
const FLOODER_MAX_KIB: u64 = 8 << 10;
/// The documents, ids and frames of all the events, and what the allocator keeps: each event copies a document of up to 200
/// awards, and the faster events come, the more of these there are at once. From 69 to 300 MiB was seen.
const REST_MAX_KIB: u64 = 448 << 10;

/// Live streams that nobody reads, and one that is read late.
pub(crate) async fn live() {
    let server = Server::start("ulimit -n $(ulimit -Hn)");
    let before = server.takes();
    let mut deaf = Vec::new();
    for _ in 0..DEAF {
        let mut connection = frames::connect(&server).await;
        connection.write_all(&frames::call(1, "LiveNotifications")).await.expect("it is taken");
        let everything = LiveNotificationsRequest { from_beginning: true, ..Default::default() };
        let request = frames::message(1, END_OF_STREAM, &everything);
        connection.write_all(&request).await.expect("it is taken");
        deaf.push(connection);
    }
    let mut listener = connect(&server).await;
    let mut late = listen(&mut listener, Vec::new(), None).await;
    let first = next(&mut late).await.cursor;
    let mut other = connect(&server).await;
    let mut diligent = listen(&mut other, Vec::new(), None).await;
    next(&mut diligent).await;
    let hears = tokio::spawn(async move {
        let mut heard = Vec::new();
        while heard.len() < EVENTS {
            heard.push(next_award(&mut diligent).await.3);
        }
        heard
    });
    let mut recorder = connect(&server).await;
    let events = (0..EVENTS).map(|number| {
        let mut event = event(format!("e{number}"), "tour", format!("u{}", number % 100));
        event.subject = format!("{number:0>200}");
        event
    });
    assert_eq!(record(&mut recorder, events.collect()).await, EVENTS, "who records is undisturbed");
    let heard = hears.await.expect("no panic");
    let during = server.takes();
    let most = before.rss_kib + REST_MAX_KIB + DEAF as u64 * DEAF_MAX_KIB;
    println!(
        "{DEAF} live streams that are not read, {EVENTS} awards: {} KiB before, {} KiB now (at most {most})",
        before.rss_kib, during.rss_kib
    );
    assert!(during.rss_kib <= most, "{during:?}");

    // The late one reads on half-way, is dropped there, and comes back with its cursor.
    let (mut seen, mut cursor) = (Vec::new(), first);
    while seen.len() < EVENTS / 2 {
        let (at, .., key) = next_award(&mut late).await;
        cursor = at;
        seen.push(key);
    }
    drop(late);
    let mut back = listen(&mut listener, Vec::new(), Some(cursor)).await;
    while seen.len() < EVENTS {
        seen.push(next_award(&mut back).await.3);
    }
    assert_eq!(seen, heard, "no gap and no duplicate, in the same order");
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), EVENTS);
    drop(deaf);
}

/// Streams of events and single calls whose answers nobody reads.
pub(crate) async fn answers() {
    let server = Server::start("ulimit -n $(ulimit -Hn)");
    let before = server.takes();
    let mut deaf = Vec::new();
    let mut taken = Vec::new();
    for number in 0..DEAF {
        let mut connection = frames::connect(&server).await;
        let long = "x".repeat(400);
        let streamed = |at: usize| {
            let mut event = event(format!("s{number}-{at}"), "tour", "deaf");
            event.subject = format!("{long}{at}");
            frames::message(1, 0, &RecordEventsRequest { event: Some(event), options: None })
        };
        let single = |at: usize| {
            let stream = u32::try_from(2 * at + 1).expect("few");
            let event = Some(event(format!("u{number}-{at}"), "tour", "deaf"));
            let request = frames::message(stream, END_OF_STREAM, &RecordEventRequest { event });
            [frames::call(stream, "RecordEvent"), request].concat()
        };
        let is_stream = number % 2 == 0;
        if is_stream {
            connection.write_all(&frames::call(1, "RecordEvents")).await.expect("it is taken");
        }
        let mut sent = 0;
        // As much as the server takes without being read.
        while sent < 20_000 {
            let next = if is_stream { streamed(sent) } else { single(sent) };
            let wait = std::time::Duration::from_millis(200);
            match tokio::time::timeout(wait, connection.write_all(&next)).await {
                Ok(Ok(())) => sent += 1,
                // Ended, or held back: both bound it.
                Ok(Err(_)) | Err(_) => break,
            }
        }
        taken.push(sent);
        deaf.push(connection);
    }
    let during = server.takes();
    let most = before.rss_kib + REST_MAX_KIB + DEAF as u64 * FLOODER_MAX_KIB;
    println!(
        "{DEAF} connections whose answers are not read, {:?} events sent on the first two: {} KiB before, {} KiB now (at most {most})",
        &taken[..2],
        before.rss_kib,
        during.rss_kib
    );
    assert!(during.rss_kib <= most, "{during:?}");
    let mut client = connect(&server).await;
    let events = (0..2000).map(|number| event(format!("{number}"), "visit", format!("u{number}")));
    assert_eq!(record(&mut client, events.collect()).await, 2000, "others are undisturbed");
    drop(deaf);
    let last = server.until("the descriptors", |takes| takes.descriptors <= before.descriptors + 32).await;
    let mut watch = listen(&mut client, vec!["u1".to_owned()], None).await;
    assert!(in_time("a heartbeat", watch.next()).await.is_some(), "it goes on");
    println!("all gone: {} KiB, {} descriptors", last.rss_kib, last.descriptors);
}
