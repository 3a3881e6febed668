//! Runs what a catalog says of itself: its `[[test]]`s, over the same [`decide`] that serves a site.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use super::{Decision, Documents, Moment, Passing, decide, pass_time};
use crate::catalog::{Catalog, Held, Trial};
use crate::document::Document;
use crate::event::Time;
use crate::key::Key;
use crate::outcome::Outcome;

/// How a trial failed: what is held, and what should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `badges/seven.toml:8`
    pub place: String,
    /// What the trial claims.
    pub name: String,
    /// Awards that should be held and are not, as they are written in a file.
    pub missing: Vec<String>,
    /// Awards that are held and should not be.
    pub unexpected: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: the test fails: {}", self.place, self.name)?;
        for award in &self.missing {
            write!(f, "\n  should be held at the end, and is not: {award:?}")?;
        }
        for award in &self.unexpected {
            write!(f, "\n  is held at the end, and should not be: {award:?}")?;
        }
        Ok(())
    }
}

/// Runs one trial: its events, one after the other, from nothing.
pub fn run(catalog: &Catalog, trial: &Trial) -> Result<(), Failure> {
    let mut kept = Kept::default();
    let mut moment = Moment::BEGINNING;
    for event in &trial.events {
        moment.arrival = event.time;
        loop {
            moment.sequence = moment.sequence.next();
            match decide(catalog, moment, event, &kept) {
                Decision::First(outcome) => kept.keep(*outcome),
                Decision::Done(outcome) => break kept.keep(*outcome),
                Decision::Needs(_) => break,
            }
        }
    }
    // What came late may be due, though nothing comes after it.
    loop {
        moment.sequence = moment.sequence.next();
        let Passing::Heard(outcome) = pass_time(catalog, moment, Time::MIN, &kept) else { break };
        kept.keep(*outcome);
    }
    let held = kept.held(catalog, trial);
    let expected: BTreeSet<&Held> = trial.awards.iter().collect();
    let text = |held: &&Held| {
        let badge = catalog.badges.get(held.badge).map_or("", |badge| badge.id.as_str());
        held.text(badge)
    };
    let missing: Vec<_> = expected.iter().filter(|award| !held.contains(**award)).map(text).collect();
    let unexpected: Vec<_> =
        held.iter().filter(|award| !expected.contains(award)).map(|award| text(&award)).collect();
    if missing.is_empty() && unexpected.is_empty() {
        return Ok(());
    }
    let place = format!("{}:{}", trial.file, trial.line);
    Err(Failure { place, name: trial.name.clone(), missing, unexpected })
}

/// The documents of one trial.
#[derive(Default)]
struct Kept(HashMap<Key, Arc<Document>>);

impl Documents for Kept {
    fn get(&self, key: &Key) -> Option<Arc<Document>> {
        // Everything is at hand, so that a decision never needs more.
        Some(self.0.get(key).cloned().unwrap_or_default())
    }
}

impl Kept {
    fn keep(&mut self, outcome: Outcome) {
        self.0.extend(outcome.documents);
    }

    /// The awards that the trial is about.
    fn held(&self, catalog: &Catalog, trial: &Trial) -> BTreeSet<Held> {
        let awards = self.0.values().flat_map(|document| document.awards());
        let held = awards.filter_map(|award| {
            let about = |place: &&usize| catalog.badges[**place].number == award.badge;
            let badge = *trial.badges.iter().find(about)?;
            let key = catalog.badges[badge].key_text(&award.key);
            Some(Held { user: award.user.as_text().clone(), badge, key, number: award.number })
        });
        held.collect()
    }
}
