//! What is kept as postcard: documents in sled, and the entries of the journal.

use laurels::catalog::Numbers;
use laurels::document::Document;
use laurels::event::Sequence;
use laurels::outcome::{Rarity, Record};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What can be read is written again as the same, and an event can be replayed.
pub fn document(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 4 {
        0 => drop(read::<Document>(bytes)),
        1 => drop(read::<Record>(bytes).inspect(replay)),
        2 => drop(read::<Numbers>(bytes)),
        _ => drop(read::<Rarity>(bytes)),
    }
}

/// Reads bytes, unless they cannot be read. Not compared as values: NaN is no equal of its own.
fn read<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let value: T = postcard::from_bytes(bytes).ok()?;
    let written = postcard::to_stdvec(&value).expect("what was read can be written");
    let again: T = postcard::from_bytes(&written).expect("what was written can be read");
    assert_eq!(postcard::to_stdvec(&again).expect("likewise"), written);
    Some(again)
}

/// Does to empty documents what an event did, as an opening does.
fn replay(record: &Record) {
    for key in record.keys() {
        let mut document = Document::default();
        let changed = record.apply_to(&key, &mut document);
        if record.sequence > Sequence(0) {
            assert_eq!(document.sequence, record.sequence);
            assert_eq!(document.is_empty(), !changed);
            let once = document.clone();
            assert!(!record.apply_to(&key, &mut document), "what is in it already is left alone");
            assert_eq!(format!("{once:?}"), format!("{document:?}"));
        }
        read::<Document>(&postcard::to_stdvec(&document).expect("a document can be written"))
            .expect("a document that was written can be read");
    }
}
