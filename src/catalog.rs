//! All stats, badges and flags, compiled, indexed by event type. Immutable, and replaced whole.
//!
//! [`Catalog::compile`] makes one of a folder of TOML files, or says every mistake in them at once:
//!
//! ```text
//! files ──▶ declare ──▶ names, events, keys, hearing ──▶ stats ──▶ rules ──▶ rank, fall ──▶ Catalog
//!           what they    what names mean                 CEL, typed          in which order
//!           say, where
//! ```

mod attempt;
mod badges;
mod compile;
mod declare;
mod events;
mod fall;
mod fields;
mod fingerprint;
mod hearing;
mod keys;
mod layout;
mod limits;
mod listeners;
mod load;
mod look;
mod mistakes;
mod names;
mod numbers;
mod profile;
mod quoted;
mod rank;
mod rules;
mod schema;
mod scope;
mod stats;
mod top;
#[cfg(test)]
mod tests;
mod trial;
mod waits;
mod warnings;

use std::collections::HashMap;

use smol_str::SmolStr;

use crate::badge::{Badge, BadgeNumber};
use crate::cel::Program;
use crate::event::{Event, Invalid, Map, Time, Value};
use crate::stat::{Slot, Span, Stat};

use events::Events;
use listeners::Listeners;

pub use crate::diagnostic::Source;
pub use attempt::Attempted;
pub use fingerprint::Fingerprint;
pub use load::{Files, Size, Unreadable};
pub use numbers::Numbers;
pub use schema::schema;
pub use trial::{Held, Trial};

/// Everything that the files of one folder declare.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// Stats in the order of their names, with the numbers of badges and flags that have `on`, and the
    /// truth of every flag.
    pub stats: Vec<Stat>,
    /// Flags and badges in the order in which they are looked at: by rank, within a rank flags first,
    /// then by name.
    pub rules: Vec<Rule>,
    /// The badges declared, in the order of files and within a file as they are written; then those
    /// that are declared no longer.
    pub badges: Vec<Badge>,
    /// The names of categories, by id.
    pub categories: Vec<Category>,
    /// What the files say of themselves.
    pub trials: Vec<Trial>,
    /// Which stats hear an event type, in order.
    listeners: Listeners,
    /// Those that take back what they added.
    undoers: Listeners,
    /// Those that are set to nothing.
    resetters: Listeners,
    /// The rules that ask whether a badge is held, and are looked at when it is given.
    award_looks: HashMap<BadgeNumber, AwardLooks>,
    /// The stats that hear later, by slot.
    delayed: HashMap<Slot, usize>,
    /// The badges that expire, by the slot in which it is kept until when they are held: the rule and the tier.
    expiring: HashMap<Slot, (usize, usize)>,
    /// The declared events.
    events: Events,
    /// Where in `badges` a badge is, by number.
    by_number: HashMap<BadgeNumber, usize>,
    /// Where in `badges` a badge is, by id.
    by_id: HashMap<SmolStr, usize>,
}

impl Catalog {
    /// The stats that hear events of this type, in order. Costs no more for all the others.
    pub fn hears(&self, event_type: &str) -> impl Iterator<Item = usize> + use<'_> {
        self.listeners.of(event_type)
    }

    /// The stats that take back at events of this type, in order. What both adds and takes back adds.
    pub fn takes_back(&self, event_type: &str) -> impl Iterator<Item = usize> {
        self.undoers.of(event_type).filter(move |stat| self.hears(event_type).all(|adding| adding != *stat))
    }

    /// The stats that events of this type set to nothing, in order.
    pub fn resets(&self, event_type: &str) -> impl Iterator<Item = usize> + use<'_> {
        self.resetters.of(event_type)
    }

    /// The types of events that are heard, as they are named: without those that only begin so, in no order.
    pub fn heard_types(&self) -> impl Iterator<Item = &str> {
        [&self.listeners, &self.undoers, &self.resetters].into_iter().flat_map(Listeners::types)
    }

    /// Whether anything hears events of this type.
    pub fn is_heard(&self, event_type: &str) -> bool {
        [&self.listeners, &self.undoers, &self.resetters]
            .iter()
            .any(|listeners| listeners.of(event_type).next().is_some())
    }

    /// Whether anything happens later than it came: then time is kept.
    pub fn keeps_time(&self) -> bool {
        !self.delayed.is_empty() || !self.expiring.is_empty()
    }

    /// The badge that expires and has this slot, if it does still: its tier.
    pub fn expiring(&self, slot: Slot) -> Option<&Tier> {
        let (rule, tier) = self.expiring.get(&slot)?;
        match &self.rules[*rule].gives {
            Gives::Badges { tiers, .. } => tiers.get(*tier),
            Gives::Flag { .. } | Gives::Event { .. } => None,
        }
    }

    /// The stat that hears later and is kept in this slot, if it is declared still.
    pub fn delayed(&self, slot: Slot) -> Option<usize> {
        self.delayed.get(&slot).copied()
    }

    /// The rules to be looked at when somebody is given this badge, at that user's key.
    pub fn looked_at_on_award(&self, badge: BadgeNumber) -> &[usize] {
        self.award_looks.get(&badge).map_or(&[], |looks| &looks.own)
    }

    /// The rules of which those keys are to be looked at that wait for the user who is given this badge.
    pub fn waiting_for_award(&self, badge: BadgeNumber) -> &[usize] {
        self.award_looks.get(&badge).map_or(&[], |looks| &looks.waiting)
    }

    /// The badge with this number, also if it is declared no longer.
    pub fn badge(&self, number: BadgeNumber) -> Option<&Badge> {
        self.by_number.get(&number).map(|place| &self.badges[*place])
    }

    /// The badge with this id, also if it is declared no longer.
    pub fn badge_by_id(&self, id: &str) -> Option<&Badge> {
        self.by_id.get(id).map(|place| &self.badges[*place])
    }

    /// The category with this id.
    pub fn category(&self, id: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.id == id)
    }

    /// Whether the declared fields of an event have the types declared. One that has not is refused.
    pub fn check_event(&self, event: &Event) -> Result<(), Vec<Invalid>> {
        let wrong = [profile::check(event), self.events.check(event).err().unwrap_or_default()].concat();
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// The data of an event as rules see it: a field declared `float` is a float though it was sent as
    /// `5`, one declared `time` is a time. None where that is the data as it was sent.
    pub fn typed_data(&self, event: &Event) -> Option<Map> {
        self.events.typed(event)
    }
}

