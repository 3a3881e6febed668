//! What those who run the site do, as events of the server's own: what they do to awards by hand, and to the server itself.
//!
//! An act is recorded like any event: it has an id that names it for ever, stands in the one order of all events, and is
//! kept and made again with what it did. Its type begins with [`EventType::OWN`], which no site may send and no rule hears.
//! Each leaves an entry in the audit log.

mod note;

use smol_str::SmolStr;

use crate::badge::Badge;
use crate::event::{ACTOR, Draft, Event, EventType, Invalid, Map, Time, Value};
use crate::key::Key;

pub use note::{DETAILS_MAX_BYTES, Note};

/// Longest reason, in bytes. A longer one is refused.
pub const REASON_MAX_BYTES: usize = 1000;

const AWARD: &str = "award";
const REVOKE: &str = "revoke";
const BADGE: &str = "badge";
const KEY: &str = "key";
const REASON: &str = "reason";

/// What an event of the server's own is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Give its user a badge.
    Award(Named),
    /// Take an award back from its user.
    Revoke(Named),
    /// Nothing but to stand in the audit log.
    Note(Note),
}

/// Which award an act is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// The id of the badge.
    pub badge: SmolStr,
    /// For what: the parts of the badge's key.
    pub key: Key,
}

/// What can be done with an award by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// Give it.
    Gives,
    /// Take it back.
    Takes,
}

/// An act as somebody asks for it: but for the badge, nothing about it is known to be right.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// As the id of an event; empty: the server makes one.
    pub id: String,
    /// Whose award.
    pub user: String,
    /// The id of the badge.
    pub badge: String,
    /// For what, as people see it ([`Badge::key_text`]).
    pub key: String,
    /// Why.
    pub reason: String,
    /// When it was earned, as in [`Draft::time`].
    pub time: Option<(i64, i32)>,
    /// Who asks.
    pub actor: String,
}

impl Named {
    /// The award that the data of an act name.
    pub fn read(data: &Map) -> Option<Named> {
        let (Value::Text(badge), Value::Map(key)) = (data.get(BADGE)?, data.get(KEY)?) else { return None };
        let part = |(name, value): (&SmolStr, &Value)| {
            if let Value::Text(text) = value { Some((name.clone(), text.clone())) } else { None }
        };
        let parts: Vec<_> = key.iter().map(part).collect::<Option<_>>()?;
        let key = Key::new(parts.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        Some(Named { badge: badge.clone(), key })
    }
}

impl Act {
    /// What this event is to do; none where it is no act.
    pub fn of(event: &Event) -> Option<Act> {
        let name = event.r#type.as_str().strip_prefix(EventType::OWN)?;
        match name {
            AWARD => Named::read(&event.data).map(Act::Award),
            REVOKE => Named::read(&event.data).map(Act::Revoke),
            name => Note::named(name).map(Act::Note),
        }
    }
}

impl Order {
    /// The event that does it, and the key of the award; or everything that is wrong with it. `arrival` is now.
    pub fn parse(self, hand: Hand, badge: &Badge, arrival: Time) -> Result<(Event, Key), Vec<Invalid>> {
        let mut wrong = Vec::new();
        let key = badge.key_of(&self.key).unwrap_or_else(|problem| {
            wrong.push(Invalid::new(KEY, problem));
            Key::default()
        });
        if hand == Hand::Gives && badge.retired {
            let problem = format!("{:?} is declared no longer, so nobody can be given it", badge.id);
            wrong.push(Invalid::new(BADGE, problem));
        }
        if let Err(problem) = check_reason(&self.reason) {
            wrong.push(Invalid::new(REASON, problem));
        }
        let name = match hand {
            Hand::Gives => AWARD,
            Hand::Takes => REVOKE,
        };
        let draft = Draft { id: self.id, user: self.user, time: self.time, ..Draft::default() };
        let event = draft.parse_own(EventType::own(name), arrival).map_err(|more| {
            wrong.extend(more);
            std::mem::take(&mut wrong)
        })?;
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let parts = key.parts().map(|(name, value)| (SmolStr::from(name), Value::text(value))).collect();
        let data = [
            (ACTOR, Value::text(self.actor)),
            (BADGE, Value::Text(badge.id.clone())),
            (KEY, Value::Map(parts)),
            (REASON, Value::text(self.reason)),
        ];
        let data = data.into_iter().map(|(name, value)| (SmolStr::new_static(name), value)).collect();
        Ok((Event { data, ..event }, key))
    }
}

fn check_reason(reason: &str) -> Result<(), String> {
    if reason.trim().is_empty() {
        return Err(format!(
            "must be set, to 1 to {REASON_MAX_BYTES} bytes that say why: the audit log keeps them"
        ));
    }
    if reason.len() > REASON_MAX_BYTES {
        return Err(format!("has {} bytes; at most {REASON_MAX_BYTES} are allowed", reason.len()));
    }
    match reason.char_indices().find(|(_, c)| c.is_control() && *c != '\n') {
        Some((at, control)) => {
            Err(format!("must not contain control characters but line ends; {control:?} at {at} is one"))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn badge() -> Badge {
        Badge { id: "loved-photo".into(), parts: vec!["photo".into()], ..Badge::default() }
    }

    fn order() -> Order {
        Order {
            id: "a1".into(),
            user: "ann".into(),
            key: "p1".into(),
            reason: "contest".into(),
            ..Order::default()
        }
    }

    #[test]
    fn an_act_is_read_from_its_event() {
        let (event, _) = order().parse(Hand::Gives, &badge(), Time::MIN).unwrap();
        let named = Named { badge: "loved-photo".into(), key: Key::new([("photo", "p1")]) };
        assert_eq!(Act::of(&event), Some(Act::Award(named.clone())));
        let (event, _) = order().parse(Hand::Takes, &badge(), Time::MIN).unwrap();
        assert_eq!(Act::of(&event), Some(Act::Revoke(named)));
        assert_eq!(Act::of(&Event::tick("t".into(), Time::MIN)), None);
    }

    #[test]
    fn a_retry_by_somebody_else_is_the_same_act_and_one_with_another_reason_is_not() {
        let event = |order: Order| order.parse(Hand::Gives, &badge(), Time::MIN).unwrap().0;
        let first = event(Order { actor: "old key".into(), ..order() });
        assert!(first.same_as(&event(Order { actor: "new key".into(), ..order() })));
        assert!(!first.same_as(&event(Order { reason: "mistake".into(), ..order() })));
        assert!(!first.same_as(&order().parse(Hand::Takes, &badge(), Time::MIN).unwrap().0));
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let wrong = |order: Order, badge: &Badge| {
            let wrong = order.parse(Hand::Gives, badge, Time::MIN).unwrap_err();
            wrong.iter().map(|invalid| invalid.field.to_string()).collect::<Vec<_>>()
        };
        let retired = Badge { retired: true, ..badge() };
        let order = Order { time: Some((i64::MAX, 0)), id: "é".into(), ..Order::default() };
        assert_eq!(wrong(order.clone(), &retired), ["key", "badge", "reason", "id", "user", "time"]);
        let long = Order { reason: "é".repeat(REASON_MAX_BYTES / 2) + "!", ..self::order() };
        assert_eq!(wrong(long, &badge()), ["reason"]);
        assert_eq!(wrong(Order { reason: "a\tb".into(), ..self::order() }, &badge()), ["reason"]);
    }
}
