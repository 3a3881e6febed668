//! A disk in memory that may do what a real one may do.
//!
//! Of each file it knows what is durable and what was written since, and of each directory which names are. A
//! *power cut* keeps what is durable and any part of the rest: of the unsynced writes a subset, each whole, torn at
//! sectors or torn at a byte, with zeros or garbage where a hole is left; of the unsynced names a subset. A *kill*
//! keeps everything. After either the handles of those who were alive answer nothing but errors, so a thread that
//! still runs changes nothing.
//!
//! A sync that fails behaves as ext4 does: part of what was to be synced is on the disk, and the rest will never be,
//! though it can still be read until the power is cut.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use laurels::store::disk::{Disk, File, Lock};

use crate::faults::PLENTY;
use crate::platter::{Change, Inode, Naming, Platter, State};

/// The disk as one process sees it.
#[derive(Clone)]
pub(crate) struct SimulatedDisk {
    pub(crate) platter: Platter,
    pub(crate) process: u64,
}

impl fmt::Debug for SimulatedDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimulatedDisk")
    }
}

impl SimulatedDisk {
    /// One operation that changes something: others may go first, it may fail, and the process may die over it:
    /// before it, or after.
    fn change<T>(
        &self,
        what: &'static str,
        path: &Path,
        fails: impl FnOnce(&mut State) -> io::Result<()>,
        change: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> io::Result<T> {
        self.take_turns();
        let mut state = self.platter.state();
        let death = state.operation(self.process)?;
        self.platter.turns.note(what, state.operations, || path.display().to_string());
        if let Some(death) = death {
            if state.dice.bool() {
                let _ = change(&mut state);
            }
            state.die(death);
            return Err(io::Error::other("the process is dead"));
        }
        fails(&mut state)?;
        change(&mut state)
    }

    fn take_turns(&self) {
        let slow = self.platter.state().faults.slow;
        for _ in 0..slow {
            self.platter.turns.pass();
        }
        self.platter.turns.turn();
    }

    /// Something that changes nothing and gives no turn away.
    fn look<T>(&self, look: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.platter.state();
        if state.dead || state_is_of_another(&state, self.process) {
            return Err(io::Error::other("the process is dead"));
        }
        look(&mut state)
    }

    fn file(&self, path: &Path, inode: usize) -> Arc<dyn File> {
        Arc::new(SimulatedFile { disk: self.clone(), path: path.to_owned(), inode })
    }
}

fn state_is_of_another(state: &State, process: u64) -> bool {
    state.process != process
}

impl Disk for SimulatedDisk {
    // The journal opens files under the lock of a cache: no turn is given away here.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let inode = self.look(|state| {
            state.fails_now("open", path)?;
            state.inode(path)
        })?;
        Ok(self.file(path, inode))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let inode = self.change(
            "create",
            path,
            |state| state.fails_now("create", path),
            |state| {
                if let Some(inode) = state.names.get(path).copied() {
                    state.inodes[inode].change(Change::Truncate(0));
                    return Ok(inode);
                }
                let inode = state.inodes.len();
                state.inodes.push(Inode::default());
                let directory = parent(path);
                state.name(Naming { directory, gone: None, there: Some((path.to_owned(), inode)) });
                Ok(inode)
            },
        )?;
        Ok(self.file(path, inode))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        self.look(|state| {
            if !state.directories.contains(directory) {
                return Err(io::ErrorKind::NotFound.into());
            }
            let inside = state.names.keys().filter(|path| path.parent() == Some(directory));
            Ok(inside.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
        })
    }

    fn create_directory(&self, directory: &Path) -> io::Result<()> {
        let fails = |state: &mut State| state.fails_now("create", directory);
        self.change("mkdir", directory, fails, |state| {
            state.directories.extend(directory.ancestors().map(Path::to_owned));
            Ok(())
        })
    }

    fn lock(&self, _path: &Path) -> io::Result<Option<Lock>> {
        self.look(|state| {
            if std::mem::replace(&mut state.locked, true) {
                return Ok(None);
            }
            let held: Lock = Box::new(Held(self.clone()));
            Ok(Some(held))
        })
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let fails = |state: &mut State| state.fails_now("rename", from);
        self.change("rename", to, fails, |state| {
            if state.directories.contains(from) {
                state.rename_directory(from, to);
                return Ok(());
            }
            let inode = state.inode(from)?;
            let directory = parent(to);
            state.name(Naming {
                directory,
                gone: Some(from.to_owned()),
                there: Some((to.to_owned(), inode)),
            });
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let fails = |state: &mut State| state.fails_now("remove", path);
        self.change("remove", path, fails, |state| {
            state.inode(path)?;
            state.name(Naming { directory: parent(path), gone: Some(path.to_owned()), there: None });
            Ok(())
        })
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        let fails = |state: &mut State| state.fails_now("sync", directory);
        self.change("sync names", directory, fails, |state| {
            if state.lies(directory) {
                return Ok(());
            }
            let children: Vec<_> =
                state.directories.iter().filter(|path| path.parent() == Some(directory)).cloned().collect();
            state.durable_directories.extend(children);
            for naming in std::mem::take(&mut state.unsynced_names) {
                match naming.directory == directory {
                    true => naming.apply(&mut state.durable_names),
                    false => state.unsynced_names.push(naming),
                }
            }
            Ok(())
        })
    }

    fn free_bytes(&self, _directory: &Path) -> io::Result<u64> {
        self.look(|state| {
            if state.faults.suspended {
                return Ok(PLENTY);
            }
            if state.faults.free < PLENTY {
                *state.happened.errors.entry("room").or_default() += 1;
            }
            Ok(state.faults.free)
        })
    }
}

fn parent(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("/")).to_owned()
}

