//! What can happen to a backup and to a restore: nothing that is not whole is taken for a store, and nothing is passed
//! over in silence.

use std::fs;
use std::path::{Path, PathBuf};

use laurels::event::Sequence;
use laurels::store::{Embedded, Error, Options, Store, Until, inspect, restore};

use super::conformance::backup;
use super::faults::FaultyDisk;
use super::hazards::{Folder, tiny};
use super::site::Site;

/// A backup of a few events, and what is in it.
fn taken(events: usize) -> (Vec<u8>, Site) {
    let folder = Folder::new(Options::default());
    let store = folder.embedded();
    let mut site = Site::default();
    site.fill(&store, events);
    (backup(&store, Until::Head), site)
}

/// A place for what is restored, with nothing in it.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn restore(&self, backup: &[u8], until: Until) -> Result<(), Error> {
        restore(backup, "b", &self.data(), until, &Options::default()).map(drop)
    }

    fn open(&self) -> Embedded {
        Embedded::open(&self.data(), Options::default()).unwrap()
    }

    fn names(&self) -> Vec<PathBuf> {
        fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

#[test]
fn a_backup_cut_off_anywhere_is_restored_as_far_as_it_says() {
    // Large data, so that there are several blocks.
    let (whole, site) = {
        let folder = Folder::new(Options::default());
        let store = folder.embedded();
        let mut site = Site::default();
        for number in 0..60 {
            let (id, user) = (format!("e{number}"), format!("{}{number}", "u".repeat(120)));
            let outcomes: Vec<_> =
                (0..40).map(|at| site.view(&format!("{id}-{at}"), &user, &"p".repeat(500))).collect();
            store.commit(&outcomes).unwrap();
        }
        (backup(&store, Until::Head), site)
    };
    assert!(whole.len() > 1 << 20);
    let mut restorable = Vec::new();
    for end in (1..whole.len()).step_by(whole.len() / 23) {
        let (cut, place) = (&whole[..end], Place::new());
        let Err(Error::Damaged { place: at, problem }) = place.restore(cut, Until::Head) else {
            panic!("cut off at {end}");
        };
        assert_eq!(at, format!("b:{end}"));
        assert!(place.names().is_empty(), "{:?}", place.names());
        let said = problem.split("--until ").nth(1).and_then(|number| number.parse::<u64>().ok());
        let inspected = inspect(cut, "b").unwrap_err().to_string();
        assert_eq!(inspected, format!("{at}: {problem}"));
        let Some(last) = said else {
            assert!(problem.contains("nothing of it"), "{problem}");
            continue;
        };
        restorable.push(last);
        assert!(place.restore(cut, Until::Event(Sequence(last + 1))).is_err());
        place.restore(cut, Until::Event(Sequence(last))).unwrap();
        assert_eq!(place.open().head(), Sequence(last));
    }
    assert!(restorable.is_sorted() && restorable.len() > 15, "{restorable:?}");
    let place = Place::new();
    let last = *restorable.last().unwrap();
    place.restore(&whole, Until::Event(Sequence(last))).unwrap();
    let records = place.open().records_after(Sequence(0), usize::MAX).unwrap();
    assert_eq!(records, site.records[..last as usize]);
}

#[test]
fn a_flipped_bit_in_a_backup_is_noticed_with_its_place() {
    let (whole, _) = taken(12);
    for at in (0..whole.len()).step_by(5) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x40;
        let place = Place::new();
        match place.restore(&flipped, Until::Head) {
            Err(Error::Damaged { place, .. }) => {
                let said: usize = place.strip_prefix("b:").unwrap().parse().unwrap();
                assert!(said <= at, "{place}");
            }
            Err(Error::Refused { problem }) => {
                assert!(at < 8 && problem.contains("not a backup"), "{at}: {problem}")
            }
            other => panic!("{at}: {other:?}"),
        }
        assert!(place.names().is_empty());
    }
}

#[test]
fn what_is_no_backup_or_a_newer_one_is_told_so() {
    let place = Place::new();
    for other in [&b""[..], b"PK\x03\x04 something else, and quite long", &[0; 100]] {
        let error = place.restore(other, Until::Head).unwrap_err().to_string();
        assert_eq!(error, "b is not a backup of Laurels; `laurels backup FILE` makes one");
    }
    let (mut newer, _) = taken(1);
    newer[8] = 9;
    let checksum = crc32c(&newer[..12]);
    newer[12..16].copy_from_slice(&checksum.to_le_bytes());
    let error = place.restore(&newer, Until::Head).unwrap_err().to_string();
    assert!(error.contains("the format 9 is newer than this program; use a newer one"), "{error}");
}

#[test]
fn a_directory_that_is_used_is_left_alone() {
    let (whole, site) = taken(7);
    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    fs::write(place.data().join("letter"), "dear").unwrap();
    let error = place.restore(&whole, Until::Head).unwrap_err().to_string();
    assert!(error.contains("is not empty"), "{error}");
    assert_eq!(fs::read_to_string(place.data().join("letter")).unwrap(), "dear");

    // An empty one is as good as none; what a restore left unfinished goes, and nothing else does.
    fs::remove_file(place.data().join("letter")).unwrap();
    let unfinished = place.0.path().join("data.unfinished");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("letter"), "dear").unwrap();
    let error = place.restore(&whole, Until::Head).unwrap_err().to_string();
    assert!(error.contains("is in the way"), "{error}");
    fs::write(unfinished.join("RESTORING"), "").unwrap();
    place.restore(&whole, Until::Head).unwrap();
    assert_eq!(place.names(), [place.data()]);
    site.assert_kept(&place.open());
}

/// The machine dies after each change to the disk. Either there is no store, or all of it; never a part.
#[test]
fn a_restore_cut_short_anywhere_is_never_taken_for_a_store() {
    let (whole, site) = taken(30);
    for changes in 0.. {
        let (place, disk) = (Place::new(), FaultyDisk::default());
        disk.state().left = Some(changes);
        let options = Options { disk: std::sync::Arc::new(disk.clone()), ..tiny() };
        let restored = restore(&whole[..], "b", &place.data(), Until::Head, &options);
        if restored.is_ok() {
            assert!(changes > 20, "{changes}");
            break;
        }
        if place.data().exists() {
            // All of it is there; only that its name is durable is not known.
            site.assert_kept(&place.open());
        } else {
            place.restore(&whole, Until::Head).unwrap();
            site.assert_kept(&place.open());
        }
    }
}

#[test]
fn what_a_restore_left_unfinished_is_not_served() {
    let folder = Folder::new(Options::default());
    drop(folder.embedded());
    fs::write(folder.path("RESTORING"), "").unwrap();
    let Err(Error::Damaged { problem, .. }) = folder.try_open() else { panic!("it was opened") };
    assert!(problem.contains("a restore was cut short"), "{problem}");
}

#[test]
fn a_backup_may_be_restored_beside_where_one_stands() {
    let (whole, site) = taken(5);
    let directory = tempfile::tempdir().unwrap();
    let nested = directory.path().join("a/b.c");
    fs::create_dir(directory.path().join("a")).unwrap();
    restore(&whole[..], "b", &nested, Until::Head, &Options::default()).unwrap();
    site.assert_kept(&Embedded::open(&nested, Options::default()).unwrap());
    assert!(restore(&whole[..], "b", Path::new("/"), Until::Head, &Options::default()).is_err());
}

/// CRC-32C, bit by bit: the one thing of the format that this test must make itself.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0x82f6_3b78 & (sum & 1).wrapping_neg()))
    })
}
