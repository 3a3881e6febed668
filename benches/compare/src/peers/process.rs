//! A server that is not Laurels: a process of its own with a directory of its own.

use std::collections::HashMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::started::Started;

/// How often a server is asked whether it listens by now.
const ASKED_EVERY: Duration = Duration::from_millis(50);
/// How often at most: then it is taken to be broken.
const ASKED_MAX: usize = 1200;
/// Who runs what refuses to be run by root: `nobody`, on every Linux.
const NOBODY: u32 = 65534;

/// A running server. Dropped, it is ended, and its directory goes.
pub(crate) struct Process {
    started: Started,
    directory: Directory,
}

/// Where a server keeps its data.
pub(crate) struct Directory(TempDir);

impl Directory {
    pub(crate) fn new() -> anyhow::Result<Directory> {
        Ok(Directory(TempDir::new().context("make a directory")?))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Gives it to somebody who is not root.
    pub(crate) fn give_away(&self) -> anyhow::Result<()> {
        std::os::unix::fs::chown(self.path(), Some(NOBODY), Some(NOBODY)).context("give a directory away")
    }
}

/// A command that is run by somebody who is not root.
pub(crate) fn unprivileged(program: impl AsRef<std::ffi::OsStr>) -> Command {
    use std::os::unix::process::CommandExt as _;
    let mut command = Command::new(program);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs a command to its end. Fails where it fails, with what it said.
pub(crate) fn run(mut command: Command) -> anyhow::Result<()> {
    let said = tempfile::NamedTempFile::new().context("make a file")?;
    command.stdout(said.as_file().try_clone()?).stderr(said.as_file().try_clone()?);
    let status = Started::start(&mut command, Signal::KILL)?.wait()?;
    ensure!(status.success(), "{command:?} failed ({status}): {}", fs::read_to_string(&said)?);
    Ok(())
}

/// A port that nobody listens on now.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Process {
    /// Starts a server. `end` is the signal at which it and what it started are gone.
    pub(crate) fn start(mut command: Command, directory: Directory, end: Signal) -> anyhow::Result<Process> {
        let log = File::create(directory.path().join("log"))?;
        command.current_dir(directory.path()).stdout(log.try_clone()?).stderr(log);
        Ok(Process { started: Started::start(&mut command, end)?, directory })
    }

    /// Waits until it answers.
    pub(crate) async fn until_ready<T, E: std::fmt::Display>(
        &mut self,
        mut connect: impl AsyncFnMut() -> Result<T, E>,
    ) -> anyhow::Result<T> {
        for asked in 1.. {
            let error = match connect().await {
                Ok(connection) => return Ok(connection),
                Err(error) => error,
            };
            let ended = self.started.ended()?;
            if ended.is_some() || asked == ASKED_MAX {
                bail!("it does not listen ({error}), {ended:?}: {}", self.log());
            }
            tokio::time::sleep(ASKED_EVERY).await;
        }
        unreachable!("the numbers do not end")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// The CPU time that it has used, with all processes that it started.
    pub(crate) fn spent(&self) -> anyhow::Result<Duration> {
        spent(self.started.id())
    }
}

/// The CPU time that a process has used, with all processes that it started, in the system too.
pub(crate) fn spent(root: u32) -> anyhow::Result<Duration> {
    let stats: HashMap<u32, Stat> = fs::read_dir("/proc")?
        .filter_map(|entry| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
            Some((pid, Stat::of(pid)?))
        })
        .collect();
    let descends = |pid: u32| {
        std::iter::successors(Some(pid), |pid| Some(stats.get(pid)?.parent)).any(|pid| pid == root)
    };
    let ticks: u64 = stats.iter().filter(|(pid, _)| descends(**pid)).map(|(_, stat)| stat.ticks).sum();
    Ok(Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second()))
}

/// What Linux tells of a process.
struct Stat {
    parent: u32,
    /// Its own time, and that of its children which have ended.
    ticks: u64,
}

impl Stat {
    /// None where it has ended meanwhile.
    fn of(pid: u32) -> Option<Stat> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The program's name, in parentheses, may have anything in it.
        let fields: Vec<&str> = stat.rsplit(") ").next()?.split(' ').collect();
        let ticks = fields.get(11..15)?.iter().filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        Some(Stat { parent: fields.get(1)?.parse().ok()?, ticks })
    }
}
