//! The system's clock is set while a server runs: by libfaketime, which the server is told nothing of.

use std::fs;
use std::path::{Path, PathBuf};

use laurels_client::{Award, Client, Event, NotificationKind, Recorded, WatchOptions};

use super::server::Server;

const HOUR: i64 = 3600;

/// libfaketime, wherever the system has it.
fn library() -> PathBuf {
    let below = fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    let found = below.map(|path| path.join("faketime/libfaketime.so.1")).find(|path| path.exists());
    found.expect("faketime is installed; tests/run does that")
}

/// Sets the server's clock: so many hours from what it is.
fn set(file: &Path, hours: i64) {
    // In one step, so that the server never reads half of it.
    let beside = file.with_extension("new");
    fs::write(&beside, format!("{hours:+}h\n")).unwrap();
    fs::rename(beside, file).unwrap();
}

async fn visit(client: &Client, number: usize) -> Recorded {
    let event = Event::new("visit", "ann").with_id(format!("{number}")).with_subject(format!("s{number}"));
    client.record(event).await.unwrap()
}

fn seconds(award: &Award) -> i64 {
    award.time.as_ref().unwrap().seconds
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_clock_is_set_goes_on_to_record_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let (data, file) = (directory.path().join("data"), directory.path().join("clock"));
    set(&file, 0);
    let setting = format!(
        "export LD_PRELOAD={} FAKETIME_TIMESTAMP_FILE={} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1",
        library().display(),
        file.display()
    );
    let server = Server::after(&setting, &data).unwrap_or_else(|ended| panic!("{ended:?}"));
    let client = Client::connect(&server.url).await.unwrap();
    let mut watch = client.watch(WatchOptions { from_beginning: true, ..WatchOptions::default() });
    let (mut answered, mut times) = (Vec::new(), Vec::new());
    for (number, hours) in [0, -1, 5, -24 * 365, 0].into_iter().enumerate() {
        set(&file, hours);
        let recorded = visit(&client, number).await;
        let Some(NotificationKind::Award(award)) = watch.next().await.unwrap().kind else { panic!() };
        assert_eq!(
            recorded.awards,
            std::slice::from_ref(&award),
            "who listens is told in the order of recording"
        );
        times.push(seconds(&award) - hours * HOUR);
        answered.push(recorded);
    }
    // Taken back what it was set by, the clock was the same all the time, but for the minutes this took.
    assert!(times.iter().all(|time| (0..HOUR / 2).contains(&(time - times[0]))), "{times:?}");
    set(&file, -1);
    for (number, first) in answered.iter().enumerate() {
        let again = visit(&client, number).await;
        assert!(again.duplicate && again.awards == first.awards, "{number}");
    }
    assert!(!server.kill().contains("panicked"));
    let server = Server::start(&data);
    let client = Client::connect(&server.url).await.unwrap();
    let mut watch = client.watch(WatchOptions { from_beginning: true, ..WatchOptions::default() });
    for first in &answered {
        let Some(NotificationKind::Award(award)) = watch.next().await.unwrap().kind else { panic!() };
        assert_eq!(first.awards, [award], "after a kill they are there, in the same order");
    }
    assert!(!visit(&client, answered.len()).await.duplicate);
}
