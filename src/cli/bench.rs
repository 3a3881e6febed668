//! `laurels bench`: how fast a server answers, and what a call costs it.
//!
//! A closed loop: so many calls are in flight, and each answer makes room for the next call. Rates depend on the
//! machine and on what else runs there, so compare those of one machine and one hour only; CPU time (`--pid`) is
//! steadier. What is recorded stays recorded: measure a server that was started for it.

mod course;
mod latencies;
mod listeners;
mod process;
mod report;
mod scenario;
pub mod users;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use super::error::Error;
use super::server::Server;
use course::{Course, Until};
use listeners::Listeners;
use process::Process;
use report::Report;
use scenario::Load;
use users::{Distribution, Users};

/// As many calls as a server takes on one connection unless its settings say otherwise: with more in flight there are more
/// connections.
const CALLS_PER_CONNECTION: usize = 128;

/// Measure how fast a server answers, and what a call costs it
///
/// What it records stays recorded: measure a server that was started for it.
#[derive(Debug, Args)]
pub(super) struct Bench {
    /// What to do, again and again
    #[arg(value_enum)]
    scenario: Scenario,
    /// How many users there are
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    users: u64,
    /// Which of them come how often
    #[arg(long, value_enum, default_value_t = Distribution::Zipf)]
    distribution: Distribution,
    /// What happens
    #[arg(long, value_name = "TYPE", default_value = "post.created")]
    r#type: String,
    /// The data of every event, as JSON; left out: none
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
    /// How many users listen, each over a live stream of its own; there are no others (watch)
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    streams: u64,
    /// Leave out how far users are (badges)
    #[arg(long)]
    without_progress: bool,
    /// How many calls, or events of a stream, await their answers at any time
    #[arg(long, value_name = "NUMBER", default_value_t = 64, value_parser = in_flight)]
    in_flight: usize,
    /// Over how many connections; left out: one for every 128 calls in flight, and one for a stream
    #[arg(long, value_name = "NUMBER", value_parser = in_flight)]
    connections: Option<usize>,
    /// For how long
    #[arg(long, value_name = "SECONDS", default_value_t = 10, conflicts_with = "events")]
    seconds: u64,
    /// How many calls or events instead, however long they take
    #[arg(long, value_name = "NUMBER")]
    events: Option<u64>,
    /// How many calls or events come before, and are not measured
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    warm_up: u64,
    /// The server's process on this machine: measures its CPU time too
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// Also write what was measured, as JSON; "-" is standard output, and then nothing else
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
}

/// What a bench does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// Record events, each in a call of its own
    Record,
    /// Record events over a stream a connection
    Stream,
    /// Ask for users' badges
    Badges,
    /// Record events of users who listen, and measure how long it takes until each award is told
    Watch,
}

impl Bench {
    /// Measures, and prints what it found. Fails where the server refused anything.
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        // One thread, so that the load leaves the server as much of the machine as it can.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|source| Error::io("start a runtime", source))?.block_on(self.measure())
    }

    async fn measure(self) -> Result<ExitCode, Error> {
        let process = self.pid.map(Process::of).transpose()?;
        let mut clients = Vec::new();
        for _ in 0..self.connections() {
            clients.push(self.server.connect().await?);
        }
        let mut users = Users { count: self.users, distribution: self.distribution };
        let mut listeners = None;
        if self.scenario == Scenario::Watch {
            users.count = self.streams;
            listeners = Some(self.listen(users).await?);
        }
        let load = Load {
            scenario: self.scenario,
            clients,
            in_flight: self.in_flight,
            users,
            listeners,
            r#type: self.r#type.clone(),
            data: self.data.clone().unwrap_or_default(),
            without_progress: self.without_progress,
            run: fresh_run()?,
        };
        let load = Arc::new(load);
        let warm_up = load.drive(Course::new(0, Until::Number(self.warm_up))).await?;

        let before = process.as_ref().map(Process::spent).transpose()?;
        let began = Instant::now();
        let until = match self.events {
            Some(events) => Until::Number(self.warm_up + events),
            None => Until::Time(began + Duration::from_secs(self.seconds)),
        };
        let done = load.drive(Course::new(warm_up.begun(), until)).await?;
        let took = began.elapsed();
        let spent = match (&process, before) {
            (Some(process), Some(before)) => Some(process.spent()?.since(&before)),
            (None, _) | (_, None) => None,
        };
        let report = Report::new(&done, took, spent);
        report.print(self.json.as_deref())?;
        Ok(if report.refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Live streams of all users, over connections of their own.
    async fn listen(&self, users: Users) -> Result<Listeners, Error> {
        let mut clients = Vec::new();
        for _ in 0..self.streams.div_ceil(CALLS_PER_CONNECTION as u64) {
            clients.push(self.server.connect().await?);
        }
        Ok(Listeners::open(&clients, (0..users.count).map(users::name)).await?)
    }

    fn connections(&self) -> usize {
        let needed = match self.scenario {
            Scenario::Record | Scenario::Badges | Scenario::Watch => {
                self.in_flight.div_ceil(CALLS_PER_CONNECTION)
            }
            Scenario::Stream => 1,
        };
        self.connections.unwrap_or(needed).min(self.in_flight)
    }
}

/// What event ids begin with, so that those of one run are not those of another.
fn fresh_run() -> Result<String, Error> {
    let mut random = [0; 8];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut random)
        .map_err(|_| Error::Usage("the system gives no random numbers".to_owned()))?;
    Ok(format!("{:016x}", u64::from_le_bytes(random)))
}

/// A number that is not zero.
fn in_flight(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "a number from 1 on is meant".to_owned())
}
