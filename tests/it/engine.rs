//! The engine by itself: pure, so that it can be asked without a store, a thread or a clock.

use std::collections::HashMap;
use std::sync::Arc;

use laurels::award::News;
use laurels::catalog::{Catalog, Numbers};
use laurels::diagnostic::Source;
use laurels::document::Document;
use laurels::engine::{Decision, Documents, KEYS_MAX, Moment, decide, progress};
use laurels::event::{Draft, DraftData, Event, Sequence, Time};
use laurels::key::Key;
use laurels::stat::Cell;

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

/// Decides events of "ann" one after the other; after each, what it gave and took back, and what ann holds.
fn story(catalog: &Catalog, events: &[&str]) -> Vec<String> {
    let mut documents = AtHand::default();
    let mut told = Vec::new();
    for (at, r#type) in events.iter().enumerate() {
        let moment = Moment { sequence: Sequence(at as u64 + 1), arrival: now(), historical: false };
        let event = event(r#type, "");
        let outcome = loop {
            match decide(catalog, moment, &event, &documents) {
                Decision::Done(outcome) => break *outcome,
                Decision::Needs(keys) => {
                    documents.0.extend(keys.into_iter().map(|key| (key, Arc::default())));
                }
            }
        };
        for (key, document) in &outcome.documents {
            // What is replayed from the record is what was decided.
            let mut replayed = Document::clone(&documents.0[key]);
            assert!(outcome.record.apply_to(key, &mut replayed));
            assert_eq!(replayed, **document);
        }
        let places: Vec<_> = outcome.record.news().map(|news| news.place().index).collect();
        assert!(places.iter().copied().eq(0..places.len() as u32), "{places:?}");
        let words = outcome.record.news().map(|news| match news {
            News::Award(award) => format!("+{}{}", award.badge.0, if award.first { "!" } else { "" }),
            News::Revocation(revocation) => {
                format!("-{}{}", revocation.award.badge.0, if revocation.last { "!" } else { "" })
            }
        });
        told.push(words.collect::<Vec<_>>().join(" "));
        documents.0.extend(outcome.documents);
    }
    told
}

#[test]
fn one_event_may_take_back_and_give_and_each_has_its_place() {
    let catalog = catalog(
        r#"
        [stat.mood]
        on   = ["up", "down"]
        last = "event.type"

        [badge.down]
        when   = "mood == 'down'"
        revoke = true

        [badge.up]
        when   = "mood == 'up'"
        revoke = true

        [badge.any]
        when   = "holds('up') || holds('down')"
        revoke = true

        [stat.moods]
        on = ["badge.up", "badge.down"]

        [badge.two-moods]
        value = "moods"
        at    = 2
        "#,
    );
    assert_eq!(story(&catalog, &["up", "down", "down", "up"]), ["+1! +2!", "+0! -1!", "", "-0! +1!"]);
}

#[test]
fn a_badge_that_gets_revoke_later_takes_back_what_it_gave_before() {
    let text = "[badge.won]\non = 'won'\nundo = 'lost'\n";
    let kept = catalog(text);
    assert_eq!(story(&kept, &["won", "lost", "won"]), ["+0!", "", ""]);
    let files = [Source { name: "rules.toml".to_owned(), text: format!("{text}revoke = true\n") }];
    let revoking = Catalog::compile(&files, &Numbers::default()).unwrap().0;
    assert_eq!(story(&revoking, &["won", "lost", "won"]), ["+0!", "-0!", "+0!"]);
    let mut documents = AtHand::default();
    let mut told = Vec::new();
    for (at, (catalog, r#type)) in
        [(&kept, "won"), (&kept, "lost"), (&revoking, "lost")].into_iter().enumerate()
    {
        let moment = Moment { sequence: Sequence(at as u64 + 1), arrival: now(), historical: false };
        documents.0.entry(Key::new([("user", "ann")])).or_default();
        let Decision::Done(outcome) = decide(catalog, moment, &event(r#type, ""), &documents) else {
            panic!()
        };
        told.push((outcome.record.awards.len(), outcome.record.revoked.len()));
        documents.0.extend(outcome.documents);
    }
    assert_eq!(told, [(1, 0), (0, 0), (0, 1)]);
}

proptest::proptest! {
    /// Of each day and giver at most two: whatever comes in whatever order, and whatever is taken back.
    #[test]
    fn of_each_group_at_most_so_many_count_whatever_the_order(
        moves in proptest::collection::vec((proptest::bool::weighted(0.7), 0_usize..2, 0_usize..3), 0..40),
    ) {
        let catalog = catalog(
            r#"
            [stat.hearts]
            on   = "heart.given"
            undo = "heart.taken"
            by   = { user = "event.data.owner" }
            most = 2
            per  = { user = "event.data.giver", album = "event.data.album" }

            [badge.loved]
            value = "hearts"
            "#,
        );
        let mut documents = AtHand::default();
        let mut groups: HashMap<(usize, usize), i64> = HashMap::new();
        for (at, (adds, giver, album)) in moves.into_iter().enumerate() {
            *groups.entry((giver, album)).or_default() += if adds { 1 } else { -1 };
            let data = format!(r#"{{"owner":"bob","giver":"g{giver}","album":{album}}}"#);
            let event = event(if adds { "heart.given" } else { "heart.taken" }, &data);
            let moment = Moment { sequence: Sequence(at as u64 + 1), arrival: now(), historical: false };
            let outcome = loop {
                match decide(&catalog, moment, &event, &documents) {
                    Decision::Done(outcome) => break *outcome,
                    Decision::Needs(keys) => {
                        documents.0.extend(keys.into_iter().map(|key| (key, Arc::default())));
                    }
                }
            };
            documents.0.extend(outcome.documents);
            let stat = catalog.stats.iter().find(|stat| stat.name == "hearts").unwrap();
            let document = documents.0.get(&Key::new([("user", "bob")])).unwrap();
            let counted = match document.cell(stat.slot) {
                Some(Cell::Count(count)) => *count,
                other => { assert_eq!(other, None); 0 }
            };
            proptest::prop_assert_eq!(counted, groups.values().map(|had| *had.min(&2)).sum::<i64>());
        }
    }
}
