//! The snapshot of a store whose oldest records were reclaimed: all documents, sums and event ids as of one
//! event, in the format of a [backup](super::backup::format) without events. It stands for the records that
//! are gone: with those that are kept, everything else can be made again from it.
//!
//! `snapshot/NNN.snapshot` is named after the event up to which it has everything. There is one, or for a moment two:
//! the older is taken away when the newer is durable.

use std::io::{self, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::backup::format::{About, Block, Extent, Fault, Kind, Raw, Reader, RunOfIds, Writer};
use super::disk::{Disk, File};
use super::published::Sums;
use super::{Error, Identity};
use crate::document::Document;
use crate::event::Sequence;
use crate::key::Key;

const SNAPSHOT: &str = "snapshot";
/// What a snapshot is called until it is complete.
const UNFINISHED: &str = "unfinished";
/// So many bytes are read or written at once.
const CHUNK_BYTES: usize = 1 << 20;

/// A snapshot that is complete.
#[derive(Clone)]
pub(super) struct Snapshot {
    path: PathBuf,
    file: Arc<dyn File>,
    pub(super) extent: Extent,
    pub(super) bytes: u64,
}

/// The blocks of a snapshot, without the first and the last.
pub(super) type Blocks = Box<dyn Iterator<Item = Result<Raw, Error>> + Send>;

/// The snapshots that were found.
#[derive(Default)]
pub(super) struct Found {
    /// Up to where one stood for the records, as its name says, be it whole or not.
    pub(super) base: Sequence,
    /// The latest of those that are whole as far as their beginnings tell.
    pub(super) whole: Option<Snapshot>,
}

/// A snapshot that is being written.
pub(super) struct Unfinished<'a> {
    disk: &'a dyn Disk,
    path: PathBuf,
    file: Arc<dyn File>,
    at: u64,
    extent: Extent,
    writer: Writer,
    buffer: Vec<u8>,
}

impl Snapshot {
    /// What there is in this directory.
    pub(super) fn latest(disk: &dyn Disk, directory: &Path, identity: Identity) -> Result<Found, Error> {
        let bases = Snapshot::bases(disk, directory)?;
        let mut found = Found { base: bases.last().copied().unwrap_or_default(), whole: None };
        for base in bases.into_iter().rev() {
            let path = path(directory, base);
            match Snapshot::open(disk, &path, identity)?.filter(|snapshot| snapshot.extent.base == base) {
                Some(snapshot) if found.whole.is_none() => found.whole = Some(snapshot),
                // It was replaced, and a crash kept it from being taken away.
                Some(_) => {}
                None => tracing::error!(path = %path.display(), "a snapshot is damaged"),
            }
        }
        Ok(found)
    }

