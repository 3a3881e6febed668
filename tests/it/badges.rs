//! The rule language, from outside.
//!
//! Files that are right (`badges/`, `tests/badges/valid/`, the blocks of `docs/rules-reference.md`) load,
//! and their own tests pass. Folders that are wrong (`tests/badges/invalid/NAME/`) give exactly the
//! lines of `NAME.expected` beside them; `LAURELS_BLESS=1` writes those lines anew, to be read before
//! they are kept.

use std::fs;
use std::path::{Path, PathBuf};

use laurels::catalog::{Catalog, Files, Numbers, Source};
use laurels::diagnostic::Diagnostic;
use laurels::engine::trial;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder, named without the path of this machine.
fn sources(folder: &str) -> Vec<Source> {
    let mut sources = Files::read(&root().join(folder)).unwrap().sources;
    for source in &mut sources {
        let name = Path::new(&source.name).file_name().unwrap().to_string_lossy().into_owned();
        source.name = format!("{folder}/{name}");
    }
    sources
}

/// Compiles files and runs their tests; says how many there were.
fn check(sources: &[Source]) -> usize {
    let (catalog, _, warnings) = Catalog::compile(sources, &Numbers::default())
        .unwrap_or_else(|mistakes| panic!("{}", lines(&mistakes)));
    assert!(warnings.is_empty(), "{}", lines(&warnings));
    for trial in &catalog.trials {
        trial::run(&catalog, trial).unwrap_or_else(|failure| panic!("{failure}"));
    }
    catalog.trials.len()
}

fn lines(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect()
}

#[test]
fn the_example_catalog_loads_and_its_tests_pass() {
    assert!(check(&sources("badges")) >= 9);
}

#[test]
fn every_valid_file_loads_alone_and_its_tests_pass() {
    let files = sources("tests/badges/valid");
    assert!(!files.is_empty());
    for file in &files {
        assert!(check(std::slice::from_ref(file)) > 0, "{} has no test", file.name);
    }
}

#[test]
fn every_invalid_folder_is_refused_with_exactly_the_expected_lines() {
    let invalid = root().join("tests/badges/invalid");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(&invalid).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    assert!(!folders.is_empty());
    let mut wrong = Vec::new();
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let mistakes =
            match Catalog::compile(&sources(&format!("tests/badges/invalid/{name}")), &Numbers::default()) {
                Ok((_, _, warnings)) => warnings,
                Err(mistakes) => mistakes,
            };
        let found = lines(&mistakes).replace(&format!("tests/badges/invalid/{name}/"), "");
        let path = invalid.join(format!("{name}.expected"));
        if std::env::var_os("LAURELS_BLESS").is_some() {
            fs::write(&path, &found).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != found {
            wrong.push(format!("{name} gives other lines than {name}.expected:\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The blocks of the reference that are fenced with these words.
fn blocks(fence: &str) -> Vec<Source> {
    let page = fs::read_to_string(root().join("docs/rules-reference.md")).unwrap();
    let fence = format!("\n```{fence}\n");
    let parts = page.split(&fence).skip(1);
    let texts = parts.map(|part| part.split("\n```\n").next().unwrap().to_owned() + "\n");
    let named = |(number, text)| Source { name: format!("rules-reference/{number}.toml"), text };
    texts.enumerate().map(named).collect()
}

#[test]
fn the_blocks_of_the_reference_load_as_one_catalog_and_their_tests_pass() {
    assert!(check(&blocks("toml")) >= 4);
}

/// Whatever stands in a file, it is a catalog or a list of mistakes that can be shown.
#[test]
fn a_file_that_is_cut_short_or_lacks_a_line_is_no_panic() {
    let look_at = |text: String| {
        let file = Source { name: "damaged.toml".into(), text };
        for mistake in Catalog::compile(&[file], &Numbers::default()).err().into_iter().flatten() {
            assert!(mistake.line() > 0 && mistake.column() > 0 && !mistake.excerpt(false).is_empty());
        }
    };
    for file in sources("tests/badges/valid").iter().chain(&sources("badges")) {
        let lines: Vec<_> = file.text.split_inclusive('\n').collect();
        for missing in 0..lines.len() {
            look_at(lines[..missing].concat() + &lines[missing + 1..].concat());
        }
        for at in (0..file.text.len()).step_by(97) {
            look_at(file.text[..at].to_owned() + &file.text[at + 1..]);
            look_at(file.text[..at].to_owned());
        }
    }
}
