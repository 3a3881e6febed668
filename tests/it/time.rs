//! Clocks that are set, and times that are written in many ways: what must hold whatever the clock says.
//!
//! Sequences, places and cursors go by the order of recording and never by a clock; what counts where, and when an
//! award was earned, goes by the events' own time. The clock says when an event without a time happened, and
//! how far the future is.

use std::sync::Arc;
use std::time::Duration;

use laurels::clock::Clock;
use laurels::event::{Draft, Sequence, Time};
use laurels::service::{Error, Filter, From, Recorded, Service, Told};
use laurels::store::{Options, Store};
use tempfile::TempDir;

use crate::opened::opened;

const BADGES: &str = r#"
[badge.visitor]
on = "visit"

[badge.tenth]
on = "visit"
at = 10

[badge.daily]
on = "visit"
by = ["user", "day"]

[badge.streak]
on  = "visit"
run = "day(event.time)"
at  = 3

[badge.morning]
on   = "visit"
when = "event.time.getHours() == 1"
"#;

const NOON: &str = "2026-06-01T12:00:00Z";

struct Site {
    directory: TempDir,
    service: Service,
    clock: Clock,
}

fn time(text: &str) -> Time {
    Time::parse(text).unwrap()
}

fn site() -> Site {
    let directory = tempfile::tempdir().unwrap();
    let (store, catalog) = opened(directory.path(), Options::default(), "visits", BADGES);
    let clock = Clock::fixed(time(NOON));
    let service = Service::start(Arc::new(store), catalog, clock.clone());
    Site { directory, service, clock }
}

