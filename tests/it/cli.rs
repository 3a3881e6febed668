//! The command line, as a user meets it: the built program, its output and its exit code.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use crate::binary::{Said, Server, laurels, run, signal};

const BADGES: &str = r#"
[badge.first-photo]
title = "First light"
on    = "photo.posted"

[badge.photographer]
title = "Photographer"
on    = "photo.posted"
tiers = [{ at = 2 }, { at = 1000 }]

[badge.loved-photo]
title = "Loved: {photo}"
on    = "heart.given"
by    = { user = "event.data.owner", photo = "event.subject" }
at    = 2

[[test]]
name   = "two photos"
only   = ["photographer-2"]
events = [{ type = "photo.posted", user = "ann", times = 2 }]
awards = ["ann photographer-2"]
"#;

/// A directory with badge files, and nothing else yet.
fn new_directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    write(&directory, "badges/photos.toml", BADGES);
    directory
}

fn write(directory: &TempDir, name: &str, text: &str) {
    let path = directory.path().join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn new_server() -> (TempDir, Server) {
    let directory = new_directory();
    let server = Server::start(directory.path(), &directory.path().join("badges"));
    (directory, server)
}

fn record_file(server: &Server, directory: &TempDir, text: &str) -> Said {
    write(directory, "events.jsonl", text);
    let file = directory.path().join("events.jsonl");
    server.run(&["record", "--file", file.to_str().expect("UTF-8")])
}

/// So many events of so many photos by one user.
fn photos(range: std::ops::Range<usize>) -> String {
    let photo = |n| {
        format!(
            "{{\"id\":\"{n}\",\"type\":\"photo.posted\",\"user\":\"u{n}\",\"time\":\"2026-01-01T00:00:00Z\"}}\n"
        )
    };
    range.map(photo).collect()
}

#[test]
fn one_event_is_recorded_and_its_badges_are_shown() {
    let (_directory, server) = new_server();
    let record =
        ["record", "ana", "photo.posted", "--id", "p1", "--time", "2026-01-31T12:00:00Z", "album=summer"];
    let award = "  2026-01-31T12:00:00Z  ana  First light (first-photo)\n";
    let said = server.run(&record);
    assert_eq!(
        (said.out.as_str(), said.code),
        (&*format!("recorded; it gave\n{award}"), Some(0)),
        "{}",
        said.err
    );
    assert_eq!(server.run(&record).out, format!("recorded before; it gave\n{award}"));
    assert_eq!(server.run(&["record", "ana", "photo.seen"]).out, "recorded; it gave no badge\n");

    for user in ["ben", "cat"] {
        server.run(&[
            "record",
            user,
            "heart.given",
            "owner=ana",
            "--subject",
            "p1",
            "--time",
            "2026-02-01T00:00:00Z",
        ]);
    }
    let badges = "ana has earned\n  \
        2026-02-01T00:00:00Z  Loved: p1 (loved-photo p1)\n  \
        2026-01-31T12:00:00Z  First light (first-photo)\n\
        and is on the way to\n  \
        1 of 2  Photographer (photographer-2)\n";
    let said = server.run(&["badges", "ana"]);
    assert!(said.out.starts_with(badges), "{}", said.out);
    assert!(server.run(&["badges", "nobody"]).out.starts_with("nobody has no badges yet\n"));
    assert_eq!(
        server.awards(),
        "{\"user\":\"ana\",\"badge\":\"first-photo\",\"key\":\"\",\"time\":\"2026-01-31T12:00:00Z\"}\n\
         {\"user\":\"ana\",\"badge\":\"loved-photo\",\"key\":\"p1\",\"time\":\"2026-02-01T00:00:00Z\"}\n"
    );
}

#[test]
fn what_the_server_refuses_is_shown_with_field_and_reason() {
    let (_directory, server) = new_server();
    let said = server.run(&["record", "", "photo.posted"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("event.user") && said.err.contains("[ERROR_REASON_INVALID_FIELD]"),
        "{}",
        said.err
    );
    let said = server.run(&["watch", "--after", "nonsense"]);
    assert!(said.err.contains("[ERROR_REASON_CURSOR_INVALID]"), "{}", said.err);
}

#[test]
fn a_bad_line_is_reported_and_the_others_go_on() {
    let (directory, server) = new_server();
    let lines = r#"{"type":"photo.posted","user":"ana"}

{"type":"photo.posted","usr":"ana"}
{"type":"Photo Posted","user":"ana"}
{"type":"photo.posted","user":"ana"
{"type":"photo.posted","user":"ana","data":[]}
{"type":"photo.posted","user":"ben"}
"#;
    let said = record_file(&server, &directory, lines);
    assert_eq!(said.out, "2 events, 0 duplicates, 2 awards, 4 refused\n");
    assert_eq!(said.code, Some(1));
    for says in [
        "events.jsonl:3: usr is not a field of an event; did you mean user?",
        "events.jsonl:4: event.type must be lower-case words",
        "events.jsonl:5: must be one JSON object",
        "events.jsonl:6: data must be an object; it is a list",
    ] {
        assert!(said.err.contains(says), "{says} is not in\n{}", said.err);
    }
}

#[test]
fn a_gzipped_file_of_several_members_and_standard_input_are_read() {
    let (directory, server) = new_server();
    let file = directory.path().join("events.jsonl.gz");
    let mut packed = Vec::new();
    for part in [photos(0..3), photos(3..5)] {
        let mut encoder = GzEncoder::new(&mut packed, Compression::default());
        encoder.write_all(part.as_bytes()).expect("memory");
        encoder.finish().expect("memory");
    }
    fs::write(&file, &packed).expect("a file");
    let said = server.run(&["record", "--file", file.to_str().expect("UTF-8"), "--historical"]);
    assert_eq!(said.out, "5 events, 0 duplicates, 5 awards, 0 refused\n", "{}", said.err);

    let mut command = server.command(&["record", "--file", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("piped").write_all(photos(4..7).as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "3 events, 1 duplicates, 2 awards, 0 refused\n");

    // Cut short, as after a broken download: what can be read is recorded, and the rest is missed.
    fs::write(&file, &packed[..packed.len() - 12]).expect("a file");
    let said = server.run(&["record", "--file", file.to_str().expect("UTF-8")]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("to its end"), "{}", said.err);
}

#[test]
fn a_server_that_is_not_there_is_said_to_be_so() {
    let url = "http://127.0.0.1:1";
    let said = run(laurels(&["badges", "ana", "--server", url]));
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("cannot reach http://127.0.0.1:1: Connection refused"), "{}", said.err);
    assert!(said.err.contains("`laurels serve` starts one"), "{}", said.err);

    let directory = new_directory();
    write(&directory, "events.jsonl", &photos(0..1));
    let file = directory.path().join("events.jsonl");
    let said = run(laurels(&[
        "record",
        "--server",
        url,
        "--patience",
        "0",
        "--file",
        file.to_str().expect("UTF-8"),
    ]));
    assert_eq!((said.out.as_str(), said.code), ("0 events, 0 duplicates, 0 awards, 0 refused\n", Some(1)));
    assert!(said.err.contains("Connection refused"), "{}", said.err);

    let said = run(laurels(&["badges", "ana", "--server", "localhost:50051"]));
    assert!(said.err.contains("begins with neither http:// nor https://"), "{}", said.err);
}

#[test]
fn a_server_without_badge_files_says_what_to_do() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = laurels(&["serve", "--listen", "127.0.0.1:0"]);
    command.current_dir(directory.path());
    let said = run(command);
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("there is no folder badges; run this where your badge files are"),
        "{}",
        said.err
    );
    assert!(!directory.path().join("laurels-data").exists());
}

#[test]
fn a_server_with_wrong_badge_files_shows_every_mistake() {
    let directory = new_directory();
    write(&directory, "badges/a.toml", "[badge.a]\ntitel = \"A\"\non = \"a\"\n");
    write(&directory, "badges/b.toml", "[badge.b]\nwhen = \"nothing > 3\"\n");
    let badges = directory.path().join("badges");
    let badges = badges.to_str().expect("UTF-8");
    let data = directory.path().join("data");
    let serve =
        ["serve", "--listen", "127.0.0.1:0", "--badges", badges, "--data", data.to_str().expect("UTF-8")];
    for said in [run(laurels(&serve)), run(laurels(&["check", badges]))] {
        assert_eq!(said.code, Some(1));
        for says in ["a.toml:2:1", "titel", "b.toml:2", "nothing", "2 mistakes"] {
            assert!(said.err.contains(says), "{says} is not in\n{}", said.err);
        }
    }
}

#[test]
fn sizes_of_the_store_that_are_too_small_are_refused() {
    for (option, least, shown) in [
        ("--segment-bytes", 4096, "4KiB"),
        ("--checkpoint-bytes", 4096, "4KiB"),
        ("--cache-bytes", 1 << 20, "1MiB"),
    ] {
        let said = run(laurels(&["serve", option, &(least - 1).to_string()]));
        assert_eq!(said.code, Some(2));
        assert!(said.err.contains(option) && said.err.contains(&format!("at least {shown}")), "{}", said.err);
    }
}

#[test]
fn check_runs_the_tests_of_the_files() {
    let directory = new_directory();
    let badges = directory.path().join("badges");
    let check = || run(laurels(&["check", badges.to_str().expect("UTF-8")]));
    let said = check();
    assert_eq!((said.out.as_str(), said.code), ("4 badges; 1 tests, 0 failed\n", Some(0)), "{}", said.err);

    write(&directory, "badges/photos.toml", &BADGES.replace("times = 2", "times = 1"));
    let said = check();
    assert_eq!(said.code, Some(1));
    assert!(
        said.out.contains("two photos") && said.out.ends_with("4 badges; 1 tests, 1 failed\n"),
        "{}",
        said.out
    );
}

#[test]
fn what_the_server_says_to_try_works_as_it_is_said() {
    let (_directory, mut server) = new_server();
    let shell = |line: &str| {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", line]);
        run(command)
    };
    let lines = server.greeting();
    let said = |part: &str| lines.iter().find(|line| line.contains(part)).expect(part).trim().to_owned();
    let recorded = shell(&said(" record ana"));
    assert_eq!(
        (recorded.code, recorded.out.starts_with("recorded; it gave")),
        (Some(0), true),
        "{recorded:?}"
    );
    let badges = shell(&said(" badges ana"));
    assert!(badges.out.contains("First light (first-photo)"), "{badges:?}");
}

#[test]
fn two_servers_cannot_have_one_directory() {
    let (directory, _server) = new_server();
    let data = directory.path().join("data");
    let badges = directory.path().join("badges");
    let mut command = laurels(&["serve", "--listen", "127.0.0.1:0"]);
    command.arg("--data").arg(data).arg("--badges").arg(badges);
    let said = run(command);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("another server uses"), "{}", said.err);
}

#[test]
fn a_server_told_to_stop_twice_answers_what_it_accepted_and_loses_nothing() {
    let (directory, mut server) = new_server();
    write(&directory, "events.jsonl", &photos(0..20_000));
    let file = directory.path().join("events.jsonl");
    let mut command = server.command(&["record", "--patience", "0", "--file"]);
    let recording =
        command.arg(file).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    // Once anything is kept the stream is under way.
    while server.awards().is_empty() {}
    server.signal("TERM");
    server.signal("INT");
    let (_, status) = server.wait();
    assert!(status.success(), "{status}\n{}", server.log());
    let output = recording.wait_with_output().expect("it ends");
    let answered = String::from_utf8_lossy(&output.stdout);
    let answered: usize = answered.split(' ').next().and_then(|count| count.parse().ok()).expect("a count");

    let again = Server::start(directory.path(), &directory.path().join("badges"));
    let kept = again.awards().lines().count();
    assert!(answered > 0 && kept >= answered, "{answered} were answered, {kept} are kept");
}

#[test]
fn sighup_takes_changed_badge_files_into_use_and_a_mistake_leaves_the_old_ones() {
    let (directory, server) = new_server();
    let file = directory.path().join("badges/more.toml");
    fs::write(&file, "[badge.first-call]\non = \"call.made\"\n").expect("it is written");
    server.signal("HUP");
    let given =
        |id: usize| server.run(&["record", &format!("u{id}"), "call.made"]).out.contains("first-call");
    assert!((0..1000).any(given), "{}", server.log());

    fs::write(&file, "[badge.first-call]\non = 7\n").expect("it is written");
    server.signal("HUP");
    while !server.log().contains("those read before go on") {}
    assert!(server.log().contains("more.toml"), "{}", server.log());
    assert!(given(1000));
}

#[test]
fn a_watch_goes_on_through_kills_and_from_its_cursor() {
    let (_directory, mut server) = new_server();
    let mut watch = Watch::start(&server, &["--badge", "first-photo"]);
    let mut cursors = Vec::new();
    for n in 0..4 {
        let user = format!("u{n}");
        server.run(&["record", &user, "photo.posted"]);
        let line = watch.line();
        assert!(line.contains(&format!("\"user\":\"{user}\"")), "{line}");
        let cursor = line.split('"').nth(3).expect("a cursor").to_owned();
        cursors.push(cursor);
        server.kill_and_restart();
    }
    watch.interrupt();

    // From each cursor on comes exactly what followed it.
    for (at, cursor) in cursors.iter().enumerate().take(3) {
        let mut later = Watch::start(&server, &["--badge", "first-photo", "--after", cursor]);
        for n in at + 1..4 {
            assert!(later.line().contains(&format!("\"user\":\"u{n}\"")));
        }
        let said = later.interrupt();
        assert!(said.contains("to go on from here: laurels watch --after "), "{said}");
    }
}

/// A `laurels watch --jsonl` under way. Dropped, it is killed.
struct Watch {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    err: BufReader<std::process::ChildStderr>,
}

impl Watch {
    /// Starts it and waits until it listens.
    fn start(server: &Server, options: &[&str]) -> Watch {
        let mut command = server.command(&[&["watch", "--jsonl"], options].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let mut watch = Watch { err: BufReader::new(child.stderr.take().expect("piped")), child, out };
        assert_eq!(watch.next_error(), "listening; ctrl-c ends it\n");
        watch
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("UTF-8");
        line
    }

    fn next_error(&mut self) -> String {
        let mut line = String::new();
        self.err.read_line(&mut line).expect("UTF-8");
        line
    }

    /// As ctrl-c does; gives the last word.
    fn interrupt(&mut self) -> String {
        signal(&self.child, "INT");
        assert!(self.child.wait().expect("it ends").success());
        assert_eq!(self.line(), "", "nothing more came");
        self.next_error()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn verify_says_that_all_is_right_or_what_is_not_and_what_to_do() {
    let (directory, mut server) = new_server();
    assert_eq!(record_file(&server, &directory, &photos(0..40)).code, Some(0));
    let data = directory.path().join("data");
    let data = data.to_str().expect("UTF-8");
    let verify = ["verify", "--data", data];
    let said = run(laurels(&verify));
    let advice = format!(
        "error: a server uses {data}; stop it, or verify a backup of it that is restored elsewhere\n"
    );
    assert_eq!((said.out.as_str(), &*said.err, said.code), ("", &*advice, Some(1)));
    server.signal("TERM");
    server.wait();

    let counts = "40 events, 40 awards, 40 documents, 1 segment: ";
    let said = run(laurels(&verify));
    let right = format!("{counts}all checksums right, sled equals the journal\n");
    assert_eq!((&*said.out, &*said.err, said.code), (&*right, "", Some(0)));

    let log = format!("{data}/journal/00000000000000000001.log");
    let whole = fs::read(&log).expect("a journal");
    let mut damaged = whole.clone();
    let at = whole.len() / 2;
    damaged[at] ^= 1;
    fs::write(&log, damaged).expect("a file");
    fs::remove_file(format!("{data}/identity")).expect("a file");
    let scratch = directory.path().join("scratch");
    fs::create_dir(&scratch).expect("a folder");
    let said = run(laurels(&[&verify[..], &["--scratch", scratch.to_str().expect("UTF-8")]].concat()));
    assert_eq!(said.code, Some(1));
    let lines: Vec<_> = said.out.lines().collect();
    let [identity, journal, .., last] = &lines[..] else { panic!("{said:?}") };
    assert!(identity.starts_with(&format!("{data}/identity: it is missing; nothing is lost")), "{identity}");
    assert!(journal.starts_with(&log) && journal.contains("backup"), "{journal}");
    assert!(last.contains("of the journal: events are lost unless a backup has them"), "{last}");
    assert!(last.contains("1 problem that the next start puts right by itself"), "{last}");
    assert_eq!(fs::read_dir(&scratch).expect("a folder").count(), 0);

    fs::write(&log, whole).expect("a file");
    assert_eq!(run(laurels(&["verify", "--data", scratch.to_str().expect("UTF-8")])).code, Some(1));
    let nowhere = format!("{data}/nowhere");
    let said = run(laurels(&["verify", "--data", &nowhere]));
    assert_eq!(said.err, format!("error: cannot list {nowhere}: No such file or directory (os error 2)\n"));
}
