//! Stores of every version that was released open, and give what they gave; what a newer one wrote is refused, and
//! left as it is.
//!
//! `tests/data/stores/VERSION.tar.gz` is a store as that version wrote it, `VERSION.expected` what it must give.
//! Both of the version at hand are made anew by
//!
//!     LAURELS_BLESS=1 cargo test --test it formats::
//!
//! which is done when a format changes before it is released, and never for a version that was.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use laurels::act::{Note, Order};
use laurels::award::Place;
use laurels::clock::Clock;
use laurels::event::{Draft, DraftData, Sequence, Time, UserId};
use laurels::service::{Filter, From, Service, Told};
use laurels::store::{Embedded, Error, Options, Store};

use crate::opened::opened;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// One of each kind of number, and of key.
const BADGES: &str = r#"
[badge.first]
on = "post"

[badge.often]
on    = "post"
tiers = [{ at = 3 }, { at = 20 }, { at = 1000 }]

[badge.place]
on = "post"
by = ["user", "subject"]

[badge.words]
on  = "post"
sum = "event.data.words"
at  = 100

[badge.places]
on       = "post"
distinct = "event.subject"
at       = 4

[badge.streak]
on  = "post"
run = "day(event.time)"
at  = 3

[badge.longest]
on  = "post"
max = "event.data.words"
at  = 9

[flag.known]
on    = "badge.first"
"#;

/// Events of the store; the last of each user's are not written behind.
const EVENTS: usize = 90;
/// Acts after them: an award that is given by hand, and a note of what was done to the server.
const ACTS: usize = 2;
/// After so many everything was written behind once more.
const WRITTEN_BEHIND: [usize; 2] = [40, 75];

fn stores() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/stores")
}

