//! The real program, in a process of its own, and what it takes of memory, descriptors and time.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;

/// `joined` is earned with a user's first visit, `returned` with the second; `busy` by everyone, for each place.
const BADGES: &str = r#"
[badge.joined]
on = "visit"

[badge.returned]
on = "visit"
at = 2

[badge.place]
on = "tour"
by = ["user", "subject"]
"#;

/// How often what has to become true is looked at.
const LOOKED_AT_EVERY: Duration = Duration::from_millis(50);
/// How long it may take, before it is taken to be never.
const PATIENCE: Duration = Duration::from_secs(180);

/// Which program is the server, where that is not the one this was built with.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Takes another program for the server: one that was built for speed, most often.
pub(crate) fn take(program: PathBuf) {
    PROGRAM.set(program).expect("it is said once");
}

/// A running server. Dropped, it is killed.
pub(crate) struct Server {
    child: Child,
    directory: TempDir,
    /// The server writes to it a little longer.
    _output: BufReader<ChildStdout>,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
}

/// What a process takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Takes {
    pub(crate) rss_kib: u64,
    pub(crate) descriptors: usize,
    pub(crate) cpu_ticks: u64,
}

impl Server {
    /// Starts a server after these commands of the shell, such as `ulimit -n 64`.
    pub(crate) fn start(before: &str) -> Server {
        let directory = tempfile::tempdir().expect("a directory");
        let badges = directory.path().join("badges");
        fs::create_dir(&badges).expect("a folder");
        fs::write(badges.join("visits.toml"), BADGES).expect("a file");
        let log = fs::File::create(directory.path().join("log")).expect("a log");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{before}\nexec \"$0\" serve --listen 127.0.0.1:0")]);
        command.arg(PROGRAM.get_or_init(|| PathBuf::from(env!("CARGO_BIN_EXE_laurels"))));
        command.env_remove("LAURELS_LISTEN").env("LAURELS_LOG", "info");
        command.env("LAURELS_DATA", directory.path().join("data")).env("LAURELS_BADGES", badges);
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("it starts");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        output.read_line(&mut line).expect("UTF-8");
        let address = line.trim().strip_prefix("Laurels listens on ").unwrap_or_else(|| panic!("{line}"));
        Server { address: address.to_owned(), child, directory, _output: output }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// What it takes now.
    pub(crate) fn takes(&self) -> Takes {
        let process = format!("/proc/{}", self.child.id());
        let status = fs::read_to_string(format!("{process}/status")).expect("it runs");
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it runs");
        let stat = fs::read_to_string(format!("{process}/stat")).expect("it runs");
        // The program's name, in parentheses, may have anything in it.
        let times = stat.rsplit(") ").next().expect("fields").split(' ').skip(11).take(2);
        Takes {
            rss_kib: rss.trim().trim_end_matches(" kB").parse().expect("a number"),
            descriptors: fs::read_dir(format!("{process}/fd")).expect("it runs").count(),
            cpu_ticks: times.map(|ticks| ticks.parse::<u64>().expect("a number")).sum(),
        }
    }

    /// Waits until what it takes is as it must become.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(Takes) -> bool) -> Takes {
        let mut takes = self.takes();
        let looks = PATIENCE.as_millis() / LOOKED_AT_EVERY.as_millis();
        for _ in 0..looks {
            if holds(takes) {
                return takes;
            }
            tokio::time::sleep(LOOKED_AT_EVERY).await;
            takes = self.takes();
        }
        panic!("{what} never came: {takes:?}\n{}", self.log());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