fn visit(id: &str, user: &str) -> Draft {
    Draft { id: id.to_owned(), r#type: "visit".to_owned(), user: user.to_owned(), ..Draft::default() }
}

fn at(draft: Draft, text: &str) -> Draft {
    Draft { time: Some(time(text).to_unix()), ..draft }
}

impl Site {
    async fn record(&self, draft: Draft) -> Recorded {
        self.service.record(draft).await.unwrap()
    }

    /// The badges that an event gave, by their number in the catalog.
    fn names(&self, recorded: &Recorded) -> Vec<String> {
        let catalog = self.service.catalog();
        recorded.awards.iter().map(|award| catalog.badge(award.badge).unwrap().id.to_string()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_steps_back_an_hour_changes_no_order() {
    let site = site();
    let first = site.record(visit("1", "ann")).await;
    site.clock.set(time("2026-06-01T11:00:00Z"));
    let second = site.record(visit("2", "bob")).await;
    site.clock.set(time("2026-06-01T13:00:00Z"));
    let third = site.record(visit("3", "cleo")).await;
    assert!(first.place < second.place && second.place < third.place);
    let times: Vec<_> = [&first, &second, &third].map(|one| one.awards[0].time).into();
    assert_eq!(times, [time(NOON), time("2026-06-01T11:00:00Z"), time("2026-06-01T13:00:00Z")]);
    // A cursor from before the step goes on after it, in the order of recording.
    let mut live = site.service.live(Filter::default(), From::After(first.place), Duration::from_secs(1));
    let mut users = Vec::new();
    while users.len() < 4 {
        if let Told::Award(award) = live.next().await.unwrap().unwrap() {
            users.push(award.user.to_string());
        }
    }
    assert_eq!(users, ["bob", "bob", "cleo", "cleo"]);
    assert_eq!(site.service.place(&site.service.cursor(third.place)).unwrap(), third.place);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrived_before_and_after_a_step_is_kept_as_the_clock_said() {
    let site = site();
    site.record(visit("1", "ann")).await;
    site.clock.set(time("2026-06-01T11:00:00Z"));
    site.record(at(visit("2", "ann"), "2026-05-31T10:00:00Z")).await;
    site.service.shut_down().await;
    let Site { directory, service, .. } = site;
    drop(service);
    let (store, _) = opened(directory.path(), Options::default(), "visits", BADGES);
    let records = store.records_after(Sequence(0), 10).unwrap();
    let arrivals: Vec<_> = records.iter().map(|record| record.arrival).collect();
    assert_eq!(arrivals, [time(NOON), time("2026-06-01T11:00:00Z")]);
    assert_eq!(records[1].event.time, time("2026-05-31T10:00:00Z"));
}

/// An event with a time of its own, sent again after the clock was set back, was refused for lying in the
/// future: who had not heard the first answer never got one, though the event counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_a_duplicate_whatever_the_clock_says_by_then() {
    let site = site();
    let dated = at(visit("dated", "ann"), "2026-06-01T12:04:00Z");
    let drafts = [dated, visit("undated", "ann")];
    let mut first = Vec::new();
    for draft in &drafts {
        first.push(site.record(draft.clone()).await);
    }
    for clock in ["2026-06-01T11:00:00Z", "2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"] {
        site.clock.set(time(clock));
        for (draft, first) in drafts.iter().zip(&first) {
            let again = site.record(draft.clone()).await;
            assert!(again.duplicate, "{clock}");
            assert_eq!((&again.awards, again.place), (&first.awards, first.place), "{clock}");
            let pending = site.service.submit(draft.clone(), false).await.unwrap();
            assert!(pending.await.unwrap().duplicate, "{clock}");
        }
        // The same id with other contents is no retry, whenever.
        let other = at(visit("dated", "bob"), "2026-06-01T12:04:00Z");
        assert!(matches!(site.service.record(other).await, Err(Error::IdReused(_))), "{clock}");
    }
    assert_eq!(site.service.rarity().users, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_minutes_into_the_future_are_counted_from_the_clock_as_it_is() {
    let site = site();
    let refused = |answer: Result<Recorded, Error>| match answer {
        Err(Error::Invalid(wrong)) => wrong.iter().all(|one| one.in_future),
        Ok(_) => false,
        Err(error) => panic!("{error}"),
    };
    let later = |id: &str| at(visit(id, "ann"), "2026-06-01T12:05:00Z");
    assert!(!refused(site.service.record(later("1")).await));
    site.clock.set(time("2026-06-01T11:59:59.999999Z"));
    assert!(refused(site.service.record(later("2")).await));
    site.clock.set(time("2026-06-01T11:00:00Z"));
    assert!(refused(site.service.record(at(visit("3", "ann"), NOON)).await), "what would have been now");
    assert!(!refused(site.service.record(visit("4", "ann")).await), "without a time it is always now");
    site.clock.set(time("2026-06-01T12:00:00Z"));
    assert!(!refused(site.service.record(later("2")).await), "it can be sent when it has happened");
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_come_though_the_clock_stands_still_or_goes_back() {
    let site = site();
    site.record(visit("1", "ann")).await;
    let mut live = site.service.live(Filter::default(), From::Now, Duration::from_millis(10));
    let mut places = Vec::new();
    for clock in [NOON, "2026-06-01T11:00:00Z", "2030-01-01T00:00:00Z", "1990-01-01T00:00:00Z"] {
        site.clock.set(time(clock));
        // One may have been made before the clock was set.
        for _ in 0..2 {
            let Told::Heartbeat { place, live: true, time: told } = live.next().await.unwrap().unwrap()
            else {
                panic!("nothing else happens")
            };
            places.push((place, told));
        }
        assert_eq!(places.last().unwrap().1, time(clock));
    }
    assert!(places.windows(2).all(|pair| pair[0].0 <= pair[1].0), "places only go forward");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_goes_on_through_every_step_of_the_clock() {
    let site = site();
    for number in 1..=9 {
        let hours = (number * 7) % 24;
        site.clock.set(time(&format!("2026-06-01T{hours:02}:30:00Z")));
        site.record(visit(&format!("{number}"), "ann")).await;
    }
    site.clock.set(time("2026-05-01T00:00:00Z"));
    let tenth = site.record(visit("10", "ann")).await;
    assert_eq!(site.names(&tenth), ["daily", "tenth"]);
    let dated: Vec<_> = tenth.awards.iter().map(|award| award.time).collect();
    assert_eq!(dated, [time("2026-05-01T00:00:00Z"); 2], "dated by its own time");
}

/// Berlin's clocks go forward on 29 March 2026 at 02:00, and back on 25 October at 03:00. Days are UTC days:
/// no hour is missing and none comes twice, however a time is written.
#[tokio::test(flavor = "multi_thread")]
async fn daylight_saving_time_neither_makes_nor_loses_a_day() {
    for (changes, days) in [
        (
            ["2026-03-28T23:30:00+01:00", "2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"],
            ["2026-03-28", "2026-03-29", "2026-03-30"],
        ),
        (
            ["2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-26T01:30:00+01:00"],
            ["2026-10-24", "2026-10-25", "2026-10-26"],
        ),
    ] {
        let site = site();
        site.clock.set(time("2027-01-01T00:00:00Z"));
        for (number, (text, day)) in changes.iter().zip(days).enumerate() {
            let recorded = site.record(at(visit(&format!("{number}"), "ann"), text)).await;
            let of_day = recorded.awards.iter().filter(|award| award.key.part("day").as_deref() == Some(day));
            assert_eq!(of_day.count(), 1, "{text} is on {day}");
            assert_eq!(site.names(&recorded).contains(&"streak".to_owned()), number == 2, "{text}");
        }
    }
    // 02:30 comes twice on that night: an hour apart, and so two different times, and "01:30" of UTC once.
    let site = site();
    site.clock.set(time("2027-01-01T00:00:00Z"));
    let summer = site.record(at(visit("summer", "ann"), "2026-10-25T02:30:00+02:00")).await;
    let winter = site.record(at(visit("winter", "ann"), "2026-10-25T02:30:00+01:00")).await;
    assert!(!site.names(&summer).contains(&"morning".to_owned()), "that is 00:30");
    assert_eq!(site.names(&winter), ["morning"], "that is 01:30");
    // The same moment written otherwise is the same event.
    assert!(site.record(at(visit("winter", "ann"), "2026-10-25T01:30:00Z")).await.duplicate);
}
