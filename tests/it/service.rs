//! The service over stores that are slow, small or broken: what it does when something beneath it is not as usual.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use laurels::access::Access;
use laurels::act::Order;
use laurels::award::{News, Place};
use laurels::catalog::{Catalog, Numbers};
use laurels::clock::Clock;
use laurels::diagnostic::Source;
use laurels::document::Document;
use laurels::engine::KEYS_MAX;
use laurels::event::{DATA_MAX_BYTES, Draft, DraftData, EventId, Sequence, Time, UserId};
use laurels::key::Key;
use laurels::outcome::{Outcome, Rarity, Record};
use laurels::port::Port;
use laurels::service::{GROUP_CHANGES_MAX, QUEUE_MAX, QUEUE_MAX_BYTES, STREAM_PENDING_MAX, Service};
use laurels::store::{Backup, Earlier, Embedded, Error, Identity, Options, Page, Store, Timelines, Until};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use crate::opened::opened;

const BADGES: &str = r#"
[badge.visitor]
on = "visit"
at = 10

[stat.meetings]
on = "meeting"
by = { user = "event.data.users" }
"#;

/// How long something may take that takes no time at all, before it is taken to hang.
const PATIENCE: Duration = Duration::from_secs(20);

fn embedded(directory: &TempDir, options: Options) -> (Embedded, Arc<Catalog>) {
    opened(directory.path(), options, "visits", BADGES)
}

fn start(store: impl Store, catalog: Arc<Catalog>) -> Service {
    let clock = Clock::fixed(Time::parse("2026-01-01T00:00:00Z").unwrap());
    Service::start(Arc::new(store), catalog, clock)
}

fn visit(id: &str) -> Draft {
    Draft { id: id.to_owned(), r#type: "visit".to_owned(), user: "ann".to_owned(), ..Draft::default() }
}

/// Rules that are taken into use while events come in hear what is recorded from then on; a stat that both have
/// goes on, and a number is never given twice.
#[tokio::test(flavor = "multi_thread")]
async fn rules_are_replaced_between_two_events() {
    let directory = tempfile::tempdir().unwrap();
    let (store, catalog) = embedded(&directory, Options::default());
    let service = start(store, catalog.clone());
    service.record(visit("1")).await.unwrap();
    let more = format!("{BADGES}\n[badge.twice]\non = \"visit\"\nat = 2\n");
    let files = [Source { name: "visits.toml".to_owned(), text: more }];
    let compile = |numbers: &Numbers| -> Result<_, laurels::service::Error> {
        let (catalog, numbers, _) = Catalog::compile(&files, numbers).expect("no mistakes");
        Ok(Some((catalog, numbers)))
    };
    let reloaded = service.reload(compile).await.unwrap().unwrap();
    assert_eq!(reloaded.badges.len(), 2);
    assert_eq!(service.catalog().badges.len(), 2);
    let number = |catalog: &Catalog, id: &str| catalog.badge_by_id(id).unwrap().number;
    assert_eq!(number(&reloaded, "visitor"), number(&catalog, "visitor"));
    // The count that both rest on was 1 already.
    let recorded = service.record(visit("2")).await.unwrap();
    assert_eq!(
        recorded.awards.iter().map(|award| award.badge).collect::<Vec<_>>(),
        [number(&reloaded, "twice")]
    );

    let refused = |_: &Numbers| Err::<Option<(Catalog, Numbers)>, _>(laurels::service::Error::CursorInvalid);
    service.reload(refused).await.unwrap_err();
    assert_eq!(service.catalog().badges.len(), 2);
    service.shut_down().await;
    let late = service.reload(compile).await.unwrap_err();
    assert!(matches!(late, laurels::service::Error::ShuttingDown), "{late:?}");
}

/// Progress was asked for again and again until all its documents were in the cache together. Documents
/// that do not fit there never were, and the call never ended.
#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told_though_its_documents_do_not_fit_into_the_cache() {
    let directory = tempfile::tempdir().unwrap();
    let (store, catalog) = embedded(&directory, Options { cache_bytes: 1, ..Options::default() });
    let store = Arc::new(store);
    let service = Service::start(store.clone(), catalog, Clock::system());
    service.record(visit("1")).await.unwrap();
    store.checkpoint().unwrap();
    let ann = UserId::parse("ann").unwrap();
    assert_eq!(store.at_hand(&Key::user(&ann)), None);
    let progress = tokio::time::timeout(PATIENCE, service.progress(&ann)).await.expect("it ends");
    assert_eq!(progress.unwrap()[0].current, 1.0);
}

