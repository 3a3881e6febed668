//! What is measured: a server in a process of its own, with a directory of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::peers;
use crate::started::Started;

/// In what Linux counts CPU time: what takes less than that is told to take as much.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// A running server. Dropped, it is killed, and its directory goes.
pub(crate) struct Subject {
    process: Process,
    program: PathBuf,
    directory: TempDir,
}

struct Process {
    started: Started,
    url: String,
    /// The server may write to it until it ends.
    _output: BufReader<ChildStdout>,
}

impl Subject {
    /// `laurels serve` with these badge files and further options.
    pub(crate) fn laurels(program: &Path, badges: &str, options: &[&str]) -> anyhow::Result<Subject> {
        let directory = TempDir::new().context("make a directory")?;
        let folder = directory.path().join("badges");
        fs::create_dir(&folder)?;
        fs::write(folder.join("rules.toml"), badges)?;
        let process = Process::start(serve(program, directory.path(), options), directory.path())?;
        Ok(Subject { process, program: program.to_owned(), directory })
    }

    /// The no-op: this program again.
    pub(crate) fn noop() -> anyhow::Result<Subject> {
        let directory = TempDir::new().context("make a directory")?;
        let program = std::env::current_exe().context("find this program")?;
        let mut command = Command::new(&program);
        command.arg("noop");
        Ok(Subject { process: Process::start(command, directory.path())?, program, directory })
    }

    /// Stops `laurels serve`, which then has everything on the disk.
    pub(crate) fn stop(&mut self) -> anyhow::Result<()> {
        let status = self.process.started.end_by(Signal::TERM)?;
        ensure!(status.success(), "the server stopped with {status}: {}", self.log());
        Ok(())
    }

    /// Kills it: what it has not written behind is left in its journal.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.process.started.end_by(Signal::KILL)?;
        Ok(())
    }

    /// Starts `laurels serve` again where it was, with other options.
    pub(crate) fn start_again(&mut self, options: &[&str]) -> anyhow::Result<()> {
        let directory = self.directory.path();
        self.process = Process::start(serve(&self.program, directory, options), directory)?;
        Ok(())
    }

    pub(crate) fn url(&self) -> &str {
        &self.process.url
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        let address = self.url().trim_start_matches("http://");
        address.parse().with_context(|| format!("{address} is no address"))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.started.id()
    }

    /// Where it keeps everything.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// The CPU time that it has used since it was started.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        peers::process::spent(self.pid())
    }

    /// How much memory it has, in bytes.
    pub(crate) fn rss(&self) -> anyhow::Result<u64> {
        Ok(self.number_of("status", "VmRSS:")? << 10)
    }

    /// How many bytes it has had written to the disk.
    pub(crate) fn written(&self) -> anyhow::Result<u64> {
        self.number_of("io", "write_bytes:")
    }

    fn number_of(&self, file: &str, name: &str) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/{file}", self.pid());
        let text = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
        let number = text.lines().find_map(|line| line.strip_prefix(name));
        let number = number.with_context(|| format!("{path} has no {name}"))?;
        Ok(number.trim().trim_end_matches(" kB").parse()?)
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        log(self.directory.path())
    }
}

impl Process {
    /// Starts a server, which says on its first line where it listens.
    fn start(mut command: Command, directory: &Path) -> anyhow::Result<Process> {
        for (variable, _) in std::env::vars_os() {
            if variable.as_encoded_bytes().starts_with(b"LAURELS_") {
                command.env_remove(variable);
            }
        }
        // Not in the directory of whoever runs this, where a laurels.toml may be.
        command.current_dir(directory).stdout(Stdio::piped()).stderr(File::create(directory.join("log"))?);
        let mut started = Started::start(&mut command, Signal::KILL)?;
        let mut output = BufReader::new(started.output()?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let Some((_, address)) = line.trim().split_once(" listens on ") else {
            let status = started.end_by(Signal::KILL)?;
            bail!("{:?} did not start ({status}): {}", command.get_program(), log(directory));
        };
        Ok(Process { url: format!("http://{address}"), started, _output: output })
    }
}

fn serve(program: &Path, directory: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(directory.join("data"));
    command.arg("--badges").arg(directory.join("badges")).args(options);
    command
}

fn log(directory: &Path) -> String {
    fs::read_to_string(directory.join("log")).unwrap_or_default()
}
