//! The real program on a directory, in a process of its own.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use tempfile::TempDir;

/// Badges that count: `visits` counts up to a goal nobody reaches, so that its progress is the count.
const BADGES: &str = r#"
[badge.visits]
on = "visit"
at = 1000000000

[badge.place]
on = "visit"
by = ["user", "subject"]
"#;

/// A running server. Dropped, it is killed.
pub(crate) struct Server {
    child: Child,
    /// The server writes to it a little longer.
    _output: BufReader<ChildStdout>,
    /// It looks at its badge files as long as it runs.
    _badges: TempDir,
    pub(crate) url: String,
}

/// What a server said that did not start, and its exit code.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) said: String,
    pub(crate) code: Option<i32>,
}

impl Server {
    pub(crate) fn start(data: &Path) -> Server {
        Server::after("", data).unwrap_or_else(|ended| panic!("{ended:?}"))
    }

    /// Starts a server after a command of the shell, such as `ulimit -n 64`.
    pub(crate) fn after(command: &str, data: &Path) -> Result<Server, Ended> {
        let badges = tempfile::tempdir().unwrap();
        fs::write(badges.path().join("visits.toml"), BADGES).unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{command}\nexec \"$0\" serve --listen 127.0.0.1:0")]);
        shell.arg(env!("CARGO_BIN_EXE_laurels"));
        shell.env("LAURELS_DATA", data).env("LAURELS_BADGES", badges.path()).env("LAURELS_LOG", "warn");
        let mut child = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut line, mut output) = (String::new(), BufReader::new(child.stdout.take().unwrap()));
        output.read_line(&mut line).unwrap();
        match line.trim().strip_prefix("Laurels listens on ") {
            Some(address) => {
                Ok(Server { child, _output: output, _badges: badges, url: format!("http://{address}") })
            }
            None => {
                let mut said = String::new();
                child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
                Err(Ended { said, code: child.wait().unwrap().code() })
            }
        }
    }

    /// Why it does not start.
    pub(crate) fn refused(data: &Path) -> Ended {
        match Server::after("", data) {
            Ok(_) => panic!("it starts"),
            Err(ended) => ended,
        }
    }

    /// Ends it as a power cut would; gives what it logged.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.logged()
    }

    /// Ends it in good order; gives what it logged.
    pub(crate) fn stop(mut self) -> String {
        let term = format!("kill -s TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &term]).status().unwrap().success());
        self.logged()
    }

    fn logged(&mut self) -> String {
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        self.child.wait().unwrap();
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
