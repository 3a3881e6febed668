//! After a restore a store goes another way than the lost one did. Who kept a place goes on without a gap
//! and without a repetition where that place lies on the way of both; beyond it, who asks is told to begin again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use laurels::award::{Award, Place};
use laurels::clock::Clock;
use laurels::event::{Draft, Sequence, Time};
use laurels::service::{Error, Filter, From, Service, Told};
use laurels::store::{Options, Until, restore};

use crate::opened::opened;

/// Every visit is an award, and every fifth of a user is two.
const BADGES: &str = r#"
[badge.visit]
on = "visit"
by = ["user", "subject"]

[badge.fifth]
on    = "visit"
tiers = [{ at = 5 }, { at = 10 }, { at = 15 }]
"#;

fn start(directory: &Path) -> Service {
    let (store, catalog) = opened(directory, Options::default(), "visits", BADGES);
    let clock = Clock::fixed(Time::parse("2026-01-01T00:00:00Z").unwrap());
    Service::start(Arc::new(store), catalog, clock)
}

async fn visit(service: &Service, user: &str, subjects: std::ops::Range<u32>) {
    for subject in subjects {
        let draft = Draft {
            r#type: "visit".into(),
            user: user.into(),
            subject: format!("s{subject}"),
            ..Draft::default()
        };
        service.record(draft).await.unwrap();
    }
}

/// What is told after a place, up to now.
async fn told_after(service: &Service, after: Place) -> Vec<Award> {
    let mut live = service.live(Filter::default(), From::After(after), Duration::from_secs(60));
    let mut told = Vec::new();
    loop {
        match live.next().await.unwrap().unwrap() {
            Told::Award(award) => told.push(award),
            Told::Revocation(revocation) => panic!("nothing is taken back here: {revocation:?}"),
            Told::Heartbeat { live: true, .. } => return told,
            Told::Heartbeat { .. } => {}
        }
    }
}

async fn restored(service: &Service, until: u64, directory: &Path) -> Service {
    let mut backup = service.backup(Until::Head).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = backup.next().await {
        bytes.extend(piece.unwrap());
    }
    let until = Until::Event(Sequence(until));
    restore(&bytes[..], "backup", directory, until, &Options::default()).unwrap();
    start(directory)
}

/// Every cursor that a subscriber of this server can have, with its place.
async fn cursors(service: &Service) -> Vec<(String, Place)> {
    let mut places = vec![Place::START];
    for award in told_after(service, Place::START).await {
        places.extend([award.place, Place::end_of(award.place.sequence)]);
    }
    places.sort_unstable();
    places.dedup();
    places.into_iter().map(|place| (service.cursor(place), place)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_go_on_up_to_where_a_restored_store_left_the_lost_one_and_are_refused_beyond() {
    let directory = tempfile::tempdir().unwrap();
    let first = start(&directory.path().join("first"));
    visit(&first, "ana", 0..17).await;
    let of_first = cursors(&first).await;

    let second = restored(&first, 10, &directory.path().join("second")).await;
    visit(&second, "ben", 100..112).await;
    let of_second = cursors(&second).await;

    let third = restored(&second, 15, &directory.path().join("third")).await;
    visit(&third, "cat", 200..212).await;
    let of_third = cursors(&third).await;

    let ways = [(&first, [17, 10, 10]), (&second, [10, 22, 15]), (&third, [10, 15, 27])];
    for (service, reach) in ways {
        let all = told_after(service, Place::START).await;
        for (cursors, reach) in [&of_first, &of_second, &of_third].into_iter().zip(reach) {
            let mut refused = 0;
            for (cursor, place) in cursors {
                if place.sequence <= Sequence(reach) {
                    assert_eq!(service.place(cursor).unwrap(), *place);
                    let rest: Vec<_> = all.iter().filter(|award| award.place > *place).cloned().collect();
                    assert_eq!(told_after(service, *place).await, rest, "after {cursor}");
                } else {
                    let error = service.place(cursor).unwrap_err();
                    let Error::CursorForeign { oldest } = error else { panic!("{cursor}: {error}") };
                    assert_eq!(service.place(&oldest).unwrap(), Place::START);
                    refused += 1;
                }
            }
            assert_eq!(refused > 0, cursors.last().unwrap().1.sequence > Sequence(reach));
        }
    }
}
