//! Power cuts, at block level: what is on the device at one moment is all there is.
//!
//! The store is on an ext4 file system in a file, on a loop device. The server is halted under load, the file is
//! copied as the device holds it, and the server goes on. The copy is mounted, so that ext4 replays its journal, and
//! opened by another server; it must keep everything that had been acknowledged. What nobody synced is in the
//! system's memory only, and not in the copy: a file that is written right before each cut shows that it is lost.
//!
//! Mounted so that ext4 does nothing of its own accord, and cut in one of three ways ([`Cruelty`]). Some copies are cut
//! again while a server recovers them.

mod backup;
mod device;

use std::path::Path;
use std::time::Duration;

use clap::Args;
use fastrand::Rng;

use crate::aim::{Aim, MET_WITHIN, time_of_files};
use crate::arena::{Arena, Rig};
use crate::check::{Kept, Known, check, check_that_it_works};
use crate::crash::finish;
use crate::failure::{Failure, Result, hold};
use crate::load::Clients;
use crate::server::Sizes;
use crate::site::Site;
use crate::volume::{self, Volume};
use crate::watchers::Watchers;
use backup::Backup;
use device::{Control, Cruelty, copy};

/// Set to 1 it lets this attack pass where no file system can be mounted, untried.
const EXCUSE: &str = "LAURELS_WITHOUT_LOOP";
/// Cuts of one store; then another is made, so that its making is cut too.
const ROUND: usize = 10;
/// Clients at a time.
const CLIENTS: usize = 6;
/// Events a second of all clients. Each cut checks all there are.
const PER_SECOND: f64 = 500.0;
/// So small that each happens several times a second.
const SIZES: Sizes =
    Sizes { segment_bytes: 32 << 10, checkpoint_bytes: 32 << 10, cache_bytes: laurels::store::CACHE_BYTES };
/// The file system: what the store keeps free, and some more.
const VOLUME_BYTES: u64 = 320 << 20;
/// No data before metadata, none at a rename, and nothing written down by itself for minutes.
const MOUNT_OPTIONS: &str = "data=writeback,noauto_da_alloc,commit=300";
/// The longest wait before a cut at any moment.
const RANDOM_MAX: Duration = Duration::from_millis(150);
/// A server works off so many events before the power is cut again.
const WORK_MIN: u64 = 20;
/// So often, of so many cuts, a backup is being taken.
const BACKUP_ONE_OF: u32 = 3;
/// One copy of so many is cut again while it is recovered.
const CUT_AGAIN_ONE_OF: u32 = 3;

/// Cut the power under load, again and again: needs root and loop devices
#[derive(Debug, Args)]
pub(crate) struct Power {
    /// How often
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    cuts: u64,
}

/// What was done, and found.
#[derive(Debug, Default)]
struct Score {
    cuts: u64,
    creations: u64,
    recoveries: u64,
    /// Cuts at a moment that was aimed at, and met.
    aimed: u64,
    /// Cuts before which something was written and not synced, and those that lost it.
    controls: u64,
    lost: u64,
    /// Cuts while a backup was taken or had just been, and files with its name that were whole afterwards.
    backups: u64,
    whole: u64,
    kept: Kept,
}

impl Power {
    /// Makes the attack; says in one line what it was.
    pub(crate) fn run(&self, arena: &Arena) -> Result<String> {
        if let Some(reason) = volume::cannot(arena.directory()) {
            return without(&reason);
        }
        let (mut score, mut rng) = (Score::default(), arena.rng());
        while score.cuts < self.cuts {
            let directory = arena.directory().join(format!("store-{}", score.cuts));
            let cuts = usize::min(ROUND, (self.cuts - score.cuts) as usize);
            one_store(arena, &directory, cuts, rng.u64(..), &mut score)?;
            println!("{}", score.line());
            let cleared = std::fs::remove_dir_all(&directory);
            cleared.map_err(|error| Failure::of_attack("clear away a store", error))?;
        }
        if score.lost * 2 <= score.controls {
            let seen = format!("of {} files that were not synced, {} were lost", score.controls, score.lost);
            return Err(Failure::of_attack("lose what was not synced", seen));
        }
        Ok(score.line())
    }
}

