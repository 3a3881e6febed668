//! What the docs say of limits is what the code has.
//!
//! Each row of the table of limits in `docs/operations.md` names a constant; its value is read out of
//! the source and compared. And every public limit of the source must have a row.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use laurels::access::{METHODS, PATHS};

/// Every integer constant of the source, as `module::NAME`, with its value and whether it is public.
fn constants() -> BTreeMap<String, (i64, bool)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut found, mut folders, mut files) = (BTreeMap::new(), vec![source.clone()], Vec::<PathBuf>::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    for path in files {
        let within = path.strip_prefix(&source).unwrap();
        let module =
            within.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        for line in fs::read_to_string(&path).unwrap().lines() {
            let Some((before, rest)) = line.split_once("const ") else { continue };
            let Some((name, rest)) = rest.split_once(": ") else { continue };
            let Some((_, value)) = rest.split_once(" = ") else { continue };
            if let Some(value) = number(value.trim_end_matches(';')) {
                found.insert(format!("{module}::{name}"), (value, before == "pub "));
            }
        }
    }
    found
}

/// The value of an expression of numbers, `*` and `<<`.
fn number(expression: &str) -> Option<i64> {
    if let Some((bits, by)) = expression.split_once(" << ") {
        return Some(number(bits)? << number(by)?);
    }
    expression.split(" * ").map(|factor| factor.replace('_', "").parse::<i64>().ok()).product()
}

#[test]
fn limits_in_the_docs_are_those_of_the_code() {
    let (_, page) = include_str!("../../docs/operations.md").split_once("## Limits").unwrap();
    let constants = constants();
    let mut named = Vec::new();
    for row in page.lines().filter(|line| line.contains("::") && line.starts_with('|')) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let name = cells[3].trim_matches('`');
        let said: i64 = cells[2].split(' ').next().unwrap().parse().unwrap();
        let (value, _) = constants.get(name).unwrap_or_else(|| panic!("there is no constant {name}: {row}"));
        assert_eq!(said, *value, "{row}");
        named.push(name);
    }
    assert!(named.len() > 20);
    for (name, (_, public)) in &constants {
        let is_limit = name.contains("_MAX") && *public;
        assert!(!is_limit || named.contains(&name.as_str()), "{name} has no row in docs/operations.md");
    }
}

/// `docs/promises.md` names the tests that attack each promise, `docs/security.md` those that reach each limit. A
/// name that is none any more would be a promise that nobody attacks.
#[test]
fn every_attack_that_the_docs_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    let mut folders = vec![root.join("src"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                code.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    let settings = laurels::config::settings();
    let is_setting = |name: &str| settings.iter().any(|setting| setting.place().1 == name);
    for (page, least) in [("docs/promises.md", 20), ("docs/security.md", 15)] {
        let text = fs::read_to_string(root.join(page)).unwrap();
        let in_quotes: Vec<_> = text.split('`').skip(1).step_by(2).collect();
        let is_path =
            |name: &&&str| name.starts_with("tests/") && name.ends_with(".rs") || name.starts_with("fuzz/");
        let gone = in_quotes.iter().filter(is_path).filter(|path| !root.join(path).exists());
        let is_test = |name: &&&str| {
            name.matches('_').count() > 2 && name.chars().all(|c| c == '_' || c.is_ascii_lowercase())
        };
        let tests: Vec<_> = in_quotes.iter().filter(is_test).collect();
        assert!(tests.len() > least, "{tests:?}");
        let unknown = tests.into_iter().filter(|name| !code.contains(&format!("fn {name}(")));
        let wrong: Vec<_> = gone.chain(unknown).collect();
        assert!(wrong.is_empty(), "{page} names what is not there: {wrong:?}");
    }
    let page = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let (_, floods) = page.split_once("## Floods").unwrap();
    let mut named = 0;
    for row in floods.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| attack")) {
        for setting in row.split('|').nth(2).unwrap().split('`').skip(1).step_by(2) {
            assert!(is_setting(setting), "there is no setting {setting}: {row}");
            named += 1;
        }
    }
    assert!(named > 12, "{named}");
}

/// The table of what calls need, in `docs/keys.md`.
#[test]
fn what_each_call_needs_is_what_the_docs_say() {
    let page = include_str!("../../docs/keys.md");
    let (_, table) = page.split_once("| call | needs |\n|---|---|\n").unwrap();
    let said: Vec<_> = table.lines().take_while(|line| line.starts_with('|')).map(str::to_owned).collect();
    let short = |path: &str| {
        let (service, method) = path.trim_start_matches('/').split_once('/').unwrap();
        format!("{}/{method}", service.rsplit('.').next().unwrap())
    };
    let methods = METHODS.iter().map(|(path, needs)| format!("| `{}` | {needs} |", short(path)));
    let mut expected: Vec<_> = methods.collect();
    // Reflection of both versions is one line.
    expected.dedup();
    expected.extend(PATHS.iter().map(|(path, needs)| format!("| `{path}` | {needs} |")));
    assert_eq!(said, expected);
}