/// The rules that ask who holds one badge.
#[derive(Clone, Debug, Default)]
struct AwardLooks {
    /// Those that are kept per user.
    own: Vec<usize>,
    /// Those that are kept per user and more.
    waiting: Vec<usize>,
}

/// One file.
#[derive(Clone, Debug)]
pub struct Category {
    /// The name of the file.
    pub id: SmolStr,
    /// What people see.
    pub title: String,
}

/// A flag, or a badge with all its tiers.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The flag's name, or the badge's or family's id.
    pub name: SmolStr,
    /// One more than the highest rank of the rules it rests on; from 0.
    pub rank: u32,
    /// The parts of its key, in the order in which they are written.
    pub parts: Vec<SmolStr>,
    /// What must be true. Beside `on` this is the stat's business.
    pub when: Option<Program>,
    /// What is compared with `at`. Beside `on`, the rule's own number.
    pub value: Option<Program>,
    /// Where it is kept which other keys it looked at last, and at those, for which keys it waits. None: it looks at
    /// its own key only.
    pub waits: Option<Slot>,
    /// True for the so many keys with the greatest value.
    pub top: Option<Top>,
    /// What comes of it.
    pub gives: Gives,
}

/// How many are first, among whom.
#[derive(Clone, Debug)]
pub struct Top {
    /// So many.
    pub count: usize,
    /// Those keys are compared in which these parts are the same. None: all of them.
    pub among: Vec<SmolStr>,
    /// Where in a group's document its ranking is.
    pub slot: Slot,
}

/// What becomes of a rule that is true.
#[derive(Clone, Debug)]
pub enum Gives {
    /// A flag is raised, and lowered again.
    Flag {
        /// Where in the catalog's stats its truth is.
        stat: usize,
        /// How much of the value is needed.
        at: Value,
        /// Stays raised though the condition is true no longer.
        kept: bool,
    },
    /// A flag that is only an event: it happens at every multiple of so much, and how often it has is kept.
    Event {
        /// Where in the catalog's stats that is.
        stat: usize,
        /// Of what multiples.
        every: Value,
    },
    /// Badges are given.
    Badges {
        /// Each with what it needs, ascending. A badge without tiers is one.
        tiers: Vec<Tier>,
        /// Who gets it. None: the user of the key.
        to: Option<Program>,
        /// Once a user, whatever the key.
        once: bool,
        /// Given again at every multiple of so much. There are no tiers beside it.
        repeat: Option<Value>,
        /// When it may be given.
        season: Season,
        /// Taken back when it is true no longer, in the season or not.
        revoke: bool,
    },
}

/// From when on, and until when, something is given.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Season {
    /// Not before.
    pub from: Option<Time>,
    /// Before this only.
    pub until: Option<Time>,
}

impl Season {
    /// Whether this time lies in it.
    pub fn contains(&self, time: Time) -> bool {
        self.from.is_none_or(|from| from <= time) && self.until.is_none_or(|until| time < until)
    }
}

/// One badge of a family.
#[derive(Clone, Debug)]
pub struct Tier {
    /// How much of the value is needed.
    pub at: Value,
    /// Where in the catalog's badges it is.
    pub badge: usize,
    /// Where it is kept why it is held, if it is taken back and several keys may give the same award.
    pub reasons: Option<Reasons>,
    /// How long it is held after it was found true, and where until when is kept.
    pub expires: Option<(Span, Slot)>,
}

/// Where it is kept by which keys an award is given that several may give: it is held as long as one does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reasons {
    /// At the rule's key: whom it gives the badge, and how often.
    pub given: Slot,
    /// At the award's key, with the user: how many keys give each number.
    pub keys: Slot,
    /// Likewise: with which key each number was given.
    pub first: Slot,
}