/// Fails for this reason, unless that is excused.
fn without(reason: &str) -> Result<String> {
    match std::env::var(EXCUSE).is_ok_and(|value| value == "1") {
        true => {
            let line = format!("POWER CUTS WERE NOT TRIED, as {EXCUSE}=1 allows: {reason}");
            eprintln!("{}\n{line}\n{}", "#".repeat(line.len()), "#".repeat(line.len()));
            Ok(format!("nothing; {line}"))
        }
        false => Err(Failure::of_attack(
            "cut the power",
            format!(
                "{reason}; run it as root where loop devices are allowed, or go without it by {EXCUSE}=1"
            ),
        )),
    }
}

impl Score {
    fn line(&self) -> String {
        format!(
            "{} cuts: {} while a store was made, {} while one was recovered, {} at moments aimed at and met; of {} files that were not synced {} were lost; {} while a backup was taken, of which {} left a whole one; in all that was left, {} acknowledged events of {} kept, {} awards, told {} times",
            self.cuts,
            self.creations,
            self.recoveries,
            self.aimed,
            self.controls,
            self.lost,
            self.backups,
            self.whole,
            self.kept.acknowledged,
            self.kept.events,
            self.kept.awards,
            self.kept.told
        )
    }
}

/// A store from its making on, cut so often; at the end it is checked itself.
fn one_store(arena: &Arena, directory: &Path, cuts: usize, seed: u64, score: &mut Score) -> Result<()> {
    let site = Site { seed, users: 24, places: 50, days: 60, challenges: 50 };
    let mut rig = Rig::new(arena, directory, site, SIZES)?;
    let volume =
        Volume::make(&directory.join("image"), VOLUME_BYTES, &directory.join("volume"), MOUNT_OPTIONS)?;
    rig.data = volume.root.join("data");
    let mut store = Store { arena, directory, rng: Rng::with_seed(seed), volume, rig, score };
    store.cut_creation()?;
    store.rig.start()?;
    let mut clients = Clients::start(arena.runtime(), &store.rig.url(), site, CLIENTS, PER_SECOND);
    let mut watchers = Watchers::start(arena.runtime(), &store.rig.url(), site);
    for _ in 1..cuts {
        arena.go_on()?;
        store.cut_running(&mut clients, &mut watchers)?;
    }
    let known = finish(arena, &mut store.rig, &mut clients, &mut watchers)?;
    check(arena.runtime(), &store.rig.setup, &store.rig.data, directory, &known)?;
    store.volume.unmount()
}

struct Store<'a> {
    arena: &'a Arena,
    directory: &'a Path,
    rng: Rng,
    volume: Volume,
    rig: Rig,
    score: &'a mut Score,
}

