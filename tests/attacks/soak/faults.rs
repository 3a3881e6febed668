//! What goes wrong, every few seconds.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fastrand::Rng;
use laurels_client::{Client, ErrorReason};
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use tokio::runtime::Handle;

use crate::arena::Rig;
use crate::failure::{Failure, Result, hold};
use crate::site::Site;

/// What is left free when the disk is full: less than the store keeps free.
const LEFT_FREE: u64 = 40 << 20;
/// A store notices within so long that its disk is full, or is no longer.
const NOTICED_WITHIN: Duration = Duration::from_secs(30);
/// The longest that a server is stopped for a moment.
const PAUSE_MAX_MS: u64 = 1500;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Killed,
    Terminated,
    SledDamaged,
    IdsRemoved,
    Paused,
    ConnectionsCut,
    DiskFull,
}

impl Fault {
    /// Those that end the process.
    const ENDING: [Fault; 4] = [Fault::Killed, Fault::Terminated, Fault::SledDamaged, Fault::IdsRemoved];
    /// Those that do not.
    const PASSING: [Fault; 3] = [Fault::Paused, Fault::ConnectionsCut, Fault::DiskFull];

    fn name(self) -> &'static str {
        match self {
            Fault::Killed => "killed",
            Fault::Terminated => "terminated",
            Fault::SledDamaged => "sled damaged",
            Fault::IdsRemoved => "event ids removed",
            Fault::Paused => "paused",
            Fault::ConnectionsCut => "connections cut",
            Fault::DiskFull => "disk full",
        }
    }
}

/// Gives every fault its turn.
pub(super) struct Faults {
    rng: Rng,
    /// The file system that can be filled.
    volume: Option<PathBuf>,
    next: Vec<Fault>,
    done: BTreeMap<Fault, u64>,
    lives: u64,
}

impl Faults {
    pub(super) fn new(rng: Rng, volume: Option<PathBuf>) -> Faults {
        Faults { rng, volume, next: Vec::new(), done: BTreeMap::new(), lives: 1 }
    }

    /// How many processes there were.
    pub(super) fn lives(&self) -> u64 {
        self.lives
    }

    pub(super) fn count(&self) -> u64 {
        self.done.values().sum()
    }

    pub(super) fn line(&self) -> String {
        let done: Vec<_> =
            self.done.iter().map(|(fault, count)| format!("{count} {}", fault.name())).collect();
        format!("{} faults: {}", self.count(), done.join(", "))
    }

    /// Does what is next; one that ends the process only where that may be.
    pub(super) fn strike(&mut self, rig: &mut Rig, runtime: &Handle, may_end: bool) -> Result<()> {
        if self.next.is_empty() {
            self.next = [Fault::ENDING.as_slice(), &Fault::PASSING].concat();
            self.rng.shuffle(&mut self.next);
        }
        let full_is_possible = self.volume.is_some();
        self.next.retain(|fault| {
            (may_end || !Fault::ENDING.contains(fault)) && (full_is_possible || *fault != Fault::DiskFull)
        });
        let Some(fault) = self.next.pop() else { return Ok(()) };
        match fault {
            Fault::Killed => self.restart_after(rig, Rig::kill, |_, _| Ok(()))?,
            Fault::Terminated => self.restart_after(rig, Rig::stop, |_, _| Ok(()))?,
            Fault::SledDamaged => self.restart_after(rig, Rig::kill, damage_sled)?,
            Fault::IdsRemoved => self.restart_after(rig, Rig::kill, |_, data| remove_ids(data))?,
            Fault::Paused => {
                let process = rig.running()?.process();
                process.halt()?;
                std::thread::sleep(Duration::from_millis(self.rng.u64(50..PAUSE_MAX_MS)));
                process.go_on()?;
            }
            Fault::ConnectionsCut => rig.door.cut(),
            Fault::DiskFull => {
                let volume = self.volume.clone().expect("it was asked for");
                fill(&volume, &rig.url(), runtime, self.count())?;
            }
        }
        *self.done.entry(fault).or_default() += 1;
        Ok(())
    }

