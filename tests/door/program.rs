//! The real program, in a process of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long a line of the log may take, before it is taken to never come.
const PATIENCE: Duration = Duration::from_secs(60);

const BADGES: &str = "[badge.first-photo]\ntitle = \"First light\"\non = \"photo.posted\"\n";

/// A running server. Dropped, it is killed.
pub(crate) struct Program {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    log: Receiver<String>,
    _directory: TempDir,
}

impl Program {
    /// Starts `laurels serve` on a free port with these options besides.
    pub(crate) fn start(options: &[&str]) -> Program {
        let directory = tempfile::tempdir().unwrap();
        let mut command = serve(directory.path());
        command.args(["--listen", "127.0.0.1:0"]).args(options);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (lines, log) = channel();
        let errors = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            errors.lines().map_while(Result::ok).try_for_each(|line| lines.send(line))
        });
        let mut first = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut first).unwrap();
        let address = first.trim().strip_prefix("Laurels listens on ").map(str::to_owned);
        let address = address.unwrap_or_else(|| panic!("{first}{:?}", log.iter().collect::<Vec<_>>()));
        // Whatever else it says goes nowhere, and must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Program { child, address, log, _directory: directory }
    }

    /// Waits until the log has this; gives the line.
    pub(crate) fn says(&self, text: &str) -> String {
        let mut before = Vec::new();
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => before.push(line),
                Err(_) => panic!("{text:?} never came after {before:?}"),
            }
        }
    }

    /// Sends SIGHUP.
    pub(crate) fn hang_up(&self) {
        kill_process(Pid::from_child(&self.child), Signal::HUP).unwrap();
    }

    /// Has it go down, and waits until it has; gives the rest of its log.
    pub(crate) fn stop(mut self) -> Vec<String> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        let log: Vec<_> = self.log.iter().collect();
        assert!(status.success(), "{status}: {log:?}");
        log
    }

    /// The most that it ever took of memory, however shortly.
    pub(crate) fn peak_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Its port.
    pub(crate) fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `laurels serve` with options that it must refuse; gives what it says, all of it.
pub(crate) fn refused(options: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let Output { status, stdout, stderr } = serve(directory.path()).args(options).output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert!(!status.success() && stdout.is_empty(), "{said}");
    said
}

/// Runs a command that speaks to a server; gives whether it went well, and all that it said.
pub(crate) fn laurels(arguments: &[&str]) -> (bool, String) {
    let Output { status, stdout, stderr } = program().args(arguments).output().unwrap();
    (status.success(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

fn serve(directory: &Path) -> Command {
    let badges = directory.join("badges");
    fs::create_dir(&badges).unwrap();
    fs::write(badges.join("photos.toml"), BADGES).unwrap();
    let mut command = program();
    command.arg("serve").arg("--badges").arg(badges).arg("--data").arg(directory.join("data"));
    command
}

/// The program, with nothing said in the environment.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_laurels"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LAURELS_") {
            command.env_remove(name);
        }
    }
    command
}
