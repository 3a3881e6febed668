//! The audit log: who did what by hand, why and when.
//!
//! Each entry is a document that is written once, by the act itself, under a key that no rule can have; one more document
//! counts them. So the log is as durable as an award, a backup has it, it is made again with everything else, and it stays
//! where records of events are kept for a limited time only. Nothing takes an entry away.

use smol_str::SmolStr;

use crate::document::{Change, Document};
use crate::event::{ACTOR, Event, EventId, EventType, Map, Sequence, Time, UserId, Value};
use crate::key::Key;
use crate::stat::{Cell, Slot, Step};

const ACTION: &str = "action";
const CHANGED: &str = "changed";
const DATA: &str = "data";
const ID: &str = "id";
const TIME: &str = "time";
const USER: &str = "user";

/// One act, as the log has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Which entry: 1, 2, 3, …
    pub number: u64,
    /// Where the act stands in the order of all events.
    pub sequence: Sequence,
    /// When it was done, by the server's clock.
    pub arrival: Time,
    /// The id of the act.
    pub id: EventId,
    /// What was done.
    pub action: SmolStr,
    /// To whom; empty where to nobody.
    pub user: UserId,
    /// The date that what was done has.
    pub time: Time,
    /// Whether it changed anything.
    pub changed: bool,
    /// What else it said, who did it included.
    pub data: Map,
}

impl Entry {
    /// Who did it.
    pub fn actor(&self) -> &str {
        self.text(ACTOR)
    }

    /// A text that the act said; empty where it said none.
    pub fn text(&self, name: &str) -> &str {
        text(self.data.get(name)).map_or("", SmolStr::as_str)
    }

    /// The entry with this number, from the document under [`Key::audit_entry`]. None where there is none.
    pub fn read(number: u64, document: &Document) -> Option<Entry> {
        let Cell::Dated(dated) = document.cell(Slot::AUDIT)? else { return None };
        let (arrival, Value::Map(kept)) = &**dated else { return None };
        let data = if let Some(Value::Map(data)) = kept.get(DATA) { data.clone() } else { Map::default() };
        Some(Entry {
            number,
            sequence: document.sequence,
            arrival: *arrival,
            id: text(kept.get(ID)).and_then(|id| EventId::parse(id).ok())?,
            action: text(kept.get(ACTION))?.clone(),
            user: text(kept.get(USER)).and_then(|user| UserId::parse(user).ok()).unwrap_or_default(),
            time: if let Some(Value::Time(time)) = kept.get(TIME) { *time } else { *arrival },
            changed: kept.get(CHANGED) == Some(&Value::Bool(true)),
            data,
        })
    }
}

/// How many entries there are, from the document under [`Key::audit_log`].
pub fn count(log: &Document) -> u64 {
    match log.cell(Slot::AUDIT) {
        Some(Cell::Count(count)) => u64::try_from(*count).unwrap_or(0),
        Some(_) | None => 0,
    }
}

/// What an act changes so that the log has it.
pub fn append(log: &Document, event: &Event, arrival: Time, changed: bool) -> [(Key, Change); 2] {
    let action = event.r#type.as_str();
    let kept = [
        (ACTION, Value::text(action.strip_prefix(EventType::OWN).unwrap_or(action))),
        (CHANGED, Value::Bool(changed)),
        (DATA, Value::Map(event.data.clone())),
        (ID, Value::text(event.id.as_str())),
        (TIME, Value::Time(event.time)),
        (USER, Value::Text(event.user.as_text().clone())),
    ];
    let kept = kept.into_iter().map(|(name, value)| (SmolStr::new_static(name), value)).collect();
    let change = |step| Change { slot: Slot::AUDIT, step };
    [
        (Key::audit_log(), change(Step::Count)),
        (Key::audit_entry(count(log) + 1), change(Step::First(arrival, Value::Map(kept)))),
    ]
}

fn text(value: Option<&Value>) -> Option<&SmolStr> {
    if let Some(Value::Text(text)) = value { Some(text) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_as_it_was_written_and_nothing_writes_over_it() {
        let data = [("actor", "key k1 (ops)"), ("reason", "é\nb")]
            .map(|(name, value)| (name.into(), Value::text(value)));
        let event = Event {
            id: EventId::parse("a1").unwrap(),
            r#type: EventType::own("award"),
            user: UserId::parse("ann").unwrap(),
            data: data.into_iter().collect(),
            ..Event::tick("a1".into(), Time::MIN)
        };
        let (mut log, mut first) = (Document::default(), Document::default());
        let [(of_log, more), (of_entry, entry)] = append(&log, &event, Time::MAX, true);
        assert_eq!((of_log, of_entry), (Key::audit_log(), Key::audit_entry(1)));
        assert!(log.apply(&more) && first.apply(&entry));
        let read = Entry::read(1, &first).unwrap();
        assert_eq!(
            (read.actor(), read.text("reason"), read.action.as_str()),
            ("key k1 (ops)", "é\nb", "award")
        );
        assert_eq!(
            (read.user.as_str(), read.time, read.arrival, read.changed),
            ("ann", Time::MIN, Time::MAX, true)
        );

        let [_, (of_entry, entry)] = append(&log, &event, Time::MAX, false);
        assert_eq!((count(&log), of_entry), (1, Key::audit_entry(2)));
        assert!(!first.apply(&entry), "an entry is written once");
        assert_eq!(Entry::read(1, &Document::default()), None);
    }
}