fn post(number: usize) -> Draft {
    let day = Time::parse("2026-01-01T10:00:00Z").unwrap().to_unix().0 + (number as i64 / 4) * 86_400;
    Draft {
        id: format!("post-{number}"),
        r#type: "post".to_owned(),
        user: format!("user-{}", number % 4),
        subject: format!("place-{}", number % 7),
        time: Some((day + number as i64, 0)),
        data: DraftData::Json(format!(r#"{{"words": {}, "title": "Nº {number}"}}"#, number % 10)),
    }
}

fn service(data: &Path) -> (Arc<Embedded>, Service) {
    let small = Options { segment_bytes: 6000, checkpoint_on_close: false, ..Options::default() };
    let (store, catalog) = opened(data, small, "posts", BADGES);
    let store = Arc::new(store);
    let clock = Clock::fixed(Time::parse("2026-06-01T00:00:00Z").unwrap());
    (store.clone(), Service::start(store, catalog, clock))
}

/// Writes the store of this version, as a kill leaves it.
async fn write(data: &Path) {
    let (store, service) = service(data);
    for number in 0..EVENTS {
        service.record(post(number)).await.unwrap();
        if WRITTEN_BEHIND.contains(&number) {
            store.checkpoint().unwrap();
        }
    }
    let order = Order {
        id: "act-1".to_owned(),
        user: "user-9".to_owned(),
        badge: "place".to_owned(),
        key: "place-9".to_owned(),
        reason: "contest".to_owned(),
        actor: "local".to_owned(),
        ..Order::default()
    };
    service.award_by_hand(order).await.unwrap();
    service.note(Note::Backup, "key 3f9a01c2", "of everything").await;
    let archive = stores().join(format!("{VERSION}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.args(["--sort=name", "--owner=0", "--group=0", "--mtime=@0", "-czf"])
        .arg(&archive)
        .arg("-C")
        .arg(data);
    // What is open still is as a kill leaves it: all of it was handed to the system.
    assert!(tar.arg(".").status().unwrap().success());
}

/// All that a store gives, as text.
async fn given(data: &Path) -> String {
    let (store, service) = service(data);
    let mut text = format!("{} events, store {:016x}\n", store.head().0, store.identity().0);
    for user in store.users_after(None, usize::MAX).unwrap() {
        let (document, _) = service.document(&user).await.unwrap();
        let catalog = service.catalog();
        for award in document.awards() {
            let badge = &catalog.badge(award.badge).unwrap().id;
            let at = award.place;
            writeln!(
                text,
                "{user} {badge} {:?} at {}: {}.{}",
                award.key, award.time, at.sequence.0, at.index
            )
            .unwrap();
        }
        for progress in service.progress(&user).await.unwrap() {
            writeln!(text, "{user} {progress:?}").unwrap();
        }
    }
    let rarity = service.rarity();
    writeln!(text, "{rarity:?}").unwrap();
    let mut live = service.live(Filter::default(), From::After(Place::START), Duration::from_secs(1));
    loop {
        match live.next().await.unwrap().unwrap() {
            Told::Award(award) => {
                writeln!(text, "{} {}", service.cursor(award.place), award.event_id.as_str()).unwrap()
            }
            Told::Revocation(revocation) => {
                let event = revocation.event_id.as_str();
                writeln!(text, "{} {event} revoked", service.cursor(revocation.place)).unwrap()
            }
            Told::Heartbeat { live: true, .. } => break,
            Told::Heartbeat { .. } => {}
        }
    }
    for entry in service.audit_log(None, usize::MAX).await.unwrap() {
        writeln!(text, "{entry:?}").unwrap();
    }
    service.shut_down().await;
    text
}

fn unpack(archive: &Path) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut tar = Command::new("tar");
    assert!(tar.arg("-xzf").arg(archive).arg("-C").arg(directory.path()).status().unwrap().success());
    directory
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_every_released_version_gives_what_it_gave() {
    if std::env::var_os("LAURELS_BLESS").is_some() {
        fs::create_dir_all(stores()).unwrap();
        write(&tempfile::tempdir().unwrap().path().join("data")).await;
        let unpacked = unpack(&stores().join(format!("{VERSION}.tar.gz")));
        fs::write(stores().join(format!("{VERSION}.expected")), given(unpacked.path()).await).unwrap();
    }
    let mut versions = 0;
    for entry in fs::read_dir(stores()).unwrap() {
        let archive = entry.unwrap().path();
        let Some(version) = archive.to_str().and_then(|path| path.strip_suffix(".tar.gz")) else { continue };
        let directory = unpack(&archive);
        let data = directory.path();
        for part in ["journal", "ids", "sled/db", "sled.seal", "identity", "format"] {
            assert!(data.join(part).exists(), "{version} has no {part}");
        }
        let expected = fs::read_to_string(format!("{version}.expected")).unwrap();
        assert!(expected.starts_with(&format!("{} events", EVENTS + ACTS)));
        // As it is; and without all that can be made again.
        assert_eq!(given(data).await, expected, "{version}");
        for derived in ["ids", "sled"] {
            fs::remove_dir_all(data.join(derived)).unwrap();
        }
        fs::remove_file(data.join("sled.seal")).unwrap();
        assert_eq!(given(data).await, expected, "{version}, from the journal alone");
        let (store, service) = service(data);
        for number in 0..EVENTS {
            assert!(service.record(post(number)).await.unwrap().duplicate, "{version}: event {number}");
        }
        let next = service.record(post(EVENTS)).await.unwrap();
        assert_eq!(next.place, Place::end_of(Sequence((EVENTS + ACTS) as u64 + 1)));
        let user = UserId::parse(&post(EVENTS).user).unwrap();
        let progress = service.progress(&user).await.unwrap();
        let often = progress.iter().find(|progress| progress.goal == 1000.0).unwrap();
        assert_eq!(often.current, (EVENTS / 4 + 1) as f64, "{version}: counts go on");
        drop(store);
        versions += 1;
    }
    assert!(versions > 0 && stores().join(format!("{VERSION}.tar.gz")).exists());
}

/// A store that was opened and closed.
fn closed() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    drop(Embedded::open(directory.path(), Options::default()).unwrap());
    directory
}

/// All files, with what is in them.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    found
}

/// A small file as the store writes it: with its checksum at the end.
fn small_file(contents: &[u8]) -> Vec<u8> {
    [contents, &crc32c::crc32c(contents).to_le_bytes()].concat()
}

#[test]
fn a_directory_of_a_newer_version_is_refused_before_anything_is_touched() {
    let directory = closed();
    let newer = postcard::to_stdvec(&(2_u32, "7.8.9")).unwrap();
    fs::write(directory.path().join("format"), small_file(&newer)).unwrap();
    // What an opening would put right, if it were its own.
    fs::write(directory.path().join("ids/00000000000000000001-00000000000000000009.run"), b"newer").unwrap();
    fs::write(directory.path().join("sled.seal"), b"newer").unwrap();
    fs::remove_file(directory.path().join("identity")).unwrap();
    let before = files(directory.path());
    let error = Embedded::open(directory.path(), Options::default()).map(drop).unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, Error::Newer { .. }), "{said}");
    assert!(
        said.contains("Laurels 7.8.9 (format 2)") && said.contains(&format!("Laurels {VERSION} (format 1)"))
    );
    assert!(said.contains("start Laurels 7.8.9 or a newer one"), "{said}");
    assert_eq!(files(directory.path()), before);
}

