//! How much room the disk has left: writes are refused before there is none.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::disk::Disk;
use super::{Error, Options};

/// The disk is asked again after so many bytes, however short a time they took.
const ASKED_EVERY_BYTES: u64 = 8 << 20;

/// Watches the room on one disk.
pub(super) struct Room {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    options: Options,
    known: Mutex<Option<Known>>,
}

struct Known {
    /// By the time that the threads have.
    asked: Duration,
    free: u64,
    taken: u64,
}

impl Room {
    pub(super) fn new(directory: PathBuf, options: &Options) -> Room {
        Room { disk: options.disk.clone(), directory, options: options.clone(), known: Mutex::new(None) }
    }

    /// Refuses where so many bytes would leave too little room: here, or in a directory that may be on a disk of
    /// its own.
    pub(super) fn check(&self, directory: &Path, bytes: u64) -> Result<(), Error> {
        let here = self.ask()?;
        // One that is not there yet will be on this disk.
        let there = self.disk.free_bytes(directory).unwrap_or(u64::MAX);
        self.enough(&Known { free: here.free.min(there), ..here }, bytes)
    }

    /// Takes room for so many bytes, or refuses to.
    pub(super) fn take(&self, bytes: u64) -> Result<(), Error> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |known: &Known| {
            known.taken < ASKED_EVERY_BYTES
                && self.options.threads.elapsed() - known.asked < self.options.free_asked_every
        };
        let known = match known.take_if(|known| fresh(known)) {
            Some(fresh) => known.insert(fresh),
            None => known.insert(self.ask()?),
        };
        self.enough(known, bytes)?;
        known.taken += bytes;
        Ok(())
    }

    fn enough(&self, known: &Known, bytes: u64) -> Result<(), Error> {
        let least = self.options.free_min_bytes;
        if known.free < least.saturating_add(known.taken).saturating_add(bytes) {
            return Err(Error::ReadOnly {
                reason: format!(
                    "the disk has {} bytes left, and {least} are kept free; make room, and writing goes on by itself",
                    known.free.saturating_sub(known.taken)
                ),
            });
        }
        Ok(())
    }

    fn ask(&self) -> Result<Known, Error> {
        let action = || format!("ask how much room {} has", self.directory.display());
        let free = self.disk.free_bytes(&self.directory).map_err(|source| Error::io(action(), source))?;
        Ok(Known { asked: self.options.threads.elapsed(), free, taken: 0 })
    }
}
