//! What is measured: a server in a process of its own, with a directory of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

/// A running server. Dropped, it is killed, and its directory goes.
pub(crate) struct Subject {
    child: Child,
    directory: TempDir,
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
        let mut command = Command::new(program);
        for (variable, _) in std::env::vars_os() {
            if variable.as_encoded_bytes().starts_with(b"LAURELS_") {
                command.env_remove(variable);
            }
        }
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(directory.path().join("data"));
        command.arg("--badges").arg(folder).args(options);
        Subject::start(command, directory)
    }

    /// The no-op: this program again.
    pub(crate) fn noop() -> anyhow::Result<Subject> {
        let mut command = Command::new(std::env::current_exe().context("find this program")?);
        command.arg("noop");
        Subject::start(command, TempDir::new().context("make a directory")?)
    }

    /// Starts a server, which says on its first line where it listens.
    fn start(mut command: Command, directory: TempDir) -> anyhow::Result<Subject> {
        let log = directory.path().join("log");
        // Not in the directory of whoever runs this, where a laurels.toml may be.
        command.current_dir(directory.path()).stdout(Stdio::piped()).stderr(File::create(&log)?);
        let mut child = command.spawn().with_context(|| format!("start {:?}", command.get_program()))?;
        let mut output = BufReader::new(child.stdout.take().context("its output is piped")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let Some((_, address)) = line.trim().split_once(" listens on ") else {
            child.kill()?;
            let status = child.wait()?;
            bail!("{:?} did not start ({status}): {}", command.get_program(), fs::read_to_string(log)?);
        };
        Ok(Subject { url: format!("http://{address}"), child, directory, _output: output })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
