//! A store with rules in use: what every test of the service begins with, as `laurels serve` does.

use std::path::Path;
use std::sync::Arc;

use laurels::catalog::Catalog;
use laurels::diagnostic::Source;
use laurels::store::{Embedded, Options, Store};

/// Opens the store in this directory and takes one badge file into use, `NAME.toml`.
pub(crate) fn opened(
    directory: &Path,
    options: Options,
    name: &str,
    badges: &str,
) -> (Embedded, Arc<Catalog>) {
    let store = Embedded::open(directory, options).unwrap();
    let files = [Source { name: format!("{name}.toml"), text: badges.to_owned() }];
    let compiled = Catalog::compile(&files, &store.numbers());
    let (catalog, numbers, _) = compiled.unwrap_or_else(|mistakes| {
        let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    });
    store.adopt(&numbers).unwrap();
    (store, Arc::new(catalog))
}
