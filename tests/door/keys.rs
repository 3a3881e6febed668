//! Keys over a connection: what they hold open, how often they may call, and `laurels key` beside a running server.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::process::Command;
use std::task::Poll;

use laurels::access::{Access, Grant, KeyFile, Made, Narrowing, Scope, StreamLimits};
use laurels::clock::Clock;
use laurels::event::Time;
use laurels_client::{Client, ErrorReason, Event, WatchOptions};
use secrecy::ExposeSecret;
use tempfile::TempDir;

use crate::server::start_for;

struct Keys {
    _directory: TempDir,
    file: KeyFile,
}

impl Keys {
    fn new() -> Keys {
        let directory = tempfile::tempdir().unwrap();
        Keys { file: KeyFile::at(directory.path().join("keys.toml")), _directory: directory }
    }

    fn make(&self, rate: Option<u32>) -> Made {
        let scopes = vec![Scope::Record, Scope::Read, Scope::Watch];
        let rate = rate.and_then(std::num::NonZeroU32::new);
        let grant = Grant::Key { scopes, narrowing: Narrowing::default(), rate, burst: None };
        self.file.create(&grant, Time::MIN, None, "").unwrap()
    }

    fn access(&self, clock: Clock) -> Access {
        Access::new(self.file.read().unwrap().unwrap(), StreamLimits::default(), clock)
    }
}

async fn client(address: std::net::SocketAddr, made: &Made) -> Client {
    let client = Client::connect(format!("http://{address}")).await.unwrap();
    client.with_key(made.secret.expose_secret()).unwrap()
}

fn event(number: u32) -> Event {
    Event { id: format!("e{number}"), ..Event::new("photo.posted", "ana") }
}

#[tokio::test]
async fn what_a_key_holds_open_ends_when_it_is_revoked() {
    let keys = Keys::new();
    let (made, other) = (keys.make(None), keys.make(None));
    let access = keys.access(Clock::system());
    let server = start_for(access.clone()).await;
    let watching = client(server.address, &made).await;
    let options = || WatchOptions { heartbeats: true, ..WatchOptions::default() };
    let mut watch = watching.watch(options());
    let mut others = client(server.address, &other).await.watch(options());
    watch.next().await.unwrap();
    others.next().await.unwrap();
    let (sender, events) = tokio::sync::mpsc::channel(1);
    sender.send(event(1)).await.unwrap();
    let mut answers = watching.record_all(tokio_stream::wrappers::ReceiverStream::new(events)).await.unwrap();
    answers.next().await.unwrap().unwrap().result.unwrap();

    keys.file.revoke(&made.id, Time::MIN).unwrap();
    access.replace(keys.file.read().unwrap().unwrap()).unwrap();
    let ended = loop {
        // What was earned before comes first.
        if let Err(error) = watch.next().await {
            break error;
        }
    };
    assert_eq!(ended.reason(), Some(ErrorReason::CredentialsRevoked), "{ended}");
    assert!(ended.message().contains(made.id.as_str()), "{ended}");
    let ended = answers.next().await.unwrap().unwrap_err();
    assert_eq!(ended.reason(), Some(ErrorReason::CredentialsRevoked), "{ended}");
    let refused = watching.record(event(2)).await.unwrap_err();
    assert_eq!(refused.reason(), Some(ErrorReason::CredentialsRevoked), "{refused}");

    // Another key's stream goes on.
    client(server.address, &other).await.record(event(3)).await.unwrap();
    others.next().await.unwrap();
}

