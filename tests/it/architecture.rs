//! The architecture, where a test can see it.
//!
//! `src/lib.rs` lists the modules from the inside out. This test reads the source, finds every
//! `crate::module` in it, and fails with what to do instead where a module uses one that is not
//! listed above it, where siblings name each other, or where a library is named outside its place.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// They sit side by side under the service, which alone knows all three.
const SIBLINGS: [&str; 3] = ["engine", "store", "hub"];

/// Libraries, the one module that may name each, and what the others are to do.
const CONFINED: [(&str, &str, &str); 3] = [
    ("tonic", "rpc", "speak to a server through the laurels-client crate, or add to src/rpc"),
    ("sled", "store", "go through the Store trait"),
    ("cel::parser", "cel", "use what src/cel.rs offers"),
];

struct File {
    path: PathBuf,
    module: String,
    /// Without comments, so that docs may name what code may not.
    code: String,
}

fn files() -> Vec<File> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let within = path.strip_prefix(&source).unwrap();
                let first = within.components().next().unwrap().as_os_str().to_str().unwrap();
                let module = first.trim_end_matches(".rs").to_owned();
                let text = fs::read_to_string(&path).unwrap();
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let code = code.collect::<Vec<_>>().join("\n");
                found.push(File { path: within.to_owned(), module, code });
            }
        }
    }
    found.retain(|file| file.module != "lib" && file.module != "main");
    found
}

/// The modules, as `src/lib.rs` lists them.
fn order() -> Vec<String> {
    let lib = include_str!("../../src/lib.rs");
    let named = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    named.map(str::to_owned).collect()
}

/// Every module of ours that this code names.
fn named(code: &str) -> impl Iterator<Item = &str> {
    code.match_indices("crate::").filter_map(|(at, found)| {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            return None;
        }
        let rest = &code[at + found.len()..];
        Some(&rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())])
    })
}

#[test]
fn a_module_uses_only_modules_listed_above_it() {
    let order = order();
    let place: BTreeMap<&str, usize> =
        order.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let mut wrong = Vec::new();
    for file in files() {
        let (path, module) = (file.path.display(), &file.module);
        let Some(own) = place.get(module.as_str()) else {
            wrong.push(format!("{path}: list `pub mod {module};` in src/lib.rs, below all that it uses"));
            continue;
        };
        for other in named(&file.code) {
            match place.get(other) {
                Some(at) if at > own => wrong.push(format!(
                    "{path} names crate::{other}, which src/lib.rs lists below {module}: hand over plain data from \
                     above, or move what both need into a module above both"
                )),
                None if order.iter().any(|known| known == other) => unreachable!(),
                Some(_) | None => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn engine_store_and_hub_never_name_each_other() {
    let mut wrong = Vec::new();
    for file in files().iter().filter(|file| SIBLINGS.contains(&file.module.as_str())) {
        for other in named(&file.code).filter(|other| SIBLINGS.contains(other) && *other != file.module) {
            wrong.push(format!(
                "{} names crate::{other}: siblings meet in src/service only; pass plain data through it",
                file.path.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_service_names_all_three() {
    let mut by_module: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for file in files() {
        let all = by_module.entry(file.module).or_default();
        all.extend(SIBLINGS.iter().filter(|sibling| named(&file.code).any(|name| name == **sibling)));
    }
    for (module, siblings) in by_module {
        let all = SIBLINGS.iter().all(|sibling| siblings.contains(sibling));
        assert_eq!(
            all,
            module == "service",
            "{module} names {siblings:?}: decide, keep and tell belong in src/service"
        );
    }
}

#[test]
fn libraries_are_named_where_they_belong_only() {
    let mut wrong = Vec::new();
    for file in files() {
        for (library, module, instead) in CONFINED {
            let names = file.code.match_indices(library).any(|(at, _)| {
                let before = file.code[..at].chars().next_back();
                let after = &file.code[at + library.len()..];
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
                    && (after.starts_with("::") || after.starts_with('_'))
            });
            if names && file.module != module {
                wrong.push(format!(
                    "{} names {library}, which only src/{module} may: {instead}",
                    file.path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
