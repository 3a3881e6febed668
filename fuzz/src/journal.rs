//! A journal that somebody has written into: opened, read, and gone on with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use laurels::award::Place;
use laurels::event::Sequence;
use laurels::outcome::{Outcome, Record};
use laurels::store::{Earlier, Embedded, Error, Options, Store};

use super::disk::{MemoryDisk, MemoryTrees};
use super::frames::{self, IDENTITY};

/// Where the first of two segments ends, in sixteenths of the input.
const PARTS: usize = 16;

/// A journal is refused, and left as it is but for what a crash cut short; or it opens, gives every event from the
/// first to the last without a gap, and can be gone on with.
pub fn journal(bytes: &[u8]) {
    let Some((mode, bytes)) = bytes.split_first() else { return };
    let disk = MemoryDisk::default();
    // The input is the first segment as it stands; or frames, whose checksums are put right, in one segment or two.
    match mode & 1 {
        0 => disk.put(&frames::path(Sequence(1)), bytes.to_vec()),
        _ => {
            let at = bytes.len() / PARTS * usize::from(mode >> 4);
            let (first, second) =
                if mode & 2 == 0 { (bytes, None) } else { (&bytes[..at], Some(&bytes[at..])) };
            let next = frames::put(&disk, Sequence(1), first);
            if let Some(second) = second {
                frames::put(&disk, next, second);
            }
        }
    }
    let before = disk.journal();
    let options = options(&disk);
    let mut kept = match open(&options) {
        Ok(store) => {
            assert!(mode & 1 == 0 || store.identity() == IDENTITY);
            read(&store)
        }
        Err(Error::Damaged { .. }) => {
            let is_rest = |(path, rest): (&PathBuf, &Vec<u8>)| {
                before.get(path).is_some_and(|all| all.starts_with(rest))
            };
            return assert!(disk.journal().iter().all(is_rest), "what is refused is not changed");
        }
        Err(error) => panic!("{error:?}"),
    };
    if let Some(record) = kept.last().cloned() {
        let (changes, awards, revoked) = Default::default();
        let sequence = record.sequence.next();
        let record = Record { sequence, changes, awards, revoked, newcomers: 0, ..record };
        kept.push(record.clone());
        let store = open(&options).expect("it was opened before");
        store.commit(&[Outcome { record, documents: Vec::new(), left_out: 0 }]).expect("it goes on");
        assert_eq!(written(&read(&store)), written(&kept));
        drop(store);
        let store = open(&Options { checkpoint_on_close: mode & 4 != 0, ..options.clone() });
        assert_eq!(written(&read(&store.expect("what we wrote can be read"))), written(&kept));
        let store = open(&options).expect("it was written behind, or not");
        assert_eq!(written(&read(&store)), written(&kept));
    }
}

fn options(disk: &MemoryDisk) -> Options {
    let trees = Arc::new(MemoryTrees::default());
    Options { disk: Arc::new(disk.clone()), trees, checkpoint_on_close: false, ..Options::default() }
}

fn open(options: &Options) -> Result<Embedded, Error> {
    Embedded::open(Path::new(frames::DIRECTORY), options.clone())
}

/// All events.
fn read(store: &Embedded) -> Vec<Record> {
    let records = store.records_after(Sequence(0), usize::MAX).expect("an opening reads all of them");
    let sequences: Vec<_> = records.iter().map(|record| record.sequence.0).collect();
    assert!(sequences.iter().copied().eq(1..=store.head().0), "{sequences:?} up to {:?}", store.head());
    for record in &records {
        // We never write one without an id, and look for none.
        if !record.event.id.as_str().is_empty() {
            let known = store.recorded(&record.event.id).expect("it can be read");
            let known = known.and_then(Earlier::record);
            assert_eq!(known.map(|known| known.event.id), Some(record.event.id.clone()));
        }
        let keys = record.keys();
        let documents = store.load(&keys).expect("documents are made again");
        assert_eq!(documents.len(), keys.len());
    }
    let awards = store.news_after(Place::START, None, usize::MAX).expect("likewise");
    assert_eq!(awards.reached, Place::end_of(store.head()));
    records
}

/// As it is written: NaN is no equal of its own.
fn written(records: &[Record]) -> Vec<Vec<u8>> {
    records.iter().map(|record| postcard::to_stdvec(record).expect("a record can be written")).collect()
}
