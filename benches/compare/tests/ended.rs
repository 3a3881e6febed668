//! A run that somebody ends leaves nothing behind. The servers are real, so their packages have to be there, and the
//! server was built in the same profile: `cargo build --bin laurels`.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

#[test]
fn a_run_that_is_terminated_ends_postgres_with_all_its_processes() {
    nothing_is_left("postgres", Signal::TERM);
}

#[test]
fn a_run_that_is_interrupted_ends_redis() {
    nothing_is_left("redis", Signal::INT);
}

/// Ends a run by this signal when it has begun to measure. All that it started is to be gone, and all that it kept.
fn nothing_is_left(benchmark: &str, signal: Signal) {
    let scratch = tempfile::tempdir().expect("a directory");
    // Where servers that are not run by root get through.
    fs::set_permissions(scratch.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711))
        .expect("it is ours");
    let mut command = Command::new(env!("CARGO_BIN_EXE_laurels-compare"));
    // More rounds than anybody waits for.
    command.args([benchmark, "--built", "--smoke", "--rounds", "1000"]).env("TMPDIR", scratch.path());
    let mut run = command.stderr(Stdio::piped()).spawn().expect("it starts");
    // Laurels and the peers run when the first figure of Laurels is told. The pipe stays open to the end.
    let mut told = BufReader::new(run.stderr.take().expect("it is piped")).lines();
    let measures = |line: &String| line.trim_start().starts_with("laurels ");
    assert!(told.by_ref().map_while(Result::ok).any(|line| measures(&line)), "{benchmark} measures nothing");

    let servers = descendants(run.id());
    assert!(servers.len() > 2, "Laurels and two peers run: {servers:?}");
    assert!(fs::read_dir(scratch.path()).expect("it is there").next().is_some(), "they keep something");
    kill_process(Pid::from_child(&run), signal).expect("it runs");
    let status = run.wait().expect("it is ours");

    assert_eq!(status.code(), Some(128 + signal.as_raw()));
    let left: Vec<_> =
        servers.iter().filter(|server| Process::of(server.pid).as_ref() == Some(*server)).collect();
    assert!(left.is_empty(), "{left:?} are left");
    let kept: Vec<_> = fs::read_dir(scratch.path()).expect("it is there").collect();
    assert!(kept.is_empty(), "{kept:?} are left");
}

/// A process as Linux tells of it. Its number and when it began are nobody else's.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Process {
    pid: u32,
    parent: u32,
    began: u64,
}

impl Process {
    /// None where there is none, or where it has ended and only waits for its parent to notice.
    fn of(pid: u32) -> Option<Process> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The program's name, in parentheses, may have anything in it.
        let fields: Vec<&str> = stat.rsplit(") ").next()?.split(' ').collect();
        if fields.first() == Some(&"Z") {
            return None;
        }
        Some(Process { pid, parent: fields.get(1)?.parse().ok()?, began: fields.get(19)?.parse().ok()? })
    }
}

/// All that a process started, and what these started.
fn descendants(of: u32) -> BTreeSet<Process> {
    let pids = fs::read_dir("/proc").expect("this is Linux");
    let pids = pids.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let mut others: Vec<Process> = pids.filter_map(Process::of).collect();
    let (mut found, mut parents) = (BTreeSet::new(), BTreeSet::from([of]));
    while !parents.is_empty() {
        let (children, rest): (Vec<_>, _) =
            others.into_iter().partition(|process| parents.contains(&process.parent));
        parents = children.iter().map(|process| process.pid).collect();
        found.extend(children);
        others = rest;
    }
    found
}
