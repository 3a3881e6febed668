//! Giving and taking back by hand: from the command line, and through everything that a store goes through.
//!
//! What it means is in tests/scenarios/.

use std::fs;

use crate::binary::{Server, laurels, run};

const BADGES: &str = r#"
[badge.met-us]
title  = "Met us"
manual = true

[badge.loved-photo]
title = "Loved: {photo}"
on    = "heart.given"
by    = { user = "event.data.owner", photo = "event.subject" }

[badge.known]
title  = "Known"
when   = "holds('met-us')"
revoke = true
"#;

fn started(directory: &std::path::Path) -> Server {
    let badges = directory.join("badges");
    fs::create_dir(&badges).unwrap();
    fs::write(badges.join("a.toml"), BADGES).unwrap();
    Server::start(directory, &badges)
}

#[test]
fn a_badge_is_given_and_taken_back_from_the_command_line() {
    let directory = tempfile::tempdir().unwrap();
    let server = started(directory.path());
    let said = |arguments: &[&str]| {
        let said = server.run(arguments);
        assert_eq!((said.err.as_str(), said.code), ("", Some(0)), "{arguments:?}");
        said.out
    };
    let award =
        ["award", "ann", "met-us", "--reason", "our stand", "--id", "a1", "--time", "2026-01-31T12:00:00Z"];
    let given = "  2026-01-31T12:00:00Z  ann  Met us (met-us)\nso these were given\n  2026-01-31T12:00:00Z  ann  Known (known)\n";
    assert_eq!(said(&award), format!("given\n{given}"));
    assert_eq!(said(&award), format!("given before\n{given}"));
    let out = said(&["award", "ann", "met-us", "--reason", "again"]);
    assert_eq!(out, "held before; nothing was changed\n  2026-01-31T12:00:00Z  ann  Met us (met-us)\n");
    let out = said(&["award", "ann", "loved-photo", "p 1", "--reason", "contest"]);
    assert!(out.contains("Loved: p 1 (loved-photo p 1)"), "{out}");
    let out = said(&["revoke", "ann", "met-us", "--reason", "it was somebody else"]);
    assert!(out.starts_with("taken back\n") && out.contains("so these were taken back\n"), "{out}");
    assert_eq!(said(&["revoke", "ann", "met-us", "--reason", "again"]), "not held; nothing was changed\n");

    let log = said(&["audit"]);
    let said_without_times: Vec<_> = log.lines().map(|line| line.split_once("  ").unwrap().1).collect();
    assert_eq!(
        said_without_times,
        [
            "local  revoke ann met-us (changed nothing): again",
            "local  revoke ann met-us: it was somebody else",
            "local  award ann loved-photo p 1: contest",
            "local  award ann met-us (changed nothing): again",
            "local  award ann met-us: our stand",
        ]
    );
    let oldest = said(&["audit", "--json"]).lines().last().unwrap().to_owned();
    assert!(oldest.starts_with(r#"{"number":1,"record_time":"20"#), "{oldest}");
    let rest = r#""actor":"local","action":"award","user":"ann","badge":"met-us","key":"","time":"2026-01-31T12:00:00Z","reason":"our stand","id":"a1","changed":true,"details":""}"#;
    assert!(oldest.ends_with(rest), "{oldest}");
    assert_eq!(
        said(&["audit", "--limit", "2"]).lines().collect::<Vec<_>>(),
        log.lines().take(2).collect::<Vec<_>>()
    );

    for (arguments, says) in [
        (vec!["award", "ann", "met-us", "--reason", " "], "reason must be set"),
        (
            vec!["award", "ann", "met-su", "--reason", "x"],
            "did you mean \"met-us\"? [ERROR_REASON_BADGE_NOT_FOUND]",
        ),
        (vec!["award", "ann", "loved-photo", "--reason", "x"], "key must say for what"),
        (vec!["revoke", "ann", "met-us", "--reason", "x", "--id", "a1"], "[ERROR_REASON_EVENT_ID_REUSED]"),
        (vec!["award", "ann", "met-us", "--reason", "x", "--time", "noon"], "--time"),
        (vec!["award", "ann", "met-us"], "--reason"),
    ] {
        let said = server.run(&arguments);
        assert!(said.err.contains(says), "{arguments:?}: {}", said.err);
        assert!(said.out.is_empty() && said.code != Some(0));
    }
}

#[test]
fn what_was_done_by_hand_survives_a_kill_a_lost_sled_and_a_restore() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = started(directory.path());
    let said = |server: &Server, arguments: &[&str]| {
        let said = server.run(arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.err);
        said.out
    };
    said(&server, &["award", "ann", "met-us", "--reason", "our stand", "--id", "a1"]);
    said(&server, &["record", "ben", "heart.given", "--subject", "p1", "owner=ann"]);
    said(&server, &["revoke", "ann", "loved-photo", "p1", "--reason", "bought", "--id", "r1"]);
    let held = said(&server, &["badges", "ann"]);
    let log = |server: &Server| {
        let by_hand = |line: &&str| !line.contains(r#""action":"backup""#);
        said(server, &["audit", "--json"]).lines().filter(by_hand).map(str::to_owned).collect::<Vec<_>>()
    };
    let before = log(&server);
    assert_eq!(before.len(), 2);
    // What is taken back by hand stays away, though its rule finds it true again.
    let is_the_same = |server: &Server| {
        let again = said(server, &["award", "ann", "met-us", "--reason", "our stand", "--id", "a1"]);
        assert!(again.starts_with("given before\n"), "{again}");
        let again = said(server, &["revoke", "ann", "loved-photo", "p1", "--reason", "bought", "--id", "r1"]);
        assert!(again.starts_with("taken back before\n"), "{again}");
        assert_eq!(said(server, &["badges", "ann"]), held);
        said(server, &["record", "cat", "heart.given", "--subject", "p1", "owner=ann"]);
        assert_eq!(said(server, &["badges", "ann"]), held);
        assert_eq!(log(server), before);
    };
    server.kill_and_restart();
    is_the_same(&server);

    let file = directory.path().join("backup");
    said(&server, &["backup", file.to_str().unwrap()]);
    drop(server);
    fs::remove_dir_all(directory.path().join("data/sled")).unwrap();
    let server = Server::start(directory.path(), &directory.path().join("badges"));
    is_the_same(&server);
    drop(server);
    let data = directory.path().join("data");
    let verified = run(laurels(&["verify", "--data", data.to_str().unwrap()]));
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);

    let elsewhere = tempfile::tempdir().unwrap();
    let data = elsewhere.path().join("data");
    let restored = run(laurels(&["restore", file.to_str().unwrap(), "--data", data.to_str().unwrap()]));
    assert_eq!(restored.code, Some(0), "{}", restored.err);
    is_the_same(&started(elsewhere.path()));
}

/// A retry says what came of the first try, whatever has become of the rules.
#[test]
fn a_retry_is_answered_as_it_was_though_the_rules_would_refuse_it_now() {
    let directory = tempfile::tempdir().unwrap();
    let server = started(directory.path());
    let award = |id: &str| server.run(&["award", "ann", "met-us", "--reason", "our stand", "--id", id]);
    let heart = |id: &str| {
        server.run(&["record", "ben", "heart.given", "owner=ann", "n=1", "--subject", "p1", "--id", id])
    };
    assert!(award("a1").out.starts_with("given\n"));
    assert_eq!(heart("e1").code, Some(0));
    let rules = "[badge.other]\non = 'heart.given'\n[event]\n'heart.given' = { n = 'string' }";
    fs::write(directory.path().join("badges/a.toml"), rules).unwrap();
    assert_eq!(server.run(&["reload"]).code, Some(0));

    assert!(award("a1").out.starts_with("given before\n"), "{:?}", award("a1"));
    assert!(award("a2").err.contains("declared no longer"), "{:?}", award("a2"));
    assert!(heart("e1").out.starts_with("recorded before; it gave"), "{:?}", heart("e1"));
    assert!(heart("e2").err.contains("data.n"), "{:?}", heart("e2"));
}
