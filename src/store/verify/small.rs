//! The small files of a data directory: which store it is, and up to where sled was written behind.

use std::path::Path;

use super::super::behind::seal;
use super::super::disk::Disk;
use super::super::journal::segment::{self, Preamble};
use super::super::layout::{FORMAT_NOTE, Layout, is_noted};
use super::super::{Error, Identity, small_file};
use super::finding::{Findings, Severity};
use super::is_unfinished;
use crate::event::Sequence;

/// Notes what lies about without a use.
pub(super) fn left_over(layout: &Layout, names: &[String], findings: &mut Findings<'_>) {
    for name in names {
        let place = layout.root().join(name);
        if name.starts_with("sled.broken-") {
            let problem = "a sled that was damaged and set aside earlier; it may be deleted";
            findings.add(Severity::Note, place.display(), problem);
        } else if is_unfinished(name) {
            findings.add(
                Severity::Note,
                place.display(),
                "a crash kept this file from being complete; it is not used, and written over",
            );
        }
    }
}

/// Notes snapshots that were not finished.
pub(super) fn left_over_snapshots(
    disk: &dyn Disk,
    layout: &Layout,
    findings: &mut Findings<'_>,
) -> Result<(), Error> {
    let directory = layout.snapshot();
    let names = match disk.list(&directory) {
        Ok(names) => names,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Error::io(format!("list {}", directory.display()), source)),
    };
    for name in names.iter().filter(|name| is_unfinished(name)) {
        let problem = "a crash kept this snapshot from being complete; it is not used, and taken away after the next one";
        findings.add(Severity::Note, directory.join(name).display(), problem);
    }
    Ok(())
}

/// Whether it is noted which Laurels may open the directory. A newer one has been refused before.
pub(super) fn format(disk: &dyn Disk, layout: &Layout, findings: &mut Findings<'_>) -> Result<(), Error> {
    if !is_noted(disk, layout.root())? {
        let place = layout.root().join(FORMAT_NOTE);
        let problem = "it is missing or damaged; nothing is lost: the next start makes it again";
        findings.add(Severity::MadeAgain, place.display(), problem);
    }
    Ok(())
}

/// Which store this is: what most segments say, or else the file. None where nobody knows.
pub(super) fn identity(
    disk: &dyn Disk,
    layout: &Layout,
    firsts: &[Sequence],
    findings: &mut Findings<'_>,
) -> Result<Option<Identity>, Error> {
    let path = layout.root().join("identity");
    let said = of_segments(disk, layout, firsts)?;
    let is_there = exists(disk, &path)?;
    let kept = small_file::read(disk, &path)
        .map_err(|source| Error::io(format!("read {}", path.display()), source))?
        .and_then(|bytes| Some(Identity(u64::from_le_bytes(bytes.try_into().ok()?))));
    match (kept, said) {
        (Some(kept), Some(said)) if kept != said => {
            let problem =
                "the journal beside it belongs to another store; put back the files that belong together";
            findings.add(Severity::Journal, path.display(), problem);
        }
        (Some(_), _) => {}
        (None, Some(_)) => {
            let what = if is_there { "it is damaged" } else { "it is missing" };
            let problem = format!("{what}; nothing is lost: the next start makes it again from the journal");
            findings.add(Severity::MadeAgain, path.display(), problem);
        }
        (None, None) if is_there || !firsts.is_empty() => {
            let problem = "neither this file nor any segment of the journal says which store this is, so that no event can be \
                           read; put the directory back from a backup";
            findings.add(Severity::Journal, path.display(), problem);
        }
        // A crash before anything was kept.
        (None, None) => {}
    }
    Ok(said.or(kept))
}

/// What was noted of sled, if there is a note.
pub(super) fn seal(
    disk: &dyn Disk,
    layout: &Layout,
    identity: Identity,
    findings: &mut Findings<'_>,
) -> Result<Option<Sequence>, Error> {
    let path = layout.root().join("sled.seal");
    let noted = seal::noted(disk, &path, identity)?;
    if noted.is_none() && exists(disk, &path)? {
        let problem = "it is damaged; nothing is lost: it is made again when events are written behind next";
        findings.add(Severity::MadeAgain, path.display(), problem);
    }
    Ok(noted)
}

fn of_segments(disk: &dyn Disk, layout: &Layout, firsts: &[Sequence]) -> Result<Option<Identity>, Error> {
    let mut said: Vec<(Identity, usize)> = Vec::new();
    for first in firsts {
        let path = segment::path(&layout.journal(), *first);
        let preamble = disk.open(&path).and_then(|file| Preamble::read(&*file));
        let preamble = preamble.map_err(|source| Error::io(format!("read {}", path.display()), source))?;
        if let Preamble::Of(identity, _) = preamble {
            match said.iter_mut().find(|(known, _)| *known == identity) {
                Some((_, count)) => *count += 1,
                None => said.push((identity, 1)),
            }
        }
    }
    // Of several with as many segments, the first.
    Ok(said.into_iter().rev().max_by_key(|(_, count)| *count).map(|(identity, _)| identity))
}

fn exists(disk: &dyn Disk, path: &Path) -> Result<bool, Error> {
    match disk.open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Error::io(format!("open {}", path.display()), source)),
    }
}
