//! Time passes without events, on a whole server: what is due is heard when its clock says so, once, whatever happens
//! to the server; and however the events come in, the awards are the same.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use laurels::award::{Award, News, Place};
use laurels::clock::Clock;
use laurels::event::{Draft, DraftData, Sequence, Time};
use laurels::service::{Filter, From, Live, Service, Told};
use laurels::store::{Embedded, Options, Store};
use tempfile::TempDir;

use crate::binary::Server;
use crate::opened::opened;

const BADGES: &str = r#"
[badge.stayed]
on    = "came"
undo  = "left"
after = "1h"

[badge.day-over]
on    = "flag.active"
after = "day"
by    = ["user", "day"]
when  = "visits >= 2"

[flag.active]
on = "came"
by = ["user", "day"]

[stat.visits]
on = "came"
by = ["user", "day"]

[badge.anniversary]
on     = "flag.hour_over"
when   = "left_lately == 0"
repeat = 2

[flag.hour_over]
on     = "came"
undo   = "left"
every  = "5h"
repeat = 1

[stat.left_lately]
on     = "left"
within = "3h"

[badge.here]
on      = "came"
expires = "100m"

[badge.collector]
on       = "badge.*"
distinct = "event.type"
at       = 3
"#;

const START: &str = "2026-01-01T00:00:00Z";
/// How long something may take that takes no time at all, before it is taken to hang.
const PATIENCE: Duration = Duration::from_secs(20);

fn time(text: &str) -> Time {
    Time::parse(text).unwrap()
}

fn start(directory: &TempDir, now: Time) -> (Arc<Embedded>, Service, Clock) {
    let (store, catalog) = opened(directory.path(), Options::default(), "time", BADGES);
    let (store, clock) = (Arc::new(store), Clock::fixed(now));
    let service = Service::start(store.clone(), catalog, clock.clone());
    (store, service, clock)
}