struct Held(SimulatedDisk);

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.0.platter.state();
        if !state_is_of_another(&state, self.0.process) {
            state.locked = false;
        }
    }
}

struct SimulatedFile {
    disk: SimulatedDisk,
    path: PathBuf,
    inode: usize,
}

impl File for SimulatedFile {
    fn size(&self) -> io::Result<u64> {
        self.disk.look(|state| Ok(state.inodes[self.inode].now.len() as u64))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.disk.take_turns();
        self.disk.look(|state| {
            self.disk.platter.turns.note("read", offset, || self.path.display().to_string());
            state.fails_now("read", &self.path)?;
            let begin = usize::try_from(offset).map_err(io::Error::other)?;
            let bytes = state.inodes[self.inode].now.get(begin..begin + buffer.len());
            buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let at = usize::try_from(offset).map_err(io::Error::other)?;
        let write = |state: &mut State, bytes: &[u8]| {
            state.inodes[self.inode].change(Change::Write(at, bytes.to_vec()));
        };
        let fails = |state: &mut State| {
            // A write that fails may have gone half-way.
            state.fails_now("write", &self.path).inspect_err(|_| {
                let most = bytes.len().saturating_sub(1);
                let done = state.dice.usize(..=most);
                write(state, &bytes[..done]);
            })?;
            state.takes_room(bytes.len()).map_err(|(room, error)| {
                write(state, &bytes[..room]);
                error
            })
        };
        self.disk.change("write", &self.path, fails, |state| {
            // Who dies over a write may have written part of it.
            let part = match state.dies() {
                true => state.dice.usize(..=bytes.len()),
                false => bytes.len(),
            };
            write(state, &bytes[..part]);
            Ok(())
        })
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        let size = usize::try_from(size).map_err(io::Error::other)?;
        let fails = |state: &mut State| state.fails_now("truncate", &self.path);
        self.disk.change("truncate", &self.path, fails, |state| {
            state.inodes[self.inode].change(Change::Truncate(size));
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        let fails = |state: &mut State| {
            state.fails_now("sync", &self.path).inspect_err(|_| {
                let State { inodes, dice, .. } = state;
                inodes[self.inode].fail_to_sync(dice);
            })
        };
        self.disk.change("sync", &self.path, fails, |state| {
            match (state.lies(&self.path), state.faults.late) {
                (true, _) => {}
                (false, true) => state.inodes[self.inode].sync_late(),
                (false, false) => state.inodes[self.inode].sync(),
            }
            Ok(())
        })
    }
}
