//! A site decided by the engine, one event after another, as the service does it: with no document at hand but those
//! that were asked for.

use std::collections::HashMap;
use std::sync::Arc;

use laurels::award::{Award, Revocation};
use laurels::catalog::{Catalog, Numbers, Source};
use laurels::cel::Facet;
use laurels::document::Document;
use laurels::engine::{Decision, Documents, Moment, Passing, decide, pass_time};
use laurels::event::{Event, Sequence, Time, Value};
use laurels::key::Key;
use laurels::outcome::{Outcome, Record};
use laurels::stat::Kind;

use super::reference::{Given, Key as PlainKey};
use super::written::Side;

/// Most rounds of asking that one event may take: each brings something that the one before did not know of.
const ROUNDS_MAX: usize = 200;

/// A site and all that is kept of it.
pub(crate) struct Site {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) documents: HashMap<Key, Arc<Document>>,
    sequence: u64,
}

#[derive(Default)]
struct AtHand(HashMap<Key, Arc<Document>>);

impl Documents for AtHand {
    fn get(&self, key: &Key) -> Option<Arc<Document>> {
        self.0.get(key).cloned()
    }
}

/// The catalog that a text declares, or what is wrong with it.
pub(crate) fn compiled(text: &str) -> Result<Catalog, Vec<String>> {
    let files = [Source { name: "rules.toml".to_owned(), text: text.to_owned() }];
    match Catalog::compile(&files, &Numbers::default()) {
        Ok((catalog, ..)) => Ok(catalog),
        Err(mistakes) => Err(mistakes.iter().map(ToString::to_string).collect()),
    }
}

impl Site {
    pub(crate) fn new(catalog: Arc<Catalog>) -> Site {
        Site { catalog, documents: HashMap::new(), sequence: 0 }
    }

    /// Decides one event and keeps what came of it, if it is not refused. `past`: whether it is of a historical stream.
    pub(crate) fn take(&mut self, event: &Event, past: bool) -> Vec<Record> {
        let mut records = Vec::new();
        if self.catalog.check_event(event).is_err() {
            return records;
        }
        loop {
            let (record, done) = self.take_next(event, past);
            records.push(record);
            if done {
                return records;
            }
        }
    }

    /// What comes next of an event, and whether that is all.
    fn take_next(&mut self, event: &Event, past: bool) -> (Record, bool) {
        self.sequence += 1;
        let moment = Moment { sequence: Sequence(self.sequence), arrival: event.time, historical: past };
        let mut at_hand = AtHand::default();
        for _ in 0..ROUNDS_MAX {
            match decide(&self.catalog, moment, event, &at_hand) {
                Decision::First(outcome) => return (self.keep(*outcome), false),
                Decision::Done(outcome) => return (self.keep(*outcome), true),
                Decision::Needs(keys) => self.fetch(keys, &mut at_hand),
            }
        }
        panic!("it asks for ever: {event:?}");
    }

    /// Lets time pass until then, as a tick of the clock does.
    pub(crate) fn pass(&mut self, wall: Time) -> Vec<Record> {
        let mut records = Vec::new();
        let mut at_hand = AtHand::default();
        loop {
            let sequence = Sequence(self.sequence + 1);
            let moment = Moment { sequence, arrival: wall, historical: false };
            match pass_time(&self.catalog, moment, wall, &at_hand) {
                Passing::Nothing => return records,
                Passing::Needs(keys) => self.fetch(keys, &mut at_hand),
                Passing::Heard(outcome) => {
                    self.sequence += 1;
                    records.push(self.keep(*outcome));
                    at_hand = AtHand::default();
                }
            }
        }
    }

    /// The place of the last record.
    pub(crate) fn sequence(&self) -> Sequence {
        Sequence(self.sequence)
    }

    fn keep(&mut self, outcome: Outcome) -> Record {
        let Outcome { record, documents, .. } = outcome;
        self.documents.extend(documents);
        record
    }

    fn fetch(&self, keys: Vec<Key>, at_hand: &mut AtHand) {
        assert!(!keys.is_empty(), "it needs something");
        for key in keys {
            let document = self.documents.get(&key).cloned().unwrap_or_default();
            assert!(at_hand.0.insert(key, document).is_none(), "it asks for what it has");
        }
    }

    /// The awards of a record, those that were given and those that were taken back, in their order.
    pub(crate) fn given(&self, record: &Record) -> Vec<Given> {
        let gave = record.awards.iter().map(|award| (award.place, given(&self.catalog, award)));
        let taken = record.revoked.iter();
        let taken = taken.map(|revoked| (revoked.place, taken_back(&self.catalog, revoked)));
        let mut told: Vec<_> = gave.chain(taken).collect();
        told.sort_by_key(|(place, _)| *place);
        told.into_iter().map(|(_, told)| told).collect()
    }

    /// The place of a stat, and none where it is one with another that is defined alike.
    pub(crate) fn stat(&self, name: &str, truth: bool) -> Option<usize> {
        self.catalog.stats.iter().position(|stat| stat.name == name && (stat.kind == Kind::Flag) == truth)
    }

    /// What a stat reads as, at a key and a time.
    pub(crate) fn reads(&self, stat: usize, side: Option<Side>, key: &PlainKey, now: Time) -> Option<Value> {
        let facet = match side {
            None => Facet::Itself,
            Some(Side::List) => Facet::List,
            Some(Side::Longest) => Facet::Longest,
            Some(Side::Streak) => Facet::Streak,
            Some(Side::Size) => Facet::Size,
            Some(Side::First) => Facet::First,
            Some(Side::Last) => Facet::Last,
            Some(Side::Gap) => Facet::Gap,
        };
        let key = Key::new(key.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let stat = &self.catalog.stats[stat];
        let document = self.documents.get(&key);
        stat.read(document.and_then(|document| document.cell(stat.slot)), facet, now)
    }
}

/// An award as the reference has it.
pub(crate) fn given(catalog: &Catalog, award: &Award) -> Given {
    Given {
        user: award.user.as_str().to_owned(),
        badge: catalog.badge(award.badge).expect("a badge of the catalog").id.to_string(),
        key: plain(&award.key),
        number: award.number,
        time: award.time,
        points: award.points,
        first: award.first,
        taken_back: None,
    }
}

/// An award that was taken back.
pub(crate) fn taken_back(catalog: &Catalog, revoked: &Revocation) -> Given {
    Given { first: revoked.last, taken_back: Some(revoked.time), ..given(catalog, &revoked.award) }
}

/// A key as its parts.
pub(crate) fn plain(key: &Key) -> PlainKey {
    key.parts().map(|(name, value)| (name.to_owned(), value.into_owned())).collect()
}
