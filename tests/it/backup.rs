//! `laurels backup` and `laurels restore`, as who runs a site meets them: a backup is taken of a server in use, the
//! server is lost, and what is restored elsewhere is the server as it was.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use laurels_client::{Client, Event, Timestamp, WatchOptions};
use tempfile::TempDir;

use crate::binary::{Said, Server, laurels, run};

const BADGES: &str = r#"
[badge.place]
on = "visit"
by = ["user", "subject"]

[badge.often]
on    = "visit"
tiers = [{ at = 5 }, { at = 50 }, { at = 500 }]
"#;

fn new_server() -> (TempDir, PathBuf, Server) {
    let directory = tempfile::tempdir().unwrap();
    let badges = directory.path().join("badges");
    fs::create_dir(&badges).unwrap();
    fs::write(badges.join("visits.toml"), BADGES).unwrap();
    let server = Server::start(directory.path(), &badges);
    (directory, badges, server)
}

/// Each earns something, and has a date of its own: recorded once more it gives the same, to the date.
fn event(number: usize) -> Event {
    let time = Timestamp { seconds: 1_735_689_600 + number as i64, nanos: 0 };
    let event = Event::new("visit", format!("u{}", number % 7)).with_time(time);
    event.with_id(format!("e{number}")).with_subject(format!("s{number}"))
}

async fn record(server: &Server, numbers: std::ops::Range<usize>) {
    let client = Client::connect(server.url()).await.unwrap();
    let mut answers = client.record_all(tokio_stream::iter(numbers.map(event))).await.unwrap();
    while let Some(answer) = answers.next().await {
        answer.unwrap().result.unwrap();
    }
}

/// Restores into `NAME/data`, where a server of that name keeps everything.
fn restore(file: &Path, directory: &TempDir, name: &str, further: &[&str]) -> Said {
    fs::create_dir_all(directory.path().join(name)).unwrap();
    let mut command = laurels(&["restore"]);
    command.arg(file).arg("--data").arg(directory.path().join(name).join("data")).args(further);
    run(command)
}

