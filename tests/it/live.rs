//! Live streams: no gap and no duplicate, wherever a listener is cut off and however slowly it reads.
//!
//! One list of awards is the truth: what a listener that was there from the beginning was told. Every
//! other listener must end with the same list, by places.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use laurels::award::{Award, Place};
use laurels::clock::Clock;
use laurels::event::{Draft, Sequence, Time, UserId};
use laurels::hub::MAILBOX_MAX;
use laurels::service::{Filter, From, Live, Service, Told};
use laurels::store::Options;
use tempfile::TempDir;

use crate::opened::opened;

/// Every visit is an award: a badge a day, and one a subject.
const BADGES: &str = r#"
[badge.visit]
on = "visit"
by = ["user", "subject"]

[badge.visitor]
on = "visit"
"#;

/// Often, so that a test knows soon that nothing more will come.
const HEARTBEAT: Duration = Duration::from_millis(10);
/// How long anything may take before it is taken to never happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Held while there is a lamp that is on; and counted.
const LAMPS: &str = r#"
[badge.light]
on     = "lamp.on"
undo   = "lamp.off"
revoke = true

[badge.lit-twice]
on     = "lamp.on"
undo   = "lamp.off"
at     = 2
revoke = true

[badge.seen]
on = "badge.light"
"#;

fn service() -> (TempDir, Service) {
    let directory = tempfile::tempdir().unwrap();
    let service = serving(&directory, BADGES);
    (directory, service)
}

fn serving(directory: &TempDir, badges: &str) -> Service {
    let (store, catalog) = opened(directory.path(), Options::default(), "visits", badges);
    let clock = Clock::fixed(Time::parse("2026-01-01T00:00:00Z").unwrap());
    Service::start(Arc::new(store), catalog, clock)
}

async fn visit(service: &Service, user: &str, subject: usize) -> Place {
    let draft = Draft {
        r#type: "visit".into(),
        user: user.into(),
        subject: format!("s{subject}"),
        ..Draft::default()
    };
    service.record(draft).await.unwrap().place
}

fn begin(service: &Service, filter: &Filter, from: From) -> Live {
    service.live(filter.clone(), from, HEARTBEAT)
}

async fn next_award(live: &mut Live) -> Award {
    loop {
        if let Told::Award(award) = live.next().await.expect("the server is up").unwrap() {
            return award;
        }
    }
}

/// What a listener is told up to this place.
async fn told_up_to(live: &mut Live, end: Place, mut reached: Place) -> Vec<Award> {
    let mut told = Vec::new();
    while reached < end {
        match live.next().await.expect("the server is up").unwrap() {
            Told::Award(award) => {
                reached = award.place;
                told.push(award);
            }
            Told::Revocation(revocation) => panic!("nothing is taken back here: {revocation:?}"),
            Told::Heartbeat { place, .. } => reached = reached.max(place),
        }
    }
    told
}

fn places(awards: &[Award]) -> Vec<Place> {
    awards.iter().map(|award| award.place).collect()
}

fn only(user: &str) -> Filter {
    Filter { users: vec![UserId::parse(user).unwrap()], ..Filter::default() }
}

#[tokio::test]
async fn a_listener_that_reconnects_at_every_notification_ends_with_the_same_list() {
    let (_directory, service) = service();
    let both = Filter { users: [only("ana").users, only("ben").users].concat(), ..Filter::default() };
    for (round, filter) in [Filter::default(), only("ana"), both].into_iter().enumerate() {
        let mut steady = begin(&service, &filter, From::Now);
        steady.next().await.unwrap().unwrap();
        let start = visit(&service, "cat", round * 1000).await;
        let mut end = start;
        for subject in 1..40 {
            for user in ["ana", "ben", "cat"] {
                end = visit(&service, user, round * 1000 + subject).await;
            }
        }
        let truth: Vec<_> = told_up_to(&mut steady, end, Place::START).await;
        let truth: Vec<_> = truth.into_iter().filter(|award| award.place > start).collect();

        assert!(truth.len() >= 39, "{} awards", truth.len());

        let (mut after, mut resumed) = (start, Vec::new());
        while resumed.len() < truth.len() {
            let award = next_award(&mut begin(&service, &filter, From::After(after))).await;
            after = award.place;
            resumed.push(award);
        }
        assert_eq!(places(&resumed), places(&truth));
        assert_eq!(resumed, truth);
        let rest = told_up_to(&mut begin(&service, &filter, From::After(after)), end, after).await;
        assert!(rest.is_empty(), "{rest:?}");
    }
}

