//! What goes wrong on the disk beside dying, and how often it did.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::platter::State;

/// Room without end.
pub(crate) const PLENTY: u64 = 1 << 40;

/// What may go wrong.
pub(crate) struct Faults {
    /// While the model looks, nothing does.
    pub(crate) suspended: bool,
    /// Of ten thousand operations of a kind so many fail with EIO.
    pub(crate) errors: Vec<(&'static str, u32)>,
    /// That holds for paths with this in them.
    pub(crate) only: &'static str,
    /// So many bytes can still be written; then the disk is full, in the middle of a write.
    pub(crate) room: Option<usize>,
    /// How much room the disk says it has.
    pub(crate) free: u64,
    /// How often a thread loses its turn during one operation.
    pub(crate) slow: u32,
    /// Files and directories whose path has this in it are not synced, though the disk says so.
    pub(crate) lies: Option<&'static str>,
    /// That holds for directories only. No disk does that for ever: it is a sabotage.
    pub(crate) names_only: bool,
    /// The tree is not synced, though the disk says so.
    pub(crate) tree_lies: bool,
    /// A sync makes durable what the one before it should have. No real disk does that: it is a sabotage.
    pub(crate) late: bool,
    /// Of ten thousand operations of the tree so many break it.
    pub(crate) tree_breaks: u32,
    /// Of ten thousand operations of the tree so many fail, and it is not to blame.
    pub(crate) tree_passes: u32,
    /// Of a hundred documents read from the tree so many are old ones. No tree does that: it is a sabotage.
    pub(crate) tree_is_old: u32,
}

impl Default for Faults {
    fn default() -> Faults {
        Faults {
            suspended: false,
            errors: Vec::new(),
            only: "",
            room: None,
            free: PLENTY,
            slow: 0,
            lies: None,
            names_only: false,
            tree_lies: false,
            late: false,
            tree_breaks: 0,
            tree_passes: 0,
            tree_is_old: 0,
        }
    }
}

impl Faults {
    /// Whether anything can fail now.
    pub(crate) fn any(&self) -> bool {
        !self.errors.is_empty()
            || self.room.is_some()
            || self.free != PLENTY
            || self.tree_breaks + self.tree_passes > 0
    }
}

/// What has happened so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Happened {
    pub(crate) kills: u64,
    pub(crate) power_cuts: u64,
    pub(crate) flips: u64,
    pub(crate) lost_files: u64,
    /// Operations that failed, by kind.
    pub(crate) errors: BTreeMap<&'static str, u64>,
    pub(crate) lies: u64,
    pub(crate) tree_broken: u64,
    /// In this process, a commit that failed could not be taken back for certain: an event of it may be kept.
    pub(crate) uncertain: bool,
    /// In this process, a sync of the journal failed: nothing is written before the next start.
    pub(crate) journal_failed: bool,
}

impl Happened {
    /// Everything that went wrong and was told to whoever asked.
    pub(crate) fn faults(&self) -> u64 {
        self.errors.values().sum::<u64>() + self.tree_broken
    }
}

impl State {
    /// Whether this operation fails.
    pub(crate) fn fails_now(&mut self, kind: &'static str, path: &Path) -> io::Result<()> {
        if self.faults.suspended {
            return Ok(());
        }
        let chance = self.faults.errors.iter().find(|(of, _)| *of == kind).map_or(0, |(_, chance)| *chance);
        let concerns = path.to_string_lossy().contains(self.faults.only);
        if chance == 0 || !concerns || self.dice.u32(..10_000) >= chance {
            return Ok(());
        }
        *self.happened.errors.entry(kind).or_default() += 1;
        if path.extension().is_some_and(|extension| extension == "log") && matches!(kind, "sync" | "truncate")
        {
            // The one that takes a commit back is the second sync, or comes before it.
            self.happened.uncertain |= self.happened.journal_failed || kind == "truncate";
            self.happened.journal_failed = true;
        }
        Err(io::Error::other("the disk has failed, as it was told to"))
    }

    /// Whether there is room for a write. If not, how many bytes of it still go through.
    pub(crate) fn takes_room(&mut self, bytes: usize) -> Result<(), (usize, io::Error)> {
        let Some(room) = self.faults.room.filter(|_| !self.faults.suspended) else { return Ok(()) };
        self.faults.room = Some(room.saturating_sub(bytes));
        if room >= bytes {
            return Ok(());
        }
        *self.happened.errors.entry("full").or_default() += 1;
        Err((room, io::ErrorKind::StorageFull.into()))
    }

    /// Whether what is here is not synced, though the disk says so.
    pub(crate) fn lies(&mut self, path: &Path) -> bool {
        let is_file = path.extension().is_some();
        let lies = self.faults.lies.is_some_and(|part| path.to_string_lossy().contains(part))
            && !(self.faults.names_only && is_file);
        self.happened.lies += u64::from(lies);
        // What was to make durable that a commit was taken back.
        self.happened.uncertain |= lies && self.happened.journal_failed;
        lies
    }
}