    fn restart_after(
        &mut self,
        rig: &mut Rig,
        end: impl FnOnce(&mut Rig) -> Result<()>,
        damage: impl FnOnce(&mut Rng, &Path) -> Result<()>,
    ) -> Result<()> {
        end(rig)?;
        damage(&mut self.rng, &rig.data)?;
        self.lives += 1;
        rig.start()
    }
}

/// Cuts, zeroes or flips a bit of one of sled's files.
fn damage_sled(rng: &mut Rng, data: &Path) -> Result<()> {
    let failed = |error| Failure::of_attack("damage sled", error);
    let entries = fs::read_dir(data.join("sled")).map_err(failed)?;
    let mut files: Vec<_> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file()).collect();
    files.sort_unstable();
    let Some(path) = rng.choice(&files) else { return Ok(()) };
    let file = File::options().read(true).write(true).open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    if size == 0 {
        return Ok(());
    }
    let at = rng.u64(..size);
    let damaged = match rng.u32(..3) {
        0 => file.set_len(at),
        1 => file.write_all_at(&vec![0; usize::min(64 << 10, (size - at) as usize)], at),
        _ => {
            let mut byte = [0];
            file.read_exact_at(&mut byte, at)
                .and_then(|()| file.write_all_at(&[byte[0] ^ 1 << rng.u32(..8)], at))
        }
    };
    damaged.map_err(failed)
}

fn remove_ids(data: &Path) -> Result<()> {
    fs::remove_dir_all(data.join("ids")).map_err(|error| Failure::of_attack("remove event ids", error))
}

/// Fills the disk; events are refused and reading goes on, until there is room again.
fn fill(volume: &Path, url: &str, runtime: &Handle, number: u64) -> Result<()> {
    let failed = |error: rustix::io::Errno| Failure::of_attack("fill the disk", error);
    let room = statvfs(volume).map_err(failed)?;
    let bytes = (room.f_bavail * room.f_frsize).saturating_sub(LEFT_FREE);
    let ballast = volume.join("ballast");
    let file = File::create(&ballast).map_err(|error| Failure::of_attack("fill the disk", error))?;
    let filled = fallocate(&file, FallocateFlags::empty(), 0, bytes).map_err(failed);
    let refused = filled.and_then(|()| runtime.block_on(refuses(url, true, number)));
    fs::remove_file(&ballast).map_err(|error| Failure::of_attack("empty the disk", error))?;
    drop(file);
    refused?;
    runtime.block_on(refuses(url, false, number))
}

/// Waits until events are refused, or are not; meanwhile reading goes on.
async fn refuses(url: &str, full: bool, number: u64) -> Result<()> {
    let client = Client::lazy(url).map_err(|error| Failure::of_attack("make a client", error))?;
    let until = Instant::now() + NOTICED_WITHIN;
    for attempt in 0.. {
        let read = client.badges(Site::user(0)).await;
        hold(read.is_ok(), "where writing is refused reading goes on", || format!("{read:?}"))?;
        let event = Site::probe(format!("full-{number}-{full}-{attempt}"));
        let refused = match client.record(event).await {
            Ok(_) => false,
            Err(error) if error.reason() == Some(ErrorReason::StoreReadOnly) => {
                hold(error.retry_after().is_some(), "a refusal says when to try again", || {
                    error.to_string()
                })?;
                true
            }
            Err(error) => return Err(Failure::new("a full disk is told as such", error.to_string())),
        };
        if refused == full {
            return Ok(());
        }
        if Instant::now() > until {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let wanted = if full { "refused on a full disk" } else { "taken again when there is room" };
    Err(Failure::new(format!("events are {wanted}"), format!("not so after {NOTICED_WITHIN:?}")))
}