fn draft(id: usize, r#type: &str, user: &str, time: Time) -> Draft {
    let (r#type, user) = (r#type.to_owned(), user.to_owned());
    Draft {
        id: format!("e{id}"),
        r#type,
        user,
        time: Some(time.to_unix()),
        data: DraftData::None,
        ..Draft::default()
    }
}

/// Only the badge for having stayed.
fn stayed(service: &Service) -> Filter {
    Filter { badges: vec![service.catalog().badge_by_id("stayed").unwrap().number], ..Filter::default() }
}

async fn next_award(live: &mut Live) -> Award {
    let next = async {
        loop {
            if let Told::Award(award) = live.next().await.expect("the server is up").unwrap() {
                return award;
            }
        }
    };
    tokio::time::timeout(PATIENCE, next).await.expect("an award is told")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_is_told_when_the_time_has_come_though_nothing_happens() {
    let directory = tempfile::tempdir().unwrap();
    let (store, service, clock) = start(&directory, time(START));
    let mut live = service.live(stayed(&service), From::Now, Duration::from_secs(3600));
    live.next().await.unwrap().unwrap();
    service.record(draft(1, "came", "ann", time(START))).await.unwrap();
    clock.set(time("2026-01-01T00:59:59Z"));
    let other = service.record(draft(2, "other", "bob", time(START))).await.unwrap();
    assert_eq!((store.head(), other.awards.len()), (Sequence(2), 0), "an hour is not over");
    clock.set(time("2026-01-01T01:00:00Z"));
    let award = next_award(&mut live).await;
    assert_eq!((award.user.as_str(), award.event_id.as_str()), ("ann", "e1"));
    assert_eq!((award.time, award.place.sequence), (time("2026-01-01T01:00:00Z"), Sequence(3)));
    service.shut_down().await;
    assert_eq!(store.head(), Sequence(3), "one tick, since one thing was due");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fell_due_while_no_server_ran_is_heard_at_the_start_and_once() {
    let directory = tempfile::tempdir().unwrap();
    let (store, service, _) = start(&directory, time(START));
    service.record(draft(1, "came", "ann", time(START))).await.unwrap();
    service.shut_down().await;
    drop((service, store));
    for _ in 0..3 {
        let (store, service, _) = start(&directory, time("2026-01-01T02:00:00Z"));
        let mut live = service.live(stayed(&service), From::Beginning, Duration::from_secs(3600));
        assert_eq!(next_award(&mut live).await.place.sequence, Sequence(2));
        service.shut_down().await;
        assert_eq!(store.head(), Sequence(2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_are_taken_into_use_are_waited_for_too() {
    let directory = tempfile::tempdir().unwrap();
    let (store, catalog) = opened(directory.path(), Options::default(), "time", "[badge.a]\non = \"a\"");
    let clock = Clock::fixed(time(START));
    let service = Service::start(Arc::new(store), catalog, clock.clone());
    let files = [laurels::diagnostic::Source { name: "time.toml".into(), text: BADGES.into() }];
    let compile = |numbers: &laurels::catalog::Numbers| -> Result<_, laurels::service::Error> {
        let (catalog, numbers, _) = laurels::catalog::Catalog::compile(&files, numbers).unwrap();
        Ok(Some((catalog, numbers)))
    };
    service.reload(compile).await.unwrap();
    service.record(draft(1, "came", "ann", time(START))).await.unwrap();
    let mut live = service.live(stayed(&service), From::Beginning, Duration::from_secs(3600));
    clock.set(time("2026-01-01T01:00:00Z"));
    assert_eq!(next_award(&mut live).await.user.as_str(), "ann");
    service.shut_down().await;
}

/// Three days of three users who come and go, some of it told late.
fn events() -> Vec<Draft> {
    let mut state = 11_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let event = |n: usize| {
        let late = if next(10) == 0 { next(7_200) } else { 0 };
        let seconds = (n as i64 * 900).saturating_sub_unsigned(late).max(0);
        let r#type = if next(3) == 0 { "left" } else { "came" };
        draft(n, r#type, &format!("u{}", next(3)), time(START).plus_micros(seconds * 1_000_000).unwrap())
    };
    (0..300).map(event).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    AtOnce,
    OneByOne,
    WithTicksBetween,
}

/// Every award that was given, or taken back then, as far as it does not say in which record; and all documents.
async fn kept(how: How) -> (Vec<(Award, Option<Time>)>, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    let (store, service, clock) = start(&directory, time(START));
    if how != How::WithTicksBetween {
        clock.set(time("2027-01-01T00:00:00Z"));
    }
    let mut pending = Vec::new();
    let mut latest = time(START);
    for event in events() {
        let (seconds, nanos) = event.time.unwrap();
        latest = latest.max(Time::from_unix(seconds, nanos).unwrap());
        match how {
            How::AtOnce => pending.push(service.submit(event, true).await.unwrap()),
            How::OneByOne => drop(service.submit(event, true).await.unwrap().await.unwrap()),
            How::WithTicksBetween => {
                // A moment before the next event everything up to then is heard already.
                clock.set(latest);
                service.record(event).await.unwrap();
            }
        }
    }
    for pending in pending {
        pending.await.unwrap();
    }
    service.shut_down().await;
    let page = store.news_after(Place::START, None, 100_000).unwrap();
    assert_eq!(page.reached, Place::end_of(store.head()));
    let documents = documents(&store);
    let anywhere = |news: &News| {
        let taken = match news {
            News::Award(_) => None,
            News::Revocation(revocation) => Some(revocation.time),
        };
        (Award { place: Place::START, ..news.award().clone() }, taken)
    };
    (page.items.iter().map(anywhere).collect(), documents)
}

/// All documents made again from the journal, each compared with what the store has.
fn documents(store: &Embedded) -> Vec<String> {
    let mut made = std::collections::BTreeMap::new();
    for record in store.records_after(Sequence(0), 100_000).unwrap() {
        for key in record.keys() {
            let document: &mut laurels::document::Document = made.entry(key.clone()).or_default();
            record.apply_to(&key, document);
        }
    }
    let keys: Vec<_> = made.keys().cloned().collect();
    let kept = store.load(&keys).unwrap();
    for (key, kept) in keys.iter().zip(&kept) {
        assert_eq!(**kept, made[key], "{key:?}");
    }
    keys.iter().map(|key| key.as_str().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn at_once_one_by_one_or_with_ticks_between_the_awards_and_their_dates_are_the_same() {
    let (at_once, documents) = kept(How::AtOnce).await;
    let badges: std::collections::BTreeSet<_> = at_once.iter().map(|(award, _)| award.badge).collect();
    let ends = at_once.iter().filter(|(_, taken)| taken.is_some()).count();
    assert!(badges.len() == 5 && at_once.len() > 20 && ends > 3, "{at_once:?}");
    assert!(documents.iter().any(|key| key.starts_with("1@waiting")));
    assert_eq!(kept(How::OneByOne).await, (at_once.clone(), documents.clone()));
    assert_eq!(kept(How::WithTicksBetween).await.0, at_once);
}

/// The built server, killed before the time has come: what waits is in its journal, and is heard once.
#[test]
fn a_server_that_is_killed_hears_later_what_it_was_to_hear_later() {
    let directory = tempfile::tempdir().unwrap();
    let badges = directory.path().join("badges");
    std::fs::create_dir(&badges).unwrap();
    std::fs::write(badges.join("time.toml"), "[badge.later]\non = \"came\"\nafter = \"3s\"\n").unwrap();
    let mut server = Server::start(directory.path(), &badges);
    let said = server.run(&["record", "ann", "came", "--id", "e1"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    server.kill_and_restart();
    let mut watch = server
        .command(&["watch", "--from-beginning", "--jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(watch.stdout.take().unwrap()).read_line(&mut line).unwrap();
    watch.kill().unwrap();
    watch.wait().unwrap();
    assert!(line.contains("later"), "{line}");
    server.kill_and_restart();
    let awards = server.awards();
    assert_eq!(awards.lines().count(), 1, "{awards}");
}
