//! What is heard later, in the engine by itself: in which order, from which documents, and that these are empty again
//! when nothing waits any more.

use std::collections::HashMap;
use std::sync::Arc;

use laurels::catalog::{Catalog, Numbers};
use laurels::diagnostic::Source;
use laurels::document::Document;
use laurels::engine::{Decision, Documents, HEARD_MAX, Moment, Passing, decide, next_due, pass_time};
use laurels::event::{Draft, DraftData, Event, Sequence, Time};
use laurels::key::Key;
use laurels::outcome::Record;
use laurels::stat::{PAGE_MAX, Slot};

const HOUR: i64 = 3_600;

/// Rules, and all that is kept; every document is at hand, or none is before it is asked for.
struct World {
    catalog: Catalog,
    numbers: Numbers,
    documents: HashMap<Key, Arc<Document>>,
    records: Vec<Record>,
}

struct AtHand<'a>(&'a HashMap<Key, Arc<Document>>);

impl Documents for AtHand<'_> {
    fn get(&self, key: &Key) -> Option<Arc<Document>> {
        Some(self.0.get(key).cloned().unwrap_or_default())
    }
}

fn compile(badges: &str, numbers: &Numbers) -> (Catalog, Numbers) {
    let files = [Source { name: "rules.toml".to_owned(), text: badges.to_owned() }];
    let (catalog, numbers, _) = Catalog::compile(&files, numbers).unwrap();
    (catalog, numbers)
}

/// So many hours after the beginning of 2026.
fn hour(hours: i64) -> Time {
    Time::from_unix(1_767_225_600 + hours * HOUR, 0).unwrap()
}

impl World {
    fn new(badges: &str) -> World {
        let (catalog, numbers) = compile(badges, &Numbers::default());
        World { catalog, numbers, documents: HashMap::new(), records: Vec::new() }
    }

    fn moment(&self) -> Moment {
        let sequence = Sequence(self.records.len() as u64 + 1);
        Moment { sequence, arrival: hour(0), historical: false }
    }

    fn keep(&mut self, outcome: laurels::outcome::Outcome) {
        self.documents.extend(outcome.documents);
        self.records.push(outcome.record);
    }

    fn happens(&mut self, r#type: &str, user: &str, time: Time, data: &str) {
        let draft = Draft {
            id: format!("e{}", self.records.len()),
            r#type: r#type.to_owned(),
            user: user.to_owned(),
            time: Some(time.to_unix()),
            data: DraftData::Json(data.to_owned()),
            ..Draft::default()
        };
        self.decide(&draft.parse(time).unwrap());
    }

    fn decide(&mut self, event: &Event) {
        loop {
            match decide(&self.catalog, self.moment(), event, &AtHand(&self.documents)) {
                Decision::First(outcome) => self.keep(*outcome),
                Decision::Done(outcome) => return self.keep(*outcome),
                Decision::Needs(keys) => panic!("all documents are at hand: {keys:?}"),
            }
        }
    }

    /// Time passes until then by the wall's clock; says how many records were made.
    fn pass(&mut self, wall: Time) -> usize {
        let before = self.records.len();
        loop {
            match pass_time(&self.catalog, self.moment(), wall, &AtHand(&self.documents)) {
                Passing::Heard(outcome) => self.keep(*outcome),
                Passing::Nothing => return self.records.len() - before,
                Passing::Needs(keys) => panic!("all documents are at hand: {keys:?}"),
            }
        }
    }

    fn next_due(&self) -> Option<Time> {
        next_due(&self.catalog, &AtHand(&self.documents)).unwrap()
    }

    /// Who was given what, when, for which event, in order.
    fn given(&self) -> Vec<(String, Time, String)> {
        let awards = self.records.iter().flat_map(|record| &record.awards);
        let given = awards.map(|award| {
            let badge = &self.catalog.badge(award.badge).unwrap().id;
            (format!("{} {badge}", award.user), award.time, award.event_id.as_str().to_owned())
        });
        given.collect()
    }

    /// The documents, as a journal without deciding makes them.
    fn replayed(&self) -> HashMap<Key, Document> {
        let mut documents: HashMap<Key, Document> = HashMap::new();
        for record in &self.records {
            for key in record.keys() {
                let document = documents.entry(key.clone()).or_default();
                record.apply_to(&key, document);
            }
        }
        documents
    }

    /// Keys of what waits that have anything in them.
    fn waiting(&self) -> usize {
        let of_time = |key: &&Key| key.as_str().starts_with("1@") && *key != Key::clock();
        let keys = self.documents.keys().filter(of_time);
        keys.filter(|key| self.documents[*key].cell(Slot::TIME).is_some()).count()
    }
}

const TWO_WAITS: &str = r#"
[badge.slow]
on    = "slow"
after = "2h"

[badge.fast]
on    = "fast"
after = "1h"
"#;

