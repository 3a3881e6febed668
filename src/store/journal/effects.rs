//! A record as it is read to make documents again: what it changed is left as it stands in the frame, until the
//! document is at hand, and of its event only the id is taken. To decode it wholly takes twice as long.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use smallvec::SmallVec;

use super::super::Timeline;
use crate::award::{Award, Revocation};
use crate::catalog::Numbers;
use crate::document::Change;
use crate::event::{Sequence, Time};

/// An [`Entry`](super::Entry), as it is read to make documents again.
pub(in crate::store) enum Replayed<'a> {
    Event(Effects<'a>),
    Catalog(Numbers),
    Timeline(Timeline),
}

/// What the record of an event says of documents and sums.
pub(in crate::store) struct Effects<'a> {
    pub(in crate::store) sequence: Sequence,
    /// The id of the event.
    pub(in crate::store) id: &'a str,
    /// The keys of the documents it changed, as text, each with what [`each_change`] reads.
    pub(in crate::store) changes: SmallVec<[(&'a str, &'a [u8]); 1]>,
    pub(in crate::store) awards: Vec<Award>,
    pub(in crate::store) revoked: Vec<Revocation>,
    pub(in crate::store) newcomers: u32,
}

/// An entry; of an event, what stands before its changes.
#[derive(Deserialize)]
enum Begin<'a> {
    #[serde(borrow)]
    Event(BeginOfRecord<'a>),
    Catalog(Numbers),
    Timeline(Timeline),
}

/// Sequence, arrival, whether it is historical, the event.
type BeginOfRecord<'a> = (Sequence, Time, bool, Event<'a>);
/// The fields of an [`Event`](crate::event::Event): id, type, user, subject, time, whether it was dated, data.
type Event<'a> = (&'a str, &'a str, &'a str, &'a str, Time, bool, PassedOver<(&'a str, Value<'a>)>);

