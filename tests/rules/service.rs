//! The same rules behind the service and the store: however the events are grouped, whenever the server stops, and
//! however often an event is sent, the awards are those of the engine alone, in the same order, with the same dates.

use std::path::Path;
use std::sync::Arc;

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

use super::agreement::{asked_for, runner, shown, tapes};
use super::reference::Given;
use super::site::{Site, compiled, given, taken_back};
use super::{catalogs, happenings};

/// How many random sites are served. Each opens a store several times, which syncs.
const SITES: u32 = 60;

/// What is done beside sending the next event.
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
    (0..16_u8, any::<u8>()).prop_map(|(choice, which)| match choice {
        0..8 => Between::Nothing,
        8..11 => Between::Answer,
        11..14 => Between::Again(which),
        _ => Between::Restart,
    })
}

/// A server on a directory.
struct Server {
    service: Service,
    store: Arc<Embedded>,
    catalog: Arc<Catalog>,
    pending: Vec<Pending>,
}

impl Server {
    fn start(directory: &Path, text: &str) -> Server {
        let store = Embedded::open(directory, Options::default()).expect("it opens");
        let files = [Source { name: "rules.toml".to_owned(), text: text.to_owned() }];
        let (catalog, numbers, _) = Catalog::compile(&files, &store.numbers()).expect("it compiled before");
        store.adopt(&numbers).expect("it can be written");
        let (store, catalog) = (Arc::new(store), Arc::new(catalog));
        let clock = Clock::fixed(Time::parse("2028-01-01T00:00:00Z").expect("it is a time"));
        let service = Service::start(store.clone(), catalog.clone(), clock);
        Server { service, store, catalog, pending: Vec::new() }
    }

    async fn send(&mut self, event: &Event) {
        let pending = self.service.submit(draft(event), false).await.expect("it is right");
        self.pending.push(pending);
    }

    async fn answer(&mut self) {
        for pending in self.pending.drain(..) {
            pending.answer().await.expect("it is kept");
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
fn batches_restarts_duplicates_and_replay_give_the_same_awards_with_the_same_dates() {
    let runtime = Runtime::new().expect("there are threads");
    let strategy = (tapes(), prop::collection::vec(between(), 50));
    let awards = std::cell::Cell::new(0);
    let result = runner(SITES).run(&strategy, |((rules, events), between)| {
        let mut rules = catalogs::rules(&rules);
        // When the service ticks is its own affair.
        rules.0.iter_mut().flat_map(|rule| &mut rule.hearing).for_each(|hearing| hearing.delay = None);
        let text = rules.text();
        let Ok(catalog) = compiled(&text) else { return Ok(()) };
        let mut events = happenings::events(&events);
        // The service refuses an event of nobody.
        events.retain(|event| !event.user.is_empty());
        let mut site = Site::new(Arc::new(catalog));
        let records: Vec<Record> = events.iter().flat_map(|event| site.take(event)).collect();
        let expected: Vec<Given> = records.iter().flat_map(|record| site.given(record)).collect();
        awards.set(awards.get() + expected.len());
        let directory = tempfile::tempdir().expect("there is room");
        let path = directory.path();
        let served = runtime.block_on(serve(path, &text, &events, &between));
        let fail =
            |what: &str| Err(TestCaseError::fail(format!("{what}\n{text}\n{}\n{between:?}", shown(&events))));
        if served != expected {
            return fail(&format!("served: {served:#?}\nexpected: {expected:#?}"));
        }
        // Without sled, everything is made again from the journal.
        std::fs::remove_dir_all(path.join("sled")).expect("it is there");
        let server = Server::start(path, &text);
        if server.awards() != expected {
            return fail("after a replay there are other awards");
        }
        let moved = |records: &[Record]| -> Vec<_> {
            records.iter().map(|record| (record.event.id.clone(), record.changes.clone())).collect()
        };
        if moved(&server.records()) != moved(&records) {
            return fail("the journal has other changes");
        }
        for (key, document) in &site.documents {
            let kept = server.store.load(std::slice::from_ref(key)).expect("it can be read");
            let slots = site.catalog.stats.iter().map(|stat| stat.slot);
            if slots.into_iter().any(|slot| kept[0].cell(slot) != document.cell(slot)) {
                return fail(&format!("after a replay {key:?} is {:?}, not {document:?}", kept[0]));
            }
        }
        runtime.block_on(server.stop());
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(awards.get() > asked_for(SITES) as usize, "only {} awards were given", awards.get());
}

/// Serves the events as it is said; answers the awards in their order.
async fn serve(path: &Path, text: &str, events: &[Event], between: &[Between]) -> Vec<Given> {
    let mut server = Server::start(path, text);
    for (at, event) in events.iter().enumerate() {
        match between[at] {
            Between::Nothing => {}
            Between::Answer => server.answer().await,
            Between::Again(which) if at > 0 => server.send(&events[usize::from(which) % at]).await,
            Between::Again(_) => {}
            Between::Restart => {
                server.stop().await;
                server = Server::start(path, text);
            }
        }
        server.send(event).await;
    }
    server.answer().await;
    let awards = server.awards();
    server.stop().await;
    awards
}
