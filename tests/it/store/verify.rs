//! Checking a data directory: what is right is called right, whatever way it was left; every damage is found and
//! named; and nothing is changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use laurels::catalog::Fingerprint;
use laurels::store::verify::{Finding, News, Report, Severity};
use laurels::store::{Error, Options, Store, verify};
use proptest::prelude::*;

use super::hazards::{Folder, tiny};
use super::site::Site;

/// What is found in a store that was closed; and that checking it changed nothing.
pub(super) fn checked(folder: &Folder) -> (Report, Vec<Finding>) {
    checked_with(folder, &Options::default())
}

pub(super) fn checked_with(folder: &Folder, options: &Options) -> (Report, Vec<Finding>) {
    let scratch = tempfile::tempdir().unwrap();
    let before = contents(&folder.path(""));
    let mut found = Vec::new();
    let report = verify(&folder.path(""), scratch.path(), options, |news| match news {
        News::Found(finding) => found.push(finding),
        News::Progress(progress) => assert!(progress.done <= progress.of, "{progress:?}"),
    });
    assert_eq!(contents(&folder.path("")), before, "it was changed");
    assert_eq!(
        fs::read_dir(scratch.path()).unwrap().count(),
        0,
        "something is left in the scratch directory"
    );
    let report = report.unwrap();
    for severity in [Severity::Note, Severity::MadeAgain, Severity::Unnoticed, Severity::Journal] {
        let count = found.iter().filter(|finding| finding.severity == severity).count() as u64;
        let counted = match severity {
            Severity::Note => report.found.notes,
            Severity::MadeAgain => report.found.made_again,
            Severity::Unnoticed => report.found.unnoticed,
            Severity::Journal => report.found.journal,
        };
        assert_eq!(count, counted);
    }
    (report, found)
}

/// Every file of a directory, but for LOCK.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(contents(&path)),
            false if path.ends_with("LOCK") => {}
            false => drop(found.insert(path.clone(), fs::read(&path).unwrap())),
        }
    }
    found
}

pub(super) fn assert_right(folder: &Folder, site: &Site) -> Report {
    let (report, found) = checked(folder);
    assert!(report.is_right(), "{report:?}\n{}", lines(&found));
    assert_eq!(report.events, site.records.len() as u64);
    assert_eq!(report.awards, site.records.iter().map(|record| record.awards.len() as u64).sum::<u64>());
    report
}

/// There is just this damage: so severe, at that place, said so.
pub(super) fn assert_found(folder: &Folder, severity: Severity, place: &str, says: &str) {
    let (report, found) = checked(folder);
    let damages: Vec<_> = found.into_iter().filter(|finding| finding.severity > Severity::Note).collect();
    let [finding] = &damages[..] else { panic!("not one damage:\n{}", lines(&damages)) };
    assert_eq!(finding.severity, severity, "{finding}");
    assert!(finding.place.contains(place), "{finding}");
    assert!(finding.problem.contains(says), "{finding}");
    assert!(!report.is_right());
}

pub(super) fn lines(found: &[Finding]) -> String {
    found.iter().map(|finding| format!("{:?} {finding}\n", finding.severity)).collect()
}

fn flip(path: &Path, at: usize, bit: u8) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1 << bit;
    fs::write(path, bytes).unwrap();
}

fn killed() -> Options {
    Options { checkpoint_on_close: false, ..Options::default() }
}

/// A closed store of so many events with several runs of ids and several segments.
pub(super) fn closed(events: usize) -> (Folder, Site) {
    left(events, Options::default())
}

fn left(events: usize, options: Options) -> (Folder, Site) {
    let folder = Folder::new(Options { segment_bytes: 1500, ..options });
    let mut site = Site::default();
    for _ in 0..3 {
        let store = folder.embedded();
        site.fill(&store, events / 3);
    }
    (folder, site)
}

fn logs(folder: &Folder) -> Vec<PathBuf> {
    let names = folder.names("journal");
    let logs = names.iter().filter(|name| name.ends_with(".log"));
    logs.map(|name| folder.path("journal").join(name)).collect()
}

#[test]
fn a_store_is_right_however_it_was_left() {
    for options in [Options::default(), killed(), tiny(), Options { checkpoint_on_close: false, ..tiny() }] {
        let folder = Folder::new(options);
        let mut site = Site::default();
        for round in 0..6 {
            let store = folder.embedded();
            site.fill(&store, 40);
            let mut numbers = store.numbers();
            numbers.slot(Fingerprint(round));
            store.adopt(&numbers).unwrap();
            if round % 2 == 0 {
                store.checkpoint().unwrap();
                site.fill(&store, 15);
            }
            let crashed = folder.crashed();
            drop(store);
            assert_right(&folder, &site);
            assert_right(&crashed, &site);
        }
    }
}

