//! The command line, and what is run without one: the kept seeds, that a seed replays exactly, the sabotages, and
//! then as many seeds as it takes.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::{Parser, ValueEnum};

use crate::regressions;
use crate::report::{Report, Setup};
use crate::sabotage::Sabotage;
use crate::world::simulate;

/// Seeds that found something once, each with its story.
const KEPT: &str = include_str!("seeds.txt");
/// A sabotage must be noticed within so many events.
const NOTICED_WITHIN: u64 = 40_000;

/// Simulates the service, and checks every promise.
#[derive(Debug, Parser)]
#[command(name = "simulation")]
struct Arguments {
    /// Simulates this seed only.
    #[arg(long)]
    seed: Option<u64>,
    /// The first of the seeds that are simulated.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Simulates so many seeds.
    #[arg(long)]
    seeds: Option<u64>,
    /// Simulates so many events in all.
    #[arg(long)]
    events: Option<u64>,
    /// How many events each seed has.
    #[arg(long, default_value_t = 2500)]
    events_per_seed: u64,
    /// Seeds that are simulated at a time.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Prints everything that happens.
    #[arg(long)]
    trace: bool,
    /// Does something wrong on purpose.
    #[arg(long)]
    sabotage: Option<Sabotage>,
    /// Only simulates seeds: without the kept ones, and without the sabotages.
    #[arg(long)]
    seeds_only: bool,
}

pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let setup = |seed| Setup {
        seed,
        events: arguments.events_per_seed,
        printed: arguments.trace,
        sabotage: arguments.sabotage,
    };
    if let Some(seed) = arguments.seed {
        let report = simulate(setup(seed));
        println!("{}", report.describe());
        return verdict(&setup(seed), &report);
    }
    if !arguments.seeds_only {
        if let Err(why) = regressions::all() {
            println!("{why}");
            return ExitCode::FAILURE;
        }
        for seed in kept_seeds() {
            let report = simulate(setup(seed));
            if verdict(&setup(seed), &report) == ExitCode::FAILURE {
                return ExitCode::FAILURE;
            }
            let again = simulate(setup(seed));
            if again.trace != report.trace {
                println!("seed {seed} does not replay: {:x} and {:x}", report.trace, again.trace);
                return ExitCode::FAILURE;
            }
        }
        println!("what was found once stays fixed; the kept seeds pass, and replay exactly");
        if let Err(why) = every_sabotage_is_noticed(&setup) {
            println!("{why}");
            return ExitCode::FAILURE;
        }
    }
    many(&arguments, &setup)
}

fn kept_seeds() -> Vec<u64> {
    let lines = KEPT.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let seeds = lines.map(|line| line.split_whitespace().next().and_then(|seed| seed.parse().ok()));
    seeds.map(|seed| seed.expect("a line of seeds.txt begins with a seed")).collect()
}

fn every_sabotage_is_noticed(setup: &dyn Fn(u64) -> Setup) -> Result<(), String> {
    for sabotage in Sabotage::ALL {
        let name = sabotage.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned());
        let mut events = 0;
        let mut seed = 0;
        loop {
            seed += 1;
            let report = simulate(Setup { sabotage: Some(sabotage), printed: false, ..setup(seed) });
            events += report.events;
            if let Some(failure) = report.failure {
                let promise = failure.split(": ").next().unwrap_or_default().to_owned();
                println!("sabotage {name} is noticed after {events} events: {promise}");
                break;
            }
            if events > NOTICED_WITHIN {
                return Err(format!("sabotage {name} is not noticed within {events} events"));
            }
        }
    }
    Ok(())
}

/// Seeds, one after the other, on so many threads.
fn many(arguments: &Arguments, setup: &(dyn Fn(u64) -> Setup + Sync)) -> ExitCode {
    let began = Instant::now();
    let next = AtomicU64::new(arguments.from);
    let total = Mutex::new(Report::default());
    let seeds = arguments.seeds.unwrap_or(if arguments.events.is_some() { u64::MAX } else { 40 });
    let events = arguments.events.unwrap_or(u64::MAX);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            {
                let total = total.lock().expect("nobody panics with it");
                if seed >= arguments.from.saturating_add(seeds)
                    || total.events >= events
                    || total.failure.is_some()
                {
                    return;
                }
            }
            let report = simulate(setup(seed));
            let failed = verdict(&setup(seed), &report) == ExitCode::FAILURE;
            let mut total = total.lock().expect("nobody panics with it");
            total.add(&report);
            if failed {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads {
            scope.spawn(work);
        }
    });
    let total = total.into_inner().expect("nobody panics with it");
    println!(
        "seeds from {} on, {:.0} s:\n{}",
        arguments.from,
        began.elapsed().as_secs_f64(),
        total.describe()
    );
    if total.failure.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn verdict(setup: &Setup, report: &Report) -> ExitCode {
    let Some(failure) = &report.failure else { return ExitCode::SUCCESS };
    println!("seed {} broke a promise after {} events:\n  {failure}", setup.seed, report.events);
    println!(
        "replay it with: cargo test --release --test simulation -- --seed {} --events-per-seed {}",
        setup.seed, setup.events
    );
    ExitCode::FAILURE
}
