//! Reads what stands in the journal of a data directory, also while a server uses it: nothing is locked, and nothing
//! is written.
//!
//! What the server appends meanwhile may be seen in part; so the last segment is read up to the last frame that
//! is whole, and what comes after it is not there yet.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::Error;
use super::disk::{File, SystemDisk};
use super::journal::segment::{self, Extent, Preamble, Segment};
use super::journal::{Entry, open, recover};
use crate::catalog::Numbers;
use crate::event::Sequence;
use crate::outcome::Record;

/// One thing that stands in a journal.
#[derive(Debug)]
pub enum Past {
    /// An event, and what it did.
    Event(Box<Record>),
    /// Numbers that were taken into use.
    Numbers(Numbers),
}

/// Shows all that stands in the journal of this directory, in order; answers the first event whose record is kept.
/// What came before it was reclaimed.
pub fn history(directory: &Path, mut each: impl FnMut(Past)) -> Result<Sequence, Error> {
    let journal = directory.join("journal");
    if !journal.is_dir() {
        let problem = "there is no store here; name the directory that the server is given as --data";
        return Err(Error::damaged(directory.display(), problem));
    }
    let firsts = open::firsts(&SystemDisk, &journal)?;
    for (at, first) in firsts.iter().enumerate() {
        let is_last = at + 1 == firsts.len();
        let path = segment::path(&journal, *first);
        let failed = |source| Error::io(format!("read {}", path.display()), source);
        let file = ReadOnly(fs::File::open(&path).map_err(failed)?);
        let identity = match Preamble::read(&file).map_err(failed)? {
            Preamble::Of(identity, of) if of == *first => identity,
            // It was begun this moment, or is what a crash left.
            Preamble::Broken if is_last => break,
            Preamble::Newer(format) => {
                let problem =
                    format!("the format {format} is newer than this program; read it with a newer one");
                return Err(Error::damaged(path.display(), problem));
            }
            Preamble::Of(..) | Preamble::Broken => {
                let problem = "this is no segment of the journal; `laurels verify` says more";
                return Err(Error::damaged(path.display(), problem));
            }
        };
        let segment = Segment::new(&journal, identity, *first, Extent::empty(*first));
        let mut unreadable = None;
        let (reached, fault) =
            recover::scan_from(&segment, &file, Extent::empty(*first), |offset, frame| {
                for entry in frame.entries() {
                    match entry {
                        Ok(Entry::Event(record)) => each(Past::Event(record)),
                        Ok(Entry::Catalog(numbers)) => each(Past::Numbers(numbers)),
                        Ok(Entry::Timeline(_)) => {}
                        Err(error) => {
                            unreadable = Some((offset, error));
                            return ControlFlow::Break(());
                        }
                    }
                }
                ControlFlow::Continue(())
            })?;
        if let Some((offset, error)) = unreadable {
            let problem = format!(
                "this frame has what Laurels {} does not know ({error}); read it with a newer one",
                env!("CARGO_PKG_VERSION")
            );
            return Err(Error::damaged(format_args!("{}:{offset}", path.display()), problem));
        }
        if let Some(fault) = fault.filter(|fault| !is_last || fault.good_after.is_some()) {
            let place = format_args!("{}:{}", path.display(), reached.end).to_string();
            return Err(Error::damaged(place, format!("{}; `laurels verify` says more", fault.problem)));
        }
    }
    Ok(firsts.first().copied().unwrap_or(Sequence(1)))
}

/// A file that is only read.
struct ReadOnly(fs::File);

impl File for ReadOnly {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn truncate(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync(&self) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }
}
