//! A small world for expressions: an event, a key, stats and badges.

use smol_str::SmolStr;

use crate::cel::{Environment, Facet, Scope, StatUse, Type, Whose};
use crate::event::{Draft, DraftData, Event, Period, Time, Value};

/// Names, types, and how many parts their keys have.
const STATS: [(&str, Type, usize); 9] = [
    ("hearts", Type::Int, 2),
    ("stock", Type::Int, 1),
    ("item_of", Type::Any, 1),
    ("entered", Type::Int, 1),
    ("crew", Type::Int, 1),
    ("popular", Type::Bool, 1),
    ("ratio", Type::Double, 1),
    ("best", Type::Any, 1),
    ("profile.time_zone", Type::Text, 1),
];

const BADGES: [&str; 2] = ["first-photo", "on-fire"];

const DATA: &str = r#"{
    "score": 7, "part": 2.5, "merge": false, "owner": "ann", "empty": "", "nothing": null, "odd name": 1,
    "at": "2026-01-31T23:00:00Z", "whole": 3, "max": 9223372036854775807, "long": "Größe", "wait": "1h30m",
    "tags": ["b", "a"], "numbers": [1, 2, 3], "where": {"city": "Oslo", "at": {"x": 1}},
    "results": [{"user": "ann", "place": 1}, {"user": "bob", "place": 6}, {"user": "cat", "place": 5}],
    "holes": [{"place": 1}, {}]
}"#;

pub(super) struct World {
    /// Whether there is an event: whether the expression stands beside `on`.
    heard: bool,
    event: Event,
}

impl World {
    pub(super) fn new() -> World {
        World::with(DATA)
    }

    /// A world in which the event's data is this JSON.
    pub(super) fn with(data: &str) -> World {
        let draft = Draft {
            id: "e1".into(),
            r#type: "photo.posted".into(),
            user: "ann".into(),
            subject: "p1".into(),
            time: Some((1_769_898_896, 789_000_000)),
            data: DraftData::Json(data.into()),
        };
        let arrival = Time::parse("2026-02-01T00:00:00Z").unwrap();
        World { heard: true, event: draft.parse(arrival).unwrap() }
    }

    pub(super) fn without_event() -> World {
        World { heard: false, ..World::new() }
    }
}

impl Scope for World {
    fn event_data(&self, field: &str) -> Result<Type, String> {
        Scope::event(self)?;
        match field {
            "declared_int" => Ok(Type::Int),
            "declared_text" => Ok(Type::Text),
            "at" => Ok(Type::Time),
            "whole" => Ok(Type::Double),
            "undeclared" => Err("no event has a field `undeclared`".into()),
            _ => Ok(Type::Any),
        }
    }

    fn event(&self) -> Result<(), String> {
        if self.heard { Ok(()) } else { Err("there is no event without `on`".into()) }
    }

    fn key_part(&self, name: &str) -> Result<(), String> {
        if name == "photo" { Ok(()) } else { Err(format!("the key has no part `{name}`")) }
    }

    fn stat(&self, name: &str, facet: Option<&str>, arguments: Option<usize>) -> Result<StatUse, String> {
        let stat = STATS.iter().position(|(known, ..)| *known == name);
        let stat = stat.ok_or(format!("there is no stat or flag `{name}`"))?;
        let (_, r#type, parts) = &STATS[stat];
        if arguments.is_some_and(|arguments| arguments != *parts) {
            return Err(format!("`{name}` has {parts} parts"));
        }
        let (facet, r#type) = match (name, facet) {
            (_, None) => (Facet::Itself, r#type.clone()),
            ("entered", Some("gap")) => (Facet::Gap, Type::Int),
            ("entered", Some("first")) => (Facet::First, Type::Period(Period::Day)),
            ("crew", Some("list")) => (Facet::List, Type::List(Box::new(Type::Text))),
            (_, Some(facet)) => return Err(format!("`{name}` has no `{facet}`")),
        };
        Ok(StatUse { stat, facet, r#type })
    }

    fn profile(&self, field: &str) -> Result<(StatUse, Whose), String> {
        Scope::event(self)?;
        Ok((Scope::stat(self, &format!("profile.{field}"), None, Some(1))?, Whose::OfEvent))
    }

    fn badge(&self, id: &str) -> Result<usize, String> {
        BADGES.iter().position(|known| *known == id).ok_or(format!("there is no badge `{id}`"))
    }

    fn names(&self) -> Vec<SmolStr> {
        STATS.iter().map(|(name, ..)| SmolStr::new(name)).collect()
    }
}

impl Environment for World {
    fn event(&self) -> Option<&Event> {
        self.heard.then_some(&self.event)
    }

    fn now(&self) -> Time {
        self.event.time
    }

    fn key_part(&self, name: &str) -> Option<SmolStr> {
        (name == "photo").then(|| "p1".into())
    }

    fn stat(&self, stat: usize, facet: Facet, at: Option<&[Value]>) -> Option<Value> {
        match (STATS[stat].0, facet, at) {
            ("hearts", _, None) => Some(Value::Int(2)),
            ("hearts", _, Some([Value::Text(user), Value::Int(1)])) if user == "bob" => Some(Value::Int(20)),
            ("stock", _, Some([Value::Text(item)])) if item == "cup" => Some(Value::Int(101)),
            ("profile.time_zone", _, Some([Value::Text(user)])) if user == "ann" => {
                Some(Value::text("Pacific/Kiritimati"))
            }
            ("item_of", ..) => Some(Value::text("cup")),
            ("entered", Facet::Gap, None) => Some(Value::Int(3)),
            ("entered", Facet::Gap, Some([Value::Text(user)])) if user == "bob" => Some(Value::Int(9)),
            ("crew", Facet::List, None) => Some(Value::List([Value::text("ann"), Value::text("bob")].into())),
            ("popular", ..) => Some(Value::Bool(true)),
            ("ratio", ..) => Some(Value::Double(0.25)),
            _ => None,
        }
    }

    fn holds(&self, badge: usize) -> Option<bool> {
        Some(BADGES[badge] == "first-photo")
    }
}