/// A [`Value`](crate::event::Value) that nobody looks at.
#[derive(Deserialize)]
#[expect(dead_code, reason = "they are read to get behind them")]
enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(&'a str),
    Time(Time),
    Duration(i64),
    #[serde(borrow)]
    List(PassedOver<Value<'a>>),
    Map(PassedOver<(&'a str, Value<'a>)>),
}

/// A list of these that nobody looks at.
struct PassedOver<T>(PhantomData<T>);

impl<'a> Replayed<'a> {
    /// Reads an entry, as it stands in a frame.
    pub(in crate::store) fn read(entry: &'a [u8]) -> Result<Replayed<'a>, postcard::Error> {
        let (begin, rest) = postcard::take_from_bytes(entry)?;
        let (sequence, _, _, (id, ..)) = match begin {
            Begin::Event(begin) => begin,
            Begin::Catalog(numbers) => return Ok(Replayed::Catalog(numbers)),
            Begin::Timeline(timeline) => return Ok(Replayed::Timeline(timeline)),
        };
        let (documents, mut rest) = postcard::take_from_bytes::<usize>(rest)?;
        let mut changes = SmallVec::new();
        for _ in 0..documents {
            let (key, of_document) = postcard::take_from_bytes(rest)?;
            rest = each_change(of_document, drop)?;
            changes.push((key, &of_document[..of_document.len() - rest.len()]));
        }
        let (awards, revoked, newcomers) = postcard::from_bytes(rest)?;
        Ok(Replayed::Event(Effects { sequence, id, changes, awards, revoked, newcomers }))
    }
}

/// Reads changes, as they stand in a frame, and answers what stands behind them.
pub(in crate::store) fn each_change(
    bytes: &[u8],
    mut each: impl FnMut(Change),
) -> Result<&[u8], postcard::Error> {
    let (changes, mut rest) = postcard::take_from_bytes::<usize>(bytes)?;
    for _ in 0..changes {
        let (change, after) = postcard::take_from_bytes(rest)?;
        each(change);
        rest = after;
    }
    Ok(rest)
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for PassedOver<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(PassedOver(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for PassedOver<T> {
    type Value = PassedOver<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<T>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Entry, EntryRef};
    use super::*;
    use crate::award::Place;
    use crate::badge::BadgeNumber;
    use crate::event::{Draft, DraftData, EventId, UserId, Value};
    use crate::key::Key;
    use crate::outcome::Record;
    use crate::stat::{Slot, Step};

    /// A value of each kind, after the one of the kind before.
    fn after(value: &Value) -> Option<Value> {
        Some(match value {
            Value::Null => Value::Bool(true),
            Value::Bool(_) => Value::Int(-7),
            Value::Int(_) => Value::Double(0.5),
            Value::Double(_) => Value::text("a text that is longer than what has room within itself"),
            Value::Text(_) => Value::Time(Time::MIN),
            Value::Time(_) => Value::Duration(8),
            Value::Duration(_) => Value::List([Value::Null, Value::Int(1)].into()),
            Value::List(_) => Value::Map([("n".into(), Value::Double(2.0))].into_iter().collect()),
            Value::Map(_) => return None,
        })
    }

    fn record() -> Record {
        let values = std::iter::successors(Some(Value::Null), after);
        let data = values.enumerate().map(|(at, value)| (format!("field-{at}").into(), value)).collect();
        let draft = Draft {
            id: "id-1".to_owned(),
            r#type: "photo.viewed".to_owned(),
            user: "ann".to_owned(),
            subject: "p1".to_owned(),
            time: Some((1_700_000_000, 0)),
            data: DraftData::Values(data),
        };
        let event = draft.parse(Time::from_unix(1_700_000_000, 0).unwrap()).unwrap();
        let award = |index, number| Award {
            place: Place { sequence: Sequence(300), index },
            user: event.user.clone(),
            badge: BadgeNumber(2),
            key: Key::new([("photo", "p1")]),
            number,
            time: event.time,
            event_id: event.id.clone(),
            points: -5,
            first: true,
        };
        let change = |slot, step| Change { slot: Slot(slot), step };
        let revoked = Revocation {
            place: Place { sequence: Sequence(300), index: 1 },
            award: award(7, 3),
            time: event.time,
            event_id: EventId::default(),
            last: false,
        };
        Record {
            sequence: Sequence(300),
            arrival: event.time,
            historical: true,
            changes: vec![
                (Key::user(&event.user), vec![change(0, Step::Count), change(1, Step::Run(20_000))]),
                (Key::EMPTY, Vec::new()),
                (Key::user(&UserId::default()), vec![change(4, Step::Distinct("ann".into()))]),
            ],
            awards: vec![award(0, 1), award(2, 2)],
            revoked: vec![revoked],
            newcomers: 3,
            event,
        }
    }

    /// What both say, or that both say that it cannot be read.
    fn assert_alike(bytes: &[u8]) {
        let whole = match postcard::from_bytes(bytes) {
            Ok(Entry::Event(record)) => Some(record),
            Ok(Entry::Catalog(_) | Entry::Timeline(_)) => return,
            Err(_) => None,
        };
        let Ok(Replayed::Event(effects)) = Replayed::read(bytes) else {
            assert_eq!(whole, None, "{bytes:?}");
            return;
        };
        let whole = whole.unwrap_or_else(|| panic!("it can be read in part: {bytes:?}"));
        assert_eq!((effects.sequence, effects.id), (whole.sequence, whole.event.id.as_str()));
        assert_eq!((effects.awards, effects.revoked), (whole.awards, whole.revoked));
        assert_eq!(effects.newcomers, whole.newcomers);
        let changes = effects.changes.iter().map(|(key, changes)| {
            let mut decoded = Vec::new();
            assert_eq!(each_change(changes, |change| decoded.push(change)), Ok(&[][..]));
            (Key::from_text(key), decoded)
        });
        assert_eq!(changes.collect::<Vec<_>>(), whole.changes);
    }

    #[test]
    fn a_record_says_the_same_whether_its_event_is_passed_over_or_not_and_whatever_was_damaged() {
        let bytes = postcard::to_stdvec(&EntryRef::Event(&record())).unwrap();
        assert!(matches!(Replayed::read(&bytes), Ok(Replayed::Event(_))));
        assert_alike(&bytes);
        for at in 0..bytes.len() {
            assert_alike(&bytes[..at]);
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                assert_alike(&damaged);
            }
        }
    }

    #[test]
    fn what_is_no_event_is_read_as_it_is() {
        let numbers = Numbers::default();
        let bytes = postcard::to_stdvec(&EntryRef::Catalog(&numbers)).unwrap();
        assert!(matches!(Replayed::read(&bytes), Ok(Replayed::Catalog(read)) if read == numbers));
        let timeline = Timeline { id: 7, first: Sequence(3) };
        let bytes = postcard::to_stdvec(&EntryRef::Timeline(&timeline)).unwrap();
        assert!(matches!(Replayed::read(&bytes), Ok(Replayed::Timeline(read)) if read == timeline));
    }
}
