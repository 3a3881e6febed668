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
//! A rule that looks at other keys is also looked at when these change (`engine/waiting.rs`); one with `top` is looked
//! at for all its keys at once (`engine/top.rs`).
//!
//! What a stat hears later waits in documents, too. Whatever is due at an event is heard before it, in records of its
//! own ([`Decision::First`]), so that it makes no difference when, and by how much, time has passed in between.

pub mod trial;

mod agenda;
mod attempt;
mod delaying;
mod environment;
mod expiring;
mod giving;
mod hand;
mod keys;
mod limited;
mod passing;
mod progress;
mod top;
mod view;
mod waiting;

use std::borrow::Cow;
use std::sync::Arc;

use smol_str::{SmolStr, format_smolstr};

use crate::act::Act;
use crate::award::{Award, Revocation};
use crate::catalog::{Catalog, Gives, Rule, Tier};
use crate::cel::compare;
use crate::document::{Change, Document};
use crate::event::{Event, EventId, EventType, Map, Sequence, Time, UserId, Value};
use crate::key::Key;
use crate::outcome::{Outcome, Record};
use crate::profile;
use crate::stat::{Cell, Decimal, Kind, Slot, Step, Turn, Way};

use agenda::Agenda;
use environment::Seen;
use keys::Heard;
use limited::Move;
use view::View;

pub use attempt::{Came, InMemory, attempt};
pub use keys::{KEYS_MAX, keys};
pub use passing::{HEARD_MAX, Passing, next_due, pass_one, pass_time};
pub use progress::{Progress, progress};
pub use waiting::WAITING_MAX;

/// Most times that a rule with `repeat` gives, takes back or happens at one look. What it has passed beyond them comes when
/// it is looked at next.
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

impl Moment {
    /// Before the first event.
    pub const BEGINNING: Moment = Moment { sequence: Sequence(0), arrival: Time::MIN, historical: false };
}

/// What became of an event.
#[derive(Debug)]
pub enum Decision {
    /// It is decided.
    Done(Box<Outcome>),
    /// Something delayed is heard before it, and this is what became of that. Keep it, and decide the event again, at
    /// the next place.
    First(Box<Outcome>),
    /// These documents are not at hand. Fetch them and decide again; it may then need others.
    Needs(Vec<Key>),
}

/// Decides what an event changes and who has earned what.
pub fn decide(catalog: &Catalog, moment: Moment, event: &Event, documents: &impl Documents) -> Decision {
    if let Some(act) = Act::of(event) {
        return hand::decide(catalog, moment, event, &act, documents);
    }
    if catalog.keeps_time() {
        match passing::pass(catalog, moment, event.time, documents) {
            Passing::Heard(outcome) => return Decision::First(outcome),
            Passing::Needs(keys) => return Decision::Needs(keys),
            Passing::Nothing => {}
        }
    }
    let mut work = Work::begin(catalog, moment, documents);
    (work.now, work.origin) = (event.time, event.id.clone());
    work.hear(&as_declared(catalog, event), Way::Add);
    for change in profile::changes(event) {
        work.view.open(&Key::user(&event.user)).apply(change);
    }
    work.look_at_all();
    if catalog.keeps_time() {
        work.advance(event.time, Some(moment.historical));
    }
    match work.finish(event.clone()) {
        Ok(outcome) => Decision::Done(outcome),
        Err(keys) => Decision::Needs(keys),
    }
}

/// The event as rules see it: its declared fields are of the types declared. It is kept as it was sent.
fn as_declared<'e>(catalog: &Catalog, event: &'e Event) -> Cow<'e, Event> {
    match catalog.typed_data(event) {
        None => Cow::Borrowed(event),
        Some(data) => Cow::Owned(Event { data, ..event.clone() }),
    }
}

/// How one event moves stats: read before any of them moves.
#[derive(Default)]
struct Moves {
    steps: Vec<Move>,
    /// What waits at a key, and is undone there.
    undone: Vec<(usize, Key, Turn)>,
    delays: Vec<delaying::Delay>,
}

/// A decision in the making.
struct Work<'a, D> {
    moment: Moment,
    /// The time of the event, or when something delayed is due: the date of what comes of it.
    now: Time,
    /// The event of the site from which it comes.
    origin: EventId,
    view: View<'a, D>,
    /// What is still to be looked at.
    agenda: Agenda,
    awards: Vec<Award>,
    revoked: Vec<Revocation>,
    /// How many events were delayed so far.
    delays: u32,
}

impl<'a, D: Documents> Work<'a, D> {
    fn begin(catalog: &'a Catalog, moment: Moment, documents: &'a D) -> Self {
        let (origin, agenda, awards, revoked, delays) = Default::default();
        let view = View::new(catalog, documents);
        Work { moment, now: Time::MIN, origin, view, agenda, awards, revoked, delays }
    }

    /// Looks at all that is to be looked at.
    fn look_at_all(&mut self) {
        let catalog = self.view.catalog;
        while let Some((place, key)) = self.agenda.next() {
            let rule = &catalog.rules[place];
            // Without the documents that moved, looking would only find needs that may not be real.
            match &rule.top {
                _ if self.view.is_lacking() => self.foresee(rule, &key),
                Some(top) => self.look_at_top(place, top, key),
                None => self.look(rule, &key),
            }
        }
    }