    /// Up to where the snapshots in this directory have everything, as their names say, in order.
    pub(super) fn bases(disk: &dyn Disk, directory: &Path) -> Result<Vec<Sequence>, Error> {
        let names = match disk.list(directory) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(Error::io(format!("look into {}", directory.display()), source)),
        };
        let mut bases: Vec<_> = names.iter().filter_map(|name| base_of(name)).collect();
        bases.sort_unstable();
        Ok(bases)
    }

    /// The snapshot that is named after this event, if all of it is as it was written; the error says where it is not.
    pub(super) fn checked(
        disk: &dyn Disk,
        directory: &Path,
        base: Sequence,
        identity: Identity,
    ) -> Result<Snapshot, Error> {
        let path = path(directory, base);
        let failed = |source| Error::io(format!("read {}", path.display()), source);
        let file = disk.open(&path).map_err(failed)?;
        let bytes = file.size().map_err(failed)?;
        let named = Snapshot { path, file, extent: Extent { base, reach: base }, bytes };
        let (_, about) = named.reader()?;
        match about.snapshot.filter(|extent| about.identity == identity.0 && extent.base == base) {
            Some(extent) => {
                let snapshot = Snapshot { extent, ..named };
                snapshot.check()?;
                Ok(snapshot)
            }
            None => {
                let problem = "the snapshot is of another store, or of another event than its name says";
                Err(Error::damaged(format_args!("{}:0", named.path.display()), problem))
            }
        }
    }

    fn open(disk: &dyn Disk, path: &Path, identity: Identity) -> Result<Option<Snapshot>, Error> {
        let failed = |source| Error::io(format!("read {}", path.display()), source);
        let file = disk.open(path).map_err(failed)?;
        let bytes = file.size().map_err(failed)?;
        let extent = match Reader::begin(Bytes::of(file.clone()).map_err(failed)?) {
            Ok((_, about)) if about.identity == identity.0 => about.snapshot,
            Ok(_) | Err(Fault::CutOff { .. } | Fault::Damaged { .. } | Fault::Foreign) => None,
            Err(Fault::Newer(format)) => {
                let problem = format!("the format {format} is newer than this server; start a newer server");
                return Err(Error::damaged(path.display(), problem));
            }
            Err(Fault::Io(source)) => return Err(failed(source)),
        };
        Ok(extent.map(|extent| Snapshot { path: path.to_owned(), file, extent, bytes }))
    }

    /// Whether all of it is as it was written.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.read(|_| ControlFlow::Continue(())).map(drop)
    }

    /// Shows what each block of it means, until one says to stop.
    pub(super) fn read(
        &self,
        mut each: impl FnMut(Block) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Error> {
        let (mut reader, _) = self.reader()?;
        while let Some(raw) = reader.next().map_err(|fault| self.fault(fault))? {
            if each(self.parse(&raw)?).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it, block by block.
    pub(super) fn blocks(self) -> Result<Blocks, Error> {
        let (mut reader, _) = self.reader()?;
        Ok(Box::new(std::iter::from_fn(move || {
            loop {
                match reader.next() {
                    // A backup has an end of its own.
                    Ok(Some(raw)) if raw.kind == Kind::End => {}
                    Ok(raw) => return raw.map(Ok),
                    Err(fault) => return Some(Err(self.fault(fault))),
                }
            }
        })))
    }

    /// What a block of it means.
    pub(super) fn parse(&self, raw: &Raw) -> Result<Block, Error> {
        raw.parse().map_err(|fault| self.fault(fault))
    }

    /// Reads it from its beginning.
    pub(super) fn reader(&self) -> Result<(Reader<impl Read + Send + use<>>, About), Error> {
        let failed = |source| Error::io(format!("read {}", self.path.display()), source);
        Reader::begin(Bytes::of(self.file.clone()).map_err(failed)?).map_err(|fault| self.fault(fault))
    }

    /// What a fault means. A snapshot that is damaged is of no use.
    pub(super) fn fault(&self, fault: Fault) -> Error {
        let place = |at: u64| format!("{}:{at}", self.path.display());
        match fault {
            Fault::CutOff { at } => Error::damaged(place(at), "the snapshot is cut off here"),
            Fault::Damaged { at, problem } => {
                Error::damaged(place(at), format!("the snapshot is damaged here: {problem}"))
            }
            Fault::Newer(_) | Fault::Foreign => Error::damaged(place(0), "the snapshot's header is damaged"),
            Fault::Io(source) => Error::io(format!("read {}", self.path.display()), source),
        }
    }

    /// Takes away what was left unfinished: room that would be missing elsewhere. Where it cannot be, the next snapshot
    /// that is finished takes it away.
    pub(super) fn clear_unfinished(disk: &dyn Disk, directory: &Path) {
        for name in disk.list(directory).unwrap_or_default() {
            if name.ends_with(UNFINISHED) {
                let _ = disk.remove(&directory.join(name));
            }
        }
    }

    /// Takes all other snapshots away, and what was left unfinished.
    pub(super) fn replace_others(&self, disk: &dyn Disk) -> io::Result<()> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        for name in disk.list(directory)? {
            let path = directory.join(&name);
            if path != self.path && (name.ends_with(SNAPSHOT) || name.ends_with(UNFINISHED)) {
                disk.remove(&path)?;
            }
        }
        Ok(())
    }
}

impl<'a> Unfinished<'a> {
    /// Begins a snapshot, in a directory that is made where it is not there.
    pub(super) fn begin(
        disk: &'a dyn Disk,
        directory: &Path,
        identity: Identity,
        extent: Extent,
    ) -> Result<Unfinished<'a>, Error> {
        let path = path(directory, extent.base);
        let created = disk.create_directory(directory).and_then(|()| {
            disk.sync_directory(directory.parent().unwrap_or(Path::new(".")))?;
            disk.create(&path.with_extension(UNFINISHED))
        });
        let file = created.map_err(|source| cannot(&path, source))?;
        let mut buffer = Vec::new();
        let about = About { identity: identity.0, first: extent.base.next(), snapshot: Some(extent) };
        let writer =
            Writer::begin(&about, &mut buffer).map_err(|error| cannot(&path, io::Error::other(error)))?;
        Ok(Unfinished { disk, path, file, at: 0, extent, writer, buffer })
    }

    pub(super) fn sums(&mut self, sums: &Sums) -> Result<(), Error> {
        let written = self.writer.sums(sums, &mut self.buffer);
        self.written(written)
    }

    /// Documents, which follow each other in the order of their keys.
    pub(super) fn documents(&mut self, documents: &[(Key, Document)]) -> Result<(), Error> {
        let written = self.writer.documents(documents, &mut self.buffer);
        self.written(written)
    }

    /// So many ids follow.
    pub(super) fn run(&mut self, run: RunOfIds) -> Result<(), Error> {
        let written = self.writer.run(run, &mut self.buffer);
        self.written(written)
    }

    pub(super) fn ids(&mut self, ids: &[(u64, u64)]) -> Result<(), Error> {
        self.writer.ids(ids, &mut self.buffer);
        self.written(Ok(()))
    }

    /// A block of a backup's snapshot.
    pub(super) fn copy(&mut self, raw: &Raw) -> Result<(), Error> {
        self.writer.copy(raw, &mut self.buffer);
        self.written(Ok(()))
    }

    /// Makes it a snapshot, durably.
    pub(super) fn finish(mut self) -> Result<Snapshot, Error> {
        let failed = |source| cannot(&self.path, source);
        self.writer.end(&mut self.buffer).map_err(|error| failed(io::Error::other(error)))?;
        self.file.write_at(&self.buffer, self.at).map_err(failed)?;
        self.file.sync().map_err(failed)?;
        self.disk.rename(&self.path.with_extension(UNFINISHED), &self.path).map_err(failed)?;
        self.disk.sync_directory(self.path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
        let bytes = self.at + self.buffer.len() as u64;
        Ok(Snapshot { path: self.path, file: self.file, extent: self.extent, bytes })
    }

    fn written(&mut self, written: Result<(), postcard::Error>) -> Result<(), Error> {
        written.map_err(|error| cannot(&self.path, io::Error::other(error)))?;
        if self.buffer.len() >= CHUNK_BYTES {
            self.file.write_at(&self.buffer, self.at).map_err(|source| cannot(&self.path, source))?;
            self.at += self.buffer.len() as u64;
            self.buffer.clear();
        }
        Ok(())
    }
}

fn path(directory: &Path, base: Sequence) -> PathBuf {
    directory.join(format!("{:020}.{SNAPSHOT}", base.0))
}

/// Up to where a snapshot of this name has everything.
fn base_of(name: &str) -> Option<Sequence> {
    let number = name.strip_suffix(SNAPSHOT)?.strip_suffix('.')?;
    (number.len() == 20).then(|| number.parse().ok().map(Sequence)).flatten()
}

fn cannot(path: &Path, source: io::Error) -> Error {
    Error::io(format!("write {}", path.display()), source)
}

/// A file, from its beginning to its end.
struct Bytes {
    file: Arc<dyn File>,
    at: u64,
    size: u64,
}

impl Bytes {
    fn of(file: Arc<dyn File>) -> io::Result<BufReader<Bytes>> {
        let size = file.size()?;
        Ok(BufReader::with_capacity(CHUNK_BYTES, Bytes { file, at: 0, size }))
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size - self.at).unwrap_or(usize::MAX);
        let count = left.min(buffer.len());
        self.file.read_at(&mut buffer[..count], self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