#[test]
fn what_is_due_is_heard_in_order_of_due_time_and_then_of_arrival() {
    let mut world = World::new(TWO_WAITS);
    world.happens("slow", "ann", hour(0), "");
    world.happens("fast", "bob", hour(1), "");
    world.happens("slow", "cat", hour(0), "");
    let half = hour(0).plus_micros(1_800_000_000).unwrap();
    world.happens("fast", "dan", half, "");
    assert_eq!(world.next_due(), half.plus_micros(3_600_000_000));
    world.happens("other", "eve", hour(2), "");
    let order: Vec<_> = world.given().into_iter().map(|(what, _, _)| what).collect();
    assert_eq!(order, ["dan fast", "ann slow", "bob fast", "cat slow"]);
    assert_eq!(world.next_due(), None);
}

#[test]
fn an_award_has_the_date_when_it_was_due_and_the_event_that_was_delayed() {
    let mut world = World::new(TWO_WAITS);
    world.happens("fast", "ann", hour(0), "");
    world.happens("other", "bob", hour(9), "");
    assert_eq!(world.given(), [("ann fast".to_owned(), hour(1), "e0".to_owned())]);
    // Neither the tick that gave it nor the event before which it was given is told of it.
    let [_, tick, event] = &world.records[..] else { panic!("{:?}", world.records) };
    assert_eq!((tick.event.r#type.as_str(), tick.event.time), ("laurels.tick", hour(1)));
    assert_eq!((event.event.user.as_str(), event.awards.len()), ("bob", 0));
}

#[test]
fn time_never_goes_back_and_a_late_event_that_is_due_is_heard_at_once() {
    let mut world = World::new(TWO_WAITS);
    world.happens("other", "bob", hour(10), "");
    world.happens("fast", "ann", hour(3), "");
    assert_eq!(world.pass(Time::MIN), 1, "it needs neither the wall's clock nor an event");
    assert_eq!(world.given(), [("ann fast".to_owned(), hour(4), "e1".to_owned())]);
    world.happens("fast", "cat", hour(9), "");
    world.happens("other", "bob", hour(1), "");
    assert_eq!(world.given()[1], ("cat fast".to_owned(), hour(10), "e3".to_owned()));
}

#[test]
fn a_tick_hears_so_many_and_the_next_the_rest_with_their_own_due_times() {
    let many = HEARD_MAX * 2 + 7;
    let mut world = World::new(TWO_WAITS);
    for at in 0..many {
        world.happens("fast", &format!("u{at}"), hour(0).plus_micros(at as i64).unwrap(), "");
    }
    assert_eq!(world.pass(hour(9)), 3);
    let given = world.given();
    assert_eq!(given.len(), many);
    for (at, (what, time, _)) in given.iter().enumerate() {
        assert_eq!((what, *time), (&format!("u{at} fast"), hour(1).plus_micros(at as i64).unwrap()));
    }
}

/// Enough for many pages, due in an order that has nothing to do with that in which it came; a third is undone.
#[test]
fn thousands_that_wait_are_heard_in_order_or_undone_and_leave_nothing_behind() {
    let mut world = World::new(
        r#"
        [badge.stayed]
        on    = "came"
        undo  = "left"
        by    = ["user", "room"]
        after = "1000h"
        "#,
    );
    let total = PAGE_MAX * 12;
    let mut expected = Vec::new();
    for at in 0..total {
        // Without a common divisor this is each number once.
        let shuffled = (at * 1_237) % total;
        let time = hour(-500).plus_micros(shuffled as i64 / 3 * 1_000_000).unwrap();
        world.happens("came", &format!("u{at}"), time, r#"{"room":"r"}"#);
        if at % 3 == 1 {
            world.happens("left", &format!("u{at}"), hour(1), r#"{"room":"r"}"#);
        } else {
            let due = time.plus_micros(1000 * HOUR * 1_000_000).unwrap();
            expected.push((due, at));
        }
    }
    assert!(world.waiting() > 8, "{} pages", world.waiting());
    assert_eq!(world.pass(hour(400)), 0);
    assert!(world.pass(hour(2000)) > 1);
    expected.sort_unstable();
    let given = world.given().into_iter().map(|(what, time, _)| (time, what));
    let expected = expected.into_iter().map(|(due, at)| (due, format!("u{at} stayed")));
    assert!(given.eq(expected));
    assert_eq!(world.waiting(), 0);
    assert_eq!(world.next_due(), None);
    for (key, document) in world.replayed() {
        assert_eq!(document, *world.documents[&key], "{key:?}");
    }
}

#[test]
fn every_is_heard_each_time_until_it_is_undone() {
    let mut world = World::new(
        r#"
        [badge.monthly]
        on     = "joined"
        undo   = "left"
        every  = "1mo"
        repeat = 1
        "#,
    );
    world.happens("joined", "ann", Time::parse("2026-01-31T00:00:00Z").unwrap(), "");
    world.happens("left", "ann", Time::parse("2026-05-31T00:00:00Z").unwrap(), "");
    let times: Vec<_> = world.given().into_iter().map(|(_, time, _)| time.to_string()).collect();
    let expected = ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"];
    assert_eq!(times, expected.map(|day| format!("{day}T00:00:00Z")));
    assert_eq!((world.next_due(), world.waiting()), (None, 0));
    // It ended, and nothing of it is taken back.
    world.happens("joined", "ann", Time::parse("2026-07-01T00:00:00Z").unwrap(), "");
    world.pass(Time::parse("2026-08-01T00:00:00Z").unwrap());
    assert_eq!(world.given().len(), 5);
}

#[test]
fn of_an_event_about_several_only_who_undoes_it_is_left_out() {
    let mut world = World::new(
        r#"
        [badge.stayed]
        on    = "came"
        undo  = "left"
        by    = { user = "event.data.who" }
        after = "1h"
        "#,
    );
    world.happens("came", "x", hour(0), r#"{"who":["ann","bob","cat"]}"#);
    world.happens("left", "x", hour(0), r#"{"who":["bob"]}"#);
    world.happens("came", "x", hour(0), r#"{"who":["dan","eve"]}"#);
    world.happens("left", "x", hour(0), r#"{"who":["dan","eve"]}"#);
    assert_eq!(world.waiting(), 2, "the calendar, and a page");
    world.pass(hour(1));
    let order: Vec<_> = world.given().into_iter().map(|(what, _, _)| what).collect();
    assert_eq!(order, ["ann stayed", "cat stayed"]);
    assert_eq!(world.waiting(), 0);
    // What is due was heard; undone after that, it is taken back.
    world.happens("left", "x", hour(2), r#"{"who":["ann"]}"#);
    let count = world.catalog.stats[0].slot;
    assert_eq!(world.documents[&Key::new([("user", "ann")])].cell(count), None);
    assert!(world.documents[&Key::new([("user", "cat")])].cell(count).is_some());
}

#[test]
fn delayed_events_belong_to_their_stat_under_any_name() {
    let mut world = World::new(TWO_WAITS);
    world.happens("slow", "ann", hour(0), "");
    world.happens("fast", "ann", hour(0), "");
    let renamed = r#"
    [badge.slower]
    on    = "slow"
    after = "2h"

    [badge.fast]
    on    = "fast"
    after = "90m"
    "#;
    (world.catalog, world.numbers) = compile(renamed, &world.numbers);
    world.pass(hour(9));
    // Another wait is another stat, which heard nothing.
    assert_eq!(world.given(), [("ann slower".to_owned(), hour(2), "e0".to_owned())]);
    assert_eq!(world.waiting(), 0);
}

#[test]
fn after_an_event_of_the_past_the_clock_on_the_wall_says_nothing() {
    let mut world = World::new(TWO_WAITS);
    let event = |user: &str, time| {
        let draft = Draft {
            r#type: "fast".into(),
            user: user.into(),
            time: Some(hour(time).to_unix()),
            ..Draft::default()
        };
        draft.parse(hour(time)).unwrap()
    };
    let past = Moment { historical: true, ..world.moment() };
    let Decision::Done(outcome) = decide(&world.catalog, past, &event("ann", 0), &AtHand(&world.documents))
    else {
        panic!("nothing waits")
    };
    world.keep(*outcome);
    assert_eq!((world.pass(hour(99)), world.next_due()), (0, None));
    world.happens("other", "bob", hour(0), "");
    assert_eq!(world.next_due(), Some(hour(1)));
    assert_eq!(world.pass(hour(99)), 1);
}

#[test]
fn without_a_delay_in_the_rules_nothing_of_time_is_kept() {
    let mut world = World::new("[badge.first]\non = \"post\"");
    world.happens("post", "ann", hour(0), "");
    assert_eq!(world.pass(hour(9)), 0);
    assert_eq!(world.documents.keys().collect::<Vec<_>>(), [&Key::new([("user", "ann")])]);
}

/// Deciding brings what it needs in few rounds, not one for each delayed event.
#[test]
fn what_all_that_is_due_needs_is_asked_for_together() {
    let mut world = World::new(TWO_WAITS);
    for at in 0..100 {
        world.happens("fast", &format!("u{at}"), hour(0), "");
    }
    struct Some(HashMap<Key, Arc<Document>>);
    impl Documents for Some {
        fn get(&self, key: &Key) -> Option<Arc<Document>> {
            self.0.get(key).cloned()
        }
    }
    let mut at_hand = Some(HashMap::new());
    let mut rounds = 0;
    loop {
        match pass_time(&world.catalog, world.moment(), hour(1), &at_hand) {
            Passing::Heard(outcome) => break assert_eq!(outcome.record.awards.len(), 100),
            Passing::Nothing => panic!("a hundred are due"),
            Passing::Needs(keys) => {
                rounds += 1;
                let all = AtHand(&world.documents);
                at_hand.0.extend(keys.into_iter().map(|key| (key.clone(), all.get(&key).unwrap())));
            }
        }
    }
    assert!(rounds <= 3, "{rounds}: the clock, where what waits is, what waits, whom it is about");
}