#[test]
fn a_note_of_the_format_that_is_gone_or_damaged_is_made_again() {
    let directory = closed();
    let path = directory.path().join("format");
    let note = fs::read(&path).unwrap();
    for damage in [None, Some(&b""[..]), Some(&note[1..])] {
        match damage {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        drop(Embedded::open(directory.path(), Options::default()).unwrap());
        assert_eq!(fs::read(&path).unwrap(), note);
    }
}

/// The one segment of a store.
fn segment(directory: &Path) -> PathBuf {
    let journal = fs::read_dir(directory.join("journal")).unwrap();
    journal.map(|entry| entry.unwrap().path()).find(|path| path.extension().unwrap() == "log").unwrap()
}

#[test]
fn a_segment_of_a_newer_format_is_refused_and_left_as_it_is() {
    let directory = closed();
    let path = segment(directory.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes[8..12].copy_from_slice(&2_u32.to_le_bytes());
    let checksum = crc32c::crc32c(&bytes[..28]).to_le_bytes();
    bytes[28..32].copy_from_slice(&checksum);
    fs::write(&path, bytes).unwrap();
    let before = files(directory.path());
    let said = Embedded::open(directory.path(), Options::default()).map(drop).unwrap_err().to_string();
    assert!(said.contains("format 2") && said.contains("up to format 1") && said.contains(VERSION), "{said}");
    assert!(said.contains("start the newer Laurels"), "{said}");
    assert_eq!(files(directory.path()), before);
}

#[test]
fn an_entry_of_a_kind_that_only_a_newer_version_knows_is_refused_and_kept() {
    let directory = closed();
    let path = segment(directory.path());
    let mut bytes = fs::read(&path).unwrap();
    let seed = crc32c::crc32c(&bytes[..28]);
    // A frame without events, before event 1, with one entry: of kind 99.
    let payload = [&1_u32.to_le_bytes()[..], &[99]].concat();
    let covered = [&0_u32.to_le_bytes()[..], &1_u64.to_le_bytes(), &payload].concat();
    bytes.extend([0xff, b'L', 0xfe, b'F']);
    bytes.extend(u32::try_from(payload.len()).unwrap().to_le_bytes());
    bytes.extend(crc32c::crc32c_append(seed, &covered).to_le_bytes());
    bytes.extend(covered);
    fs::write(&path, &bytes).unwrap();
    for _ in 0..2 {
        let said = Embedded::open(directory.path(), Options::default()).map(drop).unwrap_err().to_string();
        assert!(said.contains(&format!("what Laurels {VERSION} does not know")), "{said}");
        assert!(said.contains("start the newer Laurels"), "{said}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert!(!directory.path().join("sled.broken-1").exists(), "sled is not to blame");
    }
}
