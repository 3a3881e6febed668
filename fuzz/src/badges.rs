//! Badge files: what a text means, and what its rules then do.

use std::collections::HashMap;
use std::sync::Arc;

use laurels::catalog::{Catalog, Numbers, Source};
use laurels::document::Document;
use laurels::engine::{self, Decision, InMemory, Moment, trial};
use laurels::event::{Event, Sequence};
use laurels::key::Key;

/// Most events that are decided for one file: a test of it may have many.
const EVENTS_MAX: usize = 50;

/// A file is refused with mistakes that stand in it, or compiles always to the same catalog, whose rules can be
/// decided with.
pub fn badges(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let files = [Source { name: "badges/fuzz.toml".to_owned(), text: text.to_owned() }];
    let (catalog, numbers) = match Catalog::compile(&files, &Numbers::default()) {
        Ok((catalog, numbers, _)) => (catalog, numbers),
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            for mistake in mistakes {
                assert!(mistake.line() <= text.matches('\n').count() + 1, "{mistake}");
                assert!(!mistake.message.contains('\n'), "a mistake is one line: {mistake}");
                assert!(!mistake.excerpt(false).is_empty());
            }
            return;
        }
    };
    let (again, known, _) = Catalog::compile(&files, &numbers).expect("it compiled before");
    assert_eq!(known, numbers, "nothing is new the second time");
    assert_eq!(format!("{:?}", again.rules), format!("{:?}", catalog.rules));
    assert_eq!(format!("{:?}", again.stats), format!("{:?}", catalog.stats));
    assert_eq!(again.badges, catalog.badges);
    for own in &catalog.trials {
        // Whether it claims what is true is another question.
        drop(trial::run(&catalog, own));
    }
    decide(&catalog);
}

/// What waits for an hour is heard ten thousand times a year.
const DECISIONS_MAX: u64 = 2_000;

/// Decides the events of a file's own tests, all after one another.
fn decide(catalog: &Catalog) {
    let (mut documents, mut replayed) = (InMemory::default(), HashMap::<Key, Document>::new());
    let events = catalog.trials.iter().flat_map(|trial| &trial.events).take(EVENTS_MAX);
    let mut events = events.peekable();
    let mut sequence = Sequence(0);
    while let Some(event) = events.peek()
        && sequence.0 < DECISIONS_MAX
    {
        sequence = sequence.next();
        let moment = Moment { sequence, arrival: event.time, historical: false };
        let (outcome, event) = match engine::decide(catalog, moment, event, &documents) {
            Decision::First(outcome) => (outcome, *event),
            Decision::Done(outcome) => (outcome, events.next().expect("it was there")),
            Decision::Needs(_) => panic!("all documents are at hand"),
        };
        let record = &outcome.record;
        for key in record.keys() {
            let document = replayed.entry(key.clone()).or_default();
            record.apply_to(&key, document);
        }
        for (key, document) in &outcome.documents {
            // A key that was only looked at has nothing in it, and nothing in the journal.
            let mut replayed = replayed.get(key).cloned().unwrap_or_default();
            replayed.sequence = document.sequence;
            assert_eq!(replayed, **document, "{key:?}");
        }
        documents.0.extend(outcome.documents);
        look_at(catalog, event, &documents);
    }
}

fn look_at(catalog: &Catalog, event: &Event, documents: &InMemory) {
    let progress = engine::progress(catalog, &event.user, event.time, documents);
    for one in progress.expect("all documents are at hand") {
        let badge = catalog.badge(one.badge).expect("progress is towards a badge of the catalog");
        assert!(!one.current.is_nan() && !one.goal.is_nan(), "{badge:?}");
        drop((badge.title_for(&one.key), badge.key_text(&one.key)));
    }
    let of_user = documents.0.get(&Key::user(&event.user)).cloned().unwrap_or_else(Arc::default);
    for award in of_user.awards() {
        assert_eq!(award.user, event.user);
    }
}
