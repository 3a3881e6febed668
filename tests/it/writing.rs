//! What the command line has for whoever writes rules, as it is met: the built program over files.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use tempfile::TempDir;

use crate::binary::{Said, Server, laurels, run};

const HEARTS: &str = r#"
[stat.hearts]
on   = "heart.given"
undo = "heart.taken"
by   = { user = "event.data.owner", photo = "event.data.photo" }

[badge.loved-photo]
value = "hearts"
at    = 3

[flag.noticed]
when = "hearts >= 2"

[badge.noticed-twice]
on = "flag.noticed"
at = 2
"#;

fn folder(file: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    fs::create_dir(directory.path().join("badges")).expect("a folder");
    fs::write(directory.path().join("badges/photos.toml"), file).expect("a file");
    directory
}

fn check(file: &str) -> Said {
    let directory = folder(file);
    let badges = directory.path().join("badges");
    let said = run(laurels(&["check", badges.to_str().expect("UTF-8")]));
    let within = format!("{}/", badges.display());
    Said { out: said.out.replace(&within, ""), err: said.err.replace(&within, ""), code: said.code }
}

#[test]
fn a_test_that_fails_shows_what_differs_and_the_way_each_number_took() {
    let test = r#"
[[test]]
name   = "hearts that are taken back"
events = [
  { type = "heart.given", user = "u{n}", times = 2, data = { photo = "p1", owner = "ann" } },
  { type = "heart.given", user = "u{n}", times = 3, data = { photo = "p2", owner = "bob" } },
  { type = "heart.taken", user = "u1", data = { photo = "p1", owner = "ann" } },
]
awards = ["ann loved-photo p1", "ann noticed-twice"]
"#;
    let said = check(&format!("{HEARTS}{test}"));
    assert_eq!(
        said.out,
        r#"photos.toml:19: the test fails: hearts that are taken back
  expected, but not given: "ann loved-photo p1"
    hearts of ann/p1: 0 → 1 → 2 → 1 (needs 3), at events 1, 2 and 6 (heart.given, heart.taken)
  expected, but not given: "ann noticed-twice"
    noticed-twice of ann: 0 → 1 → 0 (needs 2), at events 2 and 6 (heart.given, heart.taken)
    noticed of ann/p1: rose at event 2 (heart.given), fell at event 6 (heart.taken)
    hearts of ann/p1: 0 → 1 → 2 → 1 (needs 2), at events 1, 2 and 6 (heart.given, heart.taken)
  given, but not expected: "bob loved-photo p2"
    hearts of bob/p2: 0 → 1 → 2 → 3 (needs 3), at events 3 to 5 (heart.given)
2 badges; 1 tests, 1 failed
"#,
        "{}",
        said.err
    );
    assert_eq!(said.code, Some(1));
}

#[test]
fn of_many_awards_that_are_wrong_some_are_shown_and_the_rest_is_counted() {
    let test = r#"
[badge.visitor]
on = "page.visited"

[[test]]
name   = "all of them"
only   = ["visitor"]
events = [{ type = "page.visited", user = "u{n}", times = 500 }]
awards = []
"#;
    let said = check(&format!("{HEARTS}{test}"));
    assert_eq!(said.out.matches("given, but not expected").count(), 20, "{}", said.out);
    assert!(said.out.contains("\n  and 480 more\n"), "{}", said.out);
}

#[test]
fn a_long_way_is_shortened_and_a_number_that_stayed_says_why() {
    let test = r#"
[badge.walker]
on   = "step.made"
when = "event.data.far"
at   = 2

[[test]]
name   = "long"
events = [
  { type = "heart.given", user = "u{n}", times = 40, data = { photo = "p1", owner = "ann" } },
  { type = "step.made", user = "ann", times = 3 },
]
awards = ["bob loved-photo p9", "ann walker"]
"#;
    let said = check(&format!("{HEARTS}{test}"));
    for says in [
        "  expected, but not given: \"bob loved-photo p9\"\n    hearts of bob/p9: 0 all the time (needs 3); it hears what happens at events 1 to 40 (heart.given), where",
        "  expected, but not given: \"ann walker\"\n    walker of ann: 0 all the time (needs 2); it hears what happens at events 41 to 43 (step.made), where its `when` was not true",
        "    hearts of ann/p1: 0 → 1 → 2 → 3 → … → 37 → 38 → 39 → 40 (needs 3), at events 1 to 40 (heart.given)\n",
    ] {
        assert!(said.out.contains(says), "{says}\nis not in\n{}", said.out);
    }
}

