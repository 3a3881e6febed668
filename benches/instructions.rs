//! Parses so many events, or decides them too, or commits what came of them too, for callgrind to count instructions:
//! those of one more event are what it costs, on any machine and whatever else runs there. `tests/run bench` does,
//! and compares with `benches/instructions.txt`.
//!
//! `cargo bench --bench instructions -- decide 1000`

use std::hint::black_box;

use laurels::catalog::{Catalog, Numbers, Source};
use laurels::engine::{Decision, InMemory, Moment, decide};
use laurels::event::{Draft, DraftData, Event, Sequence, Time};
use laurels::outcome::Outcome;
use laurels::store::{Embedded, Options, Store};

/// The events are those of so many users.
const USERS: usize = 50;

/// Three stats hear an event: how many, how much, on how many days running.
const RULES: &str = include_str!("three.toml");

fn main() {
    // What cargo adds, `--bench`, is no word of ours.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let usage = "parse NUMBER, decide NUMBER, or commit NUMBER";
    let [what, events] = &words[..] else { panic!("{usage}") };
    let events: usize = events.parse().expect(usage);
    let source = Source { name: "rules.toml".to_owned(), text: RULES.to_owned() };
    let compiled = Catalog::compile(&[source], &Numbers::default());
    let (catalog, numbers, _) = compiled.unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    match what.as_str() {
        "parse" => (0..events).for_each(|number| drop(black_box(event(number)))),
        "decide" => each(&catalog, events, |outcome| drop(black_box(outcome))),
        "commit" => {
            let directory = tempfile::tempdir().expect("a directory");
            let options = Options { checkpoint_on_close: false, ..Options::default() };
            let store = Embedded::open(directory.path(), options).expect("a store");
            store.adopt(&numbers).expect("it is kept");
            each(&catalog, events, |outcome| store.commit(&[outcome]).expect("it is kept"));
        }
        _ => panic!("{usage}"),
    }
}

/// Decides each event, and hands on what came of it.
fn each(catalog: &Catalog, events: usize, mut hand_on: impl FnMut(Outcome)) {
    let mut documents = InMemory::default();
    for number in 0..events {
        let event = event(number);
        let sequence = Sequence(number as u64 + 1);
        let moment = Moment { sequence, arrival: event.time, historical: false };
        let Decision::Done(outcome) = decide(catalog, moment, black_box(&event), &documents) else {
            panic!("all documents are at hand")
        };
        documents.0.extend(outcome.documents.iter().cloned());
        hand_on(*outcome);
    }
}

fn event(number: usize) -> Event {
    let draft = Draft {
        id: format!("e{number}"),
        r#type: "post.created".to_owned(),
        user: format!("user-{}", number % USERS),
        data: DraftData::Json(r#"{"words":120}"#.to_owned()),
        ..Draft::default()
    };
    let second = i64::try_from(number).expect("there are few") * 60;
    let time = Time::from_unix(1_770_000_000 + second, 0).expect("these are years in which we live");
    draft.parse(time).expect("it is right")
}
