//! Reads a folder of files.

use std::io;
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

/// The `*.toml` files of a folder, as they stood when they were read. Those of folders within it are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Files {
    /// Sorted by name. What is not UTF-8 in them stands as U+FFFD.
    pub sources: Vec<Source>,
    /// Where they are not UTF-8.
    garbled: Vec<Diagnostic>,
}

impl Files {
    /// Reads the files of a folder.
    pub fn read(folder: &Path) -> Result<Files, Unreadable> {
        let (sources, garbled) = read(folder)?;
        Ok(Files { sources, garbled })
    }

    /// Compiles them: the same as [`Catalog::compile`], which explains it.
    pub fn compile(&self, numbers: &Numbers) -> Result<(Catalog, Numbers, Vec<Diagnostic>), Vec<Diagnostic>> {
        let compiled = Catalog::compile(&self.sources, numbers);
        if self.garbled.is_empty() {
            return compiled;
        }
        Err(self.garbled.iter().cloned().chain(compiled.err().unwrap_or_default()).collect())
    }
}

/// The files of a folder, and where they are not UTF-8.
fn read(folder: &Path) -> Result<(Vec<Source>, Vec<Diagnostic>), Unreadable> {
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
    for path in paths {
        let bytes = std::fs::read(&path).map_err(unreadable(&path))?;
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
}
