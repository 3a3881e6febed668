//! Runs what a catalog says of itself: its `[[test]]`s, over the same [`decide`] that serves a site.

mod way;

use std::collections::BTreeSet;
use std::fmt;

use super::{Decision, InMemory, Moment, Passing, decide, pass_time};
use crate::catalog::{Catalog, Held, Trial};
use crate::event::Time;
use crate::outcome::Outcome;

use way::Ways;

/// So many awards are shown that are wrong, and the rest counted: one mistake may give a badge to everybody.
const WRONG_SHOWN: usize = 20;

/// How a trial failed: what is held, and what should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `badges/seven.toml:8`
    pub place: String,
    /// What the trial claims.
    pub name: String,
    /// Awards that should be held and are not.
    pub missing: Vec<Wrong>,
    /// Awards that are held and should not be.
    pub unexpected: Vec<Wrong>,
}

/// An award that is held and should not be, or the other way round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// As it is written in a file.
    pub award: String,
    /// The way that each number took on which it rests: `hearts of ann/p1: 0 → 1 → 2 (needs 3)`.
    pub ways: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: the test fails: {}", self.place, self.name)?;
        let missing = self.missing.iter().map(|wrong| ("expected, but not given", wrong));
        let unexpected = self.unexpected.iter().map(|wrong| ("given, but not expected", wrong));
        for (how, Wrong { award, ways }) in missing.chain(unexpected).take(WRONG_SHOWN) {
            write!(f, "\n  {how}: {award:?}")?;
            for way in ways {
                write!(f, "\n    {way}")?;
            }
        }
        match (self.missing.len() + self.unexpected.len()).saturating_sub(WRONG_SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// Runs one trial: its events, one after the other, from nothing.
pub fn run(catalog: &Catalog, trial: &Trial) -> Result<(), Failure> {
    let held = held(&go_through(catalog, trial, |_, _| {}), catalog, trial);
    let expected: BTreeSet<Held> = trial.awards.iter().cloned().collect();
    if held == expected {
        return Ok(());
    }
    // Once more, now that it is known what to look at.
    let wrong: Vec<&Held> = expected.symmetric_difference(&held).collect();
    let mut ways = Ways::to(catalog, &wrong);
    go_through(catalog, trial, |number, outcome| ways.note(number, outcome));
    let shown = |held: &Held| {
        let badge = catalog.badges.get(held.badge).map_or("", |badge| badge.id.as_str());
        Wrong { award: held.text(badge), ways: ways.of(held, trial) }
    };
    Err(Failure {
        place: format!("{}:{}", trial.file, trial.line),
        name: trial.name.clone(),
        missing: expected.difference(&held).map(shown).collect(),
        unexpected: held.difference(&expected).map(shown).collect(),
    })
}

/// Lets everything of a trial happen; shows what came of each event, with its number from 1.
fn go_through(catalog: &Catalog, trial: &Trial, mut show: impl FnMut(usize, &Outcome)) -> InMemory {
    let mut documents = InMemory::default();
    let mut moment = Moment::BEGINNING;
    for (at, event) in trial.events.iter().enumerate() {
        moment.arrival = event.time;
        loop {
            moment.sequence = moment.sequence.next();
            let (outcome, over) = match decide(catalog, moment, event, &documents) {
                Decision::First(outcome) => (outcome, false),
                Decision::Done(outcome) => (outcome, true),
                // Everything is at hand, so that a decision never needs more.
                Decision::Needs(_) => break,
            };
            show(at + 1, &outcome);
            documents.0.extend(outcome.documents);
            if over {
                break;
            }
        }
    }
    // What came late may be due, though nothing comes after it.
    loop {
        moment.sequence = moment.sequence.next();
        let Passing::Heard(outcome) = pass_time(catalog, moment, Time::MIN, &documents) else { break };
        show(trial.events.len(), &outcome);
        documents.0.extend(outcome.documents);
    }
    documents
}

/// The awards that the trial is about.
fn held(documents: &InMemory, catalog: &Catalog, trial: &Trial) -> BTreeSet<Held> {
    let awards = documents.0.values().flat_map(|document| document.awards());
    let held = awards.filter_map(|award| {
        let about = |place: &&usize| catalog.badges[**place].number == award.badge;
        let badge = *trial.badges.iter().find(about)?;
        let key = catalog.badges[badge].key_text(&award.key);
        Some(Held { user: award.user.as_text().clone(), badge, key, number: award.number })
    });
    held.collect()
}
