//! Reads a folder of files.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Catalog, Numbers, Source};
use crate::diagnostic::Diagnostic;

/// A folder or file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be read: {source}", path = .path.display())]
pub struct Unreadable {
    /// Which one.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// How large a catalog may be. What is larger is not taken into use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Most bytes of all files together.
    pub bytes: u64,
    /// Most flags and badges.
    pub rules: usize,
}

impl Default for Size {
    /// What holds if nothing else is said: ten times the largest that is known.
    fn default() -> Size {
        Size { bytes: 16 << 20, rules: 100_000 }
    }
}

/// The `*.toml` files of a folder, as they stood when they were read. Those of folders within it are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Files {
    /// Sorted by name. What is not UTF-8 in them stands as U+FFFD.
    pub sources: Vec<Source>,
    /// Where they are not UTF-8.
    garbled: Vec<Diagnostic>,
    most: Size,
}

impl Files {
    /// Reads the files of a folder, of the usual size.
    pub fn read(folder: &Path) -> Result<Files, Unreadable> {
        Files::read_within(folder, Size::default())
    }

    /// Reads the files of a folder, which may be so large.
    pub fn read_within(folder: &Path, most: Size) -> Result<Files, Unreadable> {
        let (sources, garbled) = read(folder, most.bytes)?;
        Ok(Files { sources, garbled, most })
    }

    /// Compiles them: the same as [`Catalog::compile`], which explains it.
    pub fn compile(&self, numbers: &Numbers) -> Result<(Catalog, Numbers, Vec<Diagnostic>), Vec<Diagnostic>> {
        let compiled = Catalog::compile(&self.sources, numbers);
        if self.garbled.is_empty() {
            return compiled.and_then(|compiled| match compiled.0.rules.len() > self.most.rules {
                true => Err(vec![self.too_many(compiled.0.rules.len())]),
                false => Ok(compiled),
            });
        }
        Err(self.garbled.iter().cloned().chain(compiled.err().unwrap_or_default()).collect())
    }

    fn too_many(&self, rules: usize) -> Diagnostic {
        let last = Arc::new(self.sources.last().cloned().unwrap_or_default());
        let most = self.most.rules;
        let message = format!(
            "with this file there are {rules} flags and badges; at most {most} are allowed, as `limits.catalog_rules` says"
        );
        Diagnostic::error(&last, 0..0, message)
    }
}

/// The files of a folder, and where they are not UTF-8.
fn read(folder: &Path, most: u64) -> Result<(Vec<Source>, Vec<Diagnostic>), Unreadable> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| Unreadable { path, source }
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let is_toml = path.extension().is_some_and(|extension| extension == "toml");
        // What editors leave beside a file while it is open begins with a dot.
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if is_toml && !is_hidden && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    let (mut sources, mut garbled) = (Vec::new(), Vec::new());
    let mut room = most;
    for path in paths {
        let bytes = read_file(&path, room, most).map_err(unreadable(&path))?;
        room -= bytes.len() as u64;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let source = Source { name: path.display().to_string(), text };
        if let Err(error) = str::from_utf8(&bytes) {
            let at = error.valid_up_to();
            let span = at..at + char::REPLACEMENT_CHARACTER.len_utf8();
            let message = "this is not UTF-8; save the file as UTF-8";
            garbled.push(Diagnostic::error(&Arc::new(source.clone()), span, message));
        }
        sources.push(source);
    }
    Ok((sources, garbled))
}

/// What stands in a file, if that is not more than there is room for.
fn read_file(path: &Path, room: u64, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(room.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > room {
        let problem = format!(
            "with it the badge files have more than {most} bytes, which is what `limits.catalog_bytes` allows"
        );
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_utf8_is_a_mistake_beside_the_others() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.toml"), b"[badge.a]\non = 'a.b'\ntitle = 'caf\xe9'\n").unwrap();
        std::fs::write(folder.path().join("b.toml"), "[badge.b]\non = 'a.b'\nfoo = 1\n").unwrap();
        let mistakes = Files::read(folder.path()).unwrap().compile(&Numbers::default()).unwrap_err();
        let places: Vec<_> = mistakes.iter().map(|one| (one.line(), one.column())).collect();
        assert_eq!(places, [(3, 13), (3, 1)]);
        assert!(mistakes[0].to_string().ends_with("this is not UTF-8; save the file as UTF-8"));
    }

    #[test]
    fn a_catalog_that_is_too_large_is_refused_with_the_name_of_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let file = "[badge.a]\non = 'a.b'\n";
        std::fs::write(folder.path().join("a.toml"), file).unwrap();
        std::fs::write(folder.path().join("b.toml"), "[badge.b]\non = 'a.b'\n").unwrap();
        let bytes = 2 * file.len() as u64;
        let read = |bytes, rules| Files::read_within(folder.path(), Size { bytes, rules });
        assert!(read(bytes, 2).unwrap().compile(&Numbers::default()).is_ok());
        let mistakes = read(bytes, 1).unwrap().compile(&Numbers::default()).unwrap_err();
        let said = mistakes[0].to_string();
        assert!(said.contains("b.toml:1:1") && said.contains("`limits.catalog_rules`"), "{said}");
        let said = read(bytes - 1, 2).unwrap_err().to_string();
        assert!(said.contains("b.toml") && said.contains("`limits.catalog_bytes`"), "{said}");
    }
}