/// A cursor of a document that was published a moment before the store's end moved on was refused, as one of
/// another store, when it came back within that moment.
#[tokio::test(flavor = "multi_thread")]
async fn the_cursor_of_a_document_is_never_ahead_of_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let (store, catalog) = embedded(&directory, Options::default());
    let ann = UserId::parse("ann").unwrap();
    let odd = Arc::new(Odd::new(store));
    let service = Service::start(odd.clone(), catalog, Clock::system());
    service.record(visit("1")).await.unwrap();
    odd.behind.store(3, Ordering::SeqCst);
    let (_, place) = service.document(&ann).await.unwrap();
    assert_eq!(place, Place::end_of(Sequence(1)));
    assert_eq!(service.place(&service.cursor(place)).unwrap(), place);
}

/// One event over which deciding panicked took the writer with it: nothing was recorded any more.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_decided_hurts_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let (store, catalog) = embedded(&directory, Options::default());
    let service = start(Odd::new(store), catalog);
    let bad = Draft { user: "panic".to_owned(), ..visit("1") };
    let pending = service.submit(bad, false).await.unwrap();
    let error = pending.await.unwrap_err();
    assert!(matches!(error, laurels::service::Error::Internal(_)), "{error:?}");
    assert!(!service.record(visit("1")).await.unwrap().duplicate);
}

/// What is heard later cannot be refused any more: one that panics would have kept all that comes after it from being
/// recorded.
#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_event_that_cannot_be_decided_is_dropped_and_hurts_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let rules = "[badge.later]\non = \"visit\"\nby = { user = \"event.data.who\" }\nafter = \"1h\"\n";
    let (store, catalog) = opened(directory.path(), Options::default(), "visits", rules);
    let store = Arc::new(Odd::new(store));
    let clock = Clock::fixed(Time::parse("2026-01-01T00:00:00Z").unwrap());
    let service = Service::start(store.clone(), catalog, clock.clone());
    for (id, who) in ["ann", "panic", "bob"].into_iter().enumerate() {
        let data = DraftData::Json(format!("{{\"who\":\"{who}\"}}"));
        // Nobody has read what the bad one is about before it is due.
        service.record(Draft { data, ..visit(&id.to_string()) }).await.unwrap();
    }
    clock.set(Time::parse("2026-01-01T02:00:00Z").unwrap());
    service.record(visit("last")).await.unwrap();
    service.shut_down().await;
    let given = store.store.news_after(Place::START, None, 10).unwrap().items;
    let users: Vec<_> = given.iter().map(|news| news.award().user.to_string()).collect();
    assert_eq!(users, ["ann", "bob"]);
}

/// When the writer died, the server said that it was healthy and refused every event from then on.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_record_any_more_goes_down() {
    let directory = tempfile::tempdir().unwrap();
    let (store, catalog) = embedded(&directory, Options::default());
    let service = start(Odd::new(store), catalog);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served = tokio::spawn(laurels::server::serve(
        Port::new(listener),
        laurels::web::Options::default(),
        service.clone(),
        Access::open(Clock::system()),
        std::future::pending(),
    ));
    let error = service.record(visit("deadly")).await.unwrap_err();
    assert!(matches!(error, laurels::service::Error::Internal(_)), "{error:?}");
    let served = tokio::time::timeout(PATIENCE, served).await.expect("it goes down").unwrap();
    assert!(matches!(served, Err(laurels::server::Error::Recording)), "{served:?}");
}

/// The status and the body that `/healthz` answers with on a connection of its own.
async fn health(address: SocketAddr) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = "GET /healthz HTTP/1.1\r\nhost: laurels\r\nconnection: close\r\n\r\n";
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut said = String::new();
    connection.read_to_string(&mut said).await.unwrap();
    let (head, body) = said.split_once("\r\n\r\n").unwrap();
    format!("{} {body}", head.split(' ').nth(1).unwrap())
}

/// As long as something accepted is not kept, whoever asks is told to send nothing more here.
#[tokio::test(flavor = "multi_thread")]
async fn healthz_is_503_while_a_server_goes_down_and_keeps_what_it_accepted() {
    let directory = tempfile::tempdir().unwrap();
    let (store, catalog) = embedded(&directory, Options::default());
    let odd = Arc::new(Odd::new(store));
    let service = Service::start(odd.clone(), catalog, Clock::system());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(laurels::server::serve(
        Port::new(listener),
        laurels::web::Options::default(),
        service.clone(),
        Access::open(Clock::system()),
        async { drop(stopped.await) },
    ));
    assert_eq!(health(address).await, "200 ok\n");
    let gate = odd.gate.lock().await;
    let pending = service.submit(visit("slow"), false).await.unwrap();
    stop.send(()).unwrap();
    let went_down = async {
        while health(address).await == "200 ok\n" {}
        health(address).await
    };
    let said = tokio::time::timeout(PATIENCE, went_down).await.expect("it says so at once");
    assert_eq!(said, "503 not serving\n");
    drop(gate);
    pending.await.unwrap();
    tokio::time::timeout(PATIENCE, served).await.expect("it goes down").unwrap().unwrap();
}

