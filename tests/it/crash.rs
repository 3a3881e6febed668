//! After `kill -9` at any moment everything acknowledged is there, and nothing twice.
//!
//! Several clients record events, one after the other, and write down what was answered. Every few
//! milliseconds, at a moment nobody chose, the server is killed and started again. At the end every
//! acknowledged event is sent once more: it must be a duplicate, and answer the very awards that it
//! answered first. Then the counts must equal the events, and the awards told from the beginning must
//! be the awards answered, each once, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use laurels_client::{Award, Client, Event, NotificationKind, WatchOptions};
use tokio::sync::Mutex;

use crate::binary::Server;

/// How often the server is killed.
const KILLS: u32 = 12;
/// Clients at a time, each a user.
const CLIENTS: usize = 4;

/// `visits` counts up to a goal nobody reaches: its progress is the count.
const BADGES: &str = r#"
[badge.visits]
on = "visit"
at = 1000000000

[badge.tenth]
on    = "visit"
tiers = [{ at = 1 }, { at = 10 }, { at = 100 }, { at = 1000 }]

[badge.place]
on = "visit"
by = ["user", "subject"]
"#;

/// What was answered, by event id.
type Answered = BTreeMap<String, Vec<Award>>;

fn event(user: usize, n: usize) -> Event {
    Event::new("visit", format!("u{user}"))
        .with_id(format!("{user}-{n}"))
        .with_subject(format!("s{}", n % 50))
}

/// Records events one after the other until told to stop; what was not answered is sent again.
async fn visit(url: String, user: usize, stop: Arc<AtomicBool>, answered: Arc<Mutex<Answered>>) -> usize {
    let mut n = 0;
    while !stop.load(Ordering::SeqCst) {
        let Ok(client) = Client::connect(&url).await else { continue };
        while let Ok(recorded) = client.record(event(user, n)).await {
            answered.lock().await.insert(recorded.event_id, recorded.awards);
            n += 1;
            if stop.load(Ordering::SeqCst) {
                break;
            }
        }
    }
    n
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kills_and_nothing_counts_twice() {
    let directory = tempfile::tempdir().unwrap();
    let badges = directory.path().join("badges");
    fs::create_dir(&badges).unwrap();
    fs::write(badges.join("visits.toml"), BADGES).unwrap();
    let mut server = Server::start(directory.path(), &badges);

    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Answered::new())));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|user| tokio::spawn(visit(server.url(), user, stop.clone(), answered.clone())))
        .collect();
    for kill in 0..KILLS {
        // Until some more were answered, then a little longer: another moment each time.
        let before = answered.lock().await.len();
        while answered.lock().await.len() < before + 20 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(u64::from(kill * 37 % 50))).await;
        server = tokio::task::spawn_blocking(move || {
            server.kill_and_restart();
            server
        })
        .await
        .unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    let mut sent = Vec::new();
    for client in clients {
        sent.push(client.await.unwrap());
    }

    let client = Client::connect(server.url()).await.unwrap();
    let answered = answered.lock().await.clone();
    assert!(answered.len() >= 20 * KILLS as usize);
    for (user, sent) in sent.into_iter().enumerate() {
        // One more than was answered may have been kept without an answer: its retry counts it once.
        for n in 0..=sent {
            let again = client.record(event(user, n)).await.unwrap();
            if let Some(first) = answered.get(&again.event_id) {
                assert!(again.duplicate, "{} was acknowledged and is gone", again.event_id);
                assert_eq!(&again.awards, first, "{}", again.event_id);
            }
        }
        let held = client.badges(format!("u{user}")).await.unwrap();
        let count = held.progress.iter().find(|progress| progress.badge == "visits").unwrap().current;
        assert_eq!(count as usize, sent + 1);
    }

    let mut watch =
        client.watch(WatchOptions { from_beginning: true, heartbeats: true, ..WatchOptions::default() });
    let (mut told, mut each) = (Vec::new(), BTreeSet::new());
    loop {
        match watch.next().await.unwrap().kind {
            Some(NotificationKind::Award(award)) => {
                assert!(
                    each.insert((award.user.clone(), award.badge.clone(), award.key.clone())),
                    "{award:?} twice"
                );
                told.push(award);
            }
            Some(NotificationKind::Heartbeat(heartbeat)) if heartbeat.live => break,
            Some(NotificationKind::Heartbeat(_)) | None => {}
        }
    }
    let awarded: usize = answered.values().map(Vec::len).sum();
    assert!(told.len() >= awarded);
    for award in answered.values().flatten() {
        assert!(told.contains(award), "{award:?} was answered and is not told");
    }
}
