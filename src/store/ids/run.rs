//! A sorted file of fingerprints, with a filter in memory before it.
//!
//! ```text
//! magic 8 │ identity 8 │ level 8 │ first sequence 8 │ last 8 │ entries 8 │ (fingerprint 8 │ sequence 8)* │ crc32c 4
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xorf::{BinaryFuse8, Filter};

use super::super::Identity;
use super::super::disk::{Disk, File};
use super::Entry;

const MAGIC: [u8; 8] = *b"LAURELI1";
const HEADER_BYTES: usize = 48;
const ENTRY_BYTES: usize = 16;
/// So many entries share one place in the index in memory, and are read together.
const BLOCK_ENTRIES: usize = 256;
/// So many bytes are read or written at once when a whole run is: whole entries.
const CHUNK_BYTES: usize = 4096 * ENTRY_BYTES;
/// Below so many different fingerprints a filter saves nothing.
const FILTER_MIN: usize = 64;
const RUN: &str = "run";
/// What a run is called until it is complete.
pub(in crate::store) const UNFINISHED: &str = "unfinished";

/// What a run covers: the ids of all events from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct Span {
    /// How often its entries were merged.
    pub(in crate::store) level: u64,
    pub(in crate::store) first: u64,
    pub(in crate::store) last: u64,
}

/// One run.
pub(in crate::store) struct Run {
    pub(super) path: PathBuf,
    pub(super) level: u64,
    pub(super) first: u64,
    pub(super) last: u64,
    pub(in crate::store) entries: u64,
    file: Arc<dyn File>,
    filter: Option<BinaryFuse8>,
    /// The first fingerprint of each block.
    fences: Vec<u64>,
    /// The checksum of each block: what was good when the run was opened may be read wrong a year later, and an
    /// id that is not found is counted twice.
    checksums: Vec<u32>,
}

