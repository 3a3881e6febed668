//! The load: `laurels bench` in a process of its own, which also measures the CPU time of what it is aimed at.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use rustix::process::Signal;
use serde::Deserialize;

use crate::started::Started;
use crate::subject::Subject;

/// What is recorded: three stats listen to it, see [`crate::catalog`].
const DATA: &str = r#"{"words":120}"#;

/// What is done to a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// A scenario of `laurels bench`.
    pub(crate) scenario: &'static str,
    pub(crate) in_flight: usize,
    pub(crate) users: u64,
    pub(crate) distribution: &'static str,
    pub(crate) events: u64,
    pub(crate) warm_up: u64,
    pub(crate) further: &'static [&'static str],
}

impl Default for Load {
    fn default() -> Load {
        Load {
            scenario: "record",
            in_flight: 1024,
            users: 1_000_000,
            distribution: "zipf",
            events: 100_000,
            warm_up: 1000,
            further: &[],
        }
    }
}

/// What `laurels bench` measured.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Measured {
    pub(crate) refused: u64,
    #[serde(default)]
    pub(crate) refusal: String,
    pub(crate) rate_per_s: f64,
    pub(crate) latency_us: Percentiles,
    pub(crate) cpu_us: f64,
    pub(crate) cpu_us_by_thread: BTreeMap<String, f64>,
}

/// How long calls took, in microseconds.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Percentiles {
    pub(crate) p99: f64,
}

/// A load that goes on until this is dropped.
pub(crate) struct Meanwhile(#[expect(dead_code, reason = "what is dropped ends")] Started);

impl Load {
    /// Does it, and measures.
    pub(crate) fn on(&self, program: &Path, subject: &Subject) -> anyhow::Result<Measured> {
        let mut command = self.command(program, subject);
        let mut started = Started::start(command.stdout(Stdio::piped()), Signal::KILL)?;
        let mut text = String::new();
        started.output()?.read_to_string(&mut text)?;
        started.wait()?;
        let measured: Measured = serde_json::from_str(&text)
            .with_context(|| format!("{command:?} said {text:?}; the server: {}", subject.log()))?;
        ensure!(measured.refused == 0, "{} were refused: {}", measured.refused, measured.refusal);
        Ok(measured)
    }

    /// Does it while something else is measured.
    pub(crate) fn meanwhile(&self, program: &Path, subject: &Subject) -> anyhow::Result<Meanwhile> {
        let mut command = self.command(program, subject);
        Ok(Meanwhile(Started::start(command.stdout(Stdio::null()), Signal::KILL)?))
    }

    fn command(&self, program: &Path, subject: &Subject) -> Command {
        let mut command = Command::new(program);
        command.args(["bench", self.scenario, "--json", "-", "--data", DATA]);
        command.args(["--server", subject.url()]).args(["--distribution", self.distribution]);
        let numbers = [
            ("--pid", u64::from(subject.pid())),
            ("--in-flight", self.in_flight as u64),
            ("--users", self.users),
            ("--events", self.events),
            ("--warm-up", self.warm_up),
        ];
        for (option, number) in numbers {
            command.args([option, &number.to_string()]);
        }
        command.args(self.further);
        command
    }
}

impl Measured {
    /// CPU time of checkpoints: that of the thread which owns sled, and of sled's own.
    pub(crate) fn checkpoints_us(&self) -> f64 {
        let of_sled = |name: &str| name == "laurels-sled" || name.starts_with("sled-io");
        self.cpu_us_by_thread.iter().filter(|(name, _)| of_sled(name)).map(|(_, each)| each).sum()
    }
}