#[test]
fn a_store_without_events_is_right() {
    let folder = Folder::new(Options::default());
    let store = folder.embedded();
    assert_right(&folder.crashed(), &Site::default());
    drop(store);
    assert_right(&folder, &Site::default());
}

#[test]
fn documents_of_many_pages_in_parts_that_fit_into_no_memory_are_right() {
    let folder = Folder::new(Options::default());
    let mut site = Site::default();
    let store = folder.embedded();
    for number in 0..600 {
        let user = format!("somebody-with-a-long-name-{number}");
        store.commit(&[site.view(&format!("e{number}"), &user, "popular")]).unwrap();
    }
    drop(store);
    let right = assert_right(&folder, &site);
    assert_eq!(right.documents, site.documents.len() as u64);
    // Room for some hundred documents at a time.
    let (report, found) = checked_with(&folder, &Options { cache_bytes: 100_000, ..Options::default() });
    assert_eq!((report, found.len()), (right, 0));
    // And for none: a part has at least one.
    let few = Folder::new(Options::default());
    Site::default().fill(&few.embedded(), 20);
    let (report, found) = checked_with(&few, &Options { cache_bytes: 0, ..Options::default() });
    assert!(report.is_right(), "{}", lines(&found));
}

#[test]
fn a_directory_in_use_and_one_without_a_store_are_refused() {
    let folder = Folder::new(Options::default());
    let store = folder.embedded();
    let scratch = tempfile::tempdir().unwrap();
    let attempt = |directory: &Path| verify(directory, scratch.path(), &Options::default(), |_| ());
    assert!(matches!(attempt(&folder.path("")), Err(Error::InUse { .. })));
    drop(store);
    assert!(attempt(&folder.path("")).is_ok());
    assert!(matches!(attempt(&folder.path("nowhere")), Err(Error::Io { .. })));
    let Err(Error::Damaged { problem, .. }) = attempt(scratch.path()) else { panic!("there is no store") };
    assert!(problem.contains("there is no store here"), "{problem}");
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
}

#[test]
fn a_commit_that_a_crash_cut_short_is_told_and_is_no_damage() {
    let folder = Folder::new(killed());
    let mut site = Site::default();
    site.fill(&folder.embedded(), 30);
    let log = &logs(&folder)[0];
    let whole = fs::read(log).unwrap();
    fs::write(log, [&whole[..], b"torn"].concat()).unwrap();
    let (report, found) = checked(&folder);
    assert!(report.is_right());
    let place = format!("{}:{}", log.display(), whole.len());
    assert_eq!(found.len(), 1);
    assert!(found[0].place == place && found[0].problem.contains("the last 4 bytes"), "{}", found[0]);
    // And a segment that was begun.
    fs::write(log, &whole).unwrap();
    fs::write(folder.path("journal").join(format!("{:020}.log", 31)), b"LAUR").unwrap();
    let (report, found) = checked(&folder);
    assert!(report.is_right() && lines(&found).contains("left without a header"), "{}", lines(&found));
    site.assert_kept(&folder.embedded());
    assert_right(&folder, &site);
}

#[test]
fn every_damage_of_the_journal_is_told_at_once_with_its_events() {
    let (folder, _) = closed(90);
    let logs = logs(&folder);
    assert!(logs.len() > 3, "{logs:?}");
    // The first frame of the first segment has the first ten events; the others have no index any more.
    flip(&logs[0], 32 + 40, 3);
    flip(&logs[1], 5, 0);
    let first_of_third: u64 = logs[2].file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let first_of_fourth: u64 = logs[3].file_stem().unwrap().to_str().unwrap().parse().unwrap();
    fs::remove_file(&logs[2]).unwrap();
    let (report, found) = checked(&folder);
    let damages: Vec<_> = found
        .iter()
        .filter(|finding| finding.severity == Severity::Journal)
        .map(ToString::to_string)
        .collect();
    let [first, second, third] = &damages[..] else { panic!("{}", lines(&found)) };
    assert!(first.starts_with(&format!("{}:32: ", logs[0].display())), "{first}");
    assert!(first.contains("events 1 to 10 cannot be read; put the file back"), "{first}");
    assert!(second.starts_with(&format!("{}:0: the header is damaged", logs[1].display())), "{second}");
    let lost = format!("events {first_of_third} to {} are lost", first_of_fourth - 1);
    assert!(third.contains("the segment is missing") && third.contains(&lost), "{third}");
    assert!(!report.compared && !report.is_right());
}

