//! A server that keeps records for a limited time: what its callers see of that.

use std::sync::Arc;
use std::time::Duration;

use laurels::act::{Note, Order};
use laurels::award::{Award, Place};
use laurels::clock::Clock;
use laurels::event::{Draft, Sequence, Time, UserId};
use laurels::service::{Error, Filter, From, Live, Service, Told};
use laurels::store::Options;
use tempfile::TempDir;

use crate::opened::opened;

const BADGES: &str = r#"
[badge.visit]
on = "visit"
by = ["user", "subject"]

[badge.often]
on    = "visit"
tiers = [{ at = 1 }, { at = 100 }, { at = 150 }]
"#;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A service with two hundred visits of two users, half of them on the first day, and half on the tenth: of the
/// first day's, the records are gone.
async fn aged() -> (TempDir, Service) {
    aged_after(async |_| ()).await
}

/// The same after something that was done before them.
async fn aged_after(first: impl AsyncFnOnce(&Service)) -> (TempDir, Service) {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { segment_bytes: 2000, reclaim_min_bytes: 1, ..Options::default() };
    let (store, catalog) = opened(directory.path(), options, "visits", BADGES);
    let clock = Clock::fixed(Time::parse("2026-01-01T00:00:00Z").unwrap());
    let service = Service::start(Arc::new(store), catalog, clock.clone());
    first(&service).await;
    for number in 0..100 {
        service.record(visit(number)).await.unwrap();
    }
    clock.set(Time::parse("2026-01-10T00:00:00Z").unwrap());
    for number in 100..200 {
        service.record(visit(number)).await.unwrap();
    }
    service.reclaim(30 * DAY).await.unwrap();
    assert_eq!(service.oldest(), Place::START);
    service.reclaim(5 * DAY).await.unwrap();
    (directory, service)
}

fn visit(number: u32) -> Draft {
    Draft {
        id: format!("v{number}"),
        r#type: "visit".into(),
        user: ["ana", "ben"][number as usize % 2].into(),
        subject: format!("s{number}"),
        ..Draft::default()
    }
}

fn live(service: &Service, users: &[&str], from: From) -> Live {
    let users = users.iter().map(|user| UserId::parse(user).unwrap()).collect();
    service.live(Filter { users, ..Filter::default() }, from, Duration::from_secs(60))
}

/// What is told up to now.
async fn told(mut live: Live) -> Result<Vec<Award>, Error> {
    let mut told = Vec::new();
    loop {
        match live.next().await.unwrap()? {
            Told::Award(award) => told.push(award),
            Told::Revocation(revocation) => panic!("nothing is taken back here: {revocation:?}"),
            Told::Heartbeat { live: true, .. } => return Ok(told),
            Told::Heartbeat { .. } => {}
        }
    }
}

#[tokio::test]
async fn a_retry_of_an_event_whose_record_is_gone_is_a_duplicate_without_awards() {
    let (_directory, service) = aged().await;
    let gone = service.oldest().sequence.0 as u32;
    assert!((50..=100).contains(&gone), "{gone}");
    let before = service.rarity();
    for number in 0..200 {
        let again = service.record(visit(number)).await.unwrap();
        assert!(again.duplicate);
        assert_eq!(again.place, Place::end_of(Sequence(u64::from(number) + 1)));
        assert_eq!(again.awards.is_empty(), number < gone, "{number}");
    }
    assert_eq!(service.rarity(), before);
    let (document, _) = service.document(&UserId::parse("ana").unwrap()).await.unwrap();
    assert_eq!(document.awards().len(), 100 + 2, "what a user holds is kept, and counts go on");
    assert!(!service.record(visit(200)).await.unwrap().duplicate);
}

#[tokio::test]
async fn a_stream_of_all_goes_on_from_what_is_kept_and_one_of_users_from_anywhere() {
    let (_directory, service) = aged().await;
    let oldest = service.oldest();
    let all = told(live(&service, &[], From::Beginning)).await.unwrap();
    assert!(all.len() >= 100 && all.iter().all(|award| award.place > oldest));
    assert_eq!(told(live(&service, &[], From::After(oldest))).await.unwrap(), all);

    let kept = service.cursor(oldest);
    for sequence in [0, 1, oldest.sequence.0 - 1] {
        for place in [Place { sequence: Sequence(sequence), index: 0 }, Place::end_of(Sequence(sequence))] {
            // The cursor itself is a good one: it depends on what is asked for with it.
            assert_eq!(service.place(&service.cursor(place)).unwrap(), place);
            let error = told(live(&service, &[], From::After(place))).await.unwrap_err();
            assert!(matches!(&error, Error::CursorExpired { oldest } if *oldest == kept), "{error}");
        }
    }

    let of_both = told(live(&service, &["ana", "ben"], From::Beginning)).await.unwrap();
    assert_eq!(of_both.len(), 200 + 2 + 2);
    assert!(of_both.ends_with(&all));
    for award in of_both.iter().step_by(17) {
        let rest: Vec<_> = of_both.iter().filter(|other| other.place > award.place).cloned().collect();
        assert_eq!(told(live(&service, &["ana", "ben"], From::After(award.place))).await.unwrap(), rest);
    }
}

/// The records of the acts are gone; the log has what they said, also for a server that is started again.
#[tokio::test]
async fn the_audit_log_outlives_the_records_of_its_acts() {
    let order = Order {
        id: "a1".into(),
        user: "ana".into(),
        badge: "visit".into(),
        key: "s900".into(),
        reason: "our stand".into(),
        actor: "key 3f9a01c2".into(),
        ..Order::default()
    };
    let acts = async |service: &Service| {
        service.award_by_hand(order).await.unwrap();
        service.note(Note::Backup, "local", "of everything").await;
    };
    let (directory, service) = aged_after(acts).await;
    assert!(service.oldest() > Place::end_of(Sequence(2)), "their records are gone");
    let log = service.audit_log(None, 10).await.unwrap();
    let said: Vec<_> = log.iter().map(|entry| (entry.action.as_str(), entry.actor(), entry.number)).collect();
    assert_eq!(said, [("backup", "local", 2), ("award", "key 3f9a01c2", 1)]);
    assert_eq!((log[0].text("details"), log[1].text("reason")), ("of everything", "our stand"));
    service.shut_down().await;
    drop(service);

    let (store, catalog) = opened(directory.path(), Options::default(), "visits", BADGES);
    let service = Service::start(Arc::new(store), catalog, Clock::system());
    assert_eq!(service.audit_log(None, 10).await.unwrap(), log);
}
