//! The peers do the same work: of one small history they make the awards that Laurels makes.

use std::path::Path;
use std::sync::Arc;

use laurels::access::Access;
use laurels::catalog::{Catalog, Source};
use laurels::clock::Clock;
use laurels::event::Draft;
use laurels::port::Port;
use laurels::service::Service;
use laurels::store::{Embedded, Options, Store as _};
use laurels::{server, web};
use tokio::net::TcpListener;

use super::laurels::Laurels;
use super::mariadb::{Flush, MariaDb};
use super::postgres::Postgres;
use super::redis::{Fsync, Redis};
use super::{Answer, Connection as _, Event, Peer, TYPE};
use crate::catalog::POSTER;

/// Two users, of whom one reaches two thresholds and the other one; and events that are sent again, of which some
/// earned nothing and some did.
fn history() -> Vec<Event> {
    let event = |user: &str, number: usize| Event { id: format!("{user}-{number}"), user: user.to_owned() };
    let all = |user: &str, numbers: std::ops::Range<usize>| -> Vec<Event> {
        numbers.map(|number| event(user, number)).collect()
    };
    let again = vec![event("ada", 3), event("ada", 9), event("ben", 0)];
    [all("ada", 0..50), all("ben", 0..9), again, all("ben", 9..12), all("ada", 50..120), all("ada", 99..101)]
        .concat()
}

/// Laurels, by its own rules.
fn service(directory: &Path) -> Service {
    let store = Embedded::open(directory, Options::default()).expect("it is empty");
    let files = [Source { name: "rules.toml".to_owned(), text: POSTER.to_owned() }];
    let (catalog, numbers, _) = Catalog::compile(&files, &store.numbers()).expect("the rules are right");
    store.adopt(&numbers).expect("there is room");
    Service::start(Arc::new(store), Arc::new(catalog), Clock::system())
}

/// What Laurels answers.
async fn of_laurels() -> Vec<Answer> {
    let directory = tempfile::tempdir().expect("a directory");
    let service = service(directory.path());
    let mut answers = Vec::new();
    for Event { id, user } in history() {
        let draft = Draft { id, r#type: TYPE.to_owned(), user, ..Draft::default() };
        let recorded = service.record(draft).await.expect("it is kept");
        let catalog = service.catalog();
        let badge = |award: &laurels::award::Award| {
            catalog.badge(award.badge).expect("it is in the catalog").id.to_string()
        };
        answers.push(Answer { duplicate: recorded.duplicate, earned: recorded.awards.first().map(badge) });
    }
    service.shut_down().await;
    answers
}

async fn earns_what_laurels_does(peer: impl Peer) {
    let answers = of_laurels().await;
    let earned: Vec<_> = answers.iter().filter_map(|answer| answer.earned.as_deref()).collect();
    // With those of ada's tenth and hundredth event that were sent again.
    assert_eq!(earned, ["poster-10", "poster-10", "poster-10", "poster-100", "poster-100"]);
    let mut connection = peer.connect().await.expect("it listens");
    let (one, many) = (history(), history());
    let (first, rest) = one.split_at(1);
    let mut of_peer = connection.record(first).await.expect("it records one");
    of_peer.extend(connection.record(rest).await.expect("it records many"));
    assert_eq!(of_peer, answers);
    // All of it again: nothing is counted, and everything is answered as it was the first time.
    let again: Vec<_> = answers.into_iter().map(|answer| Answer { duplicate: true, ..answer }).collect();
    assert_eq!(connection.record(&many).await.expect("it records"), again);
}

#[tokio::test]
async fn laurels_earns_the_same_over_http2() {
    let directory = tempfile::tempdir().expect("a directory");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let peer = Laurels::new(listener.local_addr().expect("it listens"), std::process::id());
    let (port, access) = (Port::new(listener), Access::open(Clock::system()));
    let service = service(directory.path());
    tokio::spawn(server::serve(port, web::Options::default(), service, access, std::future::pending()));
    earns_what_laurels_does(peer).await;
}

#[tokio::test]
async fn redis_earns_what_laurels_does() {
    earns_what_laurels_does(Redis::start(Fsync::Always).await.expect("it starts")).await;
}

#[tokio::test]
async fn postgres_earns_what_laurels_does() {
    earns_what_laurels_does(Postgres::start(true).await.expect("it starts")).await;
}

#[tokio::test]
async fn mariadb_earns_what_laurels_does() {
    earns_what_laurels_does(MariaDb::start(Flush::AtCommit).await.expect("it starts")).await;
}
