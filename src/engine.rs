//! Deciding: what an event changes, and who has earned what.
//!
//! [`decide`] is pure. It reads the catalog, the event and the documents at hand, and answers the
//! outcome or which documents it needs first. It does no I/O, looks at no clock, and cannot fail; the
//! same events in the same order give the same outcomes, on one thread or on many nodes.
//!
//! ```text
//!  event ──▶ hear ──▶ stats move ──▶ look, rank by rank ──▶ flags rise, badges are given
//!              ▲                                                        │
//!              └──────────── flag.NAME and badge.ID are events ◀────────┘
//! ```
//!
//! *Hear*: every stat that listens to the event reads its keys, its condition and its amount from how
//! things were before the event; then all of them move. *Look*: every rule that rests on something
//! which moved is looked at once for each key concerned, in the order of [`Catalog::rules`]; so nothing
//! is seen half-way. What becomes true is an event, heard at once, and moves only what is looked at later.

pub mod trial;

mod environment;
mod giving;
mod keys;
mod limited;
mod progress;
mod view;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use smol_str::{SmolStr, format_smolstr};

use crate::award::{Award, Revocation};
use crate::catalog::{Catalog, Gives, Rule, Tier};
use crate::cel::compare;
use crate::document::{Change, Document};
use crate::event::{Event, EventId, EventType, Map, Sequence, Time, UserId, Value};
use crate::key::Key;
use crate::outcome::{Outcome, Record};
use crate::stat::{Cell, Decimal, Kind, Slot, Step, Way};

use environment::Seen;
use limited::Move;
use view::View;

pub use keys::{KEYS_MAX, keys};
pub use progress::{Progress, progress};

/// Most times that a rule with `repeat` gives or happens at one look. What it has passed beyond them comes when it is
/// looked at next.
pub const REPEATS_MAX: u32 = 1_000;

/// Documents that a decision may look at.
pub trait Documents {
    /// The document under this key: an empty one where nothing is kept, none where it is not at hand.
    fn get(&self, key: &Key) -> Option<Arc<Document>>;
}

/// Where an event stands, apart from what it says itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Its place in the order of all events.
    pub sequence: Sequence,
    /// When it arrived.
    pub arrival: Time,
    /// Whether it came in a stream that was marked as the past.
    pub historical: bool,
}

/// What became of an event.
#[derive(Debug)]
pub enum Decision {
    /// It is decided.
    Done(Box<Outcome>),
    /// These documents are not at hand. Fetch them and decide again; it may then need others.
    Needs(Vec<Key>),
}

/// Decides what an event changes and who has earned what.
pub fn decide(catalog: &Catalog, moment: Moment, event: &Event, documents: &impl Documents) -> Decision {
    let view = View::new(catalog, documents);
    let mut work =
        Work { moment, event, view, agenda: BTreeSet::new(), awards: Vec::new(), revoked: Vec::new() };
    work.hear(&as_declared(catalog, event), Way::Add);
    // Without the documents that moved, looking would only find needs that may not be real.
    while !work.view.is_lacking()
        && let Some((rule, key)) = work.agenda.pop_first()
    {
        work.look(&catalog.rules[rule], &key);
    }
    work.finish()
}

/// The event as rules see it: its declared fields are of the types declared. It is kept as it was sent.
fn as_declared<'e>(catalog: &Catalog, event: &'e Event) -> Cow<'e, Event> {
    match catalog.typed_data(event) {
        None => Cow::Borrowed(event),
        Some(data) => Cow::Owned(Event { data, ..event.clone() }),
    }
}

/// A decision in the making.
struct Work<'a, D> {
    moment: Moment,
    event: &'a Event,
    view: View<'a, D>,
    /// What is still to be looked at: a rule's place in the catalog is its place in the order.
    agenda: BTreeSet<(usize, Key)>,
    awards: Vec<Award>,
    revoked: Vec<Revocation>,
}

