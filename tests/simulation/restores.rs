//! Now and then a site moves to another machine: by a backup of all there is, which is restored there. Whoever sent,
//! listened or was given something goes on as if nothing had happened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use laurels::store::{self, Embedded, Options, Store, Until};

use crate::platter::State;
use crate::process::directory;
use crate::schedule::broken;
use crate::world::World;

impl World {
    /// Takes a backup of a store that is open, and goes on with what is restored of it, on an empty disk.
    pub(crate) fn move_by_backup(&mut self, store: Arc<Embedded>) {
        let head = self.history.head();
        self.platter.state().faults.suspended = true;
        self.platter.state().dies_at = None;
        let backup = store.backup(Until::Head).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let backup = backup.unwrap_or_else(|error| broken("a backup can be taken", error)).concat();
        drop(store);
        self.bury();
        self.platter.state().wipe();
        let options = Options { new_timeline: self.dice.u64(1..), ..self.options() };
        let restored = store::restore(backup.as_slice(), "the backup", directory(), Until::Head, &options);
        let contents = restored.unwrap_or_else(|error| broken("a backup can be restored", error));
        if contents.last != head {
            broken("a backup has all there is", format!("{contents:?}, and not up to {head:?}"));
        }
        self.bury();
        self.platter.state().faults.suspended = false;
        self.count(|report| report.restores += 1);
    }
}

impl State {
    /// The disk is a new one.
    fn wipe(&mut self) {
        self.names.clear();
        self.durable_names.clear();
        self.unsynced_names.clear();
        self.trees.clear();
        self.directories.retain(|path| path == Path::new("/"));
        self.durable_directories = self.directories.clone();
        self.locked = false;
    }

    /// A directory gets another name, with all that is in it. Whether that is durable is for other suites: here nobody
    /// dies over it.
    pub(crate) fn rename_directory(&mut self, from: &Path, to: &Path) {
        let moved = |path: &PathBuf| match path.strip_prefix(from) {
            Ok(rest) if rest == Path::new("") => to.to_owned(),
            Ok(rest) => to.join(rest),
            Err(_) => path.clone(),
        };
        for names in [&mut self.names, &mut self.durable_names] {
            *names = names.iter().map(|(path, inode)| (moved(path), *inode)).collect();
        }
        for naming in &mut self.unsynced_names {
            naming.directory = moved(&naming.directory);
            naming.gone = naming.gone.as_ref().map(moved);
            naming.there = naming.there.as_ref().map(|(path, inode)| (moved(path), *inode));
        }
        for directories in [&mut self.directories, &mut self.durable_directories] {
            *directories = directories.iter().map(moved).collect();
        }
        let trees = std::mem::take(&mut self.trees);
        self.trees = trees.into_iter().map(|(path, tree)| (moved(&path), tree)).collect();
    }
}
