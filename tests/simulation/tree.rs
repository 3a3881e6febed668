//! A tree in memory, on the disk's terms: of the batches since its last sync a suffix may be lost, at a kill too,
//! since a tree keeps a log of its own in memory. It may break, when it is opened or in the middle, and may fail
//! without being to blame. Its values are what was written or it is broken: real sled has checksums too.
//!
//! Real sled is attacked by other suites, with real files. Here it is replaced, because it starts threads, takes
//! its own time, and writes to the system's disk.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use fastrand::Rng;
use laurels::store::Options;
use laurels::store::tree::{Tree, Trees, Trouble, Write};

use crate::cut;
use crate::disk::SimulatedDisk;
use crate::platter::State;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// What is in one tree.
#[derive(Default)]
pub(crate) struct TreeState {
    now: Map,
    durable: Map,
    unsynced: Vec<Vec<Write>>,
    broken: bool,
    /// What stood under a key before; only for the sabotage that reads it.
    old: Map,
}

impl TreeState {
    /// Whoever used it is dead.
    pub(crate) fn forget_suffix(&mut self, dice: &mut Rng) {
        cut::suffix(&mut self.durable, &mut self.unsynced, dice);
        self.now = self.durable.clone();
    }

    /// It cannot be opened any more.
    pub(crate) fn damage(&mut self) {
        self.broken = true;
    }
}

/// Writes a batch.
pub(crate) fn apply(map: &mut Map, batch: Vec<Write>) {
    for (key, value) in batch {
        match value {
            Some(value) => map.insert(key, value),
            None => map.remove(&key),
        };
    }
}

/// The trees of one process.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedTrees(pub(crate) SimulatedDisk);

impl Trees for SimulatedTrees {
    fn open(&self, directory: &Path, _options: &Options) -> Result<Box<dyn Tree>, Trouble> {
        let tree = SimulatedTree { disk: self.0.clone(), path: directory.to_owned() };
        tree.act("open the tree", b"", |state| {
            let tree = state.trees.entry(directory.to_owned()).or_default();
            match tree.broken {
                true => Err(Trouble::Broken("it is broken".to_owned())),
                false => Ok(()),
            }
        })?;
        Ok(Box::new(tree))
    }

    fn is_in(&self, directory: &Path) -> bool {
        self.0.platter.state().trees.contains_key(directory)
    }

    fn set_aside(&self, directory: &Path, _options: &Options) -> io::Result<Option<PathBuf>> {
        let tree = SimulatedTree { disk: self.0.clone(), path: directory.to_owned() };
        let gone = tree.act("set the tree aside", b"", |state| Ok(state.trees.remove(directory).is_some()));
        match gone {
            Ok(gone) => Ok(gone.then(|| directory.with_extension("broken-1"))),
            Err(trouble) => Err(io::Error::other(format!("{trouble:?}"))),
        }
    }
}

struct SimulatedTree {
    disk: SimulatedDisk,
    path: PathBuf,
}

impl SimulatedTree {
    fn act<T>(
        &self,
        what: &'static str,
        detail: &[u8],
        act: impl FnOnce(&mut State) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        self.disk.platter.turns.turn();
        let mut state = self.disk.platter.state();
        let death = state.operation(self.disk.process).map_err(Trouble::Passing)?;
        self.disk.platter.turns.note(what, 0, || detail.escape_ascii().to_string());
        if let Some(death) = death {
            if state.dice.bool() {
                let _ = act(&mut state);
            }
            state.die(death);
            return Err(Trouble::Passing(io::Error::other("the process is dead")));
        }
        self.fails_now(&mut state)?;
        act(&mut state)
    }

    fn fails_now(&self, state: &mut State) -> Result<(), Trouble> {
        let (breaks, passes) = (state.faults.tree_breaks, state.faults.tree_passes);
        if state.faults.suspended || breaks + passes == 0 {
            return Ok(());
        }
        let rolled = state.dice.u32(..10_000);
        if rolled < breaks {
            state.happened.tree_broken += 1;
            if let Some(tree) = state.trees.get_mut(&self.path) {
                tree.broken = true;
            }
            return Err(Trouble::Broken("it breaks, as it was told to".to_owned()));
        }
        if rolled < breaks + passes {
            *state.happened.errors.entry("tree").or_default() += 1;
            return Err(Trouble::Passing(io::ErrorKind::StorageFull.into()));
        }
        Ok(())
    }

    fn with<T>(
        &self,
        what: &'static str,
        detail: &[u8],
        act: impl FnOnce(&mut TreeState, &mut Rng) -> T,
    ) -> Result<T, Trouble> {
        self.act(what, detail, |state| {
            let State { trees, dice, .. } = state;
            match trees.get_mut(&self.path) {
                Some(tree) if !tree.broken => Ok(act(tree, dice)),
                _ => Err(Trouble::Broken("it is broken".to_owned())),
            }
        })
    }
}

impl Tree for SimulatedTree {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        let old = self.disk.platter.state().faults.tree_is_old;
        self.with("get", key, |tree, dice| {
            let is_old = old > 0 && key.starts_with(b"d") && dice.u32(..100) < old;
            let from = if is_old && tree.old.contains_key(key) { &tree.old } else { &tree.now };
            from.get(key).cloned()
        })
    }

    fn write(&self, batch: Vec<Write>) -> Result<(), Trouble> {
        let keeps_old = self.disk.platter.state().faults.tree_is_old > 0;
        self.with("write a batch", b"", |tree, _| {
            if keeps_old {
                let replaced =
                    batch.iter().filter_map(|(key, _)| Some((key.clone(), tree.now.get(key)?.clone())));
                let replaced: Vec<_> = replaced.collect();
                tree.old.extend(replaced);
            }
            tree.unsynced.push(batch.clone());
            apply(&mut tree.now, batch);
        })
    }

    fn sync(&self) -> Result<(), Trouble> {
        let lies = self.disk.platter.state().faults.tree_lies;
        self.with("sync the tree", b"", |tree, _| {
            if !lies {
                for batch in std::mem::take(&mut tree.unsynced) {
                    apply(&mut tree.durable, batch);
                }
            }
        })
    }

    fn keys(&self, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>, Trouble> {
        self.with("list keys", from, |tree, _| {
            tree.now.range(from.to_vec()..).map(|(key, _)| key.clone()).take(limit).collect()
        })
    }

    fn abandon(self: Box<Self>) {}
}
