//! The engine by itself: pure, so that it can be asked without a store, a thread or a clock.

use std::collections::HashMap;
use std::sync::Arc;

use laurels::catalog::{Catalog, Numbers};
use laurels::diagnostic::Source;
use laurels::document::Document;
use laurels::engine::{Decision, Documents, KEYS_MAX, Moment, decide, progress};
use laurels::event::{Draft, DraftData, Event, Sequence, Time};
use laurels::key::Key;

/// Documents that are at hand; all others are not.
#[derive(Default)]
struct AtHand(HashMap<Key, Arc<Document>>);

impl Documents for AtHand {
    fn get(&self, key: &Key) -> Option<Arc<Document>> {
        self.0.get(key).cloned()
    }
}

fn catalog(badges: &str) -> Catalog {
    let files = [Source { name: "rules.toml".to_owned(), text: badges.to_owned() }];
    Catalog::compile(&files, &Numbers::default()).unwrap().0
}

fn now() -> Time {
    Time::parse("2026-01-01T00:00:00Z").unwrap()
}

fn event(r#type: &str, data: &str) -> Event {
    let data = DraftData::Json(data.to_owned());
    Draft { r#type: r#type.to_owned(), user: "ann".to_owned(), data, ..Draft::default() }
        .parse(now())
        .unwrap()
}

/// Decides, bringing what is needed: an empty document each time. Answers what was needed, in rounds.
fn rounds(catalog: &Catalog, event: &Event) -> (laurels::outcome::Outcome, Vec<Vec<Key>>) {
    let moment = Moment { sequence: Sequence(1), arrival: now(), historical: false };
    let (mut at_hand, mut asked) = (AtHand::default(), Vec::new());
    loop {
        match decide(catalog, moment, event, &at_hand) {
            Decision::Done(outcome) => return (*outcome, asked),
            Decision::First(outcome) => panic!("nothing waits: {outcome:?}"),
            Decision::Needs(keys) => {
                at_hand.0.extend(keys.iter().map(|key| (key.clone(), Arc::default())));
                asked.push(keys);
            }
        }
    }
}

#[test]
fn what_is_not_at_hand_is_asked_for_and_nothing_twice() {
    let catalog = catalog(
        r#"
        [badge.loved]
        on = "heart.given"
        by = { user = "event.data.owner", photo = "event.data.photo" }
        "#,
    );
    let (outcome, asked) = rounds(&catalog, &event("heart.given", r#"{"owner":"bob","photo":"p"}"#));
    // First whose number it is, then who is to be given the badge.
    assert_eq!(asked, [[Key::new([("user", "bob"), ("photo", "p")])], [Key::new([("user", "bob")])]]);
    assert_eq!(outcome.record.awards.len(), 1);
    assert_eq!((outcome.record.newcomers, outcome.documents.len()), (1, 2));
}

#[test]
fn an_event_that_nothing_hears_needs_and_changes_nothing() {
    let (outcome, asked) = rounds(&catalog("[badge.first]\non = \"post\""), &event("read", ""));
    assert!(asked.is_empty() && outcome.documents.is_empty() && outcome.record.changes.is_empty());
}

#[test]
fn of_too_many_keys_the_first_count_and_the_rest_is_said_to_be_left_out() {
    let catalog = catalog(
        r#"
        [badge.met]
        on = "met"
        by = { user = "event.data.users" }
        "#,
    );
    let users: Vec<_> = (0..KEYS_MAX + 5).map(|n| format!("\"u{n}\"")).collect();
    let met = event("met", &format!(r#"{{"users":[{}]}}"#, users.join(",")));
    let (outcome, _) = rounds(&catalog, &met);
    assert_eq!((outcome.record.awards.len(), outcome.left_out), (KEYS_MAX, 5));
    assert!(outcome.record.awards.iter().all(|award| award.user.as_str() != format!("u{KEYS_MAX}")));
}

#[test]
fn progress_comes_nearest_first_by_the_share_that_is_there() {
    let catalog = catalog(
        r#"
        [badge.far]
        on  = "photo.posted"
        sum = "event.data.points"
        at  = 100

        [badge.near]
        on = "photo.posted"
        at = 2
        "#,
    );
    let event = event("photo.posted", r#"{"points": 12}"#);
    let (outcome, _) = rounds(&catalog, &event);
    let documents = AtHand(outcome.documents.into_iter().collect());
    let progress = progress(&catalog, &event.user, now(), &documents).unwrap();
    let shown: Vec<_> = progress.iter().map(|one| (one.current, one.goal)).collect();
    assert_eq!(shown, [(1.0, 2.0), (12.0, 100.0)]);
}
