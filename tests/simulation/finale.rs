//! How a seed ends: now and then with what no store can undo, a disk that did not sync what it said it had, or a bit
//! that flips in the journal. Then it must be noticed, with its position, or what is there must be a beginning of
//! what was kept; never anything else, and never a silent loss of more than the last commit.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use laurels::event::Sequence;
use laurels::store::{Embedded, Error, Store};

use crate::platter::Death;
use crate::process::{Process, directory};
use crate::schedule::broken;
use crate::world::World;

/// Bytes before the first frame of a segment.
const PREAMBLE_BYTES: usize = 32;
/// Bytes before the payload of a frame.
const HEADER_BYTES: usize = 24;
/// A frame begins with so many bytes that are the same in all, and its length follows.
const MAGIC_BYTES: usize = 4;
const LENGTH_BYTES: usize = 4;

/// What is done to the journal.
enum Damage {
    /// The disk lied.
    Lied,
    /// A bit of this file flipped: in its last frame, if it is the last file, or before.
    Flipped { path: PathBuf, offset: usize, last: bool },
}

/// Ends a seed.
pub(crate) async fn run(world: &mut World) {
    let damage = match world.dice.u8(..3) {
        0 => None,
        1 => lie(world).await,
        _ => flip(world),
    };
    let Some(damage) = damage else { return };
    world.count(|report| report.finales += 1);
    world.prepare();
    match Embedded::open(directory(), world.options()).map(Arc::new) {
        Err(error) => noticed(world, &damage, &error),
        Ok(store) => {
            read(world, &store, &damage);
            drop(store);
        }
    }
    world.bury();
}

/// A process whose disk syncs nothing of the journal, and then a power cut.
async fn lie(world: &mut World) -> Option<Damage> {
    let (store, catalog) = world.open()?;
    world.platter.state().faults.lies = Some(["journal", "/data"][world.dice.usize(..2)]);
    let mut process = Process::start(world, store, catalog);
    for _ in 0..world.dice.u32(10..200) {
        process.step(world);
        process.poll(world);
        if world.platter.is_dead() {
            break;
        }
    }
    if world.platter.is_dead() {
        // It may have died of a kill: nothing is lost then.
        world.platter.boot();
    }
    world.platter.die(Death::PowerCut);
    process.bury(world);
    Some(Damage::Lied)
}

fn flip(world: &mut World) -> Option<Damage> {
    let mut logs = world.platter.state().files(".log");
    logs.sort();
    let at = world.dice.usize(..logs.len().max(1));
    let (path, size) = logs.get(at)?.clone();
    let bit = world.dice.usize(..(size * 8).max(1));
    let mut state = world.platter.state();
    let inode = *state.names.get(&path)?;
    let last_frame = last_frame(&state.inodes[inode].now);
    state.flip(&path, bit);
    // What stands in a segment that has nothing but its head is nothing.
    let last = at + 1 == logs.len() && (bit / 8 >= last_frame || size <= PREAMBLE_BYTES);
    // One that was just begun says nothing of those before it: of those, too, the last frame was the last.
    Some(Damage::Flipped { path, offset: bit / 8, last })
}

/// Where the last frame of a segment begins. After it there may be zeros.
fn last_frame(bytes: &[u8]) -> usize {
    let (mut at, mut last) = (PREAMBLE_BYTES, PREAMBLE_BYTES);
    while let Some(header) = bytes.get(at..at + MAGIC_BYTES + LENGTH_BYTES) {
        let (magic, length) = header.split_at(MAGIC_BYTES);
        if magic.iter().all(|byte| *byte == 0) {
            break;
        }
        last = at;
        let length = length.first_chunk().map_or(0, |length| u32::from_le_bytes(*length));
        at += HEADER_BYTES + length as usize;
    }
    last
}

fn noticed(world: &World, damage: &Damage, error: &Error) {
    world.turns.note("noticed", 0, || error.to_string());
    world.count(|report| report.detected += 1);
    let Error::Damaged { place, .. } = error else { broken("damage is told from other errors", error) };
    match damage {
        Damage::Lied => {}
        Damage::Flipped { path, offset, .. } => {
            let (file, position) = place.rsplit_once(':').unwrap_or((place, "0"));
            let position: usize = position.parse().unwrap_or(0);
            let found_beside = place.contains("journal") && !file.ends_with(".log");
            if !found_beside && (Path::new(file) != path || position > *offset) {
                broken(
                    "damage is reported where it is",
                    format!("{path:?}:{offset} was reported as {place}"),
                );
            }
        }
    }
}

fn read(world: &mut World, store: &Embedded, damage: &Damage) {
    let known = world.history.records.len();
    let found = store.head().0 as usize;
    let mut at = 0;
    while at < found {
        match store.records_after(Sequence(at as u64), 1) {
            Ok(records) => {
                let Some(record) = records.first() else {
                    broken("what is kept can be read", format!("{at} of {found}"))
                };
                match world.history.records.get(at) {
                    Some(kept) if kept != record => {
                        broken("damage is never other data", format!("{kept:?} became {record:?}"))
                    }
                    Some(_) => {}
                    None => world.clients.check_kept(record),
                }
                at += 1;
            }
            Err(error) => return noticed(world, damage, &error),
        }
    }
    let Damage::Flipped { path, offset, last } = damage else {
        // Of what nobody was told some may be there, too, and the model does not know by which rules.
        if found <= known {
            check_prefix(world, store, found);
        }
        return;
    };
    if !last {
        broken("a flipped bit is noticed", format!("{path:?}:{offset}: {found} of {known} events were read"));
    }
    // Here too, what nobody was told of may be there.
    if found <= known {
        check_prefix(world, store, found);
    }
}

fn check_prefix(world: &World, store: &Embedded, events: usize) {
    let mut shorter = world.history.until(events);
    if let Err(error) = shorter.check_all(store, false)
        && !matches!(error, Error::Damaged { .. })
    {
        broken("damage is told from other errors", error);
    }
}
