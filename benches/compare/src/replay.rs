//! How fast a server starts that was not stopped: it makes its documents again from the journal's tail.
//!
//! The tail is about as long as it gets, the bytes of journal between two checkpoints. Its events are Zipf's, and the
//! documents they change are in sled already, whose files the system has in memory. What a start takes that has
//! nothing to make again is taken off.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::catalog;
use crate::load::Load;
use crate::report::{Bar, Figure};
use crate::setting::Setting;
use crate::subject::{Subject, TICK};

/// Events before, which are written behind.
const BEFORE: u64 = 1_000_000;
/// Events of the tail.
const TAIL: u64 = 400_000;
/// Enough that nothing of the tail is written behind before the end.
const CHECKPOINT: &[&str] = &["--checkpoint-bytes", "1GiB"];

/// Events that a server makes its documents from again in a second of CPU time.
pub(crate) fn measure(setting: &Setting) -> anyhow::Result<Vec<Figure>> {
    let (before, tail) = (setting.events(BEFORE), setting.events(TAIL));
    let mut laurels = Subject::laurels(&setting.laurels, catalog::THREE, &[])?;
    let load = |events| Load { scenario: "stream", events, warm_up: 0, ..Load::default() };
    load(before).on(&setting.load, &laurels)?;
    let mut rounds = Vec::new();
    for round in 0..setting.rounds {
        laurels.stop()?;
        let nothing = start(&mut laurels)?;
        let behind = written_behind(&laurels)?;
        load(tail).on(&setting.load, &laurels)?;
        laurels.kill()?;
        ensure!(written_behind(&laurels)? == behind, "there was a checkpoint, so the tail is short");
        let all = start(&mut laurels)?;
        setting.tell(&format!("round {round}: {nothing:?} with nothing, {all:?} with {tail} events"));
        rounds.push(tail as f64 / all.saturating_sub(nothing).max(TICK).as_secs_f64());
    }
    Ok(vec![Figure::new("replay_events_per_cpu_s", Some(Bar::AtLeast(1e6)), rounds)])
}

/// What says up to where everything is written behind.
fn written_behind(laurels: &Subject) -> anyhow::Result<Vec<u8>> {
    let seal = laurels.data().join("sled.seal");
    fs::read(&seal).with_context(|| format!("read {}", seal.display()))
}

/// The CPU time until it listens.
fn start(laurels: &mut Subject) -> anyhow::Result<Duration> {
    laurels.start_again(CHECKPOINT)?;
    laurels.cpu()
}
