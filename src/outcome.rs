//! What one event changed, as the engine says it and the store keeps it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::award::{Award, News, Revocation};
use crate::badge::BadgeNumber;
use crate::document::{Change, Document};
use crate::event::{Event, Sequence, Time};
use crate::key::Key;

/// An event and what it did: what the journal keeps. Documents are rebuilt from these, without
/// deciding again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Where the event stands in the order of all events.
    pub sequence: Sequence,
    /// When it arrived, by the server's clock.
    pub arrival: Time,
    /// Whether it came in a stream that was marked as the past.
    pub historical: bool,
    /// The event.
    pub event: Event,
    /// What it changed, document by document, in the order in which it happened.
    pub changes: Vec<(Key, Vec<Change>)>,
    /// The awards it gave, in the order given. Each also changes its user's document.
    pub awards: Vec<Award>,
    /// The awards it took back, in the order in which it did. Their places say what came before and after.
    pub revoked: Vec<Revocation>,
    /// How many users it was the first to leave something with.
    pub newcomers: u32,
}

/// Everything one event changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What is to be kept for ever.
    pub record: Record,
    /// The documents as they are afterwards.
    pub documents: Vec<(Key, Arc<Document>)>,
    /// Keys that the event did not move, since it was about more than it may be. For the log.
    pub left_out: usize,
}

impl Record {
    /// Brings a document up to date: what it has already is left alone. Says whether it changed.
    pub fn apply_to(&self, key: &Key, document: &mut Document) -> bool {
        if document.sequence >= self.sequence {
            return false;
        }
        let mut changed = false;
        for change in self.changes.iter().filter(|(of, _)| of == key).flat_map(|(_, changes)| changes) {
            changed |= document.apply(change);
        }
        for news in self.news().filter(|news| Key::user(&news.award().user) == *key) {
            changed |= document.tell(news);
        }
        document.sequence = self.sequence;
        changed
    }

    /// What it gave and took back, in the order in which it did.
    pub fn news(&self) -> impl Iterator<Item = News> {
        News::of(&self.awards, &self.revoked)
    }

    /// The keys of all documents it changed, each once.
    pub fn keys(&self) -> Vec<Key> {
        let changed = self.changes.iter().map(|(key, _)| key.clone());
        let given = self.awards.iter();
        let told = given.chain(self.revoked.iter().map(|revocation| &revocation.award));
        let mut keys: Vec<_> = changed.chain(told.map(|award| Key::user(&award.user))).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// How many users there are, and how many of them hold each badge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rarity {
    /// Users with whom something was left: a number moved, or an award.
    pub users: u64,
    /// Users who hold the badge, for at least one key.
    pub holders: BTreeMap<BadgeNumber, u64>,
}

impl Rarity {
    /// Counts what one event added and took away.
    pub fn count(&mut self, record: &Record) {
        self.add(record.newcomers, &record.awards, &record.revoked);
    }

    /// The same, of what the record has of it.
    pub fn add(&mut self, newcomers: u32, awards: &[Award], revoked: &[Revocation]) {
        self.users += u64::from(newcomers);
        for award in awards.iter().filter(|award| award.first) {
            *self.holders.entry(award.badge).or_default() += 1;
        }
        for revocation in revoked.iter().filter(|revocation| revocation.last) {
            // A badge that nobody holds is as one that nobody ever held.
            match self.holders.get_mut(&revocation.award.badge) {
                Some(holders) if *holders > 1 => *holders -= 1,
                Some(_) | None => drop(self.holders.remove(&revocation.award.badge)),
            }
        }
    }
}
