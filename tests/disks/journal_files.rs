//! The journal and the small files beside it, damaged at every place: either the store has everything, or it is
//! refused with the place and what is lost, and nothing is changed; or the last commit is gone that nobody can tell
//! from one that a crash tore. Never other data, never a hole.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use laurels::award::Place;
use laurels::event::Sequence;
use laurels::store::{Earlier, Embedded, Error, Options, Store};
use tempfile::TempDir;

use super::damage::{self, Damage, cases, copy, ends};
use super::server::Server;
use super::site::Site;

/// Events of a commit.
const GROUP: usize = 3;
/// Events of all.
const EVENTS: usize = 18;

fn options(checkpoint_on_close: bool) -> Options {
    Options { cache_bytes: 1, segment_bytes: 500, checkpoint_on_close, ..Options::default() }
}

/// A store of several segments: closed in good order, so that it is known how far it went; or killed.
fn store(closed: bool) -> (TempDir, Arc<Site>) {
    let directory = damage::directory();
    let store = Embedded::open(directory.path(), options(closed)).unwrap();
    let mut site = Site::default();
    for group in site.views(EVENTS, GROUP) {
        store.commit(&group).unwrap();
    }
    drop(store);
    assert!(logs(directory.path()).len() > 2);
    (directory, Arc::new(site))
}

fn logs(data: &Path) -> Vec<PathBuf> {
    let files = damage::files(&data.join("journal"));
    files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "log")).collect()
}

/// How a damaged store stands.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// All is there.
    Whole,
    /// It is refused, with its place.
    Refused,
    /// It opens, and says its place when what is damaged is read.
    Noticed,
    /// The last commits are gone, as if a crash had torn them.
    Torn,
}

fn standing(data: &Path, site: &Site, closed: bool) -> Standing {
    let before: Vec<_> = logs(data).into_iter().map(|path| (fs::read(&path).unwrap(), path)).collect();
    let store = match Embedded::open(data, options(closed)) {
        Ok(store) => store,
        Err(Error::Damaged { place, problem }) => {
            assert!(place.starts_with(data.join("journal").to_str().unwrap()), "{place}");
            assert!(problem.contains("event") && problem.contains("docs/operations.md"), "{problem}");
            for (bytes, path) in before {
                assert!(fs::read(&path).unwrap() == bytes, "{} was changed", path.display());
            }
            return Standing::Refused;
        }
        Err(error) => panic!("{error:?}"),
    };
    let head = usize::try_from(store.head().0).unwrap();
    let known = site.only(head);
    let mut noticed = false;
    // What is answered is true; what cannot be answered says its place.
    let mut right = |answer: Result<bool, Error>| match answer {
        Ok(right) => assert!(right),
        Err(Error::Damaged { place, .. }) if place.contains(".log:") => noticed = true,
        Err(error) => panic!("{error:?}"),
    };
    for (at, record) in known.records.iter().enumerate() {
        right(
            store
                .recorded(&record.event.id)
                .map(|found| found == Some(Earlier::Kept(Box::new(record.clone())))),
        );
        let after = Sequence(at as u64);
        right(store.records_after(after, 2).map(|found| found == known.records[at..head.min(at + 2)]));
        let awards: Vec<_> =
            known.news(None).into_iter().filter(|news| news.place() > Place::end_of(after)).collect();
        let page = store.news_after(Place::end_of(after), None, usize::MAX);
        right(page.map(|page| page.items == awards));
    }
    let keys: Vec<_> = known.documents.keys().cloned().collect();
    right(store.load(&keys).map(|found| found.iter().eq(known.documents.values())));
    assert_eq!(store.rarity(), known.rarity);
    match (noticed, head == site.records.len()) {
        (true, _) => Standing::Noticed,
        (false, true) => Standing::Whole,
        (false, false) => Standing::Torn,
    }
}

