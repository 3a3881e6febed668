//! What a power cut leaves of what was not synced.

use std::collections::BTreeMap;

use fastrand::Rng;

use crate::platter::{Change, Inode, State};

const SECTOR: usize = 512;

/// Cuts the power: what is durable stays, and any part of the rest.
pub(crate) fn power(state: &mut State) {
    let State { inodes, dice, .. } = state;
    for inode in inodes.iter_mut() {
        let kept = after(inode, dice);
        *inode = Inode { durable: kept.clone(), now: kept, ..Inode::default() };
    }
    for directory in &state.directories {
        if state.dice.bool()
            && directory.parent().is_none_or(|above| state.durable_directories.contains(above))
        {
            state.durable_directories.insert(directory.clone());
        }
    }
    state.directories = state.durable_directories.clone();
    let mut names = std::mem::take(&mut state.durable_names);
    // File systems keep the order of names mostly, and promise nothing.
    let in_order = state.dice.bool();
    let unsynced = std::mem::take(&mut state.unsynced_names);
    let many = state.dice.usize(..=unsynced.len());
    for (at, naming) in unsynced.iter().enumerate() {
        if if in_order { at < many } else { state.dice.bool() } {
            naming.apply(&mut names);
        }
    }
    names.retain(|path, _| path.parent().is_some_and(|directory| state.directories.contains(directory)));
    state.names = names.clone();
    state.durable_names = names;
}

fn after(inode: &Inode, dice: &mut Rng) -> Vec<u8> {
    let mut kept = inode.durable.clone();
    if inode.unsynced.is_empty() {
        return kept;
    }
    let (chance, garbage, torn) = (dice.f32(), dice.bool(), dice.u8(..3));
    for change in &inode.unsynced {
        if dice.f32() > chance {
            continue;
        }
        match change {
            Change::Truncate(_) => change.apply(&mut kept),
            Change::Write(at, bytes) => match torn {
                0 => put(&mut kept, *at, bytes, garbage, dice),
                1 => put(&mut kept, *at, &bytes[..dice.usize(..=bytes.len())], garbage, dice),
                _ => {
                    for (begin, sector) in sectors(*at, bytes) {
                        if dice.f32() <= chance {
                            put(&mut kept, begin, sector, garbage, dice);
                        }
                    }
                }
            },
        }
    }
    // The size may be written and what was to stand there not.
    if dice.u8(..4) == 0 && inode.now.len() > kept.len() {
        let (end, size) = (inode.now.len(), kept.len());
        fill(&mut kept, dice.usize(size..=end), garbage, dice);
    }
    kept
}

fn put(kept: &mut Vec<u8>, at: usize, bytes: &[u8], garbage: bool, dice: &mut Rng) {
    fill(kept, at, garbage, dice);
    Change::Write(at, bytes.to_vec()).apply(kept);
}

/// Makes it so long at least, with zeros or with what nobody wrote.
fn fill(kept: &mut Vec<u8>, size: usize, garbage: bool, dice: &mut Rng) {
    while kept.len() < size {
        kept.push(if garbage { dice.u8(..) } else { 0 });
    }
}

fn sectors(at: usize, bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut begin = 0;
    std::iter::from_fn(move || {
        let room = SECTOR - (at + begin) % SECTOR;
        let end = (begin + room).min(bytes.len());
        let sector = (begin < end).then(|| (at + begin, &bytes[begin..end]));
        begin = end;
        sector
    })
}

/// Cuts the power for a tree: the last batches that were not synced are lost.
pub(crate) fn suffix(
    durable: &mut BTreeMap<Vec<u8>, Vec<u8>>,
    unsynced: &mut Vec<Vec<laurels::store::tree::Write>>,
    dice: &mut Rng,
) {
    let kept = dice.usize(..=unsynced.len());
    for batch in unsynced.drain(..).take(kept) {
        crate::tree::apply(durable, batch);
    }
}
