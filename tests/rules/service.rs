//! The same rules behind the service and the store: however the events are grouped, whenever the server stops, however
//! often an event is sent, and whether a tick or an event brings about what is due, the awards are those of the
//! engine alone, in the same order, with the same dates.
//!
//! A live event is answered before the clock on the wall moves on, or it would be anybody's guess what comes first. After an
//! event of the past that clock says nothing, so those are grouped as it happens.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use laurels::award::{News, Place};
use laurels::catalog::{Catalog, Source};
use laurels::clock::Clock;
use laurels::event::{Draft, DraftData, Event, Sequence, Time};
use laurels::outcome::Record;
use laurels::service::{Pending, Service};
use laurels::store::{Embedded, Options, Store};
use proptest::prelude::{Strategy, any, prop};
use proptest::test_runner::TestCaseError;
use tokio::runtime::Runtime;

use super::agreement::{asked_for, runner, tapes, until_the_end};
use super::happenings::{Happening, shown};
use super::reference::{Given, is_refused};
use super::site::{Site, compiled, given, taken_back};
use super::{catalogs, happenings};

/// How many random sites are served. Each opens a store several times, which syncs.
const SITES: u32 = 40;

/// How long is waited for what the server does by itself before it is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is done before the next happening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Between {
    /// It joins those that wait for an answer.
    Nothing,
    /// All that wait are answered first.
    Answer,
    /// One that was sent before is sent again.
    Again(u8),
    /// The server stops and starts.
    Restart,
}

fn between() -> impl Strategy<Value = Between> {
    (0..20_u8, any::<u8>()).prop_map(|(choice, which)| match choice {
        0..8 => Between::Nothing,
        8..11 => Between::Answer,
        11..15 => Between::Again(which),
        _ => Between::Restart,
    })
}

/// A server on a directory.
struct Server {
    service: Service,
    store: Arc<Embedded>,
    catalog: Arc<Catalog>,
    clock: Clock,
    pending: Vec<Pending>,
}

impl Server {
    fn start(directory: &Path, text: &str, wall: Time) -> Server {
        let store = Embedded::open(directory, Options::default()).expect("it opens");
        let files = [Source { name: "rules.toml".to_owned(), text: text.to_owned() }];
        let (catalog, numbers, _) = Catalog::compile(&files, &store.numbers()).expect("it compiled before");
        store.adopt(&numbers).expect("it can be written");
        let (store, catalog, clock) = (Arc::new(store), Arc::new(catalog), Clock::fixed(wall));
        let service = Service::start(store.clone(), catalog.clone(), clock.clone());
        Server { service, store, catalog, clock, pending: Vec::new() }
    }

    async fn send(&mut self, event: &Event, past: bool) {
        let pending = self.service.submit(draft(event), past).await.expect("it is right");
        self.pending.push(pending);
    }

    async fn answer(&mut self) {
        for pending in self.pending.drain(..) {
            pending.await.expect("it is kept");
        }
    }

    /// Waits until the server has kept as many records, ticks among them.
    async fn reach(&mut self, records: Sequence) {
        self.answer().await;
        let begun = Instant::now();
        while self.store.head() < records {
            assert!(begun.elapsed() < PATIENCE, "{:?} of {records:?} records came", self.store.head());
            tokio::task::yield_now().await;
        }
    }

    async fn stop(mut self) {
        self.answer().await;
        self.service.shut_down().await;
    }

    fn awards(&self) -> Vec<Given> {
        let page = self.store.news_after(Place::START, None, usize::MAX).expect("it can be read");
        let told = page.items.iter().map(|news| match news {
            News::Award(award) => given(&self.catalog, award),
            News::Revocation(revoked) => taken_back(&self.catalog, revoked),
        });
        told.collect()
    }

    fn records(&self) -> Vec<Record> {
        self.store.records_after(Sequence(0), usize::MAX).expect("it can be read")
    }
}

fn draft(event: &Event) -> Draft {
    Draft {
        id: event.id.as_str().to_owned(),
        r#type: event.r#type.as_str().to_owned(),
        user: event.user.as_str().to_owned(),
        subject: event.subject.to_string(),
        time: Some(event.time.to_unix()),
        data: DraftData::Json(event.data.to_string()),
    }
}

