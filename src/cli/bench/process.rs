//! What a process of this machine has used of its processors, as Linux tells.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::super::error::Error;

/// A process that is measured.
pub(super) struct Process {
    directory: PathBuf,
}

/// CPU time that a process has used, in the system too.
#[derive(Clone, Debug, Default)]
pub(super) struct Spent {
    /// All of it, that of threads which have ended too.
    pub(super) total: Duration,
    /// That of each running thread, by name; those with one name together.
    pub(super) threads: BTreeMap<String, Duration>,
}

impl Process {
    /// The process with this number. Fails where there is none.
    pub(super) fn of(pid: u32) -> Result<Process, Error> {
        let process = Process { directory: PathBuf::from(format!("/proc/{pid}")) };
        process.spent().map(|_| process)
    }

    /// What it has used until now.
    pub(super) fn spent(&self) -> Result<Spent, Error> {
        let stat = self.read("stat")?;
        // The program's name, in parentheses, may have anything in it.
        let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let ticks: u64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        let total = Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second());
        let mut threads: BTreeMap<String, Duration> = BTreeMap::new();
        let tasks = fs::read_dir(self.directory.join("task"));
        for task in tasks.map_err(|source| self.unreadable("task", source))?.flatten() {
            // A thread that ends meanwhile is no longer there to be asked.
            let Ok(name) = fs::read_to_string(task.path().join("comm")) else { continue };
            let Ok(used) = fs::read_to_string(task.path().join("schedstat")) else { continue };
            let nanos = used.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default();
            *threads.entry(name.trim().to_owned()).or_default() += Duration::from_nanos(nanos);
        }
        Ok(Spent { total, threads })
    }

    fn read(&self, name: &str) -> Result<String, Error> {
        fs::read_to_string(self.directory.join(name)).map_err(|source| self.unreadable(name, source))
    }

    fn unreadable(&self, name: &str, source: std::io::Error) -> Error {
        let file = self.directory.join(name);
        Error::io(format!("read {}, of which --pid speaks", file.display()), source)
    }
}

impl Spent {
    /// What was used since then.
    pub(super) fn since(&self, before: &Spent) -> Spent {
        let used = |(name, now): (&String, &Duration)| {
            let then = before.threads.get(name).copied().unwrap_or_default();
            (name.clone(), now.saturating_sub(then))
        };
        let threads = self.threads.iter().map(used).collect();
        Spent { total: self.total.saturating_sub(before.total), threads }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_works_is_seen_by_thread() {
        let process = Process::of(std::process::id()).expect("this one runs");
        let before = process.spent().expect("it still does");
        let after = std::thread::Builder::new().name("works-hard".to_owned()).spawn(move || {
            let mut number = 0_u64;
            loop {
                number = std::hint::black_box(number + 1);
                let Some(spent) = number.is_multiple_of(1 << 20).then(|| process.spent()) else { continue };
                let spent = spent.expect("it runs").since(&before);
                if spent.total > Duration::from_millis(50)
                    && spent.threads["works-hard"] > Duration::from_millis(50)
                {
                    return spent;
                }
            }
        });
        let after = after.expect("it starts").join().expect("it ends");
        assert!(after.threads.len() > 1, "{after:?}");
    }

    #[test]
    fn a_process_that_is_not_there_is_said_to_be_missing() {
        let error = Process::of(u32::MAX).err().expect("there is none").to_string();
        assert!(error.starts_with("cannot read /proc/4294967295/stat, of which --pid speaks: "), "{error}");
    }
}
