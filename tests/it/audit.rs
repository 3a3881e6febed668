//! The audit log of what is done to the server itself: reloads, backups, keys. What is done by hand is in hand.rs, what
//! certificates leave in tests/door.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::binary::{Said, Server, laurels, run};

const FIRST: &str = "[badge.first-photo]\non = \"photo.posted\"\n";

fn started(directory: &Path) -> Server {
    let badges = directory.join("badges");
    fs::create_dir(&badges).unwrap();
    fs::write(badges.join("photos.toml"), FIRST).unwrap();
    Server::start(directory, &badges)
}

fn good(said: Said) -> String {
    assert_eq!(said.code, Some(0), "{}", said.err);
    said.out
}

/// The log with this key, oldest first, as JSON.
fn log(server: &Server, key: &str) -> Vec<Value> {
    let mut command = server.command(&["audit", "--json"]);
    command.env("LAURELS_KEY", key);
    let lines = good(run(command));
    let mut entries: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    entries.reverse();
    entries
}

/// Who did what, and what it was.
fn told(entry: &Value) -> [&str; 3] {
    ["actor", "action", "details"].map(|name| entry[name].as_str().unwrap())
}

#[test]
fn reloads_and_backups_stand_in_the_audit_log_with_who_did_them() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = started(directory.path());
    let file = directory.path().join("badges/photos.toml");
    let with = |name: &str| format!("{FIRST}[badge.{name}]\non = \"call.made\"\n");

    // By a call: what it says is wrong changes nothing, and leaves nothing.
    fs::write(&file, "[badge.first-photo]\non = 7\n").unwrap();
    assert_eq!(server.run(&["reload"]).code, Some(1));
    fs::write(&file, with("first-call")).unwrap();
    good(server.run(&["reload"]));
    // By themselves.
    let before = server.log().matches("were read again").count();
    fs::write(&file, with("last-call")).unwrap();
    while server.log().matches("were read again").count() == before {}
    // By a signal.
    let before = server.log().matches("the badge files were read again").count();
    server.signal("HUP");
    while server.log().matches("the badge files were read again").count() == before {}
    let backup = directory.path().join("backup");
    good(server.run(&["backup", backup.to_str().unwrap()]));
    good(server.run(&["backup", backup.to_str().unwrap(), "--force", "--until", "1"]));

    let kept = log(&server, "");
    let said: Vec<_> = kept.iter().map(told).collect();
    assert_eq!(
        said,
        [
            ["local", "reload-badges", "2 badges; new: first-call"],
            ["watch", "reload-badges", "2 badges; new: last-call; declared no longer: first-call"],
            ["SIGHUP", "reload-badges", "2 badges"],
            ["local", "backup", "of everything"],
            ["local", "backup", "up to event 1"],
        ]
    );
    assert!(
        kept.iter().all(|entry| entry["user"] == "" && entry["reason"] == "" && entry["changed"] == true)
    );
    let readable = good(server.run(&["audit", "--limit", "1"]));
    assert!(readable.ends_with("Z  local  backup: up to event 1\n"), "{readable}");

    server.kill_and_restart();
    assert_eq!(log(&server, ""), kept);
    // Nobody listens for what the server does itself.
    let badges = directory.path().join("badges");
    let data = directory.path().join("data");
    let checked = run(laurels(&["check", badges.to_str().unwrap(), "--data", data.to_str().unwrap()]));
    assert!(!checked.out.contains("laurels.") && !checked.err.contains("laurels."), "{checked:?}");
}

#[test]
fn keys_that_come_change_and_go_stand_in_the_audit_log_and_nothing_secret_does() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = started(directory.path());
    let data = directory.path().join("data");
    let key = |arguments: &[&str]| {
        let mut all = vec!["key"];
        all.extend(arguments);
        all.extend(["--data", data.to_str().unwrap()]);
        good(run(laurels(&all)))
    };
    let made = |arguments: &[&str]| {
        let made: Value = serde_json::from_str(&key(arguments)).unwrap();
        made
    };
    let admin = made(&["create", "--scope", "admin", "--json", "--note", "Ana Example"]);
    let either = |made: &Value, names: [&str; 2]| {
        let text = names.iter().find_map(|name| made[name].as_str());
        text.unwrap_or_else(|| panic!("{names:?} of {made}")).to_owned()
    };
    let id = |made: &Value| either(made, ["id", "kid"]);
    let secret = |made: &Value| either(made, ["key", "secret"]);
    // What was read is kept before it is said.
    let until_read = |server: &Server, times: usize| {
        while server.log().matches("the keys were read again").count() < times {}
    };
    until_read(&server, 1);
    let forum = made(&["create", "--scope", "record,read", "--types", "post.*", "--json"]);
    until_read(&server, 2);
    let signing = made(&["create", "--signing", "--json"]);
    until_read(&server, 3);
    key(&["revoke", &id(&forum)]);
    until_read(&server, 4);
    let file = data.join("keys.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("Ana Example", "Ben Example")).unwrap();
    until_read(&server, 5);
    let without = text.split("[[").filter(|part| !part.contains(&id(&forum))).collect::<Vec<_>>();
    fs::write(&file, without.join("[[").replace("Ana Example", "Ben Example")).unwrap();
    until_read(&server, 6);
    // Told to, where nothing is other.
    server.signal("HUP");
    until_read(&server, 7);

    let kept = log(&server, &secret(&admin));
    let (admins, forums) =
        (format!("{}: admin", id(&admin)), format!("{}: record, read, narrowed", id(&forum)));
    let signs = format!("{}: signs browser tokens", id(&signing));
    let said: Vec<_> = kept.iter().map(told).filter(|[_, action, _]| *action != "reload-badges").collect();
    assert_eq!(
        said,
        [
            ["watch", "add-key", &admins],
            ["watch", "add-key", &forums],
            ["watch", "add-key", &signs],
            ["watch", "revoke-key", &forums],
            ["watch", "change-key", &admins],
            ["watch", "remove-key", &forums],
        ]
    );
    let all = serde_json::to_string(&kept).unwrap();
    for made in [&admin, &forum, &signing] {
        let secret = secret(made);
        let last = secret.rsplit('_').next().unwrap();
        assert!(last.len() >= 32 && !all.contains(last), "{all}");
    }
    assert!(!all.contains("Example"), "what a person wrote beside a key may name somebody: {all}");
    server.kill_and_restart();
    assert_eq!(log(&server, &secret(&admin)), kept);
}
