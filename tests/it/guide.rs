//! `docs/rules.md`, the guide for people who declare badges, and `badges/examples`, what they copy from.
//!
//! Each option has a section of one form, whose example loads alone and whose test passes. Each badge of the examples
//! is given by a test, and stands in the guide's table: `LAURELS_BLESS=1` writes that anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use laurels::catalog::{Catalog, Files, Numbers, Source};
use laurels::diagnostic::Diagnostic;
use laurels::engine::trial;

const BEGIN: &str = "<!-- examples -->\n";
const END: &str = "<!-- /examples -->\n";
/// Badges in the examples at least, counting a family once.
const EXAMPLES_MIN: usize = 80;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn guide() -> PathBuf {
    root().join("docs/rules.md")
}

/// Loads a file and runs its tests.
fn check(sources: &[Source]) -> Catalog {
    let name = &sources[0].name;
    let (catalog, _, warnings) = Catalog::compile(sources, &Numbers::default())
        .unwrap_or_else(|mistakes| panic!("{name}: {}", lines(&mistakes)));
    assert!(warnings.is_empty(), "{name}: {}", lines(&warnings));
    for trial in &catalog.trials {
        trial::run(&catalog, trial).unwrap_or_else(|failure| panic!("{failure}"));
    }
    catalog
}

fn lines(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect()
}

fn examples() -> Vec<Source> {
    let mut sources = Files::read(&root().join("badges/examples")).unwrap().sources;
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    sources
}

/// The sections of the guide about an option: its heading, and what follows up to the next.
fn sections(page: &str) -> Vec<(&str, &str)> {
    let of_heading = page.split("\n### ").skip(1).map(|section| section.split_once('\n').unwrap());
    of_heading.map(|(heading, rest)| (heading, rest.split("\n## ").next().unwrap())).collect()
}

fn blocks(page: &str) -> Vec<&str> {
    page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn every_example_of_the_guide_loads_alone_and_its_test_passes() {
    let page = fs::read_to_string(guide()).unwrap();
    let blocks = blocks(&page);
    assert!(blocks.len() > 30, "{} examples", blocks.len());
    for (at, block) in blocks.into_iter().enumerate() {
        let name = format!("docs/rules.md/{at}.toml");
        let catalog = check(&[Source { name, text: block.to_owned() }]);
        assert!(!catalog.trials.is_empty(), "this example has no test:\n{block}");
    }
}

#[test]
fn every_option_has_a_section_of_the_same_form() {
    let page = fs::read_to_string(guide()).unwrap();
    let mut explained = BTreeSet::new();
    for (heading, text) in sections(&page) {
        let places =
            ["**It says:** ", "**Example**\n\n```toml\n", "```\n\n**Mind:** "].map(|part| text.find(part));
        assert!(places.is_sorted() && places[0].is_some(), "the section {heading} has another form");
        explained.extend(heading.split('`').skip(1).step_by(2));
        let names: Vec<_> = heading.split('`').skip(1).step_by(2).collect();
        let shown = |name: &&str| *name == "NAME(a, b)" || text.contains(name.trim_end_matches('x'));
        assert!(names.iter().all(shown), "the section {heading} does not show it");
    }
    let schema = fs::read_to_string(root().join("badges/schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let mut options = BTreeSet::new();
    for table in ["stat", "flag", "badge"] {
        let named = schema["properties"][table]["patternProperties"].as_object().unwrap();
        let fields = named.values().flat_map(|table| table["properties"].as_object().unwrap().keys());
        options.extend(fields.cloned());
    }
    assert!(options.len() > 25, "{options:?}");
    let missing: Vec<_> = options.iter().filter(|option| !explained.contains(option.as_str())).collect();
    assert!(missing.is_empty(), "docs/rules.md has no section for {missing:?}");
}

#[test]
fn every_badge_of_the_examples_is_given_by_a_test() {
    let sources = examples();
    check(&sources);
    for source in &sources {
        let catalog = check(std::slice::from_ref(source));
        let given: BTreeSet<_> = source
            .text
            .split('"')
            .skip(1)
            .step_by(2)
            .filter_map(|text| text.split(' ').nth(1).map(str::to_owned))
            .collect();
        let manual =
            |id: &str| {
                source.text.split(&format!("[badge.{id}]")).nth(1).is_some_and(|rest| {
                    rest.split("\n[").next().is_some_and(|table| table.contains("\nmanual"))
                })
            };
        let untested: Vec<_> = (catalog.badges.iter().map(|badge| badge.id.as_str()))
            .filter(|id| !given.contains(*id) && !manual(id))
            .collect();
        // Of a family one tier may stand for the others.
        let family =
            |id: &str| id.rsplit_once('-').map_or_else(|| id.to_owned(), |(family, _)| family.to_owned());
        let given_families: BTreeSet<_> = given.iter().map(|id| family(id)).collect();
        let untested: Vec<_> =
            untested.into_iter().filter(|id| !given_families.contains(&family(id))).collect();
        assert!(untested.is_empty(), "{} gives {untested:?} in no test", source.name);
    }
}

#[test]
fn the_table_of_examples_is_current() {
    let mut table = String::new();
    let mut count = 0;
    for source in examples() {
        let file = Path::new(&source.name).file_name().unwrap().to_string_lossy().into_owned();
        table.push_str(&format!("\n[{file}](../badges/examples/{file})\n\n| badge | how |\n|---|---|\n"));
        for badge in source.text.split("\n[badge.").skip(1) {
            let (head, rest) = badge.split_once('\n').unwrap();
            let (id, comment) = head.split_once(']').unwrap();
            let comment = comment.trim().trim_start_matches('#').trim();
            let fields = rest.lines().take_while(|line| !line.trim().is_empty()).filter_map(|line| {
                let name = line.split_once('=')?.0.trim();
                let shown = !["title", "description", "medal", "points", "icon", "secret"].contains(&name);
                shown.then(|| format!("`{name}`"))
            });
            let fields = fields.collect::<Vec<_>>().join(" ");
            let comment = if comment.is_empty() { String::new() } else { format!(": {comment}") };
            table.push_str(&format!("| `{id}` | {fields}{comment} |\n"));
            count += 1;
        }
    }
    assert!(count >= EXAMPLES_MIN, "{count} badges");
    let page = fs::read_to_string(guide()).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let now = format!("{before}{BEGIN}{table}\n{END}{after}");
    if std::env::var_os("LAURELS_BLESS").is_some() {
        fs::write(guide(), now).unwrap();
    } else {
        assert!(
            now == page,
            "the table of examples in docs/rules.md is not current; LAURELS_BLESS=1 writes it"
        );
    }
}