/// Tries an expression with an event from standard input.
fn attempt(directory: &TempDir, expression: &str, event: &str, options: &[&str]) -> Said {
    let mut command = laurels(&["try", expression, "--event", "-"]);
    command.args(options).current_dir(directory.path());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    child.stdin.take().expect("piped").write_all(event.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Said { out: text(output.stdout), err: text(output.stderr), code: output.status.code() }
}

const POSTED: &str = r#"{"type":"photo.posted","user":"ann","subject":"p1","time":"2026-01-31T12:00:00Z","data":{"size":3,"tags":["a","b"]}}"#;

#[test]
fn an_expression_is_tried_with_an_event() {
    let directory = folder(HEARTS);
    for (expression, out) in [
        ("event.data.size > 2 && event.subject == \"p1\"", "true, true or false\n"),
        ("event.data.size * 2", "6, a whole number\n"),
        ("day(event.time)", "\"2026-01-31\", a text\n"),
        ("event.data.tags.map(t, t + \"!\")", "[\"a!\",\"b!\"], a list\n"),
        ("event.data.width > 2", "no value: the event has no field `width`\n"),
        ("10 / (event.data.size - 3)", "no value: `/` has no value for 10 and 0\n"),
    ] {
        let said = attempt(&directory, expression, POSTED, &[]);
        assert_eq!(said.out, out, "{expression}: {}", said.err);
        assert_eq!(said.code, Some(i32::from(out.starts_with("no value"))), "{expression}");
    }
}

#[test]
fn a_mistake_in_an_expression_that_is_tried_is_shown_at_its_place() {
    let directory = folder(HEARTS);
    let said = attempt(
        &directory,
        "event.data.size > 2 && haerts(\"a\", \"b\") > 1",
        POSTED,
        &["--badges", "badges"],
    );
    assert_eq!((said.out.as_str(), said.code), ("", Some(1)));
    assert!(
        said.err.contains("did you mean `hearts`?") && said.err.contains("expression:1:24"),
        "{}",
        said.err
    );
    assert!(said.err.contains("                       ^^^^^^"), "{}", said.err);
    let said = attempt(&directory, "1", "{\"type\":\"photo.posted\"}", &[]);
    assert!(said.err.contains("-: user must be set"), "{}", said.err);
}

#[test]
fn stats_that_are_tried_have_nothing_or_what_a_data_directory_has_though_a_server_uses_it() {
    let directory =
        folder(&format!("{HEARTS}[stat.posts]\non = \"photo.posted\"\n[badge.poster]\nvalue = \"posts\"\n"));
    let badges = directory.path().join("badges");
    let server = Server::start(directory.path(), &badges);
    for id in ["1", "2"] {
        assert_eq!(server.run(&["record", "ann", "photo.posted", "--id", id]).code, Some(0));
    }
    let without = attempt(&directory, "posts + 1", POSTED, &["--badges", "badges"]);
    assert_eq!(without.out, "1, a whole number\n", "{}", without.err);
    let with = attempt(&directory, "posts + 1", POSTED, &["--badges", "badges", "--data", "data"]);
    assert_eq!(with.out, "3, a whole number\n", "{}", with.err);
    let held = attempt(&directory, "holds(\"poster\")", POSTED, &["--badges", "badges", "--data", "data"]);
    assert_eq!(held.out, "true, true or false\n", "{}", held.err);
    // Nothing was written, and the server goes on.
    assert_eq!(server.run(&["record", "ann", "photo.posted", "--id", "3"]).code, Some(0));
}

#[test]
fn check_looks_at_the_journal_of_a_server_in_use_for_what_nobody_hears_or_got() {
    let file = "[badge.first]\non = \"post.created\"\n[badge.hundred]\non = \"post.created\"\nat = 100\n\
                [badge.talker]\non = \"comment.created\"\n";
    let directory = folder(file);
    let badges = directory.path().join("badges");
    let server = Server::start(directory.path(), &badges);
    for event in ["post.created", "post.created", "comment.craeted", "visit"] {
        assert_eq!(server.run(&["record", "ann", event]).code, Some(0));
    }
    let mut command = laurels(&["check", "badges", "--data", "data"]);
    command.current_dir(directory.path());
    let said = run(command);
    assert_eq!(
        (said.out.as_str(), said.code),
        (
            "warning: no rule hears the event `comment.craeted`, which came once; did you mean `comment.created`?\n\
          warning: no rule hears the event `visit`, which came once\n\
          warning: rules hear the event `comment.created`, which never came; did you mean `comment.craeted`?\n\
          warning: nobody ever got the badge `hundred`, though what it rests on came: `post.created` 2 times\n\
          4 events of the journal were looked at\n\
          3 badges; 0 tests, 0 failed\n",
            Some(0)
        ),
        "{}",
        said.err
    );
    let mut command = laurels(&["check", "badges", "--data", "nowhere"]);
    command.current_dir(directory.path());
    let said = run(command);
    assert!(said.err.contains("there is no store here") && said.code == Some(1), "{}", said.err);
}

#[test]
fn a_journal_that_is_being_written_is_read_up_to_its_last_whole_event_and_damage_is_said() {
    let directory = folder("[badge.first]\non = \"post.created\"\n");
    let server = Server::start(directory.path(), &directory.path().join("badges"));
    for id in ["1", "2", "3"] {
        assert_eq!(server.run(&["record", "ann", "post.created", "--id", id]).code, Some(0));
    }
    let name = format!("{:020}.log", 1);
    let whole = fs::read(directory.path().join("data/journal").join(&name)).expect("a journal");
    let copy = directory.path().join("copy/journal");
    fs::create_dir_all(&copy).expect("a folder");
    let look = |bytes: &[u8]| {
        fs::write(copy.join(&name), bytes).expect("it is written");
        let mut command = laurels(&["check", "badges", "--data", "copy"]);
        command.current_dir(directory.path());
        run(command)
    };
    let events =
        |said: &Said| said.out.lines().find(|line| line.contains("of the journal")).map(str::to_owned);
    assert_eq!(events(&look(&whole)).as_deref(), Some("3 events of the journal were looked at"));
    // Behind the last event are zeros, over which the next is written.
    let written = whole.iter().rposition(|byte| *byte != 0).expect("there are events") + 1;
    assert_eq!(
        events(&look(&whole[..written - 3])).as_deref(),
        Some("2 events of the journal were looked at")
    );
    let mut damaged = whole.clone();
    damaged[written / 2] ^= 1;
    let said = look(&damaged);
    assert!(
        said.err.contains("`laurels verify` says more") && said.code == Some(1),
        "{}\n{}",
        said.out,
        said.err
    );
}
