//! What badge files may have, as a JSON Schema: editors complete and check with it while a file is written.
//!
//! [`FIELDS`] is the one table: a field that rules get has one line here. A test compares it with what the loader
//! reads, and `badges/schema.json` with what it comes to.

use serde_json::{Map, Value, json};

use Form::{
    Among, By, Duration, Events, Expression, More, Number, Patterns, Period, Texts, Tiers, Time, Truth, Whole,
};
use In::{Badge, Flag, Happening, Stat, Test, Tier};

/// The kinds of tables that have fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum In {
    Stat,
    Flag,
    Badge,
    /// One of `tiers`.
    Tier,
    /// `[[test]]`
    Test,
    /// One of the `events` of a test.
    Happening,
}

/// What may stand behind a field's name.
#[derive(Clone, Copy, Debug)]
enum Form {
    Text,
    Expression,
    Truth,
    Whole,
    Number,
    /// A number above 0.
    More,
    /// A whole number of at least 1.
    Times,
    Texts,
    /// Types of events: one, or a list.
    Patterns,
    By,
    /// Names of parts of a key: one, or a list.
    Among,
    /// `12h`
    Duration,
    /// `12h`, `1mo`, `1y`, or the name of a calendar period.
    Period,
    Time,
    Tiers,
    /// Any table.
    Data,
    Events,
}

const RULES: &[In] = &[Stat, Flag, Badge];
const CONDITIONS: &[In] = &[Flag, Badge];
const BADGES: &[In] = &[Badge];
const LOOKS: &[In] = &[Badge, Tier];

/// Every field: where it may stand, what it must be, what it means.
const FIELDS: &[(&str, &[In], Form, &str)] = &[
    ("on", RULES, Patterns, "The events it hears: a type, a list of types, or a prefix such as order.*"),
    ("when", RULES, Expression, "Beside `on`: which events count. Without it: what must be true"),
    ("by", RULES, By, "Whose number this is: the parts of its key. Left out: user"),
    ("sum", RULES, Expression, "Keeps the sum of this"),
    ("distinct", RULES, Expression, "Keeps how many different values this has had"),
    ("min", RULES, Expression, "Keeps the least value of this"),
    ("max", RULES, Expression, "Keeps the greatest value of this"),
    ("first", RULES, Expression, "Keeps the value of this at the earliest event"),
    ("last", RULES, Expression, "Keeps the value of this at the latest event"),
    ("run", RULES, Expression, "Keeps whole numbers or calendar periods, and how many of them come in a row"),
    ("undo", RULES, Patterns, "The events that take back what `on` added"),
    ("reset", RULES, Patterns, "The events that set it to nothing"),
    ("within", RULES, Duration, "Only what happened so long ago or less counts, such as 12h"),
    (
        "after",
        RULES,
        Period,
        "Hears each event so much later, such as 7d, or when its day, week, month or year ends",
    ),
    (
        "every",
        RULES,
        Period,
        "Hears each event after so long, such as 1y, and again each time so much has passed",
    ),
    ("own", RULES, Truth, "false: what one did to oneself does not count"),
    ("most", RULES, Form::Times, "Counts at most so many for each value of `per`"),
    ("per", RULES, By, "For what `most` is: user, subject, day, or other parts"),
    ("cooldown", RULES, Duration, "After an event counts, none counts for so long, such as 1h"),
    ("value", CONDITIONS, Expression, "The number that is compared with `at`, `tiers` or `repeat`"),
    ("at", CONDITIONS, Number, "How much is needed. Left out: 1"),
    ("repeat", CONDITIONS, More, "Again at every multiple of so much"),
    ("top", CONDITIONS, Form::Times, "True for so many keys with the greatest `value`"),
    ("among", CONDITIONS, Among, "The parts of the key that those in `top` have in common, such as month"),
    ("revoke", CONDITIONS, Truth, "Taken back when no longer true. Left out: a badge is kept, a flag is not"),
    ("tiers", BADGES, Tiers, "A family: a badge for each, ascending"),
    ("to", BADGES, Expression, "Who gets it: a text, or a list of texts. Left out: the user of the key"),
    ("once", BADGES, Truth, "Once a user, whatever the key"),
    ("expires", BADGES, Period, "Taken back so long after it was last found true, such as 30d"),
    ("from", BADGES, Time, "Not given before this time"),
    ("until", BADGES, Time, "Not given from this time on"),
    ("manual", BADGES, Truth, "Given by hand only; there is no condition"),
    ("secret", BADGES, Truth, "Not shown before it is earned"),
    ("at", &[Tier], Number, "How much is needed"),
    ("id", &[Tier], Form::Text, "Its own id. Left out: the family's, a hyphen, and how much is needed"),
    ("title", LOOKS, Form::Text, "What people see; {photo} stands for that part of the key"),
    ("description", LOOKS, Form::Text, "What people see below the title"),
    ("medal", LOOKS, Form::Text, "Such as bronze, silver, gold"),
    ("points", LOOKS, Whole, "The points it brings"),
    ("icon", LOOKS, Form::Text, "Where its picture is"),
    ("name", &[Test], Form::Text, "What the test claims"),
    ("only", &[Test], Texts, "The badges it is about, by id. Left out: those of this file"),
    ("events", &[Test], Events, "What happens, in order"),
    (
        "awards",
        &[Test],
        Texts,
        "Exactly the awards held at the end: \"user badge key\", with x2 for the second of a repeat",
    ),
    ("type", &[Happening], Form::Text, "The event's type. Left out: time passes, and nothing happens"),
    ("user", &[Happening], Form::Text, "Who did it"),
    ("subject", &[Happening], Form::Text, "What it was done to"),
    ("time", &[Happening], Time, "When it happens"),
    ("wait", &[Happening], Duration, "How long after the event before; left out: a second"),
    ("times", &[Happening], Form::Times, "So many times, with {n} filled in as 1, 2, 3, and so on"),
    ("data", &[Happening], Form::Data, "What rules read as event.data"),
];

