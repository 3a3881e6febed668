//! Floods that cost whoever sends them nothing: calls that are reset at once, pings, settings. They end, or
//! take no memory; others are served meanwhile.

use tokio::io::AsyncWriteExt;

use super::calls::{connect, event, record};
use super::frames::{self, PING, RESET, SETTINGS, frame};
use super::server::Server;

/// Frames of one flood.
const FRAMES: u32 = 50_000;
/// Connections that flood at once.
const FLOODERS: usize = 4;
/// What all of them together may take: two windows of 4 MiB each, and what the allocator keeps.
const FLOOD_MAX_KIB: u64 = 128 << 10;

pub(crate) async fn run() {
    let server = Server::start("ulimit -n $(ulimit -Hn)");
    let before = server.takes();
    type Flood = (&'static str, fn(u32) -> Vec<u8>);
    let floods: [Flood; 3] = [
        ("calls that are reset", |number| {
            let stream = 2 * number + 1;
            [frames::call(stream, "GetBadges"), frame(RESET, 0, stream, &8_u32.to_be_bytes())].concat()
        }),
        ("pings", |number| frame(PING, 0, 0, &u64::from(number).to_be_bytes())),
        ("settings", |_| frame(SETTINGS, 0, 0, &[])),
    ];
    for (number, (name, next)) in floods.into_iter().enumerate() {
        let flooders = (0..FLOODERS).map(|_| async {
            let mut connection = frames::connect(&server).await;
            let mut sent = 0;
            // Nothing is read: answers fill what the system holds for us, and then the server's patience is asked.
            while sent < FRAMES {
                let chunk: Vec<u8> = (sent..sent + 100).flat_map(next).collect();
                let wait = std::time::Duration::from_secs(2);
                match tokio::time::timeout(wait, connection.write_all(&chunk)).await {
                    Ok(Ok(())) => sent += 100,
                    // Ended, or held back: both bound it.
                    Ok(Err(_)) | Err(_) => break,
                }
            }
            (connection, sent)
        });
        let mut client = connect(&server).await;
        let events = (0..1000).map(|event_number| {
            event(format!("{number}-{event_number}"), "tour", format!("u{}", event_number % 50))
        });
        let (flooded, _) = tokio::join!(join_all(flooders), record(&mut client, events.collect()));
        let during = server.takes();
        println!(
            "{name}: {:?} of {FRAMES} frames taken; {} KiB before, {} KiB now, {} ticks of CPU",
            flooded.iter().map(|(_, sent)| *sent).collect::<Vec<_>>(),
            before.rss_kib,
            during.rss_kib,
            during.cpu_ticks - before.cpu_ticks
        );
        assert!(during.rss_kib <= before.rss_kib + FLOOD_MAX_KIB, "{name}: {during:?}");
    }
}

async fn join_all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut done = Vec::new();
    for future in futures {
        done.push(future.await);
    }
    done
}
