//! The built program, run as a user runs it: servers as child processes, commands with their output.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;

/// The history that is kept with the tests, and its catalog.
pub(crate) fn history(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/history").join(name)
}

/// The program with these arguments, free of what the environment says about Laurels.
pub(crate) fn laurels(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_laurels"));
    command.args(arguments);
    for (variable, _) in std::env::vars_os() {
        if variable.as_encoded_bytes().starts_with(b"LAURELS_") {
            command.env_remove(variable);
        }
    }
    command
}

/// What a command said, and whether all went well.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: Option<i32>,
}

/// Runs a command to its end.
pub(crate) fn run(mut command: Command) -> Said {
    let output = command.stdin(Stdio::null()).output().expect("the command starts");
    Said {
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
        code: output.status.code(),
    }
}

/// A server in a directory of its own. Dropped, it is killed.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
    data: PathBuf,
    badges: PathBuf,
    options: Vec<String>,
    /// `127.0.0.1:PORT`.
    address: String,
    /// The server writes to it until it ends.
    output: Option<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts a server and waits until it listens.
    pub(crate) fn start(directory: &Path, badges: &Path) -> Server {
        Server::start_with(directory, badges, &[])
    }

    /// Starts it with further options, which it has again when it is restarted.
    pub(crate) fn start_with(directory: &Path, badges: &Path, options: &[&str]) -> Server {
        let options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
        let started = Server::listen(directory, badges, "127.0.0.1:0", &options);
        started.unwrap_or_else(|problem| panic!("{problem}"))
    }

    fn listen(directory: &Path, badges: &Path, address: &str, options: &[String]) -> Result<Server, String> {
        let (data, log) = (directory.join("data"), directory.join("server.log"));
        let err = File::options().create(true).append(true).open(&log).expect("a log");
        let mut child = laurels(&["serve", "--listen", address])
            .arg("--data")
            .arg(&data)
            .arg("--badges")
            .arg(badges)
            .args(options)
            .stdout(Stdio::piped())
            .stderr(err)
            .spawn()
            .expect("the server starts");
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("UTF-8");
        let Some(address) = line.trim().strip_prefix("Laurels listens on ").map(str::to_owned) else {
            let status = child.wait().expect("it ends");
            return Err(format!("{status}: {}", std::fs::read_to_string(&log).unwrap_or_default()));
        };
        let (badges, options) = (badges.to_owned(), options.to_owned());
        Ok(Server { child, log, data, badges, options, address, output: Some(output) })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Runs a command against this server.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        run(self.command(arguments))
    }

    /// A command that speaks to this server.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = laurels(arguments);
        command.env("LAURELS_SERVER", self.url());
        command
    }

    /// Every award held, sorted.
    pub(crate) fn awards(&self) -> String {
        let said = self.run(&["awards", "--jsonl"]);
        assert_eq!(said.code, Some(0), "{}\n{}", said.err, self.log());
        sorted(&said.out)
    }

    /// Kills it as a power cut would, and starts it again on the same port and directory.
    pub(crate) fn kill_and_restart(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
        let directory = self.data.parent().expect("a directory").to_owned();
        // A client that knocks meanwhile may hold the port for an instant.
        let attempts =
            (0..50).map(|_| Server::listen(&directory, &self.badges, &self.address, &self.options));
        let mut problem = String::new();
        for attempt in attempts {
            match attempt {
                Ok(server) => return *self = server,
                Err(said) => problem = said,
            }
        }
        panic!("it does not start again: {problem}");
    }

    /// Sends it a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// What it says after the address, up to its last line.
    pub(crate) fn greeting(&mut self) -> Vec<String> {
        let output = self.output.as_mut().expect("it was not read to its end");
        let mut lines = Vec::new();
        while lines.last().is_none_or(|line: &String| !line.contains("grpcurl")) {
            let mut line = String::new();
            output.read_line(&mut line).expect("UTF-8");
            assert!(!line.is_empty(), "{lines:?}");
            lines.push(line);
        }
        lines
    }

    /// Waits until it ends; gives what it wrote and its status.
    pub(crate) fn wait(&mut self) -> (String, ExitStatus) {
        let mut text = String::new();
        if let Some(mut output) = self.output.take() {
            output.read_to_string(&mut text).expect("UTF-8");
        }
        (text, self.child.wait().expect("it ends"))
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

/// Sends a program a signal. By the shell, whose own command it is: there is always one.
pub(crate) fn signal(child: &Child, name: &str) {
    let kill = format!("kill -s {name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh").success());
}

/// The lines of a text, sorted.
pub(crate) fn sorted(text: &str) -> String {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines.iter().map(|line| format!("{line}\n")).collect()
}