impl<'a, D: Documents> Work<'a, D> {
    /// Moves the stats that hear an event, having read all they need before any of them moves. What takes an event
    /// back moves them the other way; what that had set to nothing it leaves alone.
    fn hear(&mut self, event: &Event, way: Way) {
        let catalog = self.view.catalog;
        let r#type = event.r#type.as_str();
        let mut moves: Vec<Move> = Vec::new();
        for index in catalog.hears(r#type) {
            self.read_moves(index, event, way, &mut moves);
        }
        for index in catalog.takes_back(r#type) {
            self.read_moves(index, event, way.opposite(), &mut moves);
        }
        if way == Way::Add {
            for index in catalog.resets(r#type) {
                let keys = keys::of_stat(&self.view, &catalog.stats[index], event);
                moves.extend(keys.into_iter().map(|key| Move {
                    stat: index,
                    key,
                    step: Step::Reset,
                    group: None,
                }));
            }
        }
        for one in moves {
            self.make(one);
        }
    }

    /// How an event moves one stat, read from how things are before it does.
    fn read_moves(&self, index: usize, event: &Event, way: Way, moves: &mut Vec<Move>) {
        let stat = &self.view.catalog.stats[index];
        for key in keys::of_stat(&self.view, stat, event) {
            let seen = Seen::hearing(&self.view, event, &key);
            if stat.when.as_ref().is_some_and(|when| !when.is_true(&seen)) {
                continue;
            }
            let amount = stat.amount.as_ref().and_then(|amount| amount.value(&seen));
            let steps = match (stat.kind, amount) {
                (Kind::Zone, Some(zone)) if way == Way::Add => {
                    let document = self.view.document(&key);
                    let kept = document.as_ref().and_then(|document| document.cell(stat.slot));
                    stat.place(kept, event.time, &zone).into_iter().collect()
                }
                (_, amount) => stat.steps(way, event.time, amount),
            };
            self.limited(stat, event, index, key.clone(), steps, moves);
        }
    }

    /// Moves one stat or flag; what rests on it is to be looked at if that changed anything.
    fn change(&mut self, stat: usize, key: &Key, step: Step) {
        let stat = &self.view.catalog.stats[stat];
        let change = Change { slot: stat.slot, step };
        if self.view.open(key).apply(change) {
            self.agenda.extend(stat.looked_at_by.iter().map(|rule| (*rule, key.clone())));
        }
    }

    fn look(&mut self, rule: &Rule, key: &Key) {
        match &rule.gives {
            Gives::Flag { stat, at, kept } => self.look_at_flag(rule, key, *stat, at, *kept),
            Gives::Event { stat, every } => self.look_at_event(rule, key, *stat, every),
            Gives::Badges { .. } => self.look_at_badges(rule, key),
        }
    }

