//! A site by itself, whose documents come only when they are asked for, as from a cold disk.
//!
//! After every event each document that it changed is made again from the records alone, and must be what the engine
//! said.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use laurels::catalog::{Catalog, Numbers};
use laurels::diagnostic::Source;
use laurels::document::Document;
use laurels::engine::{Decision, Documents, Moment, decide};
use laurels::event::{Draft, DraftData, Sequence, Time};
use laurels::key::Key;
use laurels::outcome::Outcome;

/// A site whose documents are asked for.
#[derive(Default)]
pub(crate) struct Site {
    pub(crate) catalog: Catalog,
    numbers: Numbers,
    kept: HashMap<Key, Arc<Document>>,
    rebuilt: HashMap<Key, Document>,
    at_hand: RefCell<HashMap<Key, Arc<Document>>>,
    sequence: u64,
    /// What the last event asked for, in rounds.
    pub(crate) asked: Vec<Vec<Key>>,
}

impl Documents for Site {
    fn get(&self, key: &Key) -> Option<Arc<Document>> {
        self.at_hand.borrow().get(key).cloned()
    }
}

impl Site {
    pub(crate) fn new(rules: &str) -> Site {
        let mut site = Site::default();
        site.adopt(rules);
        site
    }

    pub(crate) fn adopt(&mut self, rules: &str) {
        let files = [Source { name: "rules.toml".to_owned(), text: rules.to_owned() }];
        let (catalog, numbers, _) = Catalog::compile(&files, &self.numbers).unwrap();
        (self.catalog, self.numbers) = (catalog, numbers);
    }

    /// Records an event from cold, and answers what came of it.
    pub(crate) fn record(&mut self, r#type: &str, user: &str, data: &str) -> Outcome {
        let now = Time::parse("2026-01-01T00:00:00Z").unwrap();
        self.sequence += 1;
        let arrival = now.plus_micros(self.sequence as i64 * 1_000_000).unwrap();
        let data = DraftData::Json(data.to_owned());
        let draft = Draft { r#type: r#type.to_owned(), user: user.to_owned(), data, ..Draft::default() };
        let event = draft.parse(arrival).unwrap();
        let moment = Moment { sequence: Sequence(self.sequence), arrival, historical: false };
        self.at_hand.borrow_mut().clear();
        self.asked.clear();
        loop {
            match decide(&self.catalog, moment, &event, &*self) {
                Decision::Needs(keys) => {
                    let fetched = keys.iter().map(|key| (key.clone(), self.document(key)));
                    self.at_hand.borrow_mut().extend(fetched);
                    self.asked.push(keys);
                }
                Decision::First(outcome) => panic!("nothing is heard later here: {outcome:?}"),
                Decision::Done(outcome) => {
                    self.keep(&outcome);
                    return *outcome;
                }
            }
        }
    }

    fn keep(&mut self, outcome: &Outcome) {
        for (key, document) in &outcome.documents {
            self.kept.insert(key.clone(), document.clone());
        }
        let record = &outcome.record;
        for (key, changes) in &record.changes {
            let document = self.rebuilt.entry(key.clone()).or_default();
            changes.iter().for_each(|change| _ = document.apply(change));
        }
        for news in record.news() {
            self.rebuilt.entry(Key::user(&news.award().user)).or_default().tell(news);
        }
        for key in record.keys() {
            self.rebuilt.entry(key).or_default().sequence = record.sequence;
        }
        // Comparing ten thousand that wait at each of ten thousand events would take a minute.
        if self.sequence < 2000 {
            self.check_rebuilt(outcome);
        }
        let changed: BTreeSet<_> = outcome.documents.iter().map(|(key, _)| key.clone()).collect();
        assert_eq!(changed, outcome.record.keys().into_iter().collect());
    }

    pub(crate) fn check_rebuilt(&self, outcome: &Outcome) {
        for (key, document) in &outcome.documents {
            assert_eq!(self.rebuilt[key], **document, "{key:?} is another when it is made from the journal");
        }
    }

    pub(crate) fn document(&self, key: &Key) -> Arc<Document> {
        self.kept.get(key).cloned().unwrap_or_default()
    }

    /// All documents, at hand.
    pub(crate) fn all(&self) -> impl Documents {
        All(self.kept.clone())
    }

    /// Whether somebody waits for this key.
    pub(crate) fn is_waited_for(&self, key: &Key) -> bool {
        let slots = self.catalog.rules.iter().filter_map(|rule| rule.waits);
        let waiting = self.document(&key.waiting());
        slots.into_iter().any(|slot| waiting.cell(slot).is_some())
    }
}

/// Documents that are all at hand.
struct All(HashMap<Key, Arc<Document>>);

impl Documents for All {
    fn get(&self, key: &Key) -> Option<Arc<Document>> {
        Some(self.0.get(key).cloned().unwrap_or_default())
    }
}

/// The awards of an outcome, as `user badge`.
pub(crate) fn given(site: &Site, outcome: &Outcome) -> Vec<String> {
    let of = |badge| site.catalog.badge(badge).unwrap().id.clone();
    outcome.record.awards.iter().map(|award| format!("{} {}", award.user.as_str(), of(award.badge))).collect()
}

/// The key of what is kept per user.
pub(crate) fn user(name: &str) -> Key {
    Key::new([("user", name)])
}
