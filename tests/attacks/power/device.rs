//! What a device holds when the power goes: how it may have come to hold just that, and a copy of it.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use fastrand::Rng;
use rustix::fs::{Advice, fadvise};

use crate::failure::{Failure, Result};

/// A device that changes all the time while nobody writes is none.
const COPIES_MAX: u32 = 50;
/// Pages that were sent on their way get there within this, most of them. Those that do not are lost.
const ON_THEIR_WAY: Duration = Duration::from_millis(20);
/// How long the file is that shows what is lost.
const CONTROL_BYTES: usize = 256 << 10;
/// A page of memory, which is written whole.
const PAGE_BYTES: u64 = 4096;

/// How the system had treated what nobody had synced, when the power was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cruelty {
    /// It had written none of it.
    NothingMore,
    /// It had written some pages of some files, in no order.
    SomePages,
    /// It had written all names, sizes and renames, and no contents.
    NamesFirst,
}

impl Cruelty {
    pub(super) fn any(rng: &mut Rng) -> Cruelty {
        let all = [Cruelty::NothingMore, Cruelty::SomePages, Cruelty::NamesFirst];
        *rng.choice(&all).expect("there are some")
    }

    /// Does it to the files of a halted server.
    pub(super) fn act(self, root: &Path, data: &Path, rng: &mut Rng) -> Result<()> {
        match self {
            Cruelty::NothingMore => Ok(()),
            Cruelty::SomePages => {
                for path in files_below(data) {
                    send_some_pages(&path, rng)?;
                }
                std::thread::sleep(ON_THEIR_WAY);
                Ok(())
            }
            Cruelty::NamesFirst => {
                // ext4 has one transaction under way, with all that happened to names: this file's sync commits it.
                let synced = File::create(root.join("synced")).and_then(|file| file.sync_all());
                synced.map_err(|error| Failure::of_attack("commit what happened to names", error))
            }
        }
    }
}

/// Sends a part of a file on its way to the device. What is clean already stays where it is.
fn send_some_pages(path: &Path, rng: &mut Rng) -> Result<()> {
    let failed =
        |error: std::io::Error| Failure::of_attack(format!("write some of {}", path.display()), error);
    let file = match File::open(path) {
        Ok(file) => file,
        // It went while we were looking.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    let pages = file.metadata().map_err(failed)?.len().div_ceil(PAGE_BYTES);
    for _ in 0..rng.u32(..4) {
        let from = rng.u64(..=pages);
        let length = std::num::NonZeroU64::new(rng.u64(1..=8) * PAGE_BYTES);
        // "Not needed" is how a program has pages written without waiting for them.
        let sent = fadvise(&file, from * PAGE_BYTES, length, Advice::DontNeed);
        sent.map_err(|error| failed(error.into()))?;
    }
    Ok(())
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.path()) {
        match path.is_dir() {
            true => files.extend(files_below(&path)),
            false => files.push(path),
        }
    }
    files.sort_unstable();
    files
}

/// Copies a device as it is at one moment: until nothing has changed under the copy.
pub(super) fn copy(image: &Path, to: &Path) -> Result<()> {
    for _ in 0..COPIES_MAX {
        let copied = Command::new("cp").arg("--sparse=always").arg(image).arg(to).status();
        let copied = copied.map_err(|error| Failure::of_attack("copy a device", error))?;
        let same = Command::new("cmp").arg("--silent").arg(image).arg(to).status();
        if copied.success() && same.map_err(|error| Failure::of_attack("compare devices", error))?.success() {
            return Ok(());
        }
    }
    Err(Failure::of_attack("copy a device", format!("it has changed under each of {COPIES_MAX} copies")))
}

/// A file that is written before a cut and never synced.
pub(super) struct Control {
    name: String,
    contents: Vec<u8>,
}

impl Control {
    pub(super) fn write(root: &Path, rng: &mut Rng) -> Result<Control> {
        let mut contents = vec![0; CONTROL_BYTES];
        rng.fill(&mut contents);
        let name = format!("control-{:016x}", rng.u64(..));
        let written = File::create(root.join(&name)).and_then(|file| file.write_all_at(&contents, 0));
        written.map_err(|error| Failure::of_attack("write what is not synced", error))?;
        Ok(Control { name, contents })
    }

    /// Whether not all of it is there.
    pub(super) fn is_lost(&self, root: &Path) -> bool {
        fs::read(root.join(&self.name)).map_or(true, |found| found != self.contents)
    }
}