/// What a listener is told up to this place, by places: `+` an award, `-` one that was taken back.
async fn news_up_to(live: &mut Live, end: Place, mut reached: Place) -> Vec<(Place, String)> {
    let mut told = Vec::new();
    while reached < end {
        let (place, sign, award) = match live.next().await.expect("the server is up").unwrap() {
            Told::Award(award) => (award.place, '+', award),
            Told::Revocation(revocation) => (revocation.place, '-', revocation.award),
            Told::Heartbeat { place, .. } => {
                reached = reached.max(place);
                continue;
            }
        };
        reached = place;
        told.push((place, format!("{sign}{} {}", award.badge.0, award.user)));
    }
    told
}

/// Lamps go on and off, by twos and threes, so that awards come, go, and come again.
async fn lamps(service: &Service, user: &str, switched: &str) -> Place {
    let mut place = Place::START;
    for lamp in switched.chars() {
        let r#type = if lamp == '+' { "lamp.on" } else { "lamp.off" };
        let draft = Draft { r#type: r#type.into(), user: user.into(), ..Draft::default() };
        place = service.record(draft).await.unwrap().place;
    }
    place
}

#[tokio::test]
async fn what_is_taken_back_and_given_again_is_told_once_each_from_every_place_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let service = serving(&directory, LAMPS);
    let mut steady = begin(&service, &Filter::default(), From::Now);
    let mut steady_of_ana = begin(&service, &only("ana"), From::Now);
    for live in [&mut steady, &mut steady_of_ana] {
        live.next().await.unwrap().unwrap();
    }
    for switched in ["+-+", "+-", "--+", "++---+"] {
        lamps(&service, "ana", switched).await;
        lamps(&service, "ben", switched).await;
    }
    let end = lamps(&service, "ana", "++").await;
    let all = news_up_to(&mut steady, end, Place::START).await;
    let of_ana = news_up_to(&mut steady_of_ana, end, Place::START).await;
    let words: Vec<_> = of_ana.iter().map(|(_, word)| word.trim_end_matches(" ana")).collect();
    assert_eq!(words, ["+0", "+2", "-0", "+0", "+1", "-1", "-0", "+0", "+1", "-1", "-0", "+0", "+1"]);
    let own: Vec<_> = all.iter().filter(|(_, word)| word.ends_with("ana")).cloned().collect();
    assert_eq!(own, of_ana);
    service.shut_down().await;
    drop((steady, steady_of_ana, service));

    let again = serving(&directory, LAMPS);
    for (filter, truth) in [(Filter::default(), &all), (only("ana"), &of_ana)] {
        let places = [Place::START].into_iter().chain(truth.iter().map(|(place, _)| *place));
        for (told, after) in places.enumerate() {
            let mut resumed = begin(&again, &filter, From::After(after));
            assert_eq!(news_up_to(&mut resumed, end, after).await, truth[told..], "after {after:?}");
        }
    }
    // What was given and taken back comes to what is held.
    let (document, _) = again.document(&UserId::parse("ana").unwrap()).await.unwrap();
    let held: Vec<_> = document.awards().iter().map(|award| award.badge.0).collect();
    assert_eq!(held, [0, 1, 2]);
    assert_eq!(again.rarity().holders.values().copied().collect::<Vec<_>>(), [1, 1, 2]);
}

#[tokio::test]
async fn a_listener_that_does_not_read_is_served_from_the_journal_later() {
    let (_directory, service) = service();
    let mut slow = begin(&service, &Filter::default(), From::Now);
    let mut slow_of_ana = begin(&service, &only("ana"), From::Now);
    let mut end = Place::START;
    let count = MAILBOX_MAX * 5;
    for subject in 0..count {
        end = visit(&service, "ana", subject).await;
    }
    for live in [&mut slow, &mut slow_of_ana] {
        let told = told_up_to(live, end, Place::START).await;
        assert_eq!(told.len(), count + 1);
        assert!(places(&told).is_sorted_by(|a, b| a < b));
    }
    // And it is live again.
    visit(&service, "ana", count).await;
    assert_eq!(next_award(&mut slow).await.place.sequence.0, count as u64 + 1);
}

#[tokio::test]
async fn while_it_catches_up_nothing_that_happens_is_lost() {
    let (_directory, service) = service();
    for subject in 0..500 {
        visit(&service, "ana", subject).await;
    }
    let mut late = begin(&service, &Filter::default(), From::After(Place::START));
    let mut told = vec![next_award(&mut late).await];
    let writing = tokio::spawn({
        let service = service.clone();
        async move {
            let mut end = Place::START;
            for subject in 500..1500 {
                end = visit(&service, "ana", subject).await;
            }
            end
        }
    });
    while told.len() < 1501 {
        told.push(next_award(&mut late).await);
    }
    assert_eq!(told.last().unwrap().place.sequence, writing.await.unwrap().sequence);
    assert!(places(&told).is_sorted_by(|a, b| a < b));
}

