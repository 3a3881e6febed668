//! A load for a long time, and a fault every few seconds: memory and descriptors stay flat, and all promises hold.
//!
//! Clients that vanish in mid-stream and watchers that stop reading are part of every load; the [faults] come on top.
//! In the second half no fault ends the process, so that what one process gathers in its life is seen too.

mod faults;
mod graph;
mod samples;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use fastrand::Rng;

use crate::arena::{Arena, Rig};
use crate::check::check;
use crate::crash::finish;
use crate::failure::{Failure, Result};
use crate::load::Clients;
use crate::server::Sizes;
use crate::site::Site;
use crate::volume::{self, Volume};
use crate::watchers::Watchers;
use faults::Faults;
use samples::{Sample, flat};

/// Clients at a time.
const CLIENTS: usize = 8;
/// Events a second of all clients.
const PER_SECOND: f64 = 300.0;
/// A segment every few seconds, so that the files that are kept open are soon as many as there may be; a checkpoint
/// about every half minute; and a cache that is soon full, since one that fills grows and says nothing.
const SIZES: Sizes = Sizes { segment_bytes: 1 << 20, checkpoint_bytes: 4 << 20, cache_bytes: 8 << 20 };
/// Room for what is recorded in a minute, sled and what was set aside of it included.
const BYTES_PER_MINUTE: u64 = 128 << 20;
/// Room there is to begin with.
const BYTES_AT_LEAST: u64 = 1 << 30;
/// How often is looked at what the server takes.
const SAMPLE_EVERY: Duration = Duration::from_secs(10);
/// Between two faults, in seconds.
const FAULT_EVERY: std::ops::Range<f64> = 2.0..7.0;
/// Shorter runs fill caches all the time, and are not asked whether memory is flat.
const JUDGED_FROM_MINUTES: u64 = 10;
/// Between two looks at the clock.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Load a server for long, with a fault every few seconds
#[derive(Debug, Args)]
pub(crate) struct Soak {
    /// For how long
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
    /// Draw what the server took; the samples go beside it, as CSV
    #[arg(long, value_name = "FILE.svg")]
    graph: Option<PathBuf>,
}

impl Soak {
    /// Makes the attack; says in one line what it was.
    pub(crate) fn run(&self, arena: &Arena) -> Result<String> {
        let mut rng = arena.rng();
        let site = Site { seed: rng.u64(..), users: 2000, places: 20, days: 10, challenges: 2 };
        let mut rig = Rig::new(arena, arena.directory(), site, SIZES)?;
        let volume = self.volume(arena)?;
        if let Some(volume) = &volume {
            rig.data = volume.root.join("data");
        }
        rig.start()?;
        let clients = Clients::start(arena.runtime(), &rig.url(), site, CLIENTS, PER_SECOND);
        let watchers = Watchers::start(arena.runtime(), &rig.url(), site);
        let csv = self.graph.as_ref().map(|graph| graph.with_extension("csv"));
        let csv = csv.unwrap_or_else(|| arena.directory().join("soak.csv"));
        let mut csv = File::create(csv).map_err(|error| Failure::of_attack("write samples", error))?;
        samples::write_header(&mut csv)?;
        let faults = Faults::new(rng.fork(), volume.as_ref().map(|volume| volume.root.clone()));
        let mut soak = Running { arena, rig, clients, watchers, faults, rng, csv, samples: Vec::new() };
        soak.run(Duration::from_secs(self.minutes * 60))?;
        let Running { mut rig, mut clients, mut watchers, faults, samples, .. } = soak;
        let known = finish(arena, &mut rig, &mut clients, &mut watchers)?;
        if let Some(graph) = &self.graph {
            graph::draw(graph, &samples)?;
        }
        let kept = check(arena.runtime(), &rig.setup, &rig.data, arena.directory(), &known)?;
        let growth = match self.minutes >= JUDGED_FROM_MINUTES {
            true => flat(&samples)?,
            false => format!("less than {JUDGED_FROM_MINUTES} minutes: growth not judged"),
        };
        Ok(format!(
            "{} minutes, {} samples; {}; {} events acknowledged of {} kept, {} answered again, {} refused for a while, {} streams left, {} reads; {} awards, told {} times; {growth}",
            self.minutes,
            samples.len(),
            faults.line(),
            kept.acknowledged,
            kept.events,
            clients.tally.get(|tally| &tally.again),
            clients.tally.get(|tally| &tally.refused),
            clients.tally.get(|tally| &tally.vanished),
            clients.tally.get(|tally| &tally.reads),
            kept.awards,
            kept.told,
        ))
    }

    /// A file system to fill. None, and said so, where none can be had.
    fn volume(&self, arena: &Arena) -> Result<Option<Volume>> {
        if let Some(reason) = volume::cannot(arena.directory()) {
            println!("the disk is never full in this run: {reason}");
            return Ok(None);
        }
        let bytes = BYTES_AT_LEAST + self.minutes * BYTES_PER_MINUTE;
        let (image, root) = (arena.directory().join("image"), arena.directory().join("volume"));
        Volume::make(&image, bytes, &root, "defaults").map(Some)
    }
}

/// A soak under way.
struct Running<'a> {
    arena: &'a Arena,
    rig: Rig,
    clients: Clients,
    watchers: Watchers,
    faults: Faults,
    rng: Rng,
    csv: File,
    samples: Vec<Sample>,
}

impl Running<'_> {
    fn run(&mut self, long: Duration) -> Result<()> {
        let began = Instant::now();
        let (mut next_sample, mut next_fault) = (began + SAMPLE_EVERY, began);
        let seconds = FAULT_EVERY.end - FAULT_EVERY.start;
        while began.elapsed() < long {
            self.arena.go_on()?;
            self.clients.check(self.arena.runtime())?;
            self.watchers.check(self.arena.runtime())?;
            if Instant::now() >= next_sample {
                next_sample += SAMPLE_EVERY;
                self.sample(began)?;
            }
            if Instant::now() >= next_fault {
                let may_end = began.elapsed() < long / 2;
                self.faults.strike(&mut self.rig, self.arena.runtime(), may_end)?;
                let pause = FAULT_EVERY.start + seconds * self.rng.f64();
                next_fault = Instant::now() + Duration::from_secs_f64(pause);
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    fn sample(&mut self, began: Instant) -> Result<()> {
        // As the system names it.
        let data = self.rig.data.canonicalize();
        let data = data.map_err(|error| Failure::of_attack("find the data directory", error))?;
        let journal = data.join("journal");
        let server = self.rig.running()?;
        let (answered, told) = (self.clients.answered(), self.watchers.heard() as u64);
        let mut sample = Sample::of(server, &journal)?;
        (sample.seconds, sample.answered, sample.told) = (began.elapsed().as_secs(), answered, told);
        (sample.life, sample.faults) = (self.faults.lives(), self.faults.count());
        sample.disk_bytes = samples::disk_bytes(&self.rig.data);
        writeln!(self.csv, "{}", sample.line())
            .map_err(|error| Failure::of_attack("write a sample", error))?;
        self.samples.push(sample);
        Ok(())
    }
}
