//! What the server takes, sampled, and whether it grows.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use crate::failure::{Failure, Result, hold};
use crate::server::Server;

/// Memory may rise over the fitted time by this part of what it is, and by so many bytes: what is kept of a million
/// events for ever (their ids, where segments begin) is part of it.
const MEMORY_RISE_MAX: f64 = 0.05;
const MEMORY_RISE_MAX_BYTES: f64 = (8 << 20) as f64;
/// Descriptors other than the journal's files may rise by so many: connections come and go.
const DESCRIPTORS_RISE_MAX: f64 = 6.0;
/// Of the journal so many files are kept open for reading, and two are written.
const JOURNAL_FILES_MAX: u64 = 64 + 2;
/// Threads may rise by so many: the runtime keeps those that block for a while.
const THREADS_RISE_MAX: f64 = 4.0;

/// What the server took at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sample {
    /// Since the soak began.
    pub(super) seconds: u64,
    /// Which process it was, from 1.
    pub(super) life: u64,
    /// How long that one had been running.
    pub(super) age: u64,
    pub(super) memory: u64,
    /// Without the journal's files.
    pub(super) descriptors: u64,
    pub(super) journal_files: u64,
    pub(super) threads: u64,
    pub(super) disk_bytes: u64,
    pub(super) answered: u64,
    pub(super) told: u64,
    pub(super) faults: u64,
}

/// What the columns of a line are.
pub(super) fn write_header(file: &mut impl Write) -> Result<()> {
    let header = "seconds,process,age_seconds,resident_bytes,descriptors,journal_files,threads,disk_bytes,events_acknowledged,awards_told,faults";
    writeln!(file, "{header}").map_err(|error| Failure::of_attack("write samples", error))
}

impl Sample {
    /// Looks at a server whose journal is in this folder.
    pub(super) fn of(server: &Server, journal: &Path) -> Result<Sample> {
        let process = server.process().folder();
        let failed = |error| Failure::of_attack(format!("look at {}", process.display()), error);
        let status = fs::read_to_string(process.join("status")).map_err(failed)?;
        let field = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
        };
        let descriptors = fs::read_dir(process.join("fd")).map_err(failed)?.flatten();
        let is_of_journal = |descriptor: fs::DirEntry| {
            let file = fs::read_link(descriptor.path()).unwrap_or_default();
            file.extension().is_some_and(|extension| extension == "log") && file.parent() == Some(journal)
        };
        let (of_journal, others): (Vec<_>, Vec<_>) = descriptors.map(is_of_journal).partition(|is| *is);
        Ok(Sample {
            age: server.age().as_secs(),
            memory: field("VmRSS:") * 1024,
            threads: field("Threads:"),
            descriptors: others.len() as u64,
            journal_files: of_journal.len() as u64,
            ..Sample::default()
        })
    }

    /// A line of the file.
    pub(super) fn line(&self) -> String {
        let Sample { seconds, life, age, memory, descriptors, journal_files, .. } = self;
        let Sample { threads, disk_bytes, answered, told, faults, .. } = self;
        format!(
            "{seconds},{life},{age},{memory},{descriptors},{journal_files},{threads},{disk_bytes},{answered},{told},{faults}"
        )
    }

    /// Servers of about one age: their caches have had as long to fill.
    fn age_class(&self) -> u32 {
        (self.age / 10).max(1).ilog2()
    }
}

/// The bytes of all files in a directory. One that goes meanwhile counts for nothing.
pub(super) fn disk_bytes(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let of_entry = |entry: fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => disk_bytes(&entry.path()),
        _ => entry.metadata().map_or(0, |metadata| metadata.len()),
    };
    entries.map(of_entry).sum()
}

/// Fails where memory, descriptors or threads grow as time goes on. Says how they went.
///
/// Samples of the first third are left out, since the site itself grows then: its users get their badges. A process
/// that has just been started has less than one that has run for a while, so samples are compared within classes of
/// age (each twice as old as the one before): in every class both time and value are taken as the distance from the
/// mean of the class, and one line is fitted through all these distances. What that line rises in the fitted time
/// must be within the bound. Growth from process to process shows in the young classes, growth within one process in
/// the oldest, which is that of the second half of a soak, where nothing ends it.
pub(super) fn flat(samples: &[Sample]) -> Result<String> {
    let late = &samples[samples.len() / 3..];
    let memory = rise(late, |sample| sample.memory as f64);
    let descriptors = rise(late, |sample| sample.descriptors as f64);
    let threads = rise(late, |sample| sample.threads as f64);
    let journal_files = samples.iter().map(|sample| sample.journal_files).max().unwrap_or(0);
    let memory_max = memory.mean * MEMORY_RISE_MAX + MEMORY_RISE_MAX_BYTES;
    let mib = |bytes: f64| bytes / f64::from(1 << 20);
    let line = format!(
        "memory {:.1} MiB, rises {:+.1} (at most {:.1}); descriptors {:.1}, rise {:+.1} (at most {DESCRIPTORS_RISE_MAX}), and up to {journal_files} of the journal (at most {JOURNAL_FILES_MAX}); threads {:.1}, rise {:+.1} (at most {THREADS_RISE_MAX})",
        mib(memory.mean),
        mib(memory.rise),
        mib(memory_max),
        descriptors.mean,
        descriptors.rise,
        threads.mean,
        threads.rise,
    );
    let within = memory.rise <= memory_max
        && descriptors.rise <= DESCRIPTORS_RISE_MAX
        && journal_files <= JOURNAL_FILES_MAX
        && threads.rise <= THREADS_RISE_MAX;
    hold(within, "memory and descriptors are bounded, and flat under a load that is", || line.clone())?;
    Ok(line)
}

struct Rise {
    mean: f64,
    /// From the first of these samples to the last.
    rise: f64,
}

fn rise(samples: &[Sample], value: impl Fn(&Sample) -> f64) -> Rise {
    let mut classes: BTreeMap<u32, Vec<(f64, f64)>> = BTreeMap::new();
    for sample in samples {
        classes.entry(sample.age_class()).or_default().push((sample.seconds as f64, value(sample)));
    }
    let (mut products, mut squares) = (0.0, 0.0);
    for class in classes.values() {
        let count = class.len() as f64;
        let time = class.iter().map(|(time, _)| time).sum::<f64>() / count;
        let mean = class.iter().map(|(_, value)| value).sum::<f64>() / count;
        products += class.iter().map(|(at, value)| (at - time) * (value - mean)).sum::<f64>();
        squares += class.iter().map(|(at, _)| (at - time).powi(2)).sum::<f64>();
    }
    let long = samples.last().map_or(0, |last| last.seconds - samples[0].seconds);
    let slope = if squares > 0.0 { products / squares } else { 0.0 };
    Rise {
        mean: samples.iter().map(value).sum::<f64>() / samples.len().max(1) as f64,
        rise: slope * long as f64,
    }
}