/// Every award, in order.
fn awards(server: &Server) -> Vec<String> {
    let said = server.run(&["awards", "--jsonl"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    said.out.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_server_in_use_is_the_server_as_it_was_when_it_was_taken() {
    let (directory, badges, mut server) = new_server();
    record(&server, 0..300).await;
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(300)));
    let writing = tokio::spawn({
        let (stop, answered, url) = (stop.clone(), answered.clone(), server.url());
        async move {
            let client = Client::connect(url).await.unwrap();
            while !stop.load(Ordering::SeqCst) {
                let number = answered.load(Ordering::SeqCst);
                client.record(event(number)).await.unwrap();
                answered.store(number + 1, Ordering::SeqCst);
            }
        }
    });
    let file = directory.path().join("site.backup");
    let before = answered.load(Ordering::SeqCst);
    let mut command = server.command(&["backup"]);
    command.arg(&file);
    let said = tokio::task::spawn_blocking(move || run(command)).await.unwrap();
    let after = answered.load(Ordering::SeqCst);
    assert_eq!(said.code, Some(0), "{}", said.err);
    stop.store(true, Ordering::SeqCst);
    writing.await.unwrap();
    // However short it took, there is something that only the server in use has.
    let last = answered.load(Ordering::SeqCst) + 10;
    record(&server, last - 10..last).await;
    server.kill_and_restart();

    let events: usize = said.out.split(' ').next().unwrap().parse().unwrap();
    assert!((before..=after + 1).contains(&events), "{before} {events} {after}");
    let bytes = fs::metadata(&file).unwrap().len();
    let expected = format!("{events} events, up to number {events}; {bytes} bytes in {}\n", file.display());
    assert_eq!(said.out, expected);

    let said = restore(&file, &directory, "elsewhere", &[]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(
        said.out.starts_with(&format!("{events} events, up to number {events}, are in ")),
        "{}",
        said.out
    );
    let restored = Server::start(&directory.path().join("elsewhere"), &badges);
    let (original, copy) = (awards(&server), awards(&restored));
    assert!(copy.len() >= 300 && original.len() > copy.len() && original.starts_with(&copy));

    let client = Client::connect(restored.url()).await.unwrap();
    for number in 0..events + 1 {
        let again = client.record(event(number)).await.unwrap();
        assert_eq!(again.duplicate, number < events, "{number}");
    }
    // What was recorded after the backup is recorded once more, and gives the same as it did.
    record(&restored, events + 1..last).await;
    assert_eq!(awards(&restored), original);
    let rarity = |server: &Server| server.run(&["badges"]).out;
    assert_eq!(rarity(&restored), rarity(&server));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_goes_up_to_where_it_is_told_to() {
    let (directory, badges, server) = new_server();
    record(&server, 0..100).await;
    let path = |name: &str| directory.path().join(name).display().to_string();
    let short = path("short");
    let said = server.run(&["backup", &short, "--until", "40"]);
    assert!(said.out.starts_with("40 events, up to number 40; "), "{said:?}");
    let said = server.run(&["backup", &path("none"), "--until", "2020-01-01T00:00:00Z"]);
    assert!(said.out.starts_with("0 events, up to number 0; "), "{said:?}");
    // Each of the two left an entry in the audit log, which is an event too.
    let said = server.run(&["backup", &path("beyond"), "--until", "103"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("the last event there is has the number 102") && said.err.contains("INVALID_FIELD"),
        "{}",
        said.err
    );
    let said = server.run(&["backup", &path("wrong"), "--until", "yesterday"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("write the number of an event"), "{}", said.err);

    let all = path("all");
    server.run(&["backup", &all]);
    for (file, name, further) in [(&short, "a", &[][..]), (&all, "b", &["--until", "40"])] {
        let said = restore(Path::new(file), &directory, name, further);
        assert!(said.out.starts_with("40 events, up to number 40, are in "), "{said:?}");
        let restored = Server::start(&directory.path().join(name), &badges);
        assert!(awards(&server).starts_with(&awards(&restored)));
    }
    let said = restore(Path::new(&short), &directory, "c", &["--until", "41"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("the last event there is has the number 40, and 41 was asked for"),
        "{}",
        said.err
    );
    assert!(!directory.path().join("c/data").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_there_is_not_written_over_unless_it_is_asked_for() {
    let (directory, _, server) = new_server();
    record(&server, 0..10).await;
    let file = directory.path().join("site.backup");
    fs::write(&file, "precious").unwrap();
    let name = file.to_str().unwrap();
    let said = server.run(&["backup", name]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("is there already") && said.err.contains("--force"), "{}", said.err);
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    let said = server.run(&["backup", name, "--force"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(restore(&file, &directory, "elsewhere", &[]).code, Some(0));

    // A server that cannot be reached leaves the old one, and nothing beside it.
    let whole = fs::read(&file).unwrap();
    let url = server.url();
    drop(server);
    let mut command = laurels(&["backup", name, "--force", "--server", &url]);
    command.env_remove("LAURELS_SERVER");
    assert_eq!(run(command).code, Some(1));
    assert_eq!(fs::read(&file).unwrap(), whole);
    let names = fs::read_dir(directory.path()).unwrap();
    assert!(!names.into_iter().any(|name| name.unwrap().path().to_string_lossy().ends_with("unfinished")));
}

/// A watcher goes on with its old cursor after its server was lost and restored.
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_goes_on_at_a_restored_server_or_is_told_to_begin_again() {
    let (directory, badges, server) = new_server();
    record(&server, 0..50).await;
    let file = directory.path().join("site.backup");
    server.run(&["backup", file.to_str().unwrap()]);
    let watch = async |server: &Server, after: String| {
        let client = Client::connect(server.url()).await.unwrap();
        let from_beginning = after.is_empty();
        client.watch(WatchOptions { after, from_beginning, ..WatchOptions::default() })
    };
    let mut old = watch(&server, String::new()).await;
    let mut cursors = Vec::new();
    record(&server, 50..80).await;
    while cursors.len() < awards(&server).len() {
        cursors.push(old.next().await.unwrap().cursor);
    }
    drop(server);

    restore(&file, &directory, "elsewhere", &[]);
    let restored = Server::start(&directory.path().join("elsewhere"), &badges);
    record(&restored, 500..530).await;
    let mut going_on = watch(&restored, cursors[20].clone()).await;
    for award in &awards(&restored)[21..] {
        let notification = going_on.next().await.unwrap();
        let Some(laurels_client::NotificationKind::Award(told)) = notification.kind else { panic!() };
        assert!(award.contains(&format!("\"user\":\"{}\"", told.user)), "{award} {told:?}");
    }
    let error = watch(&restored, cursors.pop().unwrap()).await.next().await.unwrap_err();
    assert_eq!(error.reason(), Some(laurels_client::ErrorReason::CursorForeign));
    assert!(error.oldest_cursor().is_some());
}