/// Events that change a thousand documents each became one write of a thousand of them: gigabytes of memory, and
/// beyond what the journal takes.
#[tokio::test(flavor = "multi_thread")]
async fn events_that_change_much_are_kept_in_smaller_groups() {
    let directory = tempfile::tempdir().unwrap();
    let (store, catalog) = embedded(&directory, Options::default());
    let odd = Arc::new(Odd::new(store));
    let service = Service::start(odd.clone(), catalog, Clock::system());
    let users: Vec<_> = (0..KEYS_MAX).map(|user| format!("{user}")).collect();
    let users = DraftData::Json(format!("{{\"users\":{users:?}}}"));
    let meeting = |n| Draft { r#type: "meeting".to_owned(), data: users.clone(), ..visit(&format!("{n}")) };
    let mut pending = Vec::new();
    {
        let gate = odd.gate.lock().await;
        let events = GROUP_CHANGES_MAX / KEYS_MAX * 2;
        for n in 0..events {
            pending.push(service.submit(meeting(n), false).await.unwrap());
        }
        drop(gate);
    }
    for pending in pending {
        pending.await.unwrap();
    }
    let largest = odd.largest.load(Ordering::SeqCst);
    assert!((KEYS_MAX..GROUP_CHANGES_MAX + KEYS_MAX).contains(&largest), "{largest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_room_when_the_server_goes_down_is_told_so_and_nothing_accepted_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let (store, catalog) = embedded(&directory, Options::default());
    let odd = Arc::new(Odd::new(store));
    let service = Service::start(odd.clone(), catalog, Clock::system());
    let gate = odd.gate.lock().await;
    let events = QUEUE_MAX + 3 * STREAM_PENDING_MAX;
    let submitters: Vec<_> = (0..events)
        .map(|n| {
            let service = service.clone();
            tokio::spawn(async move { service.submit(visit(&format!("{n}")), false).await?.await })
        })
        .collect();
    let stopping = tokio::spawn({
        let service = service.clone();
        async move { service.shut_down().await }
    });
    drop(gate);
    let (mut kept, mut refused) = (0, 0);
    for submitter in submitters {
        match submitter.await.unwrap() {
            Ok(_) => kept += 1,
            Err(laurels::service::Error::ShuttingDown) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    tokio::time::timeout(PATIENCE, stopping).await.expect("it stops").unwrap();
    assert_eq!((odd.head(), kept + refused), (Sequence(kept), events as u64));
}

/// The queue was bounded by events only: sixteen thousand lists of numbers took gigabytes.
#[tokio::test(flavor = "multi_thread")]
async fn large_events_fill_the_queue_sooner() {
    let directory = tempfile::tempdir().unwrap();
    let (store, catalog) = embedded(&directory, Options::default());
    let odd = Arc::new(Odd::new(store));
    let service = Service::start(odd.clone(), catalog, Clock::system());
    let json = format!(r#"{{"text":"{}"}}"#, "x".repeat(DATA_MAX_BYTES - 20));
    let large = |n| Draft { data: DraftData::Json(json.clone()), ..visit(&format!("{n}")) };
    let gate = odd.gate.lock().await;
    let fit = QUEUE_MAX_BYTES / DATA_MAX_BYTES;
    let mut pending = Vec::new();
    for n in 0..fit {
        pending.push(service.submit(large(n), false).await.unwrap());
    }
    let refused = service.record(large(fit)).await.unwrap_err();
    assert!(matches!(refused, laurels::service::Error::Overloaded { .. }), "{refused:?}");
    drop(gate);
    for pending in pending {
        pending.await.unwrap();
    }
    service.record(large(fit)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_only_dropped_lets_go_of_its_store() {
    let directory = tempfile::tempdir().unwrap();
    let (store, catalog) = embedded(&directory, Options::default());
    let service = start(store, catalog);
    service.record(visit("1")).await.unwrap();
    drop(service);
    let opened = async {
        loop {
            match Embedded::open(directory.path(), Options::default()) {
                Err(Error::InUse { .. }) => tokio::time::sleep(Duration::from_millis(1)).await,
                opened => break opened.unwrap(),
            }
        }
    };
    let store = tokio::time::timeout(PATIENCE, opened).await.expect("the writer's thread ends");
    assert_eq!(store.head(), Sequence(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_backups_are_taken_at_a_time_and_a_third_waits_for_its_turn() {
    let directory = tempfile::tempdir().unwrap();
    let (store, catalog) = embedded(&directory, Options::default());
    let service = start(store, catalog);
    service.record(visit("1")).await.unwrap();
    let mut first = service.backup(Until::Head).await.unwrap();
    let second = service.backup(Until::Head).await.unwrap();
    let refused = service.backup(Until::Head).await.err().unwrap();
    assert!(matches!(refused, laurels::service::Error::Overloaded { .. }), "{refused:?}");
    drop(second);
    service.backup(Until::Head).await.unwrap();
    while let Some(piece) = first.next().await {
        piece.unwrap();
    }
}

/// What is held already is read again for the answer, when the act is kept.
#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_was_kept_is_not_answered_with_an_error_when_reading_fails() {
    let directory = tempfile::tempdir().unwrap();
    let (store, catalog) = embedded(&directory, Options::default());
    let service = start(Odd::new(store), catalog);
    let order = |id: &str| Order {
        id: id.to_owned(),
        user: "ann".to_owned(),
        badge: "visitor".to_owned(),
        reason: "our stand".to_owned(),
        ..Order::default()
    };
    let given = service.award_by_hand(order("first")).await.unwrap();
    assert!(given.award.is_some() && !given.already_held);
    let held = service.award_by_hand(order("blinding")).await.unwrap();
    assert!(held.award.is_none() && held.already_held && !held.recorded.duplicate);
}

/// A store with faults: its end lags behind so many times it is asked, deciding about the user `panic` panics on
/// the writer's thread, and so does keeping the event `deadly`. When it has kept the event `blinding` nothing can be read.
struct Odd {
    store: Embedded,
    behind: AtomicU64,
    /// Held, nothing is kept.
    gate: Mutex<()>,
    /// Most changes that were kept at once.
    largest: AtomicUsize,
    /// Whether nothing can be read any more.
    is_blind: AtomicBool,
}

impl Odd {
    fn new(store: Embedded) -> Odd {
        let (behind, largest, is_blind) = Default::default();
        Odd { store, behind, gate: Mutex::new(()), largest, is_blind }
    }
}

impl Store for Odd {
    fn identity(&self) -> Identity {
        self.store.identity()
    }

    fn head(&self) -> Sequence {
        let lags = self.behind.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        Sequence(self.store.head().0 - u64::from(lags.is_ok()))
    }

    fn timelines(&self) -> Timelines {
        self.store.timelines()
    }

    fn numbers(&self) -> Numbers {
        self.store.numbers()
    }

    fn adopt(&self, numbers: &Numbers) -> Result<(), Error> {
        self.store.adopt(numbers)
    }

    fn recorded(&self, id: &EventId) -> Result<Option<Earlier>, Error> {
        self.store.recorded(id)
    }

    fn at_hand(&self, key: &Key) -> Option<Arc<Document>> {
        let on_writer = std::thread::current().name() == Some("laurels-writer");
        assert!(!on_writer || key.part("user").as_deref() != Some("panic"), "a mistake in the engine");
        if self.is_blind.load(Ordering::SeqCst) { None } else { self.store.at_hand(key) }
    }

    fn load(&self, keys: &[Key]) -> Result<Vec<Arc<Document>>, Error> {
        if self.is_blind.load(Ordering::SeqCst) {
            let source = std::io::ErrorKind::StorageFull.into();
            return Err(Error::Io { action: "use the tree".to_owned(), source });
        }
        self.store.load(keys)
    }

    fn commit(&self, group: &[Outcome]) -> Result<(), Error> {
        assert!(group.iter().all(|outcome| outcome.record.event.id.as_str() != "deadly"), "a broken store");
        let _gate = self.gate.blocking_lock();
        let changes = group.iter().flat_map(|outcome| &outcome.record.changes);
        self.largest.fetch_max(changes.map(|(_, changes)| changes.len()).sum(), Ordering::SeqCst);
        let blinds = group.iter().any(|outcome| outcome.record.event.id.as_str() == "blinding");
        self.store.commit(group)?;
        self.is_blind.fetch_or(blinds, Ordering::SeqCst);
        Ok(())
    }

    fn news_after(&self, after: Place, user: Option<&UserId>, limit: usize) -> Result<Page<News>, Error> {
        self.store.news_after(after, user, limit)
    }

    fn records_after(&self, after: Sequence, limit: usize) -> Result<Vec<Record>, Error> {
        self.store.records_after(after, limit)
    }

    fn users_after(&self, after: Option<&UserId>, limit: usize) -> Result<Vec<UserId>, Error> {
        self.store.users_after(after, limit)
    }

    fn rarity(&self) -> Rarity {
        self.store.rarity()
    }

    fn kept_from(&self) -> Sequence {
        self.store.kept_from()
    }

    fn reclaim(&self, before: Time) -> Result<(), Error> {
        self.store.reclaim(before)
    }

    fn backup(&self, until: Until) -> Result<Backup, Error> {
        self.store.backup(until)
    }

    fn checkpoint(&self) -> Result<(), Error> {
        self.store.checkpoint()
    }
}
