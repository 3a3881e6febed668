//! Attacks on what Laurels promises, with real processes: `cargo test --release --test attacks -- crash --kills 50`.
//!
//! Each is a subcommand with a file of its own. It prints its seed first, and last a line with what was done; where a
//! promise does not hold it says what was promised and what was seen, keeps its folder, and says how to repeat it. The
//! seed gives the same events and the same plan; the moments are those of real processes, so what a seed met once it
//! may miss the next time.

mod aim;
mod arena;
mod check;
mod crash;
mod door;
mod failure;
mod ledger;
mod load;
mod power;
mod server;
mod site;
mod soak;
mod volume;
mod watchers;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::arena::Arena;
use crate::crash::Crash;
use crate::failure::Result;
use crate::power::Power;
use crate::soak::Soak;

/// Attack what Laurels promises, with real processes
#[derive(Debug, Parser)]
#[command(name = "attacks", subcommand_required = true, arg_required_else_help = true)]
struct Attacks {
    #[command(subcommand)]
    attack: Attack,
    /// What events and plan come from; a random one if it is not given
    #[arg(long, global = true)]
    seed: Option<u64>,
    /// The server that is attacked
    #[arg(long, global = true, value_name = "FILE", default_value = env!("CARGO_BIN_EXE_laurels"))]
    server: PathBuf,
    /// Where folders are made, of which one is kept when a promise does not hold
    #[arg(long, global = true, value_name = "DIR", default_value_os_t = std::env::temp_dir())]
    within: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Attack {
    Crash(Crash),
    Power(Power),
    Soak(Soak),
}

fn main() -> ExitCode {
    let attacks = Attacks::parse();
    let seed = attacks.seed.unwrap_or_else(|| fastrand::u64(..));
    let mounts = match attacks.attack {
        Attack::Crash(_) => Ok(()),
        Attack::Power(_) | Attack::Soak(_) => volume::in_namespace(),
    };
    let arena = match mounts.and_then(|()| Arena::new(attacks.server, seed, &attacks.within)) {
        Ok(arena) => {
            println!("seed {seed}");
            arena
        }
        Err(failure) => {
            eprintln!("{failure}");
            return ExitCode::FAILURE;
        }
    };
    match attacks.attack.run(&arena) {
        Ok(done) => {
            println!("held: {done}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            eprintln!("its folder is kept: {}", arena.keep().display());
            eprintln!("again:    cargo test --release --test attacks -- {}", again(seed));
            ExitCode::FAILURE
        }
    }
}

/// The arguments of this run, with its seed.
fn again(seed: u64) -> String {
    let mut arguments: Vec<_> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument.starts_with("--seed")) {
        arguments.push(format!("--seed {seed}"));
    }
    arguments.join(" ")
}

impl Attack {
    fn run(&self, arena: &Arena) -> Result<String> {
        match self {
            Attack::Crash(crash) => crash.run(arena),
            Attack::Power(power) => power.run(arena),
            Attack::Soak(soak) => soak.run(arena),
        }
    }
}
