//! Disks that are full, or have no more files to give: writing is refused, reading goes on, and when there is
//! room again writing goes on by itself, with nothing lost.

use std::fs;
use std::time::Duration;

use laurels::store::{Embedded, Error, Options, Store};
use laurels_client::{Client, ErrorReason, Event, NotificationKind, WatchOptions};

use super::mount::{Mount, fill};
use super::server::Server;
use super::site::Site;

/// Room enough to write is what the server keeps free, and some more.
const KEPT_FREE: u64 = 64 << 20;

fn visit(number: usize) -> Event {
    Event::new("visit", "ann").with_id(format!("e{number}")).with_subject(format!("s{number}"))
}

async fn visits(client: &Client) -> usize {
    let held = client.badges("ann").await.unwrap();
    held.progress.iter().find(|progress| progress.badge == "visits").unwrap().current as usize
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_a_full_disk_reads_on_and_writes_again_by_itself() {
    let Some(mount) = Mount::new("size=160m") else { return };
    let data = mount.path().join("data");
    let server = Server::start(&data);
    let client = Client::connect(&server.url).await.unwrap();
    for number in 0..50 {
        client.record(visit(number)).await.unwrap();
    }
    let filler = fill(&mount.path(), KEPT_FREE / 2);
    // What the server knows of its room may be half a second old.
    let mut kept = 50;
    let error = loop {
        match client.record(visit(kept)).await {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.reason(), Some(ErrorReason::StoreReadOnly));
    assert!(error.retryable() && error.retry_after().is_some_and(|after| after > Duration::ZERO), "{error}");
    assert_eq!(visits(&client).await, kept, "reading goes on");
    let mut watch = client.watch(WatchOptions { from_beginning: true, ..WatchOptions::default() });
    for number in 0..kept {
        let Some(NotificationKind::Award(award)) = watch.next().await.unwrap().kind else { panic!() };
        assert_eq!(award.key, format!("s{number}"), "watching goes on");
    }
    fs::remove_file(filler).unwrap();
    while client.record(visit(kept)).await.is_err() {}
    let Some(NotificationKind::Award(award)) = watch.next().await.unwrap().kind else { panic!() };
    assert_eq!(award.key, format!("s{kept}"), "what is new is told to who listened all the time");
    let log = server.kill();
    assert!(log.contains("events cannot be kept now and are refused; reading goes on"), "{log}");
    let server = Server::start(&data);
    let client = Client::connect(&server.url).await.unwrap();
    assert_eq!(visits(&client).await, kept + 1, "nothing that was answered is lost");
}

/// A store that keeps nothing free, so that it meets the end of the disk itself.
fn reckless() -> Options {
    let free_asked_every = Duration::ZERO;
    Options {
        free_min_bytes: 0,
        free_asked_every,
        segment_bytes: 20_000,
        cache_bytes: 1,
        ..Options::default()
    }
}

/// Commits views until one is refused; gives how that was said. What was refused was never there.
fn until_refused(store: &Embedded, site: &mut Site) -> Error {
    for _ in 0..100_000 {
        let mut ahead = site.clone();
        let group = ahead.views(20, 20).remove(0);
        if let Err(error) = store.commit(&group) {
            return error;
        }
        *site = ahead;
    }
    panic!("it never ends");
}

#[test]
fn a_journal_that_meets_the_end_of_the_disk_goes_on_when_there_is_room() {
    let Some(mount) = Mount::new("size=16m") else { return };
    let data = mount.path().join("data");
    let store = Embedded::open(&data, reckless()).unwrap();
    let mut site = Site::default();
    site.fill(&store, 100);
    for left in [0, 4096, 9000] {
        let filler = fill(&mount.path(), left);
        assert!(matches!(until_refused(&store, &mut site), Error::ReadOnly { .. }));
        site.assert_kept(&store);
        // Whether there is room to write behind is another matter.
        let _ = store.checkpoint();
        site.assert_kept(&store);
        fs::remove_file(filler).unwrap();
        site.fill(&store, 40);
        store.checkpoint().unwrap();
        site.assert_kept(&store);
    }
    drop(store);
    site.assert_kept(&Embedded::open(&data, reckless()).unwrap());
}

#[test]
fn a_disk_that_is_full_for_sled_only_costs_nothing_but_time() {
    let (Some(mount), Some(aside)) = (Mount::new("size=64m"), Mount::new("size=3m")) else { return };
    let data = mount.path().join("data");
    fs::create_dir(&data).unwrap();
    std::os::unix::fs::symlink(aside.path().join("sled"), data.join("sled")).unwrap();
    fs::create_dir(aside.path().join("sled")).unwrap();
    let store = Embedded::open(&data, reckless()).unwrap();
    let mut site = Site::default();
    site.fill(&store, 100);
    store.checkpoint().unwrap();
    let filler = fill(&aside.path(), 0);
    for _ in 0..5 {
        site.fill(&store, 200);
        drop(store.checkpoint());
        site.assert_kept(&store);
    }
    fs::remove_file(filler).unwrap();
    site.fill(&store, 10);
    store.checkpoint().unwrap();
    site.assert_kept(&store);
    drop(store);
    site.assert_kept(&Embedded::open(&data, reckless()).unwrap());
}

#[test]
fn a_disk_without_inodes_refuses_what_needs_a_new_file_until_there_are_some() {
    let Some(mount) = Mount::new("size=64m,nr_inodes=60") else { return };
    let data = mount.path().join("data");
    let store = Embedded::open(&data, reckless()).unwrap();
    let mut site = Site::default();
    site.fill(&store, 30);
    let fillers: Vec<_> = (0..60).map(|number| mount.path().join(format!("filler-{number}"))).collect();
    let made = fillers.iter().filter(|path| fs::File::create(path).is_ok()).count();
    assert!(made < 60, "there are no more");
    assert!(matches!(until_refused(&store, &mut site), Error::ReadOnly { .. }));
    site.assert_kept(&store);
    for path in &fillers[..made] {
        fs::remove_file(path).unwrap();
    }
    site.fill(&store, 100);
    store.checkpoint().unwrap();
    site.assert_kept(&store);
    drop(store);
    site.assert_kept(&Embedded::open(&data, reckless()).unwrap());
}