#[test]
fn a_journal_that_lost_its_end_is_known_by_what_was_written_behind() {
    let (folder, _) = closed(90);
    let last = logs(&folder).pop().unwrap();
    let whole = fs::read(&last).unwrap();
    fs::write(&last, &whole[..whole.len() - 1]).unwrap();
    assert_found(&folder, Severity::Journal, last.to_str().unwrap(), "to 90 cannot be read");
    fs::remove_file(&last).unwrap();
    assert_found(&folder, Severity::Journal, "journal", "went on to 90 once");
    fs::remove_dir_all(folder.path("journal")).unwrap();
    assert_found(&folder, Severity::Journal, "journal", "events 1 to 90 are lost");
}

#[test]
fn a_segment_of_another_store_or_of_another_place_is_told() {
    let (folder, _) = closed(90);
    let (other, _) = closed(90);
    let (ours, theirs) = (logs(&folder), logs(&other));
    let whole = fs::read(&ours[1]).unwrap();
    fs::copy(&theirs[1], &ours[1]).unwrap();
    let place = ours[1].to_str().unwrap();
    let (_, found) = checked(&folder);
    let swapped = found.iter().find(|finding| finding.severity == Severity::Journal).unwrap();
    assert_eq!(swapped.place, format!("{place}:0"));
    assert!(swapped.problem.contains("belongs to another store"), "{swapped}");
    fs::copy(&ours[2], &ours[1]).unwrap();
    let (_, found) = checked(&folder);
    let renamed = found.iter().find(|finding| finding.severity == Severity::Journal).unwrap();
    assert!(
        renamed.place.starts_with(place) && renamed.problem.contains("give it its name back"),
        "{renamed}"
    );
    fs::write(&ours[1], whole).unwrap();
    fs::copy(other.path("identity"), folder.path("identity")).unwrap();
    assert_found(&folder, Severity::Journal, "identity", "belongs to another store");
}

#[test]
fn what_is_made_again_is_told_from_what_is_lost() {
    let (folder, site) = closed(90);
    let index = folder
        .path("journal")
        .join(folder.names("journal").iter().find(|name| name.ends_with("index")).unwrap());
    let run = folder.path("ids").join(&folder.names("ids")[0]);
    for (path, says) in [
        (folder.path("identity"), "it is damaged"),
        (folder.path("sled.seal"), "it is damaged"),
        (index.clone(), "it is damaged"),
    ] {
        let whole = fs::read(&path).unwrap();
        flip(&path, 2, 1);
        assert_found(&folder, Severity::MadeAgain, path.to_str().unwrap(), says);
        fs::write(&path, whole).unwrap();
    }
    let whole = fs::read(&run).unwrap();
    flip(&run, 60, 1);
    let (_, found) = checked(&folder);
    assert!(found.iter().all(|finding| finding.severity == Severity::MadeAgain), "{}", lines(&found));
    assert!(
        found[0].place == run.display().to_string() && found[0].problem.contains("checksum"),
        "{}",
        found[0]
    );
    fs::remove_file(&run).unwrap();
    let (_, found) = checked(&folder);
    assert!(found[0].problem.contains("are missing before it"), "{}", lines(&found));
    fs::write(&run, whole).unwrap();
    // Where there is none, it is a crash that came before it was written.
    fs::remove_file(&index).unwrap();
    assert_right(&folder, &site);
    fs::rename(folder.path("sled"), folder.path("sled.broken-1")).unwrap();
    assert_found(&folder, Severity::MadeAgain, "sled", "it is missing");
    site.assert_kept(&folder.embedded());
    assert_right(&folder, &site);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// A flipped bit anywhere is told; or else it means nothing: an opening finds everything as it was.
    #[test]
    fn a_flipped_bit_in_any_file_is_told_or_means_nothing(
        events in 20usize..60, clean in any::<bool>(), file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bit in 0u8..8,
    ) {
        let (folder, site) = left(events / 3 * 3, if clean { Options::default() } else { killed() });
        let files: Vec<_> =
            contents(&folder.path("")).into_iter().filter(|(_, bytes)| !bytes.is_empty()).collect();
        let (path, bytes) = file.get(&files);
        flip(path, at.index(bytes.len()), bit);
        let (report, found) = checked(&folder);
        if found.is_empty() {
            prop_assert!(report.is_right());
            prop_assert!(path.starts_with(folder.path("sled")), "{} is not told", path.display());
            site.assert_kept(&folder.embedded());
        } else {
            let within = found.iter().any(|finding| {
                finding.place.contains(path.to_str().unwrap()) || path.starts_with(&finding.place)
            });
            prop_assert!(within, "{} was flipped:\n{}", path.display(), lines(&found));
            let journal = path.extension().is_some_and(|extension| extension == "log");
            // Without what is known from beside it, the last commit may be one that a crash cut short.
            prop_assert!(report.found.journal > 0 || !journal || !clean, "{}", lines(&found));
            prop_assert!(report.found.journal == 0 || journal, "{}", lines(&found));
        }
    }
}