    /// Moves the stats that hear an event, having read all they need before any of them moves. What takes an event
    /// back moves them the other way; what that had set to nothing it leaves alone.
    fn hear(&mut self, event: &Event, way: Way) {
        let catalog = self.view.catalog;
        let r#type = event.r#type.as_str();
        let mut moves = Moves::default();
        let heard = Heard::new(event, event.time);
        for index in catalog.hears(r#type) {
            self.read_moves(index, &heard, way, &mut moves);
        }
        for index in catalog.takes_back(r#type) {
            self.read_moves(index, &heard, way.opposite(), &mut moves);
        }
        if way == Way::Add {
            for index in catalog.resets(r#type) {
                let keys = keys::of_stat(&self.view, &catalog.stats[index], &heard);
                let reset = |key| Move { stat: index, key, step: Step::Reset, group: None };
                moves.steps.extend(keys.into_iter().map(reset));
            }
        }
        self.make_all(moves);
    }

    /// How an event moves one stat, read from how things are before it does.
    fn read_moves(&self, index: usize, heard: &Heard<'_>, way: Way, moves: &mut Moves) {
        let stat = &self.view.catalog.stats[index];
        let event = heard.event;
        if way == Way::TakeBack && !stat.undoable && !stat.takes_back_by_hand() {
            return;
        }
        if stat.delay.is_some() && way == Way::Add {
            moves.delays.extend(self.read_delay(index, heard));
            return;
        }
        for key in keys::of_stat(&self.view, stat, heard) {
            let seen = Seen::hearing(&self.view, event, event.time, &key);
            if stat.when.as_ref().is_some_and(|when| !when.is_true(&seen)) {
                continue;
            }
            let amount = stat.amount.as_ref().and_then(|amount| amount.value(&seen));
            if let Some(undone) = self.read_undone(stat, event, &key, amount.as_ref()) {
                moves.undone.push((index, key, undone));
                continue;
            }
            let steps = match (stat.kind, amount) {
                (Kind::Zone, Some(zone)) if way == Way::Add => {
                    let document = self.view.document(&key);
                    let kept = document.as_ref().and_then(|document| document.cell(stat.slot));
                    stat.place(kept, event.time, &zone).into_iter().collect()
                }
                (_, amount) => stat.steps(way, event.time, amount),
            };
            self.limited(index, event, event.time, key, steps, &mut moves.steps);
        }
    }

    fn make_all(&mut self, moves: Moves) {
        for one in moves.steps {
            self.make(one);
        }
        for (index, key, turn) in moves.undone {
            self.undo_waiting(index, &key, turn);
        }
        for delay in moves.delays {
            self.put_off(delay);
        }
    }

    /// Moves one stat or flag; what rests on it is to be looked at if that changed anything.
    fn change(&mut self, stat: usize, key: &Key, step: Step) {
        let stat = &self.view.catalog.stats[stat];
        let change = Change { slot: stat.slot, step };
        if self.view.open(key).apply(change) {
            self.agenda.add(&stat.looked_at_by, key);
            self.call_waiting(&stat.waited_for_by, key);
        }
    }

    /// Looks at a rule at one key, and remembers at which others that looked.
    fn look(&mut self, rule: &Rule, key: &Key) {
        self.look_at(rule, key);
        self.wait(rule, key);
    }

    fn look_at(&mut self, rule: &Rule, key: &Key) {
        match &rule.gives {
            Gives::Flag { stat, at, kept } => self.look_at_flag(rule, key, *stat, at, *kept),
            Gives::Event { stat, every } => self.look_at_event(rule, key, *stat, every),
            Gives::Badges { .. } => self.look_at_badges(rule, key),
        }
    }

    fn look_at_flag(&mut self, rule: &Rule, key: &Key, stat: usize, at: &Value, kept: bool) {
        let holds = match &rule.top {
            Some(top) => self.is_in_top(rule, top, key),
            None => is_met(rule, at, &Seen::looking(&self.view, self.now, key)),
        };
        let raised = self.raised(key, self.view.catalog.stats[stat].slot);
        let (time, way, step) = match (raised, holds) {
            (None, true) => (self.now, Way::Add, Step::Raise(self.now)),
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
        let seen = Seen::looking(&self.view, self.now, key);
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
        if let Some(top) = &rule.top {
            return if self.is_in_top(rule, top, key) { tiers.len() } else { 0 };
        }
        let seen = Seen::looking(&self.view, self.now, key);
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
            time: self.now,
            dated: true,
            data,
        }
    }

    /// Since when a flag is up.
    fn raised(&self, key: &Key, slot: Slot) -> Option<Time> {
        match self.view.document(key)?.cell(slot)? {
            Cell::Raised(since) => Some(*since),
            Cell::Count(_) | Cell::Sum(_) | Cell::Set(_) | Cell::Run(_) | Cell::Extreme(_) => None,
            Cell::Dated(_) | Cell::Bag(_) | Cell::Visits(_) | Cell::Window(_) => None,
            Cell::Placed(_) | Cell::Ranking(_) | Cell::Timer(_) => None,
        }
    }

    /// All of it, as what came of this event; or the documents that are needed first.
    fn finish(self, event: Event) -> Result<Box<Outcome>, Vec<Key>> {
        let (sequence, left_out) = (self.moment.sequence, self.view.left_out());
        let moved = self.view.into_moved()?;
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
        let (awards, revoked) = (self.awards, self.revoked);
        let record = Record { sequence, arrival, historical, event, changes, awards, newcomers, revoked };
        Ok(Box::new(Outcome { record, documents, left_out }))
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