#[tokio::test]
async fn a_stream_is_held_back_where_a_call_is_told_to_wait() {
    let keys = Keys::new();
    let made = keys.make(Some(2));
    let start = Time::parse("2026-01-01T00:00:00Z").unwrap();
    let clock = Clock::fixed(start);
    let server = start_for(keys.access(clock.clone())).await;
    let client = client(server.address, &made).await;
    for number in [1, 2] {
        client.badges(format!("u{number}")).await.unwrap();
    }
    let refused = client.badges("u3").await.unwrap_err();
    assert_eq!(refused.reason(), Some(ErrorReason::RateLimited), "{refused}");
    assert!(refused.retryable() && refused.retry_after().is_some());

    // Two more may come: one is the call, which the first event counts as.
    clock.set(start.plus_micros(1_000_000).unwrap());
    let mut answers = client.record_all(tokio_stream::iter((1..=4).map(event))).await.unwrap();
    for _ in 0..2 {
        answers.next().await.unwrap().unwrap().result.unwrap();
    }
    // The third waits until time has passed, while a call goes there and back, and then none was refused.
    let refused = client.badges("u3").await.unwrap_err();
    assert_eq!(refused.reason(), Some(ErrorReason::RateLimited), "{refused}");
    {
        let mut third = pin!(answers.next());
        let waits = poll_fn(|cx| Poll::Ready(third.as_mut().poll(cx).is_pending())).await;
        assert!(waits);
    }
    clock.set(start.plus_micros(60_000_000).unwrap());
    for _ in 0..2 {
        answers.next().await.unwrap().unwrap().result.unwrap();
    }
    assert!(answers.next().await.is_none());
}

fn laurels(directory: &std::path::Path, arguments: &[&str]) -> (String, String, bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_laurels"));
    command.args(arguments).current_dir(directory);
    for (variable, _) in std::env::vars_os() {
        if variable.as_encoded_bytes().starts_with(b"LAURELS_") {
            command.env_remove(variable);
        }
    }
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.success())
}

#[test]
fn laurels_key_makes_lists_and_revokes_keys_where_the_servers_settings_say() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("laurels.toml"), "data = \"there\"\n").unwrap();
    let run = |arguments: &[&str]| laurels(directory.path(), arguments);
    let (none, ..) = run(&["key", "list"]);
    assert!(none.contains("whoever reaches the server may do everything"), "{none}");

    let (key, beside, well) = run(&[
        "key",
        "create",
        "--scope",
        "read,record",
        "--types",
        "post.*",
        "--user-prefix",
        "eu/",
        "--rate",
        "5",
        "--expires",
        "90d",
        "--note",
        "the forum",
    ]);
    assert!(well && beside.contains("is not shown again"), "{beside}");
    let id = key.split('_').nth(1).unwrap();
    let (signing, _, well) = run(&["key", "create", "--signing", "--json"]);
    let signing: serde_json::Value = serde_json::from_str(&signing).unwrap();
    assert!(well && directory.path().join("there/keys.toml").is_file());

    let (listed, ..) = run(&["key", "list"]);
    let line = listed.lines().find(|line| line.starts_with(id)).unwrap();
    for says in ["until ", "record, read; events post.*; users eu/…; 5 a second", "(the forum)"] {
        assert!(line.contains(says), "{line}");
    }
    assert!(!listed.contains(key.trim()) && !listed.contains(signing["secret"].as_str().unwrap()));
    assert!(run(&["key", "revoke", id]).2);
    let (_, again, well) = run(&["key", "revoke", id]);
    assert!(!well && again.contains("there is no key"), "{again}");
    let (listed, ..) = run(&["key", "list", "--jsonl"]);
    let first: serde_json::Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    assert_eq!((first["id"].as_str(), first["good"].as_bool()), (Some(id), Some(false)));

    for (wrong, says) in [
        (&["key", "create"][..], "--scope"),
        (&["key", "create", "--scope", "write"], "there are record, read, watch and admin"),
        (&["key", "create", "--scope", "read", "--expires", "2020-01-01T00:00:00Z"], "--expires must be"),
        (&["key", "create", "--scope", "admin", "--user-prefix", "eu/"], "make two keys"),
        (&["key", "create", "--scope", "read", "--types", "Post"], "--types has \"Post\""),
        (&["key", "create", "--signing", "--scope", "read"], "cannot be used with"),
    ] {
        let (_, err, well) = run(wrong);
        assert!(!well && err.contains(says), "{wrong:?}: {err}");
    }
}
