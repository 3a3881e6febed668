//! A backup that is taken while the power is cut: what has its name is whole, and what was said to be taken is there.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::failure::{Failure, Result, hold};

/// What it is called on the file system that is cut.
const NAME: &str = "backup.laurels";

/// A backup onto the file system whose power is cut.
pub(super) struct Backup {
    child: Child,
    /// It had been taken, and said so, when the power was cut.
    taken: bool,
}

impl Backup {
    /// Begins to take one.
    pub(super) fn begin(program: &Path, server: SocketAddr, root: &Path) -> Result<Backup> {
        let mut command = Command::new(program);
        command.args(["backup", "--force", "--server", &format!("http://{server}")]).arg(root.join(NAME));
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = spawned.map_err(|error| Failure::of_attack("begin a backup", error))?;
        Ok(Backup { child, taken: false })
    }

    /// Halts it where it is, if it has not come to its end.
    pub(super) fn halt(&mut self) -> Result<()> {
        let ended = self.child.try_wait().map_err(|error| Failure::of_attack("look at a backup", error))?;
        self.taken = ended.is_some_and(|status| status.success());
        match ended {
            Some(_) => Ok(()),
            None => self.signal(Signal::STOP),
        }
    }

    /// Ends it; says whether it had been taken when it was halted.
    pub(super) fn end(mut self) -> Result<bool> {
        // It may have ended before.
        let _ = self.child.kill();
        self.child.wait().map_err(|error| Failure::of_attack("end a backup", error))?;
        Ok(self.taken)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let process = Pid::from_raw(self.child.id().cast_signed()).expect("a process has a number");
        kill_process(process, signal).map_err(|error| Failure::of_attack("halt a backup", error))
    }
}

/// Looks at what the cut has left: a file with the backup's name can be restored. Says whether there is one.
pub(super) fn look_at(program: &Path, root: &Path, directory: &Path, taken: bool) -> Result<bool> {
    let (file, restored) = (root.join(NAME), directory.join("restored"));
    hold(file.exists() || !taken, "a backup that was said to be taken is there after a power cut", || {
        format!("{} is not", file.display())
    })?;
    if !file.exists() {
        return Ok(false);
    }
    let mut command = Command::new(program);
    let ended = command.arg("restore").arg(&file).arg("--data").arg(&restored).output();
    let ended = ended.map_err(|error| Failure::of_attack("restore a backup", error))?;
    hold(
        ended.status.success(),
        "what has the name of a backup is whole, whenever the power was cut",
        || format!("{}: {}", ended.status, String::from_utf8_lossy(&ended.stderr)),
    )?;
    clear(restored)?;
    Ok(true)
}

fn clear(restored: PathBuf) -> Result<()> {
    std::fs::remove_dir_all(restored)
        .map_err(|error| Failure::of_attack("clear away what was restored", error))
}
