//! sled, as it is: opened as a copy, since opening alone would change it.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::super::behind::write;
use super::super::layout::Layout;
use super::super::materialized::{Materialized, StoredKey};
use super::super::published::Sums;
use super::super::tree::Trouble;
use super::super::{Error, Options};
use super::finding::{Findings, Severity};
use super::{Progress, Stage};
use crate::event::Sequence;
use crate::key::Key;

const KEYS_AT_ONCE: usize = 1000;
const AGAIN: &str = "nothing is lost: the server makes it again from the journal";

/// What there is of sled.
pub(super) struct Sled {
    /// Where the real one is.
    pub(super) place: PathBuf,
    unknown_told: bool,
    // In this order they are dropped.
    copy: Option<Materialized>,
    sums: Option<Sums>,
    _directory: Option<TempDir>,
}

/// Copies sled and opens the copy, unless it cannot be trusted.
pub(super) fn open(
    layout: &Layout,
    scratch: &Path,
    options: &Options,
    sealed: Option<Sequence>,
    findings: &mut Findings<'_>,
) -> Result<Sled, Error> {
    let place = layout.root().join("sled");
    let mut sled = Sled { place, unknown_told: false, copy: None, sums: None, _directory: None };
    let sealed = sealed.unwrap_or_default();
    if !options.trees.is_in(&sled.place) {
        if sealed > Sequence(0) {
            findings.add(Severity::MadeAgain, sled.place.display(), format!("it is missing; {AGAIN}"));
        }
        return Ok(sled);
    }
    let failed = |source| {
        let action = format!(
            "copy {} into {} (name a directory with more room with --scratch)",
            sled.place.display(),
            scratch.display()
        );
        Error::io(action, source)
    };
    let directory = tempfile::Builder::new().prefix("laurels-verify-").tempdir_in(scratch).map_err(failed)?;
    let to = directory.path().join("sled");
    let mut copying = Copying { done: 0, of: bytes_in(&sled.place).map_err(failed)? };
    copying.copy(&sled.place, &to, findings).map_err(failed)?;
    sled._directory = Some(directory);
    let opened = Materialized::open(&to, options);
    sled.copy = sled.unless_broken(opened, findings)?;
    let sums = sled.copy.as_ref().map_or(Ok(None), write::read_sums);
    sled.sums = sled.unless_broken(sums, findings)?.flatten();
    let reached = sled.sums.as_ref().map_or(Sequence(0), |sums| sums.sequence);
    if sled.copy.is_some() && reached < sealed {
        let problem = format!("it goes up to event {}, and went up to {} once; {AGAIN}", reached.0, sealed.0);
        findings.add(Severity::MadeAgain, sled.place.display(), problem);
        (sled.copy, sled.sums) = (None, None);
    }
    Ok(sled)
}

impl Sled {
    /// The sums in it, if there are any.
    pub(super) fn sums(&self) -> Option<&Sums> {
        self.sums.as_ref()
    }

    /// Whether it can be read.
    pub(super) fn is_readable(&self) -> bool {
        self.copy.is_some()
    }

    /// Shows the key and the bytes of every document that is wanted, until one says to stop. Keys of no known kind are
    /// told. Where it breaks, it cannot be read any more.
    pub(super) fn documents(
        &mut self,
        findings: &mut Findings<'_>,
        wanted: impl Fn(&Key) -> bool,
        mut each: impl FnMut(Key, &[u8]) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Error> {
        let Some(copy) = &self.copy else { return Ok(ControlFlow::Continue(())) };
        let mut unknown = 0;
        let mut read = || -> Result<ControlFlow<()>, Trouble> {
            let mut from = Vec::new();
            loop {
                let keys = copy.stored(&from, KEYS_AT_ONCE)?;
                let Some(last) = keys.last() else { return Ok(ControlFlow::Continue(())) };
                // The least key after another is that one and a zero.
                from = [&last[..], &[0]].concat();
                for stored in &keys {
                    match StoredKey::document(stored) {
                        Some(key) if wanted(&key) => {
                            let bytes = copy.get(StoredKey::Document(&key))?;
                            if each(key, &bytes.unwrap_or_default()).is_break() {
                                return Ok(ControlFlow::Break(()));
                            }
                        }
                        Some(_) => {}
                        None => unknown += u64::from(!StoredKey::is_no_document(stored)),
                    }
                }
            }
        };
        let read = read();
        if unknown > 0 && !std::mem::replace(&mut self.unknown_told, true) {
            let problem = format!("it has {unknown} keys of no known kind: remove it, and {AGAIN}");
            findings.add(Severity::Unnoticed, self.place.display(), problem);
        }
        Ok(self.unless_broken(read, findings)?.unwrap_or(ControlFlow::Continue(())))
    }

    /// What was read. Where that was not possible it is told, and sled is not looked at again.
    fn unless_broken<T>(
        &mut self,
        read: Result<T, Trouble>,
        findings: &mut Findings<'_>,
    ) -> Result<Option<T>, Error> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(Trouble::Broken(why)) => {
                let problem = format!("it cannot be read: {why}; {AGAIN}");
                findings.add(Severity::MadeAgain, self.place.display(), problem);
                if let Some(copy) = self.copy.take() {
                    copy.abandon();
                }
                self.sums = None;
                Ok(None)
            }
            Err(Trouble::Passing(source)) => {
                Err(Error::io(format!("use a copy of {}", self.place.display()), source))
            }
            Err(Trouble::Other(error)) => Err(error),
        }
    }
}

struct Copying {
    done: u64,
    of: u64,
}

impl Copying {
    fn copy(&mut self, from: &Path, to: &Path, findings: &mut Findings<'_>) -> std::io::Result<()> {
        fs::create_dir(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let to = to.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                self.copy(&entry.path(), &to, findings)?;
                continue;
            }
            self.done += fs::copy(entry.path(), to)?;
            findings.progress(Progress { stage: Stage::Copying, done: self.done, of: self.of });
        }
        Ok(())
    }
}

fn bytes_in(directory: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { bytes_in(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}
