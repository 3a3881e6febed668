//! A small git repository, and its history as events.
//!
//! Made from nothing by `git fast-import`, with all its dates given: the same repository each time.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::binary::history;

/// 2020-01-01T09:00:00Z.
const BEGIN: u64 = 1_577_869_200;
const DAY: u64 = 86_400;
/// People who commit. Enough of them touch one file to make it popular.
const AUTHORS: u64 = 12;
/// Days on which there are commits, one after the other.
const DAYS: u64 = 9;
/// Commits of the first author on the last day.
const BUSY: u64 = 12;

/// Makes the repository, bare, and gives its directory.
pub(crate) fn repository(directory: &Path) -> PathBuf {
    let status = git().args(["init", "--quiet", "--bare"]).arg(directory).status().expect("git");
    assert!(status.success());
    let mut import = git()
        .arg("--git-dir")
        .arg(directory)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git");
    import.stdin.take().expect("piped").write_all(commits().as_bytes()).expect("git reads");
    assert!(import.wait().expect("git ends").success());
    directory.to_owned()
}

/// Writes the events of a repository's history to a file.
pub(crate) fn events(repository: &Path, file: &Path) {
    let status = Command::new("python3")
        .arg(history("make_history.py"))
        .args(["--rev", "refs/heads/main", "--git-dir"])
        .arg(repository)
        .arg("--out")
        .arg(file)
        .stderr(Stdio::null())
        .status()
        .expect("python3");
    assert!(status.success());
}

fn git() -> Command {
    let mut command = Command::new("git");
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

/// What `git fast-import` reads: everybody touches one file, every day the first author adds 200 lines,
/// and on the last day many commits, which somebody else puts in.
fn commits() -> String {
    let mut stream = String::new();
    for author in 0..AUTHORS {
        commit(&mut stream, author, author, BEGIN + author, "shared/all.txt", &format!("{author}\n"));
    }
    for day in 0..DAYS {
        let lines: String = (0..200).map(|line| format!("{day} {line}\n")).collect();
        commit(&mut stream, 0, 0, BEGIN + day * DAY + 100, &format!("src/{day}.txt"), &lines);
    }
    for number in 0..BUSY {
        let time = BEGIN + DAYS * DAY + number;
        commit(&mut stream, 0, 1, time, "top.txt", &format!("{number}\n"));
    }
    stream
}

fn commit(stream: &mut String, author: u64, committer: u64, time: u64, path: &str, contents: &str) {
    let bytes = contents.len();
    write!(
        stream,
        "commit refs/heads/main\n\
         author A <a{author}@example.org> {time} +0200\n\
         committer C <a{committer}@example.org> {time} +0200\n\
         data 1\nx\n\
         M 100644 inline {path}\n\
         data {bytes}\n{contents}\n"
    )
    .expect("texts can be written to");
}