#[test]
fn batches_restarts_duplicates_ticks_and_replay_give_the_same_awards_with_the_same_dates() {
    let runtime = Runtime::new().expect("there are threads");
    let strategy = (tapes(), prop::collection::vec(between(), 120));
    let (awards, ticks) = (Cell::new(0), Cell::new(0));
    let result = runner(SITES).run(&strategy, |((rules, events), between)| {
        let text = catalogs::rules(&rules).text();
        let Ok(catalog) = compiled(&text) else { return Ok(()) };
        let mut happenings = until_the_end(&events);
        // The service refuses an event of nobody.
        happenings.retain(|happening| match happening {
            Happening::Event { event, .. } => !event.user.is_empty() && !is_refused(event),
            Happening::Tick(_) => true,
        });
        let directory = tempfile::tempdir().expect("there is room");
        let path = directory.path();
        let mut both = Both::new(path, &text, Site::new(Arc::new(catalog)));
        runtime.block_on(both.serve(&happenings, &between));
        let Both { site, records, server, wall, .. } = both;
        let expected: Vec<Given> = records.iter().flat_map(|record| site.given(record)).collect();
        awards.set(awards.get() + expected.len());
        ticks.set(ticks.get() + records.iter().filter(|record| record.event.is_tick()).count());
        let (text, shown) = (&text, shown(&happenings));
        let fail = |what: &str| Err(TestCaseError::fail(format!("{what}\n{text}\n{shown}\n{between:?}")));
        let server = server.expect("it runs");
        let served = server.awards();
        runtime.block_on(server.stop());
        if served != expected {
            return fail(&format!("served: {served:#?}\nexpected: {expected:#?}"));
        }
        // Without sled, everything is made again from the journal.
        std::fs::remove_dir_all(path.join("sled")).expect("it is there");
        let server = Server::start(path, text, wall);
        if server.awards() != expected {
            return fail("after a replay there are other awards");
        }
        let moved = |records: &[Record]| -> Vec<_> {
            let moved = records
                .iter()
                .map(|record| (record.event.id.clone(), record.event.time, record.changes.clone()));
            moved.collect()
        };
        if moved(&server.records()) != moved(&records) {
            return fail("the journal has other changes");
        }
        for (key, document) in &site.documents {
            let kept = server.store.load(std::slice::from_ref(key)).expect("it can be read");
            if kept[0] != *document {
                return fail(&format!("after a replay {key:?} is {:?}, not {document:?}", kept[0]));
            }
        }
        runtime.block_on(server.stop());
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(awards.get() > asked_for(SITES) as usize, "only {} awards were given", awards.get());
    // Most sites have nothing that is delayed, and a few have dozens of ticks: of forty, some have had eleven in all.
    assert!(10 * ticks.get() > asked_for(SITES) as usize, "only {} ticks were recorded", ticks.get());
}

/// A server, and the engine alone, which is given the same.
struct Both<'t> {
    path: &'t Path,
    text: &'t str,
    server: Option<Server>,
    site: Site,
    records: Vec<Record>,
    /// The latest time that the clock on the wall showed.
    wall: Time,
    /// Whether the last event was of the past.
    past: bool,
}

impl<'t> Both<'t> {
    fn new(path: &'t Path, text: &'t str, site: Site) -> Both<'t> {
        let wall = happenings::start();
        let server = Some(Server::start(path, text, wall));
        Both { path, text, server, site, records: Vec::new(), wall, past: false }
    }

    async fn serve(&mut self, happenings: &[Happening], between: &[Between]) {
        let mut sent: Vec<(&Event, bool)> = Vec::new();
        for (happening, between) in happenings.iter().zip(between.iter().copied()) {
            match between {
                Between::Nothing => {}
                Between::Answer => self.server().answer().await,
                Between::Again(which) if !sent.is_empty() => {
                    let (event, past) = sent[usize::from(which) % sent.len()];
                    self.server().send(event, past).await;
                }
                Between::Again(_) => {}
                Between::Restart => {
                    self.server.take().expect("it runs").stop().await;
                    // Time goes on while no server runs.
                    if let Happening::Tick(wall) = happening {
                        self.wall = self.wall.max(*wall);
                    }
                    self.server = Some(Server::start(self.path, self.text, self.wall));
                }
            }
            match happening {
                Happening::Event { event, past } => {
                    self.take(event, *past).await;
                    sent.push((event, *past));
                }
                Happening::Tick(wall) => self.tick(*wall).await,
            }
        }
        self.tick(self.wall).await;
    }

    async fn take(&mut self, event: &Event, past: bool) {
        if !past || !self.past {
            self.server().answer().await;
        }
        // An event of the future would be refused.
        self.wall = self.wall.max(event.time);
        let wall = self.wall;
        self.server().clock.set(wall);
        self.server().send(event, past).await;
        self.records.extend(self.site.take(event, past));
        if !past {
            self.tick(wall).await;
        } else if !self.past {
            self.server().answer().await;
        }
        self.past = past;
    }

    /// The clock on the wall shows this, if it did not show more. What that brings about is kept before anything else comes.
    async fn tick(&mut self, wall: Time) {
        self.wall = self.wall.max(wall);
        let wall = self.wall;
        self.server().answer().await;
        self.server().clock.set(wall);
        self.records.extend(self.site.pass(wall));
        let records = self.site.sequence();
        self.server().reach(records).await;
    }

    fn server(&mut self) -> &mut Server {
        self.server.as_mut().expect("it runs")
    }
}
