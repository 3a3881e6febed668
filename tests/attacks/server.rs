//! The built server as a process of its own, which can be struck at any moment.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::failure::{Failure, Result, hold};

/// A server that has not begun to listen after so long never will.
const OPENING_MAX: Duration = Duration::from_secs(120);
/// A server that was told to stop and has not ended after so long never will.
const STOPPING_MAX: Duration = Duration::from_secs(60);
/// A thread that waits for a disk halts when the disk has answered.
const HALTING_MAX: Duration = Duration::from_secs(60);
/// What comes before the address, on the first line.
const GREETING: &str = "Laurels listens on ";

/// What servers are started with.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// The built server.
    pub(crate) program: PathBuf,
    pub(crate) badges: PathBuf,
    /// Where servers write their logs, each named for its data directory.
    pub(crate) logs: PathBuf,
    pub(crate) sizes: Sizes,
}

/// Sizes of its store that are not the usual ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) segment_bytes: u64,
    pub(crate) checkpoint_bytes: u64,
    pub(crate) cache_bytes: u64,
}

/// A server that opens its store.
pub(crate) struct Opening {
    child: Child,
    log: PathBuf,
    began: Instant,
    greeted: mpsc::Receiver<(String, BufReader<ChildStdout>)>,
}

/// A server that listens. Dropped, it is killed.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// How long its opening took.
    pub(crate) opened_in: Duration,
    began: Instant,
    /// It may write to it as long as it lives.
    _output: BufReader<ChildStdout>,
}

impl Setup {
    /// Starts a server on this data directory, and does not wait for it.
    pub(crate) fn launch(&self, data: &Path) -> Result<Opening> {
        let failed = |error| Failure::of_attack(format!("start {}", self.program.display()), error);
        let log = self.logs.join(data.file_name().unwrap_or_default()).with_extension("log");
        let err = File::options().create(true).append(true).open(&log).map_err(failed)?;
        // It goes when this thread does, which is the one that makes the attack: also when that is killed.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(&self.program);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .arg("--badges")
            .arg(&self.badges);
        let Sizes { segment_bytes, checkpoint_bytes, cache_bytes } = self.sizes;
        command.args(["--segment-bytes", &segment_bytes.to_string()]);
        command.args(["--checkpoint-bytes", &checkpoint_bytes.to_string()]);
        command.args(["--cache-bytes", &cache_bytes.to_string()]);
        for variable in ["LAURELS_DATA", "LAURELS_BADGES", "LAURELS_LISTEN", "LAURELS_LOG"] {
            command.env_remove(variable);
        }
        command.env("RUST_BACKTRACE", "1");
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(err).spawn();
        let (began, mut child) = (Instant::now(), spawned.map_err(failed)?);
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let (greet, greeted) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            // A server that was killed says nothing, and that is an answer.
            let _ = output.read_line(&mut line);
            let _ = greet.send((line, output));
        });
        Ok(Opening { child, log, began, greeted })
    }

    /// Starts a server and waits until it listens.
    pub(crate) fn start(&self, data: &Path) -> Result<Server> {
        self.launch(data)?.listening()
    }
}

impl Opening {
    /// Waits until it listens. One that ends instead has broken a promise: every store opens after a cut.
    pub(crate) fn listening(mut self) -> Result<Server> {
        let promised = "a server opens its store again, whatever has happened to it";
        let Ok((line, output)) = self.greeted.recv_timeout(OPENING_MAX) else {
            self.kill()?;
            return Err(Failure::new(promised, format!("it is not open after {OPENING_MAX:?}")));
        };
        let opened_in = self.began.elapsed();
        match line.trim().strip_prefix(GREETING).map(str::parse) {
            Some(Ok(address)) => {
                let Opening { child, log, began, .. } = self;
                Ok(Server { child, log, address, opened_in, began, _output: output })
            }
            _ => {
                let status = self.child.wait().map_err(|error| Failure::of_attack("wait for it", error))?;
                Err(Failure::new(promised, format!("{status}, with this log:\n{}", tail(&self.log))))
            }
        }
    }

    /// Kills it. Says whether that met it before it listened.
    pub(crate) fn kill(mut self) -> Result<bool> {
        let status = kill(&mut self.child)?;
        let line = self.greeted.recv().map(|(line, _)| line).unwrap_or_default();
        if status.signal().is_none() {
            let seen = format!("{status}, with this log:\n{}", tail(&self.log));
            return Err(Failure::new("a server opens its store again, whatever has happened to it", seen));
        }
        Ok(line.is_empty())
    }

    /// Its process.
    pub(crate) fn process(&self) -> Process {
        Process::of(&self.child)
    }
}

impl Server {
    /// Kills it, as the system does: without a warning.
    pub(crate) fn kill(mut self) -> Result<()> {
        let status = kill(&mut self.child)?;
        hold(status.signal().is_some(), "a server runs until it is told to stop", || {
            format!("{status}, with this log:\n{}", tail(&self.log))
        })
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.process().signal(Signal::TERM)?;
        let began = Instant::now();
        loop {
            match self.child.try_wait().map_err(|error| Failure::of_attack("wait for the server", error))? {
                Some(status) => {
                    return hold(status.success(), "a server that is told to stop ends well", || {
                        format!("{status}, with this log:\n{}", tail(&self.log))
                    });
                }
                None if began.elapsed() > STOPPING_MAX => {
                    let seen = format!("after {STOPPING_MAX:?} it runs still:\n{}", tail(&self.log));
                    return Err(Failure::new("a server that is told to stop ends", seen));
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// How long ago it was started.
    pub(crate) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// Its process.
    pub(crate) fn process(&self) -> Process {
        Process::of(&self.child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = kill(&mut self.child);
    }
}

fn kill(child: &mut Child) -> Result<ExitStatus> {
    let ended = child.kill().and_then(|()| child.wait());
    ended.map_err(|error| Failure::of_attack("kill the server", error))
}

/// A server's process, which can be halted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(Pid);

impl Process {
    fn of(child: &Child) -> Process {
        Process(Pid::from_raw(child.id().cast_signed()).expect("a process has a number"))
    }

    /// What the system knows of it.
    pub(crate) fn folder(self) -> PathBuf {
        Path::new("/proc").join(self.0.as_raw_nonzero().to_string())
    }

    /// Halts it where it is. When this returns, none of its threads runs.
    pub(crate) fn halt(self) -> Result<()> {
        self.signal(Signal::STOP)?;
        let began = Instant::now();
        while !self.is_halted() {
            if began.elapsed() > HALTING_MAX {
                return Err(Failure::of_attack(
                    "halt the server",
                    format!("it runs on after {HALTING_MAX:?}"),
                ));
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        Ok(())
    }

    /// Lets it go on.
    pub(crate) fn go_on(self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Whether each of its threads has halted. So has one that has ended.
    fn is_halted(self) -> bool {
        let threads = std::fs::read_dir(self.folder().join("task")).into_iter().flatten().flatten();
        let mut states =
            threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("stat")).ok());
        // What comes after the name, which is in brackets and may have any character.
        states.all(|stat| stat.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with(['T', 'Z', 'X'])))
    }

    fn signal(self, signal: Signal) -> Result<()> {
        kill_process(self.0, signal).map_err(|error| Failure::of_attack("send the server a signal", error))
    }
}

/// The end of a log, as much as is read gladly.
pub(crate) fn tail(log: &Path) -> String {
    let mut text = Vec::new();
    let _ = File::open(log).and_then(|mut file| file.read_to_end(&mut text));
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
