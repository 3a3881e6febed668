//! `badges/schema.json` is what the loader knows: the same fields in the same tables. Every badge file of the project is
//! valid by it, and fields that nobody knows are not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use laurels::catalog::{Catalog, Files, Numbers, Source, schema};
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn parsed() -> Value {
    serde_json::from_str(&schema()).unwrap()
}

/// The files of a folder, as a JSON Schema sees them.
fn files(folder: &str) -> Vec<(PathBuf, Value)> {
    let sources = Files::read(&root().join(folder)).unwrap().sources;
    assert!(!sources.is_empty(), "{folder}");
    let read = |source: Source| {
        (
            PathBuf::from(&source.name),
            toml::from_str(&source.text).unwrap_or_else(|error| panic!("{}: {error}", source.name)),
        )
    };
    sources.into_iter().map(read).collect()
}

#[test]
fn the_schema_that_is_kept_is_the_one_that_is_made() {
    let kept = root().join("badges/schema.json");
    if std::env::var_os("LAURELS_BLESS").is_some() {
        fs::write(&kept, schema()).unwrap();
    }
    assert!(
        fs::read_to_string(kept).unwrap() == schema(),
        "badges/schema.json is another; run `LAURELS_BLESS=1 cargo test --test it schema::`"
    );
}

#[test]
fn every_badge_file_of_the_project_is_valid() {
    let validator = jsonschema::draft7::new(&parsed()).unwrap();
    for folder in ["badges", "tests/badges/valid", "tests/data/history/badges"] {
        if !root().join(folder).is_dir() {
            continue;
        }
        for (path, file) in files(folder) {
            let wrong: Vec<_> = validator
                .iter_errors(&file)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(wrong.is_empty(), "{}: {wrong:?}", path.display());
        }
    }
}

#[test]
fn fields_that_nobody_knows_are_mistakes_by_the_schema_too() {
    let validator = jsonschema::draft7::new(&parsed()).unwrap();
    let mut said = String::new();
    for (_, file) in files("tests/badges/invalid/unknown-fields") {
        said.extend(validator.iter_errors(&file).map(|error| format!("{error}\n")));
    }
    let expected = fs::read_to_string(root().join("tests/badges/invalid/unknown-fields.expected")).unwrap();
    let unknown: Vec<_> =
        expected.lines().filter_map(|line| line.split("has no field `").nth(1)?.split('`').next()).collect();
    assert!(unknown.len() > 8);
    for field in unknown {
        assert!(said.contains(&format!("'{field}'")), "{field} is not in\n{said}");
    }
    for (path, file) in files("tests/badges/invalid/wrong-place") {
        assert!(!validator.is_valid(&file), "{}", path.display());
    }
}

/// A file in which the table has a field that no table has, and what the schema has of that table.
const TABLES: [(&str, &str, &str); 7] = [
    ("a file", "zzz = 1\n", "/properties"),
    ("stat", "[stat.a]\non = \"b\"\nzzz = 1\n", "/properties/stat/patternProperties/NAME/properties"),
    ("flag", "[flag.a]\non = \"b\"\nzzz = 1\n", "/properties/flag/patternProperties/NAME/properties"),
    ("badge", "[badge.a]\non = \"b\"\nzzz = 1\n", "/properties/badge/patternProperties/ID/properties"),
    (
        "a tier",
        "[badge.a]\non = \"b\"\ntiers = [{ at = 1, zzz = 1 }]\n",
        "/properties/badge/patternProperties/ID/properties/tiers/items/properties",
    ),
    ("a test", "[[test]]\nzzz = 1\n", "/properties/test/items/properties"),
    (
        "an event of a test",
        "[[test]]\nname = \"a\"\nawards = []\nevents = [{ zzz = 1 }]\n",
        "/properties/test/items/properties/events/items/properties",
    ),
];

/// What is wrong with a file, a line each.
fn mistakes(text: &str) -> Vec<String> {
    let source = Source { name: "a.toml".into(), text: text.to_owned() };
    let found = Catalog::compile(&[source], &Numbers::default()).err().unwrap_or_default();
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn every_table_has_the_fields_in_the_schema_that_the_loader_reads() {
    let schema = parsed();
    for (what, file, pointer) in TABLES {
        let said = mistakes(file);
        let known = said.iter().find_map(|line| line.split("has no field `zzz`; it may have ").nth(1));
        let known: BTreeSet<&str> =
            known.unwrap_or_else(|| panic!("{what}: {said:?}")).split('`').skip(1).step_by(2).collect();
        let (name, id) = ("^[a-z][a-z0-9_]{0,62}$", "^[a-z0-9]+(-[a-z0-9]+)*$");
        let pointer = pointer.replace("NAME", name).replace("ID", id);
        let properties =
            schema.pointer(&pointer).and_then(Value::as_object).unwrap_or_else(|| panic!("{pointer}"));
        let listed: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        let lacking: Vec<_> = known.difference(&listed).collect();
        assert!(lacking.is_empty(), "src/catalog/schema.rs has no line for {lacking:?} in {what}");
        for field in listed.difference(&known) {
            let later =
                mistakes(&file.replace("zzz", field)).iter().any(|line| line.contains("not supported yet"));
            assert!(later, "the loader does not know `{field}` in {what}");
        }
        for (field, of) in properties {
            assert!(of.get("description").is_some(), "{field} in {what} has no description");
        }
    }
}
