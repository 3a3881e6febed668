//! Laurels, measured against what it could cost at least and against what a site would take instead.
//!
//!     cargo run --release -p laurels-compare -- [--smoke] [--json FILE] [NAME...]
//!
//! Everything is built or started here, and measured in one run, in turn: the machine is the same for all, and what
//! else happens on it happens to all. CPU time of whole server processes is what to trust; rates are told as ratios
//! only. docs/performance.md has what came of it.

mod catalog;
mod catalogs;
mod checkpoints;
mod getbadges;
mod hot;
mod load;
mod noop;
mod over_noop;
mod pages;
mod peers;
mod population;
mod replay;
mod report;
mod setting;
mod started;
mod subject;
mod subscribers;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use clap::Parser;

use report::Figure;
use setting::Setting;

/// A benchmark, by its name on the command line.
struct Benchmark {
    name: &'static str,
    measure: fn(&Setting) -> anyhow::Result<Vec<Figure>>,
}

const BENCHMARKS: &[Benchmark] = &[
    Benchmark { name: "unary", measure: over_noop::unary },
    Benchmark { name: "stream", measure: over_noop::stream },
    Benchmark { name: "checkpoints", measure: checkpoints::cost },
    Benchmark { name: "waiting", measure: checkpoints::waiting },
    Benchmark { name: "badges", measure: catalogs::badges },
    Benchmark { name: "getbadges", measure: getbadges::over_noop },
    Benchmark { name: "users", measure: population::users },
    Benchmark { name: "hot-user", measure: hot::user },
    Benchmark { name: "replay", measure: replay::measure },
    Benchmark { name: "subscribers", measure: subscribers::measure },
    Benchmark { name: "redis", measure: peers::rounds::redis },
    Benchmark { name: "postgres", measure: peers::rounds::postgres },
    Benchmark { name: "mariadb", measure: peers::rounds::mariadb },
    Benchmark { name: "php", measure: pages::measure },
];

/// How often each is measured unless it is said.
const ROUNDS: usize = 5;

/// Measure Laurels against the limit and against its peers
#[derive(Debug, Parser)]
struct Compare {
    /// Which benchmarks; none: all
    names: Vec<String>,
    /// Only whether each works, with little work: the figures mean nothing
    #[arg(long)]
    smoke: bool,
    /// How often each is measured, in turn: 5 times, unless it is a smoke run
    #[arg(long)]
    rounds: Option<usize>,
    /// Also write the figures, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The server to measure, instead of the one that is built here
    #[arg(long, value_name = "PROGRAM")]
    laurels: Option<PathBuf>,
    /// Build no server: the one beside this program is as it should be
    #[arg(long)]
    built: bool,
}

fn main() -> anyhow::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("noop") {
        return noop::serve();
    }
    let compare = Compare::parse();
    let chosen = choose(&compare.names)?;
    let built = if compare.built { beside()? } else { build()? };
    let _scratch = started::until_ended()?;
    let setting = Setting {
        laurels: compare.laurels.clone().unwrap_or_else(|| built.clone()),
        load: built,
        rounds: compare.rounds.unwrap_or(if compare.smoke { 1 } else { ROUNDS }),
        smoke: compare.smoke,
    };
    let mut figures = Vec::new();
    for benchmark in chosen {
        eprintln!("{}", benchmark.name);
        let measured = (benchmark.measure)(&setting);
        let measured = measured.with_context(|| format!("the benchmark {} failed", benchmark.name))?;
        for figure in &measured {
            println!("{}", figure.line());
        }
        figures.extend(measured);
    }
    match &compare.json {
        Some(path) => report::write(path, &figures),
        None => Ok(()),
    }
}

fn choose(names: &[String]) -> anyhow::Result<Vec<&'static Benchmark>> {
    if let Some(unknown) = names.iter().find(|name| BENCHMARKS.iter().all(|known| known.name != **name)) {
        let known: Vec<_> = BENCHMARKS.iter().map(|known| known.name).collect();
        bail!("there is no benchmark {unknown}; there are {}", known.join(", "));
    }
    Ok(BENCHMARKS
        .iter()
        .filter(|known| names.is_empty() || names.iter().any(|name| name == known.name))
        .collect())
}

/// Builds the server as it is released, and says where it is.
fn build() -> anyhow::Result<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "laurels", "--bin", "laurels", "--profile", profile]);
    let status = command.current_dir(&top).status().context("start cargo")?;
    ensure!(status.success(), "the server does not build");
    beside()
}

/// The server beside this program: both are built into the same place.
fn beside() -> anyhow::Result<PathBuf> {
    let server = std::env::current_exe().context("find this program")?.with_file_name("laurels");
    ensure!(server.exists(), "there is no {}", server.display());
    Ok(server)
}
