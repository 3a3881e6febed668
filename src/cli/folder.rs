//! Watching the folder of the badge files, and the key file, so that what is written there is taken into use.
//!
//! By looking at it once a second, not by asking the system for word of changes: that does not come from network
//! filesystems, from many mounts in containers, nor when a link far above is exchanged, as Kubernetes does with a ConfigMap;
//! and editors that write a new file and rename it leave a watched one behind. To look costs a `stat` a file.

use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior};

use crate::service::Service;

/// How often the folder is looked at. Files are read when they were the same twice, so that a save that is under way,
/// or a copy of several files, is one change.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Who it was, for the audit log, where files were seen to have changed.
pub(super) const WATCH: &str = "watch";

/// How the files of a folder look from outside. Links are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Look(Option<Vec<(OsString, [i64; 7])>>);

impl Look {
    /// How the folder looks now; that it cannot be read is a look too.
    pub(super) fn at(folder: &Path) -> Look {
        Look(Look::of(folder).ok())
    }

    fn of(folder: &Path) -> std::io::Result<Vec<(OsString, [i64; 7])>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if !name.as_encoded_bytes().ends_with(b".toml") {
                continue;
            }
            // One that is gone, or a link to nothing, is as if it were not there.
            let Ok(now) = std::fs::metadata(entry.path()) else { continue };
            files.push((name, seen(&now)));
        }
        files.sort_unstable();
        Ok(files)
    }

    /// How one file looks now; that it is not there is a look too.
    pub(super) fn at_file(path: &Path) -> Look {
        Look(std::fs::metadata(path).ok().map(|now| vec![(OsString::new(), seen(&now))]))
    }
}

fn seen(now: &Metadata) -> [i64; 7] {
    let number = |number: u64| i64::from_ne_bytes(number.to_ne_bytes());
    let [a, b, c, d] = [now.mtime(), now.mtime_nsec(), now.ctime(), now.ctime_nsec()];
    [number(now.dev()), number(now.ino()), number(now.size()), a, b, c, d]
}

/// Reads the badge files again whenever they have changed since `as_read`. What came of it stands in the log.
pub(super) async fn reload_when_changed(service: Service, folder: PathBuf, as_read: Look) {
    let mut changes = Changes::since(as_read, move || Look::at(&folder));
    while changes.next().await.is_some() {
        // What came of it stands in the log.
        let _ = service.reload_changed_folder(WATCH).await;
    }
}

/// The changes of what is looked at now and then.
pub(super) struct Changes<L> {
    look: L,
    settling: Settling,
    looks: Interval,
}

impl<L: Fn() -> Look + Clone + Send + 'static> Changes<L> {
    pub(super) fn since(as_read: Look, look: L) -> Changes<L> {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Changes { look, settling: Settling { read: as_read.clone(), before: as_read }, looks }
    }

    /// Waits until it has changed since it was read, and has come to rest. None: the program ends.
    pub(super) async fn next(&mut self) -> Option<()> {
        loop {
            self.looks.tick().await;
            // A mount may hang; that must hold up nothing else.
            let now = tokio::task::spawn_blocking(self.look.clone()).await.ok()?;
            if self.settling.is_to_be_read(now) {
                return Some(());
            }
        }
    }
}

/// Whether a folder that changes has come to rest.
struct Settling {
    /// As it was when it was read.
    read: Look,
    /// As it was at the look before.
    before: Look,
}

impl Settling {
    fn is_to_be_read(&mut self, now: Look) -> bool {
        let rests = now == self.before;
        let changed = now != self.read;
        self.before = now;
        if rests && changed {
            self.read = self.before.clone();
        }
        rests && changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_change_is_read_once_it_has_come_to_rest() {
        let look = |size| Look(Some(vec![("a.toml".into(), [0, 0, size, 0, 0, 0, 0])]));
        let mut settling = Settling { read: look(1), before: look(1) };
        let read: Vec<_> = [1, 2, 3, 3, 3, 4, 1, 1, 1].map(|size| settling.is_to_be_read(look(size))).into();
        assert_eq!(read, [false, false, false, true, false, false, false, true, false]);
    }

    #[test]
    fn every_way_to_write_a_file_changes_how_the_folder_looks() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for data in ["one", "two"] {
            fs::create_dir(at(data)).unwrap();
            fs::write(at(data).join("a.toml"), "title = \"A\"\n").unwrap();
        }
        // As a ConfigMap is mounted: the files are links through a link, which alone is exchanged.
        fs::create_dir(at("badges")).unwrap();
        symlink(at("one"), at("data")).unwrap();
        symlink(at("data").join("a.toml"), at("badges").join("a.toml")).unwrap();
        let mut seen = vec![Look::at(&at("badges"))];
        let mut differs = |what: &str| {
            let now = Look::at(&at("badges"));
            assert!(!seen.contains(&now), "{what}");
            seen.push(now);
        };
        symlink(at("two"), at("data.new")).unwrap();
        fs::rename(at("data.new"), at("data")).unwrap();
        differs("a link above is exchanged");
        fs::write(at("new"), "title = \"B\"\n").unwrap();
        fs::rename(at("new"), at("badges").join("a.toml")).unwrap();
        differs("another file takes the name");
        fs::write(at("badges").join("a.toml"), "title = \"Bb\"\n").unwrap();
        differs("it is written over");
        fs::write(at("badges").join("b.toml"), "").unwrap();
        differs("there is another");
        fs::remove_file(at("badges").join("a.toml")).unwrap();
        differs("one is gone");
        let before = Look::at(&at("badges"));
        fs::write(at("badges").join("notes.txt"), "").unwrap();
        assert_eq!(Look::at(&at("badges")), before, "what is no badge file plays no part");
        fs::remove_dir_all(at("badges")).unwrap();
        differs("the folder is gone");
    }
}