    fn look_at_flag(&mut self, rule: &Rule, key: &Key, stat: usize, at: &Value, kept: bool) {
        let seen = Seen::looking(&self.view, self.event.time, key);
        let holds = is_met(rule, at, &seen);
        let raised = self.raised(key, self.view.catalog.stats[stat].slot);
        let (time, way, step) = match (raised, holds) {
            (None, true) => (self.event.time, Way::Add, Step::Raise(self.event.time)),
            // What counted it then counts it no longer, at the day on which it did.
            (Some(since), false) if !kept => (since, Way::TakeBack, Step::Fall),
            (None, false) | (Some(_), _) => return,
        };
        self.change(stat, key, step);
        let r#type = format_smolstr!("flag.{}", rule.name);
        if self.view.catalog.is_heard(&r#type) {
            let user = key.part("user").and_then(|user| UserId::parse(&user).ok()).unwrap_or_default();
            let event = Event { time, ..self.derived(r#type, user, parts_of(key).collect()) };
            self.hear(&event, way);
        }
    }

    /// A flag that repeats happens as often as its multiples are passed.
    fn look_at_event(&mut self, rule: &Rule, key: &Key, stat: usize, every: &Value) {
        let slot = self.view.catalog.stats[stat].slot;
        let happened = match self.view.document(key).and_then(|document| document.cell(slot).cloned()) {
            Some(Cell::Count(times)) => u32::try_from(times).unwrap_or(0),
            Some(_) | None => 0,
        };
        let times = self.multiples(rule, key, every).min(happened.saturating_add(REPEATS_MAX));
        let r#type = format_smolstr!("flag.{}", rule.name);
        for _ in happened..times {
            self.change(stat, key, Step::Count);
            let user = key.part("user").and_then(|user| UserId::parse(&user).ok()).unwrap_or_default();
            let event = self.derived(r#type.clone(), user, parts_of(key).collect());
            self.hear(&event, Way::Add);
        }
    }

    /// How many multiples of so much a rule's value has passed, where its condition holds.
    fn multiples(&self, rule: &Rule, key: &Key, every: &Value) -> u32 {
        let seen = Seen::looking(&self.view, self.event.time, key);
        if rule.when.as_ref().is_some_and(|when| !when.is_true(&seen)) {
            return 0;
        }
        let value = rule.value.as_ref().and_then(|value| value.value(&seen));
        let times = (|| Some(Decimal::of(&value?)?.multiples(Decimal::of(every)?)))();
        times.unwrap_or(0)
    }

    /// How many of the tiers, from the lowest, are reached. One that repeats is asked for its multiples instead.
    fn reached(&self, rule: &Rule, key: &Key, tiers: &[Tier], repeat: Option<&Value>) -> usize {
        if repeat.is_some() {
            return tiers.len();
        }
        let seen = Seen::looking(&self.view, self.event.time, key);
        if rule.when.as_ref().is_some_and(|when| !when.is_true(&seen)) {
            return 0;
        }
        match &rule.value {
            None => tiers.len(),
            Some(value) => match value.value(&seen) {
                None => 0,
                Some(value) => tiers.partition_point(|tier| at_least(&value, &tier.at)),
            },
        }
    }

    /// The event that a flag or badge gives rise to.
    fn derived(&self, r#type: SmolStr, user: UserId, data: Map) -> Event {
        Event {
            id: EventId::default(),
            r#type: EventType::derived(r#type),
            user,
            subject: SmolStr::default(),
            time: self.event.time,
            dated: true,
            data,
        }
    }

    /// Since when a flag is up.
    fn raised(&self, key: &Key, slot: Slot) -> Option<Time> {
        match self.view.document(key)?.cell(slot)? {
            Cell::Raised(since) => Some(*since),
            Cell::Count(_) | Cell::Sum(_) | Cell::Set(_) | Cell::Run(_) | Cell::Extreme(_) => None,
            Cell::Dated(_) | Cell::Bag(_) | Cell::Visits(_) | Cell::Window(_) | Cell::Placed(_) => None,
        }
    }

    fn finish(self) -> Decision {
        let (sequence, left_out) = (self.moment.sequence, self.view.left_out());
        let moved = match self.view.into_moved() {
            Ok(moved) => moved,
            Err(missing) => return Decision::Needs(missing),
        };
        let mut newcomers = 0;
        let (mut changes, mut documents) = (Vec::new(), Vec::new());
        for (key, moved) in moved {
            newcomers += u32::from(moved.was_empty && key.is_user());
            let mut document = moved.document;
            Arc::make_mut(&mut document).sequence = sequence;
            documents.push((key.clone(), document));
            if !moved.changes.is_empty() {
                changes.push((key, moved.changes));
            }
        }
        let Moment { arrival, historical, .. } = self.moment;
        let event = self.event.clone();
        let (awards, revoked) = (self.awards, self.revoked);
        let record = Record { sequence, arrival, historical, event, changes, awards, newcomers, revoked };
        Decision::Done(Box::new(Outcome { record, documents, left_out }))
    }
}

fn is_met<D: Documents>(rule: &Rule, at: &Value, seen: &Seen<'_, '_, D>) -> bool {
    rule.when.as_ref().is_none_or(|when| when.is_true(seen))
        && rule.value.as_ref().is_none_or(|value| value.value(seen).is_some_and(|value| at_least(&value, at)))
}

fn at_least(value: &Value, at: &Value) -> bool {
    compare(value, at).is_some_and(|order| order.is_ge())
}

/// The parts of a key as the data of an event.
fn parts_of(key: &Key) -> impl Iterator<Item = (SmolStr, Value)> {
    key.parts().map(|(name, value)| (SmolStr::from(name), Value::text(value)))
}

/// The texts in a text or a list of texts, each once.
fn texts(value: &Value) -> Vec<SmolStr> {
    let mut texts: Vec<SmolStr> = Vec::new();
    for item in value.items() {
        if let Value::Text(text) = item
            && !texts.contains(text)
        {
            texts.push(text.clone());
        }
    }
    texts
}
