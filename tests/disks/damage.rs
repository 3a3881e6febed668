//! What can become of a file, seeded: the same seed damages the same bytes.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use fastrand::Rng;

/// How long one case may take that takes milliseconds, before it is taken to hang.
const PATIENCE: Duration = Duration::from_secs(120);
/// Longest range that is damaged at once.
const RANGE_MAX: usize = 20_000;

/// What is done to a file.
#[derive(Clone, Debug)]
pub(crate) enum Damage {
    Cut(usize),
    Grown(usize),
    Flipped {
        at: usize,
        bit: u8,
    },
    Zeroed(usize, usize),
    Junk(usize, usize, u64),
    /// A range holds what stands elsewhere in the file: a write that went to the wrong place.
    Misplaced {
        from: usize,
        to: usize,
        length: usize,
    },
    Gone,
}

impl Damage {
    /// One of those that a file of so many bytes can have.
    pub(crate) fn any(random: &mut Rng, size: usize) -> Damage {
        let at = random.usize(..size.max(1));
        let length = random.usize(1..RANGE_MAX);
        match random.u8(..16) {
            0 => Damage::Gone,
            1 => Damage::Grown(length),
            2..4 => Damage::Cut(at),
            4..6 => Damage::Zeroed(at, length),
            6..8 => Damage::Junk(at, length, random.u64(..)),
            8..10 => Damage::Misplaced { from: random.usize(..size.max(1)), to: at, length },
            _ => Damage::Flipped { at, bit: random.u8(..8) },
        }
    }

    /// Does it.
    pub(crate) fn inflict(&self, path: &Path) {
        if let Damage::Gone = self {
            return fs::remove_file(path).unwrap();
        }
        let mut bytes = fs::read(path).unwrap();
        let size = bytes.len();
        let range = |at: usize, length: usize| at..usize::min(at + length, size);
        match *self {
            Damage::Gone => {}
            Damage::Cut(at) => bytes.truncate(at),
            Damage::Grown(by) => bytes.extend((0..by).map(|at| at as u8)),
            Damage::Flipped { at, bit } => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            Damage::Zeroed(at, length) => bytes[range(at, length)].fill(0),
            Damage::Junk(at, length, seed) => Rng::with_seed(seed).fill(&mut bytes[range(at, length)]),
            Damage::Misplaced { from, to, length } => {
                let length = length.min(size - from).min(size - to);
                bytes.copy_within(from..from + length, to);
            }
        }
        fs::write(path, bytes).unwrap();
    }
}

/// So many cases, or as many times that as `LAURELS_SWEEP` says.
pub(crate) fn cases(usual: u64) -> impl Iterator<Item = Case> {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    let seed = number("LAURELS_SEED").unwrap_or(1);
    let cases = usual * number("LAURELS_SWEEP").unwrap_or(1);
    (0..cases).map(move |case| Case { seed, case })
}

/// One case of a sweep.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    seed: u64,
    pub(crate) case: u64,
}

impl Case {
    pub(crate) fn random(self) -> Rng {
        Rng::with_seed(self.seed << 32 | self.case)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "case {} of LAURELS_SEED={}", self.case, self.seed)
    }
}

/// Does something in a thread of its own, and fails where it does not end.
pub(crate) fn ends<T: Send + 'static>(what: String, action: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, wait) = channel();
    let thread = std::thread::spawn(move || {
        let result = action();
        let _ = done.send(());
        result
    });
    if let Err(RecvTimeoutError::Timeout) = wait.recv_timeout(PATIENCE) {
        panic!("it hangs: {what}");
    }
    thread.join().unwrap_or_else(|_| panic!("it panicked: {what}"))
}

/// A throw-away directory: in memory where there is one, since a sweep syncs thousands of times and no power is cut.
pub(crate) fn directory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

/// Every file below a directory.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}
