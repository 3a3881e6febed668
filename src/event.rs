//! What happened on the site.
//!
//! An [`Event`] is parsed once, where it enters ([`Draft::parse`]); from there on its parts are known
//! to be well-formed. The names are CloudEvents' where they fit.

mod time;
mod value;
mod zone;

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

pub use time::{Period, Time};
pub use value::{Map, Value};
pub use zone::Zone;

/// Longest event id, in bytes. A longer one is refused.
pub const ID_MAX_BYTES: usize = 128;
/// Longest event type, in bytes. A longer one is refused.
pub const TYPE_MAX_BYTES: usize = 64;
/// Longest user, in bytes. A longer one is refused.
pub const USER_MAX_BYTES: usize = 128;
/// Longest subject, in bytes. A longer one is refused.
pub const SUBJECT_MAX_BYTES: usize = 512;
/// Most bytes of an event's data, as the text of a JSON object. More is refused. A server may be set up to allow fewer.
pub const DATA_MAX_BYTES: usize = 16 * 1024;
/// Most levels of lists and objects in an event's data, the data itself being the first. More is
/// refused.
pub const DATA_MAX_DEPTH: usize = 8;
/// How far an event's time may lie after its arrival, in microseconds: five minutes, for clocks that
/// differ. A later one is refused.
pub const FUTURE_MAX_MICROS: i64 = 5 * 60 * 1_000_000;

/// The type of what is recorded when time passes.
const TICK: &str = "laurels.tick";
/// Where the data of an event of the server's own says for whom it was recorded.
pub const ACTOR: &str = "actor";

/// Where an event stands in the order of all events: 1, 2, 3, …; 0 is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sequence(pub u64);

impl Sequence {
    /// The one after it.
    #[must_use]
    pub fn next(self) -> Sequence {
        Sequence(self.0 + 1)
    }
}

/// Something that happened on the site, as it is kept and as rules see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Names the event for ever. Empty only for what the rules themselves give rise to.
    pub id: EventId,
    /// What happened: `post.created`.
    pub r#type: EventType,
    /// Who did it. Empty where nobody did.
    pub user: UserId,
    /// What it was done to; may be empty.
    pub subject: SmolStr,
    /// When it happened.
    pub time: Time,
    /// Whether the sender said when. A retry of an event without a time has another arrival, and is
    /// the same event all the same.
    pub dated: bool,
    /// Whatever else the rules need.
    pub data: Map,
}

impl Event {
    /// What is recorded when time passes: nobody sent it, and no rule hears it.
    pub fn tick(id: SmolStr, time: Time) -> Event {
        Event {
            id: EventId(id),
            r#type: EventType(SmolStr::new_static(TICK)),
            user: UserId::default(),
            subject: SmolStr::default(),
            time,
            dated: true,
            data: Map::default(),
        }
    }

    /// One of the server's own that is about no user, with an id that nothing else has.
    pub fn of_nobody(r#type: EventType, data: Map, arrival: Time) -> Event {
        let EventId(id) = EventId::fresh(arrival);
        Event { r#type, data, dated: false, ..Event::tick(id, arrival) }
    }

    /// Whether no site sent it: it says that time has passed, or is an act.
    pub fn is_own(&self) -> bool {
        self.r#type.as_str().starts_with(EventType::OWN)
    }

    /// Whether it says only that time has passed.
    pub fn is_tick(&self) -> bool {
        self.r#type.as_str() == TICK
    }

    /// Whether this is the same event sent again: equal in all but the time of arrival. Of what the server itself records
    /// for somebody, who that was may differ too: a retry under a new key is a retry.
    pub fn same_as(&self, other: &Event) -> bool {
        let time = |event: &Event| event.dated.then_some(event.time);
        self.id == other.id
            && self.r#type == other.r#type
            && self.user == other.user
            && self.subject == other.subject
            && time(self) == time(other)
            && if self.is_own() { asked(self).eq(asked(other)) } else { self.data == other.data }
    }
}

/// What the data of an event of the server's own says, but for whom it was recorded.
fn asked(event: &Event) -> impl Iterator<Item = (&SmolStr, &Value)> {
    event.data.iter().filter(|(name, _)| name.as_str() != ACTOR)
}

/// An event as somebody sent it: nothing about it is known to be right.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// As in [`Event`]; empty: the server makes one.
    pub id: String,
    /// As in [`Event`].
    pub r#type: String,
    /// As in [`Event`].
    pub user: String,
    /// As in [`Event`].
    pub subject: String,
    /// Seconds and nanoseconds since 1970-01-01T00:00:00Z. None: the time of arrival.
    pub time: Option<(i64, i32)>,
    /// As in [`Event`].
    pub data: DraftData,
}

