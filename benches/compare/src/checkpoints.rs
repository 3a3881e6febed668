//! What checkpoints cost: CPU time, and waiting for those who record meanwhile.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::ensure;

use crate::catalog;
use crate::load::{Load, Measured};
use crate::report::{Bar, Figure};
use crate::setting::Setting;
use crate::subject::Subject;

/// The timed part of a run has at least so many.
const LEAST: usize = 3;
/// How often is looked whether there was another one: they are seconds apart.
const LOOKED_EVERY: Duration = Duration::from_millis(5);
/// As much journal as comes to no checkpoint.
const NEVER: &str = "1024GiB";
/// So much journal comes to a checkpoint in a smoke run, which has little.
const SMOKE_EVERY: &str = "256KiB";
/// What documents are changed must not come to a checkpoint by itself, as 128 MiB of them do, also where the journal is
/// never written behind: so there are few users, fewer events than in other runs, and a server of its own for each.
const FEW_USERS: u64 = 50_000;
const FEW_EVENTS: u64 = 700_000;
/// So these make at least three of a quarter of the journal that they write.
const OFTEN: &str = "20MiB";

/// CPU time of checkpoints for each event.
pub(crate) fn cost(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let further: &[_] = if setting.smoke { &["--checkpoint-bytes", SMOKE_EVERY] } else { &[] };
    let laurels = Subject::laurels(&setting.laurels, catalog::THREE, further)?;
    let load = Load { scenario: "stream", events: setting.events(1_600_000), ..Load::default() };
    let mut rounds = Vec::new();
    for round in 0..setting.rounds {
        let (measured, checkpoints) = counted(setting, &laurels, &load)?;
        setting.tell(&format!(
            "round {round}: {checkpoints} checkpoints, {:.2} µs of {:.2} µs an event; {:.2?}",
            measured.checkpoints_us(),
            measured.cpu_us,
            measured.cpu_us_by_thread
        ));
        ensure!(checkpoints >= LEAST, "there were {checkpoints} checkpoints, and {LEAST} are wanted");
        rounds.push(measured.checkpoints_us());
    }
    Ok(vec![Figure::new("checkpoint_us_per_event", Some(Bar::AtMost(3.0)), rounds)])
}

/// The slowest hundredth of calls of a server that makes checkpoints, over one that makes none.
pub(crate) fn waiting(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let often = if setting.smoke { SMOKE_EVERY } else { OFTEN };
    let events = setting.events(FEW_EVENTS);
    let load = Load { in_flight: 64, users: FEW_USERS, events, ..Load::default() };
    let measured = |every| {
        let laurels = Subject::laurels(&setting.laurels, catalog::THREE, &["--checkpoint-bytes", every])?;
        counted(setting, &laurels, &load)
    };
    let mut rounds = Vec::new();
    for round in 0..setting.rounds {
        let (without, never) = measured(NEVER)?;
        let (with, checkpoints) = measured(often)?;
        let (with, without) = (with.latency_us.p99, without.latency_us.p99);
        setting.tell(&format!(
            "round {round}: p99 {with} µs with {checkpoints} checkpoints, {without} µs with {never}"
        ));
        ensure!(checkpoints >= LEAST && never == 0, "there are to be {LEAST} checkpoints, and none");
        rounds.push(with / without);
    }
    Ok(vec![Figure::new("p99_checkpoint_over_none", Some(Bar::AtMost(2.0)), rounds)])
}

/// What was measured, and how many checkpoints there were meanwhile.
fn counted(setting: &Setting, laurels: &Subject, load: &Load) -> anyhow::Result<(Measured, usize)> {
    let seal = laurels.data().join("sled.seal");
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let count = scope.spawn(|| count(seal, &over));
        let measured = load.on(&setting.load, laurels);
        over.store(true, Ordering::Relaxed);
        let checkpoints = count.join().expect("it does not panic");
        Ok((measured?, checkpoints))
    })
}

/// Each checkpoint ends with another seal.
fn count(seal: PathBuf, over: &AtomicBool) -> usize {
    let look = || fs::metadata(&seal).ok().map(|seal| (seal.ino(), seal.mtime(), seal.mtime_nsec()));
    let (mut last, mut checkpoints) = (look(), 0);
    while !over.load(Ordering::Relaxed) {
        thread::sleep(LOOKED_EVERY);
        // It is gone for a moment while the next one takes its place.
        let Some(now) = look() else { continue };
        if last.replace(now) != Some(now) {
            checkpoints += 1;
        }
    }
    checkpoints
}