impl Store<'_> {
    /// Cuts the power while the store is made for the first time: nothing is known of it, and it must open.
    fn cut_creation(&mut self) -> Result<()> {
        let opening = self.rig.launch()?;
        std::thread::sleep(self.rig.opened_in.mul_f64(self.rng.f64()));
        opening.process().halt()?;
        let image = self.cut(None)?.0;
        opening.kill()?;
        self.score.creations += 1;
        self.look_at(&image, |store, data| {
            check_that_it_works(store.arena.runtime(), &store.rig.setup, data).map(|()| Kept::default())
        })
    }

    /// Cuts the power under load, at some moment or one aimed at, and checks what is left against what is known.
    fn cut_running(&mut self, clients: &mut Clients, watchers: &mut Watchers) -> Result<()> {
        let (runtime, since) = (self.arena.runtime().clone(), time_of_files());
        let until = clients.answered() + WORK_MIN;
        while clients.answered() < until {
            self.arena.go_on()?;
            clients.check(&runtime)?;
            watchers.check(&runtime)?;
            std::thread::sleep(Duration::from_millis(1));
        }
        let aim = *self.rng.choice(&Aim::RUNNING).expect("there are some");
        let control = Control::write(&self.volume.root, &mut self.rng)?;
        let program = self.rig.setup.program.clone();
        let (server, address) = (self.rig.running()?.process(), self.rig.running()?.address);
        let mut backup = match self.rng.u32(..BACKUP_ONE_OF) {
            0 => Some(Backup::begin(&program, address, &self.volume.root)?),
            _ => None,
        };
        let moment = RANDOM_MAX.mul_f64(self.rng.f64());
        let met = aim.halt(&server, &self.rig.data, since, moment, MET_WITHIN)?;
        self.score.aimed += u64::from(met && aim != Aim::Random);
        backup.as_mut().map_or(Ok(()), Backup::halt)?;
        let image = self.cut(Some(&control));
        // Whatever the clients know now was said before the server was halted.
        let ledgers = clients.ledgers.iter().map(|ledger| ledger.copy()).collect();
        let known = Known { site: self.rig.site, ledgers, told: watchers.told() };
        server.go_on()?;
        let taken = backup.map(Backup::end).transpose()?;
        let (image, cruelty) = image?;
        let look = |store: &mut Self, data: &Path| {
            if let Some(taken) = taken {
                let root = data.parent().expect("data are in the root of the file system");
                store.score.backups += 1;
                store.score.whole += u64::from(backup::look_at(&program, root, store.directory, taken)?);
            }
            check(&runtime, &store.rig.setup, data, store.directory, &known)
        };
        self.look_at(&image, look)
            .map_err(|failure| failure.within(format!("after a cut at {aim:?}, {cruelty:?}")))
    }

    /// What the device holds now, in a file of its own. The server is halted.
    fn cut(&mut self, control: Option<&Control>) -> Result<(std::path::PathBuf, Cruelty)> {
        let cruelty = Cruelty::any(&mut self.rng);
        cruelty.act(&self.volume.root, &self.rig.data, &mut self.rng)?;
        let image = self.directory.join("cut");
        copy(&self.volume.image, &image)?;
        self.score.cuts += 1;
        if let Some(control) = control {
            let cut = Volume::mount(&self.scratch(&image)?, &self.directory.join("control"), MOUNT_OPTIONS)?;
            self.score.controls += 1;
            self.score.lost += u64::from(control.is_lost(&cut.root));
            cut.unmount()?;
        }
        Ok((image, cruelty))
    }

    /// Mounts what was left and looks at it; sometimes after the power was cut while it was recovered.
    fn look_at(&mut self, image: &Path, look: impl FnOnce(&mut Self, &Path) -> Result<Kept>) -> Result<()> {
        let root = self.directory.join("left");
        let mut left = Volume::mount(image, &root, MOUNT_OPTIONS)?;
        if self.rng.u32(..CUT_AGAIN_ONE_OF) == 0 {
            let opening = self.rig.setup.launch(&root.join("data"))?;
            std::thread::sleep(self.rig.opened_in.mul_f64(self.rng.f64()));
            opening.process().halt()?;
            Cruelty::any(&mut self.rng).act(&root, &root.join("data"), &mut self.rng)?;
            let again = self.directory.join("cut-again");
            copy(image, &again)?;
            opening.kill()?;
            left.unmount()?;
            left = Volume::mount(&again, &root, MOUNT_OPTIONS)?;
            self.score.recoveries += 1;
        }
        let kept = look(self, &root.join("data"))?;
        hold(kept.events >= kept.acknowledged, "what is acknowledged is kept", || format!("{kept:?}"))?;
        self.score.kept = self.score.kept + kept;
        left.unmount()
    }

    /// A copy of an image that may be mounted and thrown away.
    fn scratch(&self, image: &Path) -> Result<std::path::PathBuf> {
        let scratch = self.directory.join("cut-for-control");
        copy(image, &scratch)?;
        Ok(scratch)
    }
}
