//! Documents to sled, and from it.

use std::borrow::Borrow;

use super::super::materialized::{Batch, Materialized, StoredKey};
use super::super::published::Sums;
use super::super::tree::Trouble;
use super::{Shared, seal};
use crate::document::Document;
use crate::key::Key;

/// Writes documents, and then that everything up to `sums` is there. Both are durable when it returns; how
/// many bytes each document took is answered, in their order. `between` is called now and then, and can stop it.
pub(super) fn write<K: Borrow<Key>, D: Borrow<Document>>(
    shared: &Shared,
    sled: &Materialized,
    documents: impl Iterator<Item = Result<(K, D), Trouble>>,
    sums: &Sums,
    between: impl FnMut() -> Result<(), Trouble>,
) -> Result<Vec<u64>, Trouble> {
    let sizes = self::documents(shared, sled, documents, between)?;
    // The sums are a promise about the documents, so these must be there first.
    sled.sync()?;
    let bytes = postcard::to_stdvec(sums).map_err(|error| other("the sums", error))?;
    let mut batch = sled.batch();
    batch.put(StoredKey::Sums, &bytes)?;
    batch.write()?;
    sled.sync()?;
    seal::write(&*shared.options.disk, &shared.seal_path(), shared.identity, sums.sequence)
        .map_err(Trouble::Other)?;
    Ok(sizes)
}

/// Writes documents only. They need not be durable when it returns.
pub(super) fn documents<K: Borrow<Key>, D: Borrow<Document>>(
    shared: &Shared,
    sled: &Materialized,
    documents: impl Iterator<Item = Result<(K, D), Trouble>>,
    mut between: impl FnMut() -> Result<(), Trouble>,
) -> Result<Vec<u64>, Trouble> {
    let mut sizes = Vec::with_capacity(documents.size_hint().0);
    let mut bytes = Vec::new();
    let mut batch = sled.batch();
    for document in documents {
        let (key, document) = document?;
        let document = document.borrow();
        bytes.clear();
        postcard::to_io(document, &mut bytes).map_err(|error| other("a document", error))?;
        sizes.push(bytes.len() as u64);
        // In one that is new nothing was ever kept.
        if !document.is_new() && put(shared, &mut batch, key.borrow(), &bytes)? {
            between()?;
        }
    }
    batch.write()?;
    Ok(sizes)
}

/// Adds a document to a batch: the only way by which one comes into sled. Answers whether some were written just now.
pub(super) fn put(
    shared: &Shared,
    batch: &mut Batch<'_>,
    key: &Key,
    document: &[u8],
) -> Result<bool, Trouble> {
    shared.documents.known.note(key);
    batch.put(StoredKey::Document(key), document)
}

/// The document under a key, and how many bytes it takes there.
pub(super) fn read(
    shared: &Shared,
    sled: &Materialized,
    key: &Key,
) -> Result<Option<(Document, u64)>, Trouble> {
    if !shared.documents.known.may_be_in_sled(key) {
        return Ok(None);
    }
    let Some(bytes) = sled.get(StoredKey::Document(key))? else {
        // The more often it is asked in vain, the sooner that ends.
        shared.documents.known.read_on(sled)?;
        return Ok(None);
    };
    let document: Document = postcard::from_bytes(&bytes)
        .map_err(|error| Trouble::Broken(format!("a document cannot be read: {error}")))?;
    // Documents are written before the sums that vouch for them: so they may tell of events that the journal has
    // lost, on a disk that did not sync it, and that the sums do not know of.
    let head = shared.journal.head();
    if document.sequence > head {
        let (known, head) = (document.sequence.0, head.0);
        return Err(Trouble::Broken(format!(
            "a document goes up to event {known}, and the journal to {head}"
        )));
    }
    Ok(Some((document, bytes.len() as u64)))
}

/// The sums up to which everything is there, if anything is.
pub(in crate::store) fn read_sums(sled: &Materialized) -> Result<Option<Sums>, Trouble> {
    let Some(bytes) = sled.get(StoredKey::Sums)? else { return Ok(None) };
    let sums =
        Sums::read(&bytes).map_err(|error| Trouble::Broken(format!("the sums cannot be read: {error}")))?;
    Ok(Some(sums))
}

fn other(what: &str, error: postcard::Error) -> Trouble {
    Trouble::Other(super::super::Error::io(format!("write {what}"), std::io::Error::other(error)))
}