#[tokio::test]
async fn the_first_message_is_a_heartbeat_and_one_more_says_that_it_is_live() {
    let (_directory, service) = service();
    let end = visit(&service, "ana", 1).await;
    let mut now = begin(&service, &Filter::default(), From::Now);
    let first = now.next().await.unwrap().unwrap();
    assert!(matches!(first, Told::Heartbeat { place, live: true, .. } if place == end), "{first:?}");

    let mut past = begin(&service, &Filter::default(), From::After(Place::START));
    let mut messages = Vec::new();
    for _ in 0..4 {
        messages.push(past.next().await.unwrap().unwrap());
    }
    assert!(matches!(messages[0], Told::Heartbeat { place: Place::START, live: false, .. }));
    assert!(matches!((&messages[1], &messages[2]), (Told::Award(_), Told::Award(_))));
    assert!(matches!(messages[3], Told::Heartbeat { place, live: true, .. } if place == end));
}

/// A heartbeat said how far the stream had come at the heartbeat before: who resumed there after a quiet
/// day read the whole day's journal for nothing.
#[tokio::test]
async fn a_heartbeat_says_how_far_everybody_was_told() {
    let (_directory, service) = service();
    let mut of_ben = begin(&service, &only("ben"), From::Now);
    of_ben.next().await.unwrap().unwrap();
    let end = visit(&service, "ana", 1).await;
    let next = of_ben.next().await.unwrap().unwrap();
    assert!(matches!(next, Told::Heartbeat { place, .. } if place == end), "{next:?}");
}

#[tokio::test]
async fn streams_end_when_the_server_goes_down_and_what_was_accepted_is_answered() {
    let (_directory, service) = service();
    let mut live = begin(&service, &Filter::default(), From::Now);
    live.next().await.unwrap().unwrap();
    let mut pending = Vec::new();
    for subject in 0..100 {
        let draft = Draft {
            r#type: "visit".into(),
            user: "ana".into(),
            subject: format!("s{subject}"),
            ..Draft::default()
        };
        pending.push(service.submit(draft, false).await.unwrap());
    }
    service.shut_down().await;
    for pending in pending {
        pending.await.unwrap();
    }
    let draft = Draft { r#type: "visit".into(), user: "ana".into(), ..Draft::default() };
    assert!(service.record(draft).await.is_err());
    while let Some(told) = live.next().await {
        told.unwrap();
    }
}

/// A stream that began with what happens from now on, and was not read before something had happened, told the award
/// first: its mailbox was looked into before the heartbeat was due. Who waits for the heartbeat to know where the
/// stream begins, as the API says it does, had no place for what came before it. The simulation found it.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_message_is_a_heartbeat_though_an_award_was_told_before_it_was_read() {
    let (_directory, service) = service();
    let mut live = begin(&service, &Filter::default(), From::Now);
    let place = visit(&service, "ann", 1).await;
    let Told::Heartbeat { place: begins, live: true, .. } = live.next().await.unwrap().unwrap() else {
        panic!("the first message is no heartbeat")
    };
    assert_eq!(begins, Place::end_of(Sequence(0)));
    let awards = [next_award(&mut live).await, next_award(&mut live).await];
    assert!(awards.iter().all(|award| award.place.sequence == place.sequence));
}

/// How often somebody was woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Woken>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// With a broadcast to all who listen, ten thousand idle streams would cost every award ten thousand wakings.
#[tokio::test]
async fn an_award_wakes_its_users_listeners_and_nobody_else() {
    // Of a thousand listeners polled at a time, tokio would wake some to be fair to others.
    tokio::task::unconstrained(async {
        let (_directory, service) = service();
        let users = (0..1000).map(|user| format!("u{user}")).chain(["u7".to_owned()]);
        let listen = |user: String| service.live(only(&user), From::Now, Duration::from_secs(3600));
        let mut listeners: Vec<Live> = users.map(listen).collect();
        for live in &mut listeners {
            let first = live.next().await;
            assert!(matches!(first, Some(Ok(Told::Heartbeat { live: true, .. }))), "{first:?}");
        }
        let woken: Vec<Arc<Woken>> = listeners.iter().map(|_| Arc::default()).collect();
        let mut waiting: Vec<_> = listeners.iter_mut().map(|live| Box::pin(live.next())).collect();
        for (next, woken) in waiting.iter_mut().zip(&woken) {
            let waker = Waker::from(woken.clone());
            assert!(next.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        visit(&service, "u7", 1).await;
        let who =
            |(number, woken): (usize, &Arc<Woken>)| (woken.0.load(Ordering::SeqCst) > 0).then_some(number);
        let who = || woken.iter().enumerate().filter_map(who).collect::<Vec<_>>();
        // All of them by one task, which this one does not wait for.
        let some = async {
            while who().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, some).await.expect("somebody is woken");
        assert_eq!(who(), [7, 1000]);
    })
    .await;
}