/// An event's data as somebody sent it.
#[derive(Clone, Debug, Default)]
pub enum DraftData {
    /// None was sent.
    #[default]
    None,
    /// The text of a JSON object.
    Json(String),
    /// Already values, of at most so many levels; how large is not known.
    Values(Map),
}

impl Draft {
    /// About how many bytes its data has, before it is known to be right. Values that were sent as such
    /// count as the most they may be.
    pub fn data_bytes(&self) -> usize {
        match &self.data {
            DraftData::None => 0,
            DraftData::Json(json) => json.len(),
            DraftData::Values(_) => DATA_MAX_BYTES,
        }
    }

    /// The event, or everything that is wrong with it. `arrival` is now.
    pub fn parse(self, arrival: Time) -> Result<Event, Vec<Invalid>> {
        self.parse_within(DATA_MAX_BYTES, arrival)
    }

    /// The same where data may have fewer bytes than [`DATA_MAX_BYTES`].
    pub fn parse_within(self, data_most: usize, arrival: Time) -> Result<Event, Vec<Invalid>> {
        let r#type = EventType::parse(&self.r#type);
        self.parse_as(r#type, data_most, arrival)
    }

    /// The same as an event that only the server itself sends, whatever type the draft says.
    pub fn parse_own(self, r#type: EventType, arrival: Time) -> Result<Event, Vec<Invalid>> {
        self.parse_as(Ok(r#type), DATA_MAX_BYTES, arrival)
    }

    fn parse_as(
        self,
        r#type: Result<EventType, String>,
        data_most: usize,
        arrival: Time,
    ) -> Result<Event, Vec<Invalid>> {
        let mut wrong = Vec::new();
        let id = if self.id.is_empty() {
            EventId::fresh(arrival)
        } else {
            EventId::parse(&self.id).unwrap_or_else(|problem| {
                wrong.push(Invalid::new("id", problem));
                EventId::default()
            })
        };
        let r#type = r#type.unwrap_or_else(|problem| {
            wrong.push(Invalid::new("type", problem));
            EventType::default()
        });
        let user = UserId::parse(&self.user).unwrap_or_else(|problem| {
            wrong.push(Invalid::new("user", problem));
            UserId::default()
        });
        if let Err(problem) = check_text(&self.subject, SUBJECT_MAX_BYTES) {
            wrong.push(Invalid::new("subject", problem));
        }
        let time = parse_time(self.time, arrival).unwrap_or_else(|invalid| {
            wrong.push(invalid);
            arrival
        });
        let data = parse_data(self.data, data_most.min(DATA_MAX_BYTES)).unwrap_or_else(|invalid| {
            wrong.push(invalid);
            Map::default()
        });
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let subject = SmolStr::from(self.subject);
        Ok(Event { id, r#type, user, subject, time, dated: self.time.is_some(), data })
    }
}

fn parse_time(sent: Option<(i64, i32)>, arrival: Time) -> Result<Time, Invalid> {
    let Some((seconds, nanos)) = sent else { return Ok(arrival) };
    let Some(time) = Time::from_unix(seconds, nanos) else {
        let problem = "must lie in the years 1 to 9998, with nanos from 0 to 999999999";
        return Err(Invalid::new("time", problem));
    };
    if time.micros() - arrival.micros() > FUTURE_MAX_MICROS {
        let problem = format!(
            "is {time}, more than five minutes after the server's {arrival}; send it once it has happened"
        );
        return Err(Invalid { in_future: true, ..Invalid::new("time", problem) });
    }
    Ok(time)
}

fn parse_data(sent: DraftData, most: usize) -> Result<Map, Invalid> {
    let too_long = |bytes| format!("has {bytes} bytes; at most {most} are allowed");
    match sent {
        DraftData::None => Ok(Map::default()),
        DraftData::Json(json) if json.is_empty() => Ok(Map::default()),
        DraftData::Json(json) if json.len() > most => {
            Err(Invalid::new("data_json", too_long(json.len())))
        }
        DraftData::Json(json) => Map::from_json(&json, DATA_MAX_DEPTH).map_err(|problem| {
            let example = r#"{"owner":"ben","score":3}"#;
            Invalid::new("data_json", format!("must be the text of one JSON object of at most {DATA_MAX_DEPTH} levels, such as {example}; {problem}"))
        }),
        DraftData::Values(map) => {
            let bytes = map.to_string().len();
            if bytes > most {
                return Err(Invalid::new("data", too_long(bytes)));
            }
            Ok(map)
        }
    }
}

/// One thing wrong with what was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Invalid {
    /// The field, as the sender named it: `user`, or within data `data.score`.
    pub field: SmolStr,
    /// What is wrong and what to send instead; goes on from the field's name.
    pub problem: String,
    /// Whether it is only too early to send it.
    pub in_future: bool,
}

impl Invalid {
    /// A field that is wrong for ever.
    pub fn new(field: impl Into<SmolStr>, problem: impl Into<String>) -> Invalid {
        Invalid { field: field.into(), problem: problem.into(), in_future: false }
    }
}

/// The id of an event: 1 to 128 bytes of printable ASCII.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventId(SmolStr);

impl EventId {
    /// Reads an id, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<EventId, String> {
        check_length(text, ID_MAX_BYTES)?;
        if let Some(at) = text.bytes().position(|byte| !byte.is_ascii_graphic() && byte != b' ') {
            return Err(format!("must be printable ASCII; the byte at {at} is not"));
        }
        Ok(EventId(SmolStr::from(text)))
    }

    /// An id nobody has used: the time, and 64 random bits.
    fn fresh(now: Time) -> EventId {
        use std::hash::{BuildHasher, RandomState};
        // Each RandomState has keys of its own, drawn from the system's randomness.
        let random = RandomState::new().hash_one(now.micros());
        EventId(smol_str::format_smolstr!("laurels-{:x}-{random:016x}", now.micros()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A user, in the site's own words: 1 to 128 bytes without control characters, compared by bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UserId(SmolStr);

impl UserId {
    /// Reads a user, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<UserId, String> {
        check_length(text, USER_MAX_BYTES)?;
        check_text(text, USER_MAX_BYTES)?;
        Ok(UserId(SmolStr::from(text)))
    }

    /// The user as text; empty where there is none.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The user as text that is cheap to copy.
    pub fn as_text(&self) -> &SmolStr {
        &self.0
    }

    /// Whether this is nobody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What kind of thing happened: 1 to 64 bytes of lower-case words joined by dots.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventType(SmolStr);

impl EventType {
    /// What the types of events begin with that the server itself records and no rule hears.
    pub const OWN: &str = "laurels.";

    /// Reads a type that a site may send, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<EventType, String> {
        check_length(text, TYPE_MAX_BYTES)?;
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
        if let Some(at) = text.bytes().position(|byte| !allowed(byte)) {
            let found = text[..].chars().find(|c| !c.is_ascii() || !allowed(*c as u8)).unwrap_or_default();
            return Err(format!(
                "must be lower-case words joined by dots, such as post.created, of a-z, 0-9, \"_\", \"-\" and \".\"; {found:?} at {at} is none of these"
            ));
        }
        if text.split('.').any(str::is_empty) {
            return Err("must be words joined by single dots, such as post.created".to_owned());
        }
        if let Some(own) = ["badge.", "flag.", EventType::OWN].iter().find(|own| text.starts_with(**own)) {
            return Err(format!("must not begin with {own:?}, which only the server itself sends"));
        }
        Ok(EventType(SmolStr::from(text)))
    }

    /// A type of the server's own: `laurels.NAME`.
    pub fn own(name: &str) -> EventType {
        EventType(smol_str::format_smolstr!("{}{name}", EventType::OWN))
    }

    /// The type of the event that a badge or flag gives rise to: `badge.ID`, `flag.NAME`.
    pub fn derived(text: SmolStr) -> EventType {
        EventType(text)
    }

    /// The type as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The type as text that is cheap to copy.
    pub fn as_text(&self) -> &SmolStr {
        &self.0
    }
}

fn check_length(text: &str, most: usize) -> Result<(), String> {
    match text.len() {
        0 => Err(format!("must be set, to 1 to {most} bytes")),
        bytes if bytes > most => Err(format!("has {bytes} bytes; at most {most} are allowed")),
        _ => Ok(()),
    }
}

fn check_text(text: &str, most: usize) -> Result<(), String> {
    if text.len() > most {
        return Err(format!("has {} bytes; at most {most} are allowed", text.len()));
    }
    match text.char_indices().find(|(_, c)| c.is_control()) {
        Some((at, control)) => {
            Err(format!("must not contain control characters; {control:?} at {at} is one"))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Time {
        Time::parse("2026-01-01T00:00:00Z").unwrap()
    }

    fn draft() -> Draft {
        Draft { id: "1".into(), r#type: "post.created".into(), user: "ana".into(), ..Draft::default() }
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let draft = Draft {
            id: "é".into(),
            r#type: "Post".into(),
            user: String::new(),
            subject: "a\nb".into(),
            time: Some((i64::MAX, 0)),
            data: DraftData::Json("[]".into()),
        };
        let wrong = draft.parse(now()).unwrap_err();
        let fields: Vec<_> = wrong.iter().map(|invalid| invalid.field.as_str()).collect();
        assert_eq!(fields, ["id", "type", "user", "subject", "time", "data_json"]);
    }

    #[test]
    fn limits_are_inclusive() {
        let sent = |bytes: usize| Draft { user: "é".repeat(bytes / 2), ..draft() }.parse(now());
        assert!(sent(USER_MAX_BYTES).is_ok());
        assert_eq!(
            sent(USER_MAX_BYTES + 2).unwrap_err()[0].problem,
            "has 130 bytes; at most 128 are allowed"
        );

        let sent = |seconds| Draft { time: Some((seconds, 0)), ..draft() }.parse(now());
        let now = now().to_unix().0;
        assert!(sent(now + 300).is_ok());
        assert!(sent(now + 301).unwrap_err()[0].in_future);
    }

    #[test]
    fn types_of_the_servers_own_are_refused() {
        for (text, says) in [
            ("badge.first", "only the server"),
            ("post..created", "single dots"),
            ("post.Created", "'C' at 5"),
            ("", "must be set"),
        ] {
            let problem = EventType::parse(text).unwrap_err();
            assert!(problem.contains(says), "{text}: {problem}");
        }
    }

    #[test]
    fn a_retry_without_a_time_is_the_same_event() {
        let later = now().plus_micros(1).unwrap();
        let first = draft().parse(now()).unwrap();
        assert!(first.same_as(&draft().parse(later).unwrap()));
        let dated = Draft { time: Some(now().to_unix()), ..draft() }.parse(later).unwrap();
        assert!(!first.same_as(&dated));
        assert_ne!(EventId::fresh(now()), EventId::fresh(now()));
    }
}
