//! What was measured: a table for people, JSON for programs.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::super::error::{Error, describe};
use super::course::Course;
use super::process::Spent;

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Calls or events that were answered.
    pub(super) answered: u64,
    /// Those that were refused instead.
    pub(super) refused: u64,
    /// Why the first of them was.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    seconds: f64,
    rate_per_s: f64,
    latency_us: Percentiles,
    /// CPU time of the server for each that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_us: Option<f64>,
    /// The same by the names of its threads.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    cpu_us_by_thread: BTreeMap<String, f64>,
}

#[derive(Debug, Serialize)]
struct Percentiles {
    p50: u64,
    p90: u64,
    p99: u64,
    p999: u64,
    max: u64,
}

impl Report {
    pub(super) fn new(course: &Course, took: Duration, spent: Option<Spent>) -> Report {
        course.outcome(|outcome| {
            let latencies = &outcome.latencies;
            let answered = latencies.count();
            let each = |time: Duration| time.as_secs_f64() * 1e6 / answered.max(1) as f64;
            let threads = spent.iter().flat_map(|spent| &spent.threads);
            Report {
                answered,
                refused: outcome.refused,
                refusal: outcome.refusal.as_ref().map(describe),
                seconds: took.as_secs_f64(),
                rate_per_s: answered as f64 / took.as_secs_f64(),
                latency_us: Percentiles {
                    p50: latencies.percentile(50.0),
                    p90: latencies.percentile(90.0),
                    p99: latencies.percentile(99.0),
                    p999: latencies.percentile(99.9),
                    max: latencies.longest(),
                },
                cpu_us: spent.as_ref().map(|spent| each(spent.total)),
                cpu_us_by_thread: threads.map(|(name, time)| (name.clone(), each(*time))).collect(),
            }
        })
    }

    /// Prints the table, and writes the JSON where it is wanted.
    pub(super) fn print(&self, json: Option<&Path>) -> Result<(), Error> {
        let mut out = std::io::stdout().lock();
        let text = || serde_json::to_string(self).map_err(|error| Error::Output(error.into()));
        match json {
            Some(path) if path == Path::new("-") => {
                writeln!(out, "{}", text()?)?;
                return Ok(());
            }
            Some(path) => fs::write(path, text()? + "\n")
                .map_err(|source| Error::io(format!("write {}", path.display()), source))?,
            None => {}
        }
        write!(out, "{}", self.table())?;
        Ok(())
    }

    fn table(&self) -> String {
        let Report { answered, refused, seconds, rate_per_s, .. } = self;
        let mut table = format!("answered  {answered} in {seconds:.1} s, {rate_per_s:.0} a second\n");
        if let Some(refusal) = &self.refusal {
            table += &format!("refused   {refused}, the first with: {refusal}\n");
        }
        let Percentiles { p50, p90, p99, p999, max } = self.latency_us;
        table += "latency   p50 ms   p90 ms   p99 ms  p99.9 ms  longest ms\n";
        let [p50, p90, p99, p999, max] = [p50, p90, p99, p999, max].map(|micros| micros as f64 / 1e3);
        table += &format!("        {p50:8.2} {p90:8.2} {p99:8.2} {p999:9.2} {max:11.2}\n");
        if let Some(cpu) = self.cpu_us {
            table += &format!("CPU       {cpu:.2} µs each\n");
            // By what they cost, the dearest first; what is nothing is not shown.
            let mut threads: Vec<_> =
                self.cpu_us_by_thread.iter().filter(|(_, each)| **each >= 0.01).collect();
            threads.sort_by(|(_, one), (_, other)| other.total_cmp(one));
            for (name, each) in threads {
                table += &format!("          {each:.2} µs  {name}\n");
            }
        }
        table
    }
}
