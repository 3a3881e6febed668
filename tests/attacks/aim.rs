//! Moments at which a blow is likely to hurt, met by listening to what happens in the data directory.
//!
//! A file is looked for that is there only for the time of one sync. The server is halted: the thread that syncs
//! halts when its call returns, before it does anything else. Then what is on the disk shows whether the moment was
//! met. What becomes of the halted server, whether it is killed there or its disk is copied, is up to the attack.

use std::ffi::CStr;
use std::fs;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rustix::fd::OwnedFd;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;

use crate::failure::{Failure, Result};
use crate::server::Process;

/// A moment that was not met after so long is not waited for any more.
pub(crate) const MET_WITHIN: Duration = Duration::from_secs(4);
/// Between two looks at what has happened.
const LOOK_AGAIN: Duration = Duration::from_micros(20);
/// The times of files are those of the system's last tick.
const TICK: Duration = Duration::from_millis(10);
/// A segment without events: its header is all it has.
const HEADER_BYTES: u64 = 32;

/// What is aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Aim {
    /// Nothing: any moment.
    Random,
    /// While the store is opened, before the server listens.
    Opening,
    /// In a checkpoint, while documents are written to sled, before its seal.
    Checkpoint,
    /// In a checkpoint, while the seal is written.
    Seal,
    /// In a checkpoint, while event ids are written to a run.
    Ids,
    /// When a segment of the journal is begun, before its first event.
    Roll,
    /// While sled writes down what it has recovered.
    Snapshot,
}

impl Aim {
    /// All of them.
    pub(crate) const ALL: [Aim; 7] =
        [Aim::Random, Aim::Opening, Aim::Checkpoint, Aim::Seal, Aim::Ids, Aim::Roll, Aim::Snapshot];
    /// Those that are met while a server runs.
    pub(crate) const RUNNING: [Aim; 5] = [Aim::Random, Aim::Checkpoint, Aim::Seal, Aim::Ids, Aim::Roll];

    /// What it is called in a report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Aim::Random => "any moment",
            Aim::Opening => "opening",
            Aim::Checkpoint => "checkpoint",
            Aim::Seal => "seal",
            Aim::Ids => "event ids",
            Aim::Roll => "segment roll",
            Aim::Snapshot => "sled's snapshot",
        }
    }

    /// Halts a server at the moment aimed at; says whether it was met. When it has passed before the server halts,
    /// the server goes on, and the next one is waited for, so long.
    pub(crate) fn halt(
        self,
        server: &Process,
        data: &Path,
        since: SystemTime,
        random: Duration,
        within: Duration,
    ) -> Result<bool> {
        let until = Instant::now() + within;
        loop {
            self.wait(data, random, until)?;
            server.halt()?;
            let met = self.met(data, since);
            if met || Instant::now() >= until {
                return Ok(met);
            }
            server.go_on()?;
        }
    }

    fn wait(self, data: &Path, random: Duration, until: Instant) -> Result<()> {
        match self {
            Aim::Random | Aim::Opening => std::thread::sleep(random),
            Aim::Checkpoint => {
                wait_for(&data.join("sled"), |name| name == "db", until)?;
                // Somewhere within, and not always at its beginning.
                std::thread::sleep(random / 50);
            }
            Aim::Seal => wait_for(data, is_seal, until)?,
            Aim::Ids => wait_for(&data.join("ids"), is_unfinished, until)?,
            Aim::Roll => wait_for(&data.join("journal"), |name| name.ends_with(".log"), until)?,
            Aim::Snapshot => wait_for(&data.join("sled"), is_snapshot, until)?,
        }
        Ok(())
    }

    /// Whether what is left shows that the moment was met, by a server that was started after this time.
    fn met(self, data: &Path, since: SystemTime) -> bool {
        let new_in = |directory: &Path, names: fn(&str) -> bool| {
            files(directory).iter().any(|path| names(&name(path)) && changed(path) >= Some(since - TICK))
        };
        match self {
            Aim::Random | Aim::Opening => true,
            Aim::Checkpoint => {
                let written = changed(&data.join("sled/db"));
                written > Some(since) && written > changed(&data.join("sled.seal")).map(|seal| seal + TICK)
            }
            Aim::Seal => new_in(data, is_seal),
            Aim::Ids => new_in(&data.join("ids"), is_unfinished),
            Aim::Roll => {
                let logs =
                    files(&data.join("journal")).into_iter().filter(|path| name(path).ends_with(".log"));
                let last = logs.max().and_then(|last| fs::metadata(last).ok());
                last.is_some_and(|last| last.len() <= HEADER_BYTES)
            }
            Aim::Snapshot => unfinished_snapshot(data).is_some(),
        }
    }
}

/// The time, as it is noted with files.
#[expect(
    clippy::disallowed_methods,
    reason = "files have the system's time, and no other can be compared with it"
)]
pub(crate) fn time_of_files() -> SystemTime {
    SystemTime::now()
}

/// A snapshot that sled has begun and not finished.
pub(crate) fn unfinished_snapshot(data: &Path) -> Option<PathBuf> {
    files(&data.join("sled")).into_iter().find(|path| is_snapshot(&name(path)))
}

/// Leaves a snapshot of sled half-written: the one that was begun, or else one made from the last. Says whether
/// there was anything to make it from.
pub(crate) fn halve_snapshot(data: &Path) -> Result<bool> {
    let whole = |path: &PathBuf| name(path).starts_with("snap.");
    let begun = unfinished_snapshot(data).or_else(|| files(&data.join("sled")).into_iter().find(whole));
    let Some(begun) = begun else { return Ok(false) };
    let failed = |error| Failure::of_attack(format!("halve {}", begun.display()), error);
    let bytes = fs::read(&begun).map_err(failed)?;
    let left = begun.with_extension(format!("{}.generating", extension(&begun)));
    fs::write(if is_snapshot(&name(&begun)) { &begun } else { &left }, &bytes[..bytes.len() / 2])
        .map_err(failed)?;
    Ok(true)
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().into_owned()).unwrap_or_default()
}

fn is_seal(name: &str) -> bool {
    name == "sled.unfinished"
}

fn is_unfinished(name: &str) -> bool {
    name.ends_with(".unfinished")
}

fn is_snapshot(name: &str) -> bool {
    name.starts_with("snap.") && name.ends_with(".generating")
}

/// The files in a directory; none where there is no directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// Waits until something happens to a file whose name is looked for.
fn wait_for(directory: &Path, names: impl Fn(&str) -> bool, until: Instant) -> Result<()> {
    let failed = |error| Failure::of_attack(format!("listen to {}", directory.display()), error);
    let listening = listen(directory).map_err(failed)?;
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut heard = inotify::Reader::new(&listening, &mut buffer);
    while Instant::now() < until {
        match heard.next() {
            Ok(event) => {
                if event.file_name().and_then(|name: &CStr| name.to_str().ok()).is_some_and(&names) {
                    return Ok(());
                }
            }
            Err(Errno::WOULDBLOCK) => std::thread::sleep(LOOK_AGAIN),
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}

fn listen(directory: &Path) -> std::result::Result<OwnedFd, Errno> {
    let listening = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
    inotify::add_watch(&listening, directory, WatchFlags::CREATE | WatchFlags::MODIFY)?;
    Ok(listening)
}