/// Damages copies of both stores, each in so many ways, and counts how they stand.
fn sweep(damages: impl Fn(&Path, usize) -> Vec<(PathBuf, Damage)>) -> BTreeMap<(bool, Standing), usize> {
    let mut stand: BTreeMap<(bool, Standing), usize> = BTreeMap::new();
    for closed in [true, false] {
        let (template, site) = store(closed);
        let last = logs(template.path()).pop().unwrap();
        let files: Vec<_> = damage::files(template.path())
            .into_iter()
            .filter(|path| !path.starts_with(template.path().join("sled")))
            .collect();
        for file in files {
            let size = fs::metadata(&file).unwrap().len() as usize;
            for (path, damage) in damages(&file, size) {
                let copied = damage::directory();
                copy(template.path(), copied.path());
                damage.inflict(&copied.path().join(path.strip_prefix(template.path()).unwrap()));
                let what = format!("{damage:?} of {} of {size} bytes, closed: {closed}", path.display());
                let (data, site) = (copied.path().to_owned(), site.clone());
                let stands = ends(what.clone(), move || standing(&data, &site, closed));
                let is_last = path == last;
                assert!(stands != Standing::Torn || is_last && !closed, "{what} lost events in silence");
                let is_journal = path.extension().is_some_and(|end| end == "log");
                assert!(stands == Standing::Whole || is_journal, "{what}: {stands:?}");
                *stand.entry((closed, stands)).or_default() += 1;
            }
        }
    }
    stand
}

#[test]
fn no_flipped_bit_at_any_place_gives_other_data_or_a_hole() {
    // Every byte; one bit of each, or with LAURELS_SWEEP=8 all.
    let bits: Vec<_> = cases(1).map(|case| case.case as usize).collect();
    let stand = sweep(|path, size| {
        let places = (0..size).flat_map(|at| bits.iter().map(move |bit| (at, ((at * 5 + bit) % 8) as u8)));
        places.map(|(at, bit)| (path.to_owned(), Damage::Flipped { at, bit })).collect()
    });
    eprintln!("flipped bits: {stand:?}");
    assert!(stand[&(true, Standing::Refused)] > 0 && stand[&(true, Standing::Noticed)] > 0);
    assert!(stand[&(false, Standing::Torn)] > 0);
}

#[test]
fn no_file_cut_off_zeroed_or_overwritten_gives_other_data_or_a_hole() {
    let stand = sweep(|path, size| {
        let damages = cases(12).map(|case| Damage::any(&mut case.random(), size));
        let cuts = (0..size).step_by(size / 12 + 1).map(Damage::Cut);
        // Junk after the end of the last segment is what a crash leaves too; of others it is damage.
        damages.chain(cuts).map(|damage| (path.to_owned(), damage)).collect()
    });
    eprintln!("other damage: {stand:?}");
    assert!(stand[&(true, Standing::Refused)] > 0);
}

/// What docs/operations.md says under "A damaged journal", done as it is written there.
#[test]
fn what_the_docs_say_of_a_damaged_journal_keeps_its_good_part() {
    let page = include_str!("../../docs/operations.md").split_once("## A damaged journal").unwrap().1;
    let recipe = page.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0;
    let (template, site) = store(true);
    for (number, path) in logs(template.path()).iter().enumerate() {
        for at in [4, 33, 300] {
            let copied = damage::directory();
            let data = copied.path().join("data");
            copy(template.path(), &data);
            let damaged = data.join(path.strip_prefix(template.path()).unwrap());
            Damage::Flipped { at, bit: 2 }.inflict(&damaged);
            // So that the server reads all of it when it starts.
            let _ = fs::remove_file(damaged.with_extension("index"));
            let mut steps = 0;
            let kept = loop {
                let store = match Embedded::open(&data, options(true)) {
                    Ok(store) => break store,
                    Err(Error::Damaged { .. }) => Server::refused(&data),
                    Err(error) => panic!("{error:?}"),
                };
                assert_eq!(store.code, Some(1));
                let place = store.said.split("error: ").nth(1).unwrap().split(": ").next().unwrap();
                let (file, position) = place.rsplit_once(':').unwrap();
                let _ = fs::remove_dir_all(copied.path().join("data.damaged"));
                let mut shell = Command::new("sh");
                shell
                    .args(["-eu", "-c", recipe])
                    .env("DATA", &data)
                    .env("FILE", file)
                    .env("POSITION", position);
                let done = shell.output().unwrap();
                assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
                steps += 1;
                assert!(steps < 5, "it goes on and on: {}", store.said);
            };
            assert_eq!(steps, 1);
            let head = usize::try_from(kept.head().0).unwrap();
            site.only(head).assert_kept(&kept);
            assert!(number == 0 || head >= GROUP, "what is in earlier files is kept");
            assert!(head < EVENTS);
            let mut site = site.only(head);
            site.fill(&kept, 10);
            site.assert_kept(&kept);
        }
    }
}