/// What a name of a stat, a flag or a part of a key is.
const NAME: &str = "^[a-z][a-z0-9_]{0,62}$";
/// What an id of a badge is.
const ID: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";

/// The schema of one badge file, in draft-07, as a file has it.
pub fn schema() -> String {
    let tables = |of: In, names: &str, what: &str| json!({ "description": what, "type": "object", "additionalProperties": false, "patternProperties": { names: table(of) } });
    let types = json!({ "type": "object", "additionalProperties": {
        "enum": ["string", "int", "float", "bool", "time", "list", "map"]
    } });
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A badge file of Laurels",
        "description": "One category of badges: its stats, flags, badges, events and tests",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "title": { "description": "The name of the category", "type": "string" },
            "stat": tables(Stat, NAME, "Numbers kept per key"),
            "flag": tables(Flag, NAME, "Conditions with a name, which other rules can build on"),
            "badge": tables(Badge, ID, "What people earn"),
            "event": {
                "description": "Which events there are, and the types of their fields",
                "type": "object",
                "additionalProperties": types,
            },
            "test": {
                "description": "Events, and the awards that are held after them",
                "type": "array",
                "items": table(Test),
            },
        },
    });
    // A map of names and values that are no numbers out of range: writing it cannot fail.
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

fn table(of: In) -> Value {
    let fields = FIELDS.iter().filter(|(_, places, ..)| places.contains(&of));
    let properties: Map<String, Value> = fields
        .map(|(name, _, form, doc)| {
            let mut field = form.schema();
            field.insert("description".to_owned(), json!(doc));
            ((*name).to_owned(), Value::Object(field))
        })
        .collect();
    let required: &[&str] = match of {
        Stat => &["on"],
        Tier => &["at"],
        Test => &["name", "events", "awards"],
        Flag | Badge | Happening => &[],
    };
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
}

impl Form {
    fn schema(self) -> Map<String, Value> {
        let text = json!({ "type": "string" });
        let one_or_several =
            |one: Value| json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] });
        let schema = match self {
            Form::Text => text,
            Expression => json!({ "type": "string", "minLength": 1 }),
            Truth => json!({ "type": "boolean" }),
            Whole => json!({ "type": "integer", "minimum": i32::MIN, "maximum": i32::MAX }),
            Number => json!({ "type": "number" }),
            More => json!({ "type": "number", "exclusiveMinimum": 0 }),
            Form::Times => json!({ "type": "integer", "minimum": 1 }),
            Texts => json!({ "type": "array", "items": text }),
            Patterns => one_or_several(json!({ "type": "string", "pattern": "^[a-z0-9_.-]+(\\.\\*)?$" })),
            Among => one_or_several(json!({ "type": "string", "pattern": NAME })),
            By => json!({ "anyOf": [
                { "type": "string", "pattern": NAME },
                { "type": "array", "items": { "type": "string", "pattern": NAME } },
                { "type": "object", "additionalProperties": false,
                  "patternProperties": { NAME: { "type": "string", "minLength": 1 } } },
            ] }),
            Duration => json!({ "type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(ms|us|s|m|h|d|w))+$" }),
            Period => {
                json!({ "type": "string", "pattern": "^(([0-9]+(s|m|h|d|w|mo|y))+|day|week|month|year)$" })
            }
            Time => json!({ "type": "string", "format": "date-time" }),
            Tiers => json!({ "type": "array", "minItems": 1, "items": table(Tier) }),
            Form::Data => json!({ "type": "object" }),
            Events => json!({ "type": "array", "items": table(Happening) }),
        };
        // Each of them is an object.
        if let Value::Object(schema) = schema { schema } else { Map::new() }
    }
}
