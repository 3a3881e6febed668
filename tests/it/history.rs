//! Real histories through the running server, over gRPC, by the command line alone.
//!
//! `tests/data/history/` has what the awards must be: they were computed apart from Laurels. However
//! the events go in, straight, twice, one by one, or with the server killed on the way, the awards are
//! the same to the last byte. Run by `tests/run history`.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use flate2::read::GzDecoder;

use crate::binary::{Said, Server, history, sorted};
use crate::small_history;

/// How often a server is killed while it records.
const KILLS: usize = 10;

#[test]
fn the_whole_history_gives_the_expected_awards_also_when_sent_twice() {
    let (_directory, server) = new_server();
    assert_eq!(record(&server, &registry(), &[]), "39455 events, 0 duplicates, 719 awards, 0 refused\n");
    assert_expected(&server.awards());
    let again = record(&server, &registry(), &["--historical"]);
    assert_eq!(again, "39455 events, 39455 duplicates, 0 awards, 0 refused\n");
    assert_expected(&server.awards());
}

#[test]
fn the_whole_history_gives_the_expected_awards_by_unary_calls() {
    let (_directory, server) = new_server();
    let said = record(&server, &registry(), &["--unary"]);
    assert_eq!(said, "39455 events, 0 duplicates, 719 awards, 0 refused\n");
    assert_expected(&server.awards());
}

#[test]
fn the_whole_history_gives_the_expected_awards_through_ten_kills() {
    let (_directory, mut server) = new_server();
    let said = record_through_kills(&mut server, &unpacked(&registry()));
    assert_eq!(said.out, "39455 events, 0 duplicates, 719 awards, 0 refused\n", "{}", said.err);
    assert_expected(&server.awards());
}

#[test]
fn another_history_works_without_a_change() {
    let directory = tempfile::tempdir().expect("a directory");
    let repository = small_history::repository(&directory.path().join("repository"));
    let file = directory.path().join("small.jsonl.gz");
    small_history::events(&repository, &file);

    let (_straight_directory, straight) = new_server();
    record(&straight, &file, &[]);
    let awards = straight.awards();
    for badge in
        ["first-commit", "commits-10", "lines-1000", "week-streak", "busy-day", "popular-file", "landed"]
    {
        assert!(awards.contains(&format!(r#""badge":"{badge}""#)), "no {badge} in\n{awards}");
    }

    let (_twice_directory, twice) = new_server();
    record(&twice, &file, &[]);
    record(&twice, &file, &[]);
    assert_eq!(twice.awards(), awards);

    let (_killed_directory, mut killed) = new_server();
    record_through_kills(&mut killed, &unpacked(&file));
    assert_eq!(killed.awards(), awards);
}

fn new_server() -> (tempfile::TempDir, Server) {
    let directory = tempfile::tempdir().expect("a directory");
    let server = Server::start(directory.path(), &history("badges"));
    (directory, server)
}

fn registry() -> PathBuf {
    history("history-registry.jsonl.gz")
}

fn record(server: &Server, file: &Path, options: &[&str]) -> String {
    let file = file.to_str().expect("UTF-8");
    let said = server.run(&[&["record", "--file", file], options].concat());
    assert_eq!(said.code, Some(0), "{}\n{}", said.err, server.log());
    said.out
}

/// Feeds the lines through a pipe, and kills the server each time a part of them is written: what the
/// command then has under way, it must send again by itself.
fn record_through_kills(server: &mut Server, lines: &str) -> Said {
    let mut command = server.command(&["record", "--file", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut recording = command.spawn().expect("the command starts");
    let mut input = recording.stdin.take().expect("piped");
    let lines: Vec<_> = lines.split_inclusive('\n').collect();
    for (at, part) in lines.chunks(lines.len().div_ceil(KILLS + 1)).enumerate() {
        input.write_all(part.concat().as_bytes()).expect("the command reads");
        if at < KILLS {
            server.kill_and_restart();
        }
    }
    drop(input);
    let output = recording.wait_with_output().expect("it ends");
    let said = Said {
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code(),
    };
    assert_eq!(said.code, Some(0), "{said:?}\n{}", server.log());
    said
}

fn assert_expected(awards: &str) {
    let expected = fs::read_to_string(history("expected-registry.jsonl")).expect("the expectation");
    let expected = sorted(&expected);
    // Not assert_eq: two texts of 60 KB are no message.
    let differing = awards.lines().zip(expected.lines()).find(|(got, wanted)| got != wanted);
    assert!(
        *awards == expected,
        "{} and {} lines, first {differing:?}",
        awards.lines().count(),
        expected.lines().count()
    );
}

fn unpacked(file: &Path) -> String {
    let mut text = String::new();
    let packed = fs::File::open(file).expect("a history");
    GzDecoder::new(packed).read_to_string(&mut text).expect("gzipped UTF-8");
    text
}
