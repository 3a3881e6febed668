//! All that is on the simulated disk: what is durable, and what is not yet. It outlives the processes that use it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;

use crate::cut;
use crate::disk::SimulatedDisk;
use crate::faults::{Faults, Happened};
use crate::schedule::Turns;
use crate::tree::TreeState;

/// What is cut off, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Death {
    /// The process dies.
    Kill,
    /// The machine does.
    PowerCut,
}

/// All that is on the disk. It outlives the processes that use it.
#[derive(Clone)]
pub(crate) struct Platter {
    pub(crate) turns: Arc<Turns>,
    state: Arc<Mutex<State>>,
}

pub(crate) struct State {
    pub(crate) dice: Rng,
    /// Which process has the disk now; those before it have nothing any more.
    pub(crate) process: u64,
    /// Whether the process is dead.
    pub(crate) dead: bool,
    /// How many operations there were, and at which one the process dies.
    pub(crate) operations: u64,
    pub(crate) dies_at: Option<(u64, Death)>,
    pub(crate) inodes: Vec<Inode>,
    pub(crate) names: BTreeMap<PathBuf, usize>,
    pub(crate) durable_names: BTreeMap<PathBuf, usize>,
    pub(crate) unsynced_names: Vec<Naming>,
    pub(crate) directories: BTreeSet<PathBuf>,
    pub(crate) durable_directories: BTreeSet<PathBuf>,
    pub(crate) trees: BTreeMap<PathBuf, TreeState>,
    pub(crate) locked: bool,
    pub(crate) faults: Faults,
    pub(crate) happened: Happened,
}

/// One file.
#[derive(Default)]
pub(crate) struct Inode {
    /// As it reads now.
    pub(crate) now: Vec<u8>,
    /// As it is on the disk.
    pub(crate) durable: Vec<u8>,
    /// What came since, in order.
    pub(crate) unsynced: Vec<Change>,
    /// What the sync before this one was to make durable; only for a disk that is always one sync late.
    pub(crate) late: Vec<Change>,
}

#[derive(Clone)]
pub(crate) enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

/// Names that changed together.
pub(crate) struct Naming {
    pub(crate) directory: PathBuf,
    pub(crate) gone: Option<PathBuf>,
    pub(crate) there: Option<(PathBuf, usize)>,
}

impl Platter {
    pub(crate) fn new(seed: u64, turns: Arc<Turns>) -> Platter {
        let root = BTreeSet::from([PathBuf::from("/")]);
        let state = State {
            dice: Rng::with_seed(seed ^ 0x6469_736b),
            process: 0,
            dead: false,
            operations: 0,
            dies_at: None,
            inodes: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            unsynced_names: Vec::new(),
            directories: root.clone(),
            durable_directories: root,
            trees: BTreeMap::new(),
            locked: false,
            faults: Faults::default(),
            happened: Happened::default(),
        };
        Platter { turns, state: Arc::new(Mutex::new(state)) }
    }

    /// A process begins; those before it are no more.
    pub(crate) fn boot(&self) -> SimulatedDisk {
        let mut state = self.state();
        if state.dead {
            state.locked = false;
        }
        state.process += 1;
        state.dead = false;
        state.collect();
        SimulatedDisk { platter: self.clone(), process: state.process }
    }

    /// The process will die at the so-manieth operation from now.
    pub(crate) fn dies_after(&self, operations: u64, death: Death) {
        let mut state = self.state();
        state.dies_at = Some((state.operations + operations, death));
    }

    /// It dies now.
    pub(crate) fn die(&self, death: Death) {
        self.state().die(death);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.state().dead
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(crate) fn die(&mut self, death: Death) {
        if self.dead {
            return;
        }
        self.dead = true;
        self.dies_at = None;
        match death {
            Death::Kill => self.happened.kills += 1,
            Death::PowerCut => {
                self.happened.power_cuts += 1;
                cut::power(self);
            }
        }
        self.trees.values_mut().for_each(|tree| tree.forget_suffix(&mut self.dice));
    }

    /// An operation of this process begins. Says whether it dies over it.
    pub(crate) fn operation(&mut self, process: u64) -> io::Result<Option<Death>> {
        if self.dead || process != self.process {
            return Err(io::Error::other("the process is dead"));
        }
        self.operations += 1;
        let death = self.dies_at.filter(|(at, _)| *at <= self.operations);
        Ok(death.map(|(_, death)| death))
    }

    pub(crate) fn inode(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Forgets files without names.
    pub(crate) fn collect(&mut self) {
        let named: BTreeSet<usize> = self
            .names
            .values()
            .chain(self.durable_names.values())
            .copied()
            .chain(
                self.unsynced_names
                    .iter()
                    .filter_map(|naming| naming.there.as_ref().map(|(_, inode)| *inode)),
            )
            .collect();
        for (at, inode) in self.inodes.iter_mut().enumerate() {
            if !named.contains(&at) {
                *inode = Inode::default();
            }
        }
    }

    pub(crate) fn name(&mut self, naming: Naming) {
        naming.apply(&mut self.names);
        self.unsynced_names.push(naming);
    }

    /// Flips one bit of a file, wherever it is kept.
    pub(crate) fn flip(&mut self, path: &Path, bit: usize) {
        let Some(inode) = self.names.get(path).copied() else { return };
        let inode = &mut self.inodes[inode];
        for bytes in [&mut inode.now, &mut inode.durable] {
            if let Some(byte) = bytes.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
        }
        self.happened.flips += 1;
    }

    /// Takes a file away, as an administrator may.
    pub(crate) fn lose(&mut self, path: &Path) {
        self.names.remove(path);
        self.durable_names.remove(path);
        self.happened.lost_files += 1;
    }

    /// The files whose path has this in it, with their sizes.
    pub(crate) fn files(&self, part: &str) -> Vec<(PathBuf, usize)> {
        let files = self.names.iter().filter(|(path, _)| path.to_string_lossy().contains(part));
        files.map(|(path, inode)| (path.clone(), self.inodes[*inode].now.len())).collect()
    }
}

impl Naming {
    pub(crate) fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        if let Some(gone) = &self.gone {
            names.remove(gone);
        }
        if let Some((path, inode)) = &self.there {
            names.insert(path.clone(), *inode);
        }
    }
}

impl Inode {
    pub(crate) fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.unsynced.push(change);
    }

    pub(crate) fn sync(&mut self) {
        for change in self.late.drain(..).chain(self.unsynced.drain(..)) {
            change.apply(&mut self.durable);
        }
    }

    /// Makes durable what the sync before this one should have.
    pub(crate) fn sync_late(&mut self) {
        let now = std::mem::take(&mut self.unsynced);
        for change in std::mem::replace(&mut self.late, now) {
            change.apply(&mut self.durable);
        }
    }

    /// The disk took some of it, and the system thinks all of it clean.
    pub(crate) fn fail_to_sync(&mut self, dice: &mut Rng) {
        for change in self.unsynced.drain(..) {
            if dice.bool() {
                change.apply(&mut self.durable);
            }
        }
    }
}

impl Change {
    pub(crate) fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Write(at, written) => {
                if bytes.len() < at + written.len() {
                    bytes.resize(at + written.len(), 0);
                }
                bytes[*at..at + written.len()].copy_from_slice(written);
            }
            Change::Truncate(size) => bytes.resize(*size, 0),
        }
    }
}

impl State {
    /// Whether the operation at hand is the one over which the process dies.
    pub(crate) fn dies(&self) -> bool {
        self.dies_at.is_some_and(|(at, _)| at <= self.operations)
    }
}
