//! Small file systems of a test's own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// With this set, what needs root is left out. Without it, and without root, it fails.
const EXCUSE: &str = "LAURELS_WITHOUT_LOOP";

/// A file system in memory. Gone with this.
pub(crate) struct Mount {
    directory: TempDir,
}

impl Mount {
    /// Mounts one with these options, such as `size=8m`. None where that was excused.
    pub(crate) fn new(options: &str) -> Option<Mount> {
        if std::env::var_os(EXCUSE).is_some() {
            eprintln!("left out, as {EXCUSE} says: a small file system cannot be mounted here");
            return None;
        }
        let mount = Mount { directory: tempfile::tempdir().unwrap() };
        mount.mount(&["-t", "tmpfs", "-o", options, "laurels-test"]);
        Some(mount)
    }

    /// Mounts it again with other options, such as `remount,ro`.
    pub(crate) fn remount(&self, options: &str) {
        self.mount(&["-o", options]);
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    fn mount(&self, arguments: &[&str]) {
        let mounted = Command::new("mount").args(arguments).arg(self.directory.path()).output().unwrap();
        let said = String::from_utf8_lossy(&mounted.stderr);
        assert!(
            mounted.status.success(),
            "this test mounts small file systems: run it as root, or set {EXCUSE}=1 to leave it out: {said}"
        );
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let mut command = Command::new("umount");
        // Lazily, since a killed server may hold a file for a moment.
        drop(command.arg("-l").arg(self.directory.path()).stderr(Stdio::null()).status());
    }
}

/// Fills the file system until so many bytes are left.
pub(crate) fn fill(directory: &Path, left: u64) -> PathBuf {
    let free = rustix::fs::statvfs(directory).unwrap();
    let free = free.f_bavail * free.f_frsize;
    let filler = directory.join("filler");
    std::fs::write(&filler, vec![0; usize::try_from(free.saturating_sub(left)).unwrap()]).unwrap();
    filler
}
