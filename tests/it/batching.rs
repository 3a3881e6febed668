//! However events are grouped, the same events give the same awards and the same documents.
//!
//! A few thousand events over a few users, with rules of every kind that rest on each other, go in one
//! by one, each kept before the next is sent, and then all at once, so that a group holds as many as it
//! may. A user's second event must then see what the first one left in the same group.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use laurels::clock::Clock;
use laurels::event::{Draft, DraftData, Time};
use laurels::outcome::Record;
use laurels::service::Service;
use laurels::store::verify::News;
use laurels::store::{Embedded, Options, Store, verify};

use crate::opened::opened;

const BADGES: &str = r#"
[stat.posts]
on = "post"

[flag.regular]
when = "posts >= 5"

[badge.posts]
on    = "post"
tiers = [{ at = 1 }, { at = 10 }, { at = 100 }]

[badge.regulars]
on = "flag.regular"
by = []
at = 3
to = "who.list"

[stat.who]
on       = "post"
by       = []
distinct = "event.user"

[badge.streak]
on  = "post"
run = "day(event.time)"
at  = 4

[badge.popular]
on       = "read"
by       = { user = "event.data.author", post = "event.subject" }
distinct = "event.user"
at       = 3

[badge.both]
when = 'holds("posts-10") && holds("streak")'

[badge.collector]
on       = "badge.*"
distinct = "event.type"
at       = 4

[badge.early]
on   = "flag.regular"
when = "all_regulars < 2"

[stat.all_regulars]
on = "flag.regular"
by = []

[stat.rival]
on   = "read"
last = "event.data.author"

[flag.ahead]
when = "posts >= 2 && posts > posts(rival)"

[badge.often-ahead]
on = "flag.ahead"
at = 3

[badge.most]
value  = "posts"
top    = 1
revoke = true

[flag.well_read]
value = "readers"
top   = 3
among = ["user"]

[stat.readers]
on       = "read"
by       = { user = "event.data.author", post = "event.subject" }
distinct = "event.user"

[badge.well-read]
on = "flag.well_read"
at = 6
"#;

/// The events, the same every time.
fn events() -> Vec<Draft> {
    let mut state = 7_u64;
    let mut next = |below: u64| {
        // Numerical Recipes' constants: any mixing will do.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let start = Time::parse("2026-01-01T00:00:00Z").unwrap().to_unix().0;
    let event = |n: i64| {
        let user = format!("u{}", next(6));
        let draft = Draft { id: format!("e{n}"), user, time: Some((start + n * 600, 0)), ..Draft::default() };
        if next(3) == 0 {
            return Draft { r#type: "post".into(), ..draft };
        }
        let data = DraftData::Json(format!(r#"{{"author":"u{}"}}"#, next(6)));
        Draft { r#type: "read".into(), subject: format!("p{}", next(40)), data, ..draft }
    };
    (0..3000).map(event).collect()
}

/// Everything that is kept of the events, after they went in.
fn kept(runtime: &tokio::runtime::Runtime, at_once: bool) -> Vec<Record> {
    let directory = tempfile::tempdir().unwrap();
    let store = taken_in(runtime, directory.path(), at_once);
    store.records_after(laurels::event::Sequence(0), 10_000).unwrap()
}

/// The store in this directory, after the events went in.
fn taken_in(runtime: &tokio::runtime::Runtime, directory: &Path, at_once: bool) -> Arc<Embedded> {
    let (store, catalog) = opened(directory, Options::default(), "rules", BADGES);
    let store = Arc::new(store);
    let clock = Clock::fixed(Time::parse("2028-01-01T00:00:00Z").unwrap());
    let service = Service::start(store.clone(), catalog, clock);
    runtime.block_on(async {
        let mut pending = Vec::new();
        for event in events() {
            if at_once {
                pending.push(service.submit(event, false).await.unwrap());
            } else {
                service.record(event).await.unwrap();
            }
        }
        for pending in pending {
            pending.await.unwrap();
        }
        service.shut_down().await;
    });
    store
}

#[test]
fn documents_that_are_made_again_from_the_journal_are_what_they_were() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let store = taken_in(&runtime, directory.path(), true);
    let records = store.records_after(laurels::event::Sequence(0), 10_000).unwrap();
    let keys: BTreeSet<_> = records.iter().flat_map(Record::keys).collect();
    let keys: Vec<_> = keys.into_iter().collect();
    assert!(
        keys.iter().any(|key| key.as_str().starts_with('w')),
        "nobody waits: that is not put to the test"
    );
    let before = store.load(&keys).unwrap();
    drop(store);

    let scratch = tempfile::tempdir().unwrap();
    let mut found = Vec::new();
    verify(directory.path(), scratch.path(), &Options::default(), |news| {
        if let News::Found(finding) = news {
            found.push(finding);
        }
    })
    .unwrap();
    assert_eq!(found.len(), 0, "{found:?}");

    std::fs::remove_dir_all(directory.path().join("sled")).unwrap();
    let store = Embedded::open(directory.path(), Options::default()).unwrap();
    for (key, (before, after)) in keys.iter().zip(before.iter().zip(store.load(&keys).unwrap())) {
        assert_eq!(**before, *after, "{key:?}");
    }
}

#[test]
fn one_by_one_or_in_large_groups_the_awards_and_changes_are_the_same() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (single, grouped) = (kept(&runtime, false), kept(&runtime, true));
    assert_eq!(single.len(), 3000);
    let badges: BTreeSet<_> =
        single.iter().flat_map(|record| &record.awards).map(|award| award.badge).collect();
    assert!(badges.len() > 8, "only {badges:?} were given: the rules are not put to the test");
    for (a, b) in single.iter().zip(&grouped) {
        assert_eq!(a, b);
    }
    assert_eq!(single.len(), grouped.len());
}
