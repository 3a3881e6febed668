//! What is done by hand, as the model knows it: which awards rules may not touch any more, and the audit log. And the
//! badges that somebody gives and takes back.

use std::collections::BTreeMap;

use fastrand::Rng;
use laurels::act::{Hand, Order};
use laurels::audit::{self, Entry};
use laurels::award::{Award, Revocation};
use laurels::event::{Event, Value};
use laurels::key::Key;
use laurels::outcome::Record;
use laurels::service::{Given as Gave, Taken};
use laurels::store::{Error, Store};

use crate::model::Given;
use crate::schedule::broken;

/// An act: a badge that is given or taken back by hand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Act {
    pub(crate) hand: Hand,
    pub(crate) badge: &'static str,
    /// The photo that it is for, if it is for one.
    pub(crate) photo: Option<String>,
    pub(crate) reason: &'static str,
}

/// What was done by hand with an award last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Overruled {
    Given,
    TakenBack,
}

/// All that was done by hand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hands {
    overruled: BTreeMap<Given, Overruled>,
    /// By record, whether an act changed anything.
    log: Vec<(usize, bool)>,
}

/// What somebody gives and takes back: badges of each kind, mostly those that come and go by themselves too.
const BADGES: [&str; 14] = [
    "honoured",
    "gallery",
    "active",
    "lively",
    "prolific",
    "loved",
    "settled",
    "introduced",
    "known",
    "early-bird",
    "photographer-2",
    "photographer-5",
    "photographer-3",
    "all-round",
];
const REASONS: [&str; 2] = ["a contest", "it was\nsomebody else"];

impl Act {
    /// Somebody gives or takes back something.
    pub(crate) fn any(dice: &mut Rng, photos: usize) -> Act {
        let badge = BADGES[dice.usize(..BADGES.len())];
        Act {
            hand: if dice.bool() { Hand::Gives } else { Hand::Takes },
            badge,
            photo: (badge == "loved").then(|| format!("p{}", dice.usize(..photos))),
            reason: REASONS[dice.usize(..REASONS.len())],
        }
    }

    /// The type of its event.
    pub(crate) fn r#type(&self) -> &'static str {
        match self.hand {
            Hand::Gives => "laurels.award",
            Hand::Takes => "laurels.revoke",
        }
    }

    /// What is asked of the server.
    pub(crate) fn order(&self, user: &str, id: &str, time: Option<i64>, actor: String) -> Order {
        Order {
            id: id.to_owned(),
            user: user.to_owned(),
            badge: self.badge.to_owned(),
            key: self.photo.clone().unwrap_or_default(),
            reason: self.reason.to_owned(),
            time: time.map(|seconds| (seconds, 0)),
            actor,
        }
    }

    /// Whether this is what an event says, whoever asked for it.
    pub(crate) fn is(&self, event: &Event) -> bool {
        let says = |field: &str, text: &str| event.data.get(field) == Some(&Value::text(text));
        event.r#type.as_str() == self.r#type()
            && says("badge", self.badge)
            && says("reason", self.reason)
            && photo(event) == self.photo
    }
}

/// The photo that an act is about.
pub(crate) fn photo(event: &Event) -> Option<String> {
    let Some(Value::Map(key)) = event.data.get("key") else { return None };
    match key.get("photo") {
        Some(Value::Text(photo)) => Some(photo.to_string()),
        Some(_) | None => None,
    }
}

impl Hands {
    pub(crate) fn overruled(&self, given: &Given) -> Option<Overruled> {
        self.overruled.get(given).copied()
    }

    pub(crate) fn overrule(&mut self, given: &Given, now: Overruled) {
        self.overruled.insert(given.clone(), now);
    }

    /// How many acts there were, and how many changed something.
    pub(crate) fn count(&self) -> (u64, u64) {
        let changed = self.log.iter().filter(|(_, changed)| *changed);
        (self.log.len() as u64, changed.count() as u64)
    }

    pub(crate) fn note(&mut self, record: &Record, changed: bool) {
        self.log.push((record.sequence.0 as usize - 1, changed));
    }

    /// Every act is in the log, once, and says who did it.
    pub(crate) fn check_log(
        &self,
        records: &[Record],
        store: &dyn Store,
        last_only: bool,
    ) -> Result<(), Error> {
        let load = |key: &Key| Ok(store.load(std::slice::from_ref(key))?.pop().unwrap_or_default());
        let count = audit::count(&*load(&Key::audit_log())?);
        if count != self.log.len() as u64 {
            broken("each act is in the log once", format!("{count} are, of {}", self.log.len()));
        }
        let from = if last_only { self.log.len().saturating_sub(20) } else { 0 };
        for (at, (of, changed)) in self.log.iter().enumerate().skip(from) {
            let Record { sequence, arrival, event, .. } = &records[*of];
            let number = at as u64 + 1;
            let expected = Entry {
                number,
                sequence: *sequence,
                arrival: *arrival,
                id: event.id.clone(),
                action: event.r#type.as_str().strip_prefix("laurels.").unwrap_or_default().into(),
                user: event.user.clone(),
                time: event.time,
                changed: *changed,
                data: event.data.clone(),
            };
            let found = Entry::read(number, &*load(&Key::audit_entry(number))?);
            if found.as_ref() != Some(&expected) {
                broken("the log says what was done", format!("{found:?}, not {expected:?}"));
            }
        }
        Ok(())
    }
}

/// What an answer says of an award is what the act did.
pub(crate) fn check_given(act: &Act, user: &str, gave: &Gave) {
    let Gave { award, already_held, recorded } = gave;
    let is_new = !recorded.awards.is_empty();
    let is_it = award.as_ref().is_none_or(|award| is_about(award, act, user));
    // Of what was held, or has been given, it may be a later one.
    let is_first = !is_new || award.as_ref() == recorded.awards.first();
    if *already_held == is_new || !is_it || !is_first {
        broken("what was given by hand is answered", format!("{act:?} for {user}: {gave:?}"));
    }
}

/// The same of what was taken back.
pub(crate) fn check_taken(act: &Act, user: &str, taken: &Taken) {
    let Taken { revocation, recorded } = taken;
    let is_it = |Revocation { award, .. }: &Revocation| is_about(award, act, user);
    if revocation.as_ref() != recorded.revoked.first() || !revocation.as_ref().is_none_or(is_it) {
        broken("what was taken back by hand is answered", format!("{act:?} from {user}: {taken:?}"));
    }
}

fn is_about(award: &Award, act: &Act, user: &str) -> bool {
    let key = Key::new(act.photo.as_deref().map(|photo| ("photo", photo)));
    award.user.as_str() == user && award.key == key
}
