//! `kill -9` at any moment, under load from several clients, and at moments that are aimed at.
//!
//! Kills come in rounds of at most [`ROUND`], each with a store of its own: what a round shows is looked at as a whole.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use fastrand::Rng;

use crate::aim::{Aim, MET_WITHIN, halve_snapshot, time_of_files};
use crate::arena::{Arena, Rig};
use crate::check::{Kept, Known, check};
use crate::failure::{Failure, Result};
use crate::load::Clients;
use crate::server::Sizes;
use crate::site::Site;
use crate::watchers::Watchers;

/// Kills of one store.
const ROUND: usize = 100;
/// Clients at a time.
const CLIENTS: usize = 6;
/// Events a second of all clients, when the server is there.
const PER_SECOND: f64 = 1500.0;
/// So small that each happens several times a second.
const SIZES: Sizes =
    Sizes { segment_bytes: 32 << 10, checkpoint_bytes: 32 << 10, cache_bytes: laurels::store::CACHE_BYTES };
/// Blows at an opening are spread over so much of the time that one took: not all take as long.
const OPENING_SWEPT: f64 = 0.9;
/// The longest wait before a kill at any moment.
const RANDOM_MAX: Duration = Duration::from_millis(150);
/// With so many kills each moment has its turn several times, and one that is never met is an attack not made.
const MEETS_ALL_FROM: u64 = 32;
/// On a busy machine a moment may be missed each time: it gets so many more kills, so often.
const EXTRA_ROUND: usize = 16;
const EXTRA_ROUNDS_MAX: u32 = 4;
/// A server works off so many events before it is struck again.
const WORK_MIN: u64 = 20;

/// Kill a server under load, again and again
#[derive(Debug, Args)]
pub(crate) struct Crash {
    /// How often
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) kills: u64,
}

/// What was done, and found.
#[derive(Debug, Default)]
struct Score {
    met: BTreeMap<&'static str, u64>,
    missed: u64,
    kept: Kept,
    again: u64,
    vanished: u64,
}

impl Crash {
    /// Makes the attack; says in one line what it was.
    pub(crate) fn run(&self, arena: &Arena) -> Result<String> {
        let (mut score, mut left, mut rng) = (Score::default(), self.kills as usize, arena.rng());
        while left > 0 {
            let kills = left.min(ROUND);
            let round = arena.directory().join(format!("round-{left}"));
            one_round(arena, &round, kills, rng.u64(..), &mut score)?;
            left -= kills;
            println!("{} kills: {}", self.kills as usize - left, score.line());
            let cleared = std::fs::remove_dir_all(&round);
            cleared.map_err(|error| Failure::of_attack("clear away a round", error))?;
        }
        if self.kills >= MEETS_ALL_FROM {
            for extra in 0..EXTRA_ROUNDS_MAX {
                if let Some(unmet) = score.unmet() {
                    println!("{EXTRA_ROUND} more kills, to meet: {unmet}");
                    let round = arena.directory().join(format!("extra-{extra}"));
                    one_round(arena, &round, EXTRA_ROUND, rng.u64(..), &mut score)?;
                }
            }
            if let Some(unmet) = score.unmet() {
                let seen = format!("never met: {unmet}; has src/store changed what it writes?");
                return Err(Failure::of_attack("meet every moment", seen));
            }
        }
        Ok(format!("{} kills: {}", score.kills(), score.line()))
    }
}

/// A kill after which half of a snapshot is there, which the next server must not take for a whole one.
const HALF_A_SNAPSHOT: &str = "half a snapshot";

impl Score {
    fn count(&mut self, aim: Aim, met: bool) {
        // One that came too late or too early is a kill at some moment all the same.
        self.missed += u64::from(!met);
        *self.met.entry(if met { aim } else { Aim::Random }.name()).or_default() += 1;
    }

    fn kills(&self) -> u64 {
        self.met.values().sum()
    }

    /// The kinds that were never met.
    fn unmet(&self) -> Option<String> {
        let kinds = Aim::ALL.map(Aim::name).into_iter().chain([HALF_A_SNAPSHOT]);
        let unmet: Vec<_> = kinds.filter(|kind| !self.met.contains_key(kind)).collect();
        (!unmet.is_empty()).then(|| unmet.join(", "))
    }

    fn line(&self) -> String {
        let met: Vec<_> = self.met.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        format!(
            "{} ({} aimed and missed); {} events acknowledged of {} kept, {} answered again, {} streams left; {} awards, told {} times",
            met.join(", "),
            self.missed,
            self.kept.acknowledged,
            self.kept.events,
            self.again,
            self.vanished,
            self.kept.awards,
            self.kept.told
        )
    }
}

