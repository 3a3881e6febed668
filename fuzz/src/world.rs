//! A small world for expressions: an event, a key, stats and badges.

use std::sync::LazyLock;

use laurels::cel::{Environment, Facet, Scope, StatUse, Type, Whose};
use laurels::event::{Draft, DraftData, Event, Period, Time, Value};
use smol_str::SmolStr;

/// Names, types, and how many parts their keys have.
const STATS: [(&str, Type, usize); 6] = [
    ("hearts", Type::Int, 2),
    ("best", Type::Any, 1),
    ("entered", Type::Int, 1),
    ("crew", Type::Int, 1),
    ("popular", Type::Bool, 1),
    ("ratio", Type::Double, 1),
];

const BADGES: [&str; 2] = ["first-photo", "on-fire"];

static EVENT: LazyLock<Event> = LazyLock::new(|| {
    let data = r#"{
        "score": 7, "part": 2.5, "merge": false, "owner": "ann", "empty": "", "nothing": null, "odd name": 1,
        "at": "2026-01-31T23:00:00Z", "max": 9223372036854775807, "min": -9223372036854775808,
        "long": "Größe", "wait": "1h30m", "tags": ["b", "a"], "numbers": [1, 2, 3, -1, 0.5],
        "where": {"city": "Oslo", "at": {"x": 1}}, "huge": 1e308,
        "results": [{"user": "ann", "place": 1}, {"user": "bob", "place": 6}, {}]
    }"#;
    let draft = Draft {
        id: "e1".to_owned(),
        r#type: "photo.posted".to_owned(),
        user: "ann".to_owned(),
        subject: "p1".to_owned(),
        time: Some((1_769_898_896, 789_000_000)),
        data: DraftData::Json(data.to_owned()),
    };
    draft.parse(Time::MAX).expect("this event is right")
});

/// Beside `on`, or not.
pub struct World {
    /// Whether there is an event.
    pub heard: bool,
}

impl Scope for World {
    fn event_data(&self, field: &str) -> Result<Type, String> {
        Scope::event(self)?;
        match field {
            "at" => Ok(Type::Time),
            "part" => Ok(Type::Double),
            "undeclared" => Err("no event has a field `undeclared`".to_owned()),
            _ => Ok(Type::Any),
        }
    }

    fn event(&self) -> Result<(), String> {
        if self.heard { Ok(()) } else { Err("there is no event without `on`".to_owned()) }
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
        Ok((Scope::stat(self, field, None, Some(1))?, Whose::OfEvent))
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
        self.heard.then_some(&EVENT)
    }

    fn now(&self) -> Time {
        EVENT.time
    }

    fn key_part(&self, name: &str) -> Option<SmolStr> {
        (name == "photo").then(|| "p1".into())
    }

    fn stat(&self, stat: usize, facet: Facet, at: Option<&[Value]>) -> Option<Value> {
        match (STATS[stat].0, facet, at) {
            ("hearts", _, None) => Some(Value::Int(2)),
            ("hearts", _, Some([Value::Text(_), Value::Int(_)])) => Some(Value::Int(20)),
            ("best", ..) => Some(Value::text("cup")),
            ("entered", Facet::First, _) => Some(Value::text("2026-01-31")),
            ("entered", ..) => Some(Value::Int(i64::MAX)),
            ("crew", Facet::List, _) => Some(Value::List([Value::text("ann"), Value::text("bob")].into())),
            ("popular", ..) => Some(Value::Bool(true)),
            ("ratio", ..) => Some(Value::Double(0.25)),
            _ => None,
        }
    }

    fn holds(&self, badge: usize) -> Option<bool> {
        Some(BADGES[badge] == "first-photo")
    }
}
