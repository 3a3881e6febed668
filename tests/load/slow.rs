//! Connections that ask for nothing: they are let go, others are served meanwhile, and there are never too many.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::calls::{connect, event, in_time, record, record_one};
use super::frames::{self, HEADERS, PREFACE, SETTINGS, frame};
use super::server::Server;

/// Descriptors of the store and of those who are served.
const OTHER_DESCRIPTORS: usize = 32;
/// What a connection that asked for nothing may take: less than a frame to be read and one to be written.
const SLOW_MAX_KIB: u64 = 64;
const REST_MAX_KIB: u64 = 128 << 10;
/// Open files of the server that is given few; half of them are left to the store.
const FEW: usize = 256;

/// Thousands that say nothing, half a word, or a byte now and then.
pub(crate) async fn let_go(count: usize) {
    let server = Server::start("ulimit -n $(ulimit -Hn)");
    let before = server.takes();
    let settings = frame(SETTINGS, 0, 0, &[]);
    let half_a_call = &frames::call(1, "GetBadges")[..20];
    let openings = [
        Vec::new(),
        PREFACE[..9].to_vec(),
        [PREFACE, &settings[..4]].concat(),
        [PREFACE, &settings].concat(),
        [PREFACE, &settings, half_a_call].concat(),
        // Headers that never end.
        [PREFACE, &settings, &frame(HEADERS, 0, 1, &[0x83])].concat(),
    ];
    let mut slow = JoinSet::new();
    for number in 0..count {
        let mut connection = TcpStream::connect(&server.address).await.expect("it listens");
        connection.write_all(&openings[number % openings.len()]).await.expect("it is taken");
        let drips = number % 7 == 0;
        slow.spawn(async move {
            let (mut read, mut write) = connection.into_split();
            let drip = async {
                // A byte now and then, as long as it is taken.
                while drips && write.write_all(PREFACE.get(..1).unwrap_or_default()).await.is_ok() {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                std::future::pending::<()>().await
            };
            let end = async {
                let mut bytes = [0; 1024];
                while read.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
            };
            tokio::select! { () = drip => {}, () = end => {} }
        });
    }
    let during = server.takes();
    let mut client = connect(&server).await;
    let events = (0..1000).map(|number| event(format!("{number}"), "visit", format!("u{}", number % 50)));
    assert_eq!(record(&mut client, events.collect()).await, 100, "others are served meanwhile");
    assert!(during.rss_kib <= before.rss_kib + REST_MAX_KIB + count as u64 * SLOW_MAX_KIB, "{during:?}");
    in_time("the end of every slow connection", async { while slow.join_next().await.is_some() {} }).await;
    let last = server
        .until("the descriptors", |takes| takes.descriptors <= before.descriptors + OTHER_DESCRIPTORS)
        .await;
    println!(
        "{count} slow connections: {} KiB before, {} KiB and {} descriptors with them, {} KiB and {} descriptors without",
        before.rss_kib, during.rss_kib, during.descriptors, last.rss_kib, last.descriptors
    );
}

/// More connections than the server may have open files: they are closed, and the store goes on.
pub(crate) async fn too_many() {
    let server = Server::start(&format!("ulimit -n {FEW}"));
    let mut client = connect(&server).await;
    record_one(&mut client, event("before", "visit", "ann")).await.expect("it is kept");
    let mut connections = Vec::new();
    for _ in 0..4 * FEW {
        // Further ones may be refused before they are closed.
        connections.extend(TcpStream::connect(&server.address).await.ok());
    }
    let during = server.takes();
    assert!(during.descriptors <= FEW / 2 + OTHER_DESCRIPTORS, "{during:?}");
    let events = (0..2000).map(|number| event(format!("{number}"), "visit", format!("u{number}")));
    assert_eq!(record(&mut client, events.collect()).await, 2000, "who was there is served");
    let log = server.log();
    let said = log.lines().filter(|line| line.contains("as many connections are open as may be")).count();
    assert_eq!(said, 1, "it is said once, not once a connection\n{log}");
    let made = connections.len();
    drop(connections);
    let last = server.until("the descriptors", |takes| takes.descriptors <= OTHER_DESCRIPTORS).await;
    let mut late = connect(&server).await;
    record_one(&mut late, event("after", "visit", "bob")).await.expect("it is kept");
    println!(
        "{made} connections to a server of {FEW} open files: {} descriptors, then {}",
        during.descriptors, last.descriptors
    );
}