impl Run {
    /// Whether an id with this fingerprint may be in it.
    pub(super) fn may_have(&self, fingerprint: u64) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.contains(&fingerprint))
    }

    /// Adds the sequences kept with this fingerprint.
    pub(super) fn find(&self, fingerprint: u64, found: &mut Vec<u64>) -> io::Result<()> {
        // Equal ones may begin in the block before the first fence that is equal.
        let mut block = self.fences.partition_point(|fence| *fence < fingerprint).saturating_sub(1);
        while self.fences.get(block).is_some_and(|fence| *fence <= fingerprint) {
            let entries = self.block(block)?;
            let equal = entries.iter().filter(|(of, _)| *of == fingerprint);
            found.extend(equal.map(|(_, sequence)| *sequence));
            block += 1;
        }
        Ok(())
    }

    /// What it covers.
    pub(in crate::store) fn span(&self) -> Span {
        Span { level: self.level, first: self.first, last: self.last }
    }

    /// Whether the file is what was written, still.
    pub(super) fn is_whole(&self, identity: Identity) -> io::Result<bool> {
        Ok(scan(&*self.file, identity, |_| ())?.is_some())
    }

    /// All entries, in order.
    pub(in crate::store) fn iter(&self) -> impl Iterator<Item = io::Result<Entry>> {
        (0..self.fences.len()).flat_map(|block| match self.block(block) {
            Ok(entries) => entries.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => vec![Err(error)],
        })
    }

    /// Bytes of memory that it takes.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.filter.as_ref().map_or(0, Filter::len) + self.fences.len() * 8 + self.checksums.len() * 4
    }

    fn block(&self, block: usize) -> io::Result<Vec<Entry>> {
        let begin = (block * BLOCK_ENTRIES) as u64;
        let entries = usize::try_from(self.entries - begin).unwrap_or(usize::MAX).min(BLOCK_ENTRIES);
        let mut bytes = vec![0; entries * ENTRY_BYTES];
        self.file.read_at(&mut bytes, HEADER_BYTES as u64 + begin * ENTRY_BYTES as u64)?;
        if self.checksums.get(block) != Some(&crc32c::crc32c(&bytes)) {
            let problem = format!(
                "{} is damaged at entry {begin}; start the server again: it is made again from the journal",
                self.path.display()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        Ok(parse(&bytes).collect())
    }
}

fn parse(bytes: &[u8]) -> impl Iterator<Item = Entry> {
    let number = |half: &[u8]| half.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    bytes.chunks_exact(ENTRY_BYTES).map(move |entry| (number(entry), number(&entry[8..])))
}

/// Opens the runs of a directory, as far as they go from the first event without a gap. What is beyond that,
/// was merged into others, or is damaged, is taken away.
pub(super) fn open_all(disk: &dyn Disk, directory: &Path, identity: Identity) -> io::Result<Vec<Run>> {
    let names = disk.list(directory)?;
    for name in names.iter().filter(|name| name.ends_with(UNFINISHED)) {
        disk.remove(&directory.join(name))?;
    }
    let mut spans: Vec<_> = names.iter().filter_map(|name| span_of(name)).collect();
    // Of those that begin together the longest comes first: it was made of the others.
    spans.sort_unstable_by_key(|(first, last)| (*first, std::cmp::Reverse(*last)));
    let mut runs: Vec<Run> = Vec::new();
    for (first, last) in spans {
        let path = path(directory, first, last);
        let due = runs.last().map_or(1, |run| run.last + 1);
        if first == due {
            match read(disk, path.clone(), identity) {
                Ok(Some(run)) if (run.first, run.last) == (first, last) => {
                    runs.push(run);
                    continue;
                }
                Ok(_) => {
                    tracing::warn!(path = %path.display(), "event ids are damaged; they are read from the journal again")
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    tracing::warn!(path = %path.display(), "event ids are cut short; they are read from the journal again");
                }
                Err(error) => return Err(error),
            }
        }
        disk.remove(&path)?;
    }
    Ok(runs)
}

fn read(disk: &dyn Disk, path: PathBuf, identity: Identity) -> io::Result<Option<Run>> {
    let file = disk.open(&path)?;
    let mut summary = Summary::default();
    let span = scan(&*file, identity, |entry| summary.add(entry))?;
    Ok(span.map(|span| summary.into_run(path, file, span)))
}

/// Shows every entry in order, and then says what they cover; None where that is not what was written.
pub(in crate::store) fn scan(
    file: &dyn File,
    identity: Identity,
    mut each: impl FnMut(Entry),
) -> io::Result<Option<Span>> {
    let mut header = [0; HEADER_BYTES];
    file.read_at(&mut header, 0)?;
    let number = |nth: usize| header[nth * 8..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let entries = number(5);
    let size =
        entries.checked_mul(ENTRY_BYTES as u64).and_then(|bytes| bytes.checked_add(HEADER_BYTES as u64));
    let fits = size.and_then(|size| size.checked_add(4)) == Some(file.size()?);
    if !header.starts_with(&MAGIC) || number(1) != identity.0 || !fits {
        return Ok(None);
    }
    let mut checksum = crc32c::crc32c(&header);
    let mut chunk = Vec::new();
    let mut at = HEADER_BYTES as u64;
    let end = file.size()? - 4;
    while at < end {
        chunk.resize(usize::try_from(end - at).unwrap_or(usize::MAX).min(CHUNK_BYTES), 0);
        file.read_at(&mut chunk, at)?;
        checksum = crc32c::crc32c_append(checksum, &chunk);
        parse(&chunk).for_each(&mut each);
        at += chunk.len() as u64;
    }
    let mut kept = [0; 4];
    file.read_at(&mut kept, end)?;
    if checksum.to_le_bytes() != kept {
        return Ok(None);
    }
    Ok(Some(Span { level: number(2), first: number(3), last: number(4) }))
}

/// Writes a run of so many sorted entries. Durable when it returns.
pub(super) fn write(
    disk: &dyn Disk,
    directory: &Path,
    identity: Identity,
    span: Span,
    entries: u64,
    sorted: impl Iterator<Item = io::Result<Entry>>,
) -> io::Result<Run> {
    let path = path(directory, span.first, span.last);
    let unfinished = path.with_extension(UNFINISHED);
    let file = disk.create(&unfinished)?;
    let mut chunk = Vec::with_capacity(CHUNK_BYTES + HEADER_BYTES);
    chunk.extend(MAGIC);
    for number in [identity.0, span.level, span.first, span.last, entries] {
        chunk.extend(number.to_le_bytes());
    }
    let mut checksum = 0;
    let mut at = 0;
    let mut summary = Summary::default();
    for entry in sorted {
        let (fingerprint, sequence) = entry?;
        summary.add((fingerprint, sequence));
        chunk.extend(fingerprint.to_le_bytes());
        chunk.extend(sequence.to_le_bytes());
        if chunk.len() >= CHUNK_BYTES {
            checksum = crc32c::crc32c_append(checksum, &chunk);
            file.write_at(&chunk, at)?;
            at += chunk.len() as u64;
            chunk.clear();
        }
    }
    checksum = crc32c::crc32c_append(checksum, &chunk);
    chunk.extend(checksum.to_le_bytes());
    file.write_at(&chunk, at)?;
    file.sync()?;
    disk.rename(&unfinished, &path)?;
    disk.sync_directory(directory)?;
    Ok(summary.into_run(path, file, span))
}

/// What is kept in memory of a run.
#[derive(Default)]
struct Summary {
    entries: u64,
    fences: Vec<u64>,
    checksums: Vec<u32>,
    /// Each once.
    fingerprints: Vec<u64>,
}

impl Summary {
    fn add(&mut self, (fingerprint, sequence): Entry) {
        if self.entries.is_multiple_of(BLOCK_ENTRIES as u64) {
            self.fences.push(fingerprint);
            self.checksums.push(0);
        }
        if let Some(checksum) = self.checksums.last_mut() {
            *checksum = crc32c::crc32c_append(*checksum, &fingerprint.to_le_bytes());
            *checksum = crc32c::crc32c_append(*checksum, &sequence.to_le_bytes());
        }
        self.entries += 1;
        // The filter cannot be made of what is there twice.
        if self.fingerprints.last() != Some(&fingerprint) {
            self.fingerprints.push(fingerprint);
        }
    }

    fn into_run(self, path: PathBuf, file: Arc<dyn File>, span: Span) -> Run {
        let Summary { entries, fences, checksums, fingerprints } = self;
        let filter = match fingerprints.len() < FILTER_MIN {
            true => None,
            // Without a filter the run is always looked into: slower, and as right.
            false => BinaryFuse8::try_from(&fingerprints).ok(),
        };
        let Span { level, first, last } = span;
        Run { path, level, first, last, entries, file, filter, fences, checksums }
    }
}

fn path(directory: &Path, first: u64, last: u64) -> PathBuf {
    directory.join(format!("{first:020}-{last:020}.{RUN}"))
}

/// The first and the last event of the run with this file name.
pub(in crate::store) fn span_of(name: &str) -> Option<(u64, u64)> {
    let (first, last) = name.strip_suffix(RUN)?.strip_suffix('.')?.split_once('-')?;
    (first.len() == 20 && last.len() == 20).then_some(())?;
    Some((first.parse().ok()?, last.parse().ok()?))
}
