//! An ext4 file system in a file, on a loop device. Unmounted when dropped, and the loop device with it.
//!
//! An attack that makes one runs in a mount namespace of its own ([`in_namespace`]), so that nothing stays mounted
//! however it ends.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use crate::failure::{Failure, Result};

/// Says that a process is in a namespace of its own already.
const NAMESPACE: &str = "LAURELS_ATTACKS_NAMESPACE";
/// A file system in use is asked to go so often, with a pause in between: a killed server may linger a moment.
const UNMOUNT_TRIES: u32 = 50;
const UNMOUNT_PAUSE: Duration = Duration::from_millis(100);

/// A mounted file system.
pub(crate) struct Volume {
    /// Where it is mounted.
    pub(crate) root: PathBuf,
    /// The file it is in.
    pub(crate) image: PathBuf,
}

impl Volume {
    /// Makes a new file system of so many bytes in this file, and mounts it.
    pub(crate) fn make(image: &Path, bytes: u64, root: &Path, options: &str) -> Result<Volume> {
        let made = File::create(image).and_then(|file| file.set_len(bytes));
        made.map_err(|error| Failure::of_attack(format!("make {}", image.display()), error))?;
        run(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(image))?;
        Volume::mount(image, root, options)
    }

    /// Mounts the file system in this file.
    pub(crate) fn mount(image: &Path, root: &Path, options: &str) -> Result<Volume> {
        let made = std::fs::create_dir_all(root);
        made.map_err(|error| Failure::of_attack(format!("make {}", root.display()), error))?;
        run(Command::new("mount").args(["-o", &format!("loop,{options}")]).arg(image).arg(root))?;
        Ok(Volume { root: root.to_owned(), image: image.to_owned() })
    }

    /// Unmounts it; fails if it will not go.
    pub(crate) fn unmount(self) -> Result<()> {
        let unmounted = unmount(&self.root);
        std::mem::forget(self);
        unmounted
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        if unmount(&self.root).is_err() {
            // It goes with the last process that uses it.
            let _ = run(Command::new("umount").arg("-l").arg(&self.root));
        }
    }
}

fn unmount(root: &Path) -> Result<()> {
    let mut tries = 0;
    loop {
        tries += 1;
        match run(Command::new("umount").arg(root)) {
            Err(_) if tries < UNMOUNT_TRIES => std::thread::sleep(UNMOUNT_PAUSE),
            done => return done.map(drop),
        }
    }
}

/// Why no file system can be mounted here, if none can.
pub(crate) fn cannot(within: &Path) -> Option<String> {
    let attempt = || {
        let failed = |error| Failure::of_attack("make a folder", error);
        let folder = tempfile::tempdir_in(within).map_err(failed)?;
        let (image, root) = (folder.path().join("image"), folder.path().join("root"));
        Volume::make(&image, 4 << 20, &root, "defaults")?.unmount()
    };
    match rustix::process::geteuid().is_root() {
        true => attempt().err().map(|failure| failure.to_string()),
        false => Some("a file system can be mounted on a loop device by root only".to_owned()),
    }
}

/// Begins this program anew in a mount namespace of its own, if it is not in one and may have one.
pub(crate) fn in_namespace() -> Result<()> {
    if std::env::var_os(NAMESPACE).is_some() || !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let failed = |error| Failure::of_attack("begin in a mount namespace", error);
    let mut command = Command::new("unshare");
    command.arg("--mount").arg(std::env::current_exe().map_err(failed)?).args(std::env::args_os().skip(1));
    Err(failed(command.env(NAMESPACE, "1").exec()))
}

fn run(command: &mut Command) -> Result<Output> {
    let shown = format!("{command:?}");
    let output = command.output().map_err(|error| Failure::of_attack(&shown, error))?;
    match output.status.success() {
        true => Ok(output),
        false => Err(Failure::of_attack(shown, String::from_utf8_lossy(&output.stderr).trim())),
    }
}
