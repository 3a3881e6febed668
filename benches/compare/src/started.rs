//! Processes that this program starts, and where they keep their data: nothing of it is left, also not by a run that
//! is ended by a signal.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

/// Those that run now, each with the signal at which it and what it started are gone.
static RUNNING: Mutex<Vec<(Pid, Signal)>> = Mutex::new(Vec::new());

fn running() -> MutexGuard<'static, Vec<(Pid, Signal)>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where everything is kept from now on, until this is dropped or a signal ends the program: then all that it started
/// ends first.
pub(crate) fn until_ended() -> anyhow::Result<TempDir> {
    // Servers that are not run by root have directories in it.
    let scratch = tempfile::Builder::new()
        .prefix("laurels-compare-")
        .permissions(Permissions::from_mode(0o711))
        .tempdir()
        .context("make a directory")?;
    tempfile::env::override_temp_dir(scratch.path())
        .map_err(|other| anyhow::anyhow!("files are made in {} already", other.display()))?;
    end_at_signal(scratch.path().to_owned())?;
    Ok(scratch)
}

/// From here on a signal ends what was started, and then this program, as the signal would have.
fn end_at_signal(scratch: PathBuf) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _entered = runtime.enter();
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    drop(_entered);
    thread::Builder::new().name("ending".to_owned()).spawn(move || {
        let signal = runtime.block_on(async {
            tokio::select! {
                _ = interrupted.recv() => Signal::INT,
                _ = terminated.recv() => Signal::TERM,
                _ = hung_up.recv() => Signal::HUP,
            }
        });
        // Held to the end: nothing is started any more.
        let running = running();
        for (pid, end) in running.iter() {
            // It may have ended before.
            let _ = kill_process(*pid, *end);
        }
        for (pid, _) in running.iter() {
            // Another thread may have waited for it.
            let _ = waitpid(Some(*pid), WaitOptions::empty());
        }
        let _ = fs::remove_dir_all(&scratch);
        std::process::exit(128 + signal.as_raw());
    })?;
    Ok(())
}

/// A process that was started here. Dropped, it is ended and waited for.
pub(crate) struct Started {
    child: Child,
    end: Signal,
}

impl Started {
    /// `end` is the signal at which it and what it starts are gone.
    pub(crate) fn start(command: &mut Command, end: Signal) -> anyhow::Result<Started> {
        // A signal finds it among those that run, or it is not started any more.
        let mut running = running();
        let child = command.spawn().with_context(|| format!("start {:?}", command.get_program()))?;
        running.push((Pid::from_child(&child), end));
        Ok(Started { child, end })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it says, where that is piped.
    pub(crate) fn output(&mut self) -> anyhow::Result<ChildStdout> {
        self.child.stdout.take().context("its output is piped, and nobody took it")
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        let ended = self.child.try_wait()?;
        if ended.is_some() {
            running().retain(|(pid, _)| !self.is(*pid));
        }
        Ok(ended)
    }

    /// Waits until it ends.
    pub(crate) fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        let ended = self.child.wait()?;
        running().retain(|(pid, _)| !self.is(*pid));
        Ok(ended)
    }

    /// Ends it by this signal, unless it was waited for: then another process may have its number.
    pub(crate) fn end_by(&mut self, signal: Signal) -> anyhow::Result<ExitStatus> {
        let running = running();
        if running.iter().any(|(pid, _)| self.is(*pid)) {
            kill_process(Pid::from_child(&self.child), signal)?;
        }
        drop(running);
        self.wait()
    }

    fn is(&self, pid: Pid) -> bool {
        Pid::from_child(&self.child) == pid
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Where it cannot be ended there is nobody to tell.
        let _ = self.end_by(self.end);
    }
}