fn one_round(arena: &Arena, directory: &Path, kills: usize, seed: u64, score: &mut Score) -> Result<()> {
    let site = Site { seed, users: 24, places: 50, days: 60, challenges: 50 };
    let mut rig = Rig::new(arena, directory, site, SIZES)?;
    rig.start()?;
    let mut clients = Clients::start(arena.runtime(), &rig.url(), site, CLIENTS, PER_SECOND);
    let mut watchers = Watchers::start(arena.runtime(), &rig.url(), site);
    let mut round = Round {
        rig,
        rng: Rng::with_seed(seed),
        sweep: 0.0,
        next: Vec::new(),
        missed: Vec::new(),
        opened_only: false,
    };
    for _ in 0..kills {
        arena.go_on()?;
        round.kill(arena, &mut clients, score)?;
        clients.check(arena.runtime())?;
        watchers.check(arena.runtime())?;
    }
    let known = finish(arena, &mut round.rig, &mut clients, &mut watchers)?;
    let kept = check(arena.runtime(), &round.rig.setup, &round.rig.data, directory, &known)?;
    score.kept = score.kept + kept;
    score.again += clients.tally.get(|tally| &tally.again);
    score.vanished += clients.tally.get(|tally| &tally.vanished);
    Ok(())
}

/// Ends a load: clients stop, watchers hear the last award, the server ends. What all of them know.
pub(crate) fn finish(
    arena: &Arena,
    rig: &mut Rig,
    clients: &mut Clients,
    watchers: &mut Watchers,
) -> Result<Known> {
    rig.running()?;
    clients.stop(arena.runtime())?;
    rig.record_the_last(arena.runtime())?;
    watchers.wait_for_the_last(arena.runtime())?;
    rig.stop()?;
    let ledgers = clients.ledgers.iter().map(|ledger| ledger.copy()).collect();
    Ok(Known { site: rig.site, ledgers, told: watchers.told() })
}

struct Round {
    rig: Rig,
    rng: Rng,
    /// Where in an opening the next blow falls, from 0 to 1.
    sweep: f64,
    /// What is aimed at next; None: a half-written snapshot.
    next: Vec<Option<Aim>>,
    /// What was missed, and gets another turn after those.
    missed: Vec<Option<Aim>>,
    /// Whether the last server was killed before it did anything.
    opened_only: bool,
}

impl Round {
    /// Kills the server once, at the moment whose turn it is.
    fn kill(&mut self, arena: &Arena, clients: &mut Clients, score: &mut Score) -> Result<()> {
        if self.next.is_empty() {
            self.next = Aim::ALL.into_iter().map(Some).chain([None]).chain(self.missed.drain(..)).collect();
            self.rng.shuffle(&mut self.next);
        }
        let aim = self.next.pop().expect("it was filled");
        let opens = matches!(aim, None | Some(Aim::Opening | Aim::Snapshot));
        match opens {
            // A server that runs has to be killed before another can open; and one that is opened again and again, with
            // nothing done in between, has nothing to recover.
            true if self.rig.runs() || self.opened_only => {
                self.next.push(aim);
                self.kill_running(arena, clients, Aim::Random, score)
            }
            true => self.kill_opening(aim, score),
            false => self.kill_running(arena, clients, aim.unwrap_or(Aim::Random), score),
        }
    }

    /// Counts a kill.
    fn count(&mut self, aim: Aim, met: bool, score: &mut Score) {
        if !met {
            self.missed.push(Some(aim));
        }
        score.count(aim, met);
    }

    fn kill_running(
        &mut self,
        arena: &Arena,
        clients: &mut Clients,
        aim: Aim,
        score: &mut Score,
    ) -> Result<()> {
        let since = time_of_files();
        self.rig.running()?;
        let before = clients.answered();
        while clients.answered() < before + WORK_MIN {
            arena.go_on()?;
            clients.check(arena.runtime())?;
            std::thread::sleep(Duration::from_millis(1));
        }
        let moment = self.moment();
        let process = self.rig.running()?.process();
        let met = aim.halt(&process, &self.rig.data, since, moment, MET_WITHIN)?;
        self.rig.kill()?;
        self.opened_only = false;
        self.count(aim, met, score);
        Ok(())
    }

    fn kill_opening(&mut self, aim: Option<Aim>, score: &mut Score) -> Result<()> {
        let since = time_of_files();
        let opening = self.rig.launch()?;
        let aim_now = aim.unwrap_or(Aim::Snapshot);
        let moment = match aim_now {
            Aim::Opening => {
                // The golden ratio: however many blows, they are spread evenly.
                self.sweep = (self.sweep + 0.618_034) % 1.0;
                self.rig.opened_in.mul_f64(self.sweep * OPENING_SWEPT)
            }
            Aim::Random | Aim::Checkpoint | Aim::Seal | Aim::Ids | Aim::Roll | Aim::Snapshot => {
                Duration::ZERO
            }
        };
        let within = self.rig.opened_in * 2;
        let met = aim_now.halt(&opening.process(), &self.rig.data, since, moment, within)?;
        let met = opening.kill()? && met;
        self.opened_only = true;
        match aim {
            Some(aim) => self.count(aim, met, score),
            None => match halve_snapshot(&self.rig.data)? {
                true => *score.met.entry(HALF_A_SNAPSHOT).or_default() += 1,
                false => self.count(Aim::Snapshot, false, score),
            },
        }
        Ok(())
    }

    fn moment(&mut self) -> Duration {
        RANDOM_MAX.mul_f64(self.rng.f64())
    }
}
