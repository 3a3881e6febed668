//! Our CEL against the crate `cel`, which reads all of it: random expressions of the part that we have, over random
//! events, come to the same. What is outside of that part is a mistake with its place.
//!
//! What the crate calls an error is no value here. Times and durations are not compared: the crate has them only
//! together with a second library for calendars.

use std::fmt::Write as _;

use cel::{Context, Program as Theirs, Value as Cel};
use laurels::cel::{Environment, Facet, Scope, StatUse, Type, Whose, compile};
use laurels::event::{Event, EventId, EventType, Map, Time, UserId, Value};
use proptest::prelude::{any, prop};
use proptest::test_runner::TestCaseError;
use smol_str::SmolStr;

use super::agreement::{asked_for, runner};
use super::tape::Tape;

/// How many random expressions are compared, each with its own event.
const EXPRESSIONS: u32 = 20_000;

/// A world of nothing but an event, no field of which is declared.
struct World(Event);

impl Scope for World {
    fn event_data(&self, _: &str) -> Result<Type, String> {
        Ok(Type::Any)
    }

    fn event(&self) -> Result<(), String> {
        Ok(())
    }

    fn key_part(&self, name: &str) -> Result<(), String> {
        Err(format!("there is no part `{name}`"))
    }

    fn stat(&self, name: &str, _: Option<&str>, _: Option<usize>) -> Result<StatUse, String> {
        Err(format!("there is no stat `{name}`"))
    }

    fn badge(&self, id: &str) -> Result<usize, String> {
        Err(format!("there is no badge `{id}`"))
    }

    fn profile(&self, field: &str) -> Result<(StatUse, Whose), String> {
        Err(format!("there is no field `{field}`"))
    }

    fn names(&self) -> Vec<SmolStr> {
        Vec::new()
    }
}

impl Environment for World {
    fn event(&self) -> Option<&Event> {
        Some(&self.0)
    }

    fn now(&self) -> Time {
        self.0.time
    }

    fn key_part(&self, _: &str) -> Option<SmolStr> {
        None
    }

    fn stat(&self, _: usize, _: Facet, _: Option<&[Value]>) -> Option<Value> {
        None
    }

    fn holds(&self, _: usize) -> Option<bool> {
        None
    }
}

/// An event whose fields are mostly of the kind that their names say.
fn event(tape: &mut Tape<'_>) -> World {
    // No map where a list should be: the crate adds a map to a list, and gives the list.
    let any = ["null", "[]", "\"x\"", "7", "0.5", "true"];
    let mut json = String::new();
    let kinds: [(&str, [&str; 4]); 6] = [
        ("i", ["1", "-3", "0", "9223372036854775807"]),
        ("d", ["0.5", "-2.25", "3.0", "0.0"]),
        ("s", ["\"\"", "\"abc\"", "\"12\"", "\"Größe\""]),
        ("b", ["true", "false", "true", "false"]),
        ("l", ["[1,2,3]", "[]", "[-1,1]", "[1,\"a\",null]"]),
        ("m", ["{\"x\":1}", "{}", "{\"x\":\"a\",\"y\":[1]}", "{\"y\":2}"]),
    ];
    for (name, values) in kinds {
        let value = match tape.below(8) {
            6 => tape.of(&any),
            7 => continue,
            _ => tape.of(&values),
        };
        let comma = if json.is_empty() { "" } else { "," };
        write!(json, "{comma}\"{name}\":{value}").expect("a String takes everything");
    }
    World(Event {
        id: EventId::default(),
        r#type: EventType::parse("post.made").expect("it is a type"),
        user: UserId::parse("ann").expect("it is a user"),
        subject: "p1".into(),
        time: Time::MIN,
        dated: true,
        data: Map::from_json(&format!("{{{json}}}"), 8).expect("it is JSON"),
    })
}

/// The type that an expression is to have.
#[derive(Clone, Copy)]
enum Wanted {
    Bool,
    Int,
    Double,
    Text,
    List,
}

/// A random expression of a type, at most so many levels deep. `item` is the name of the item of a macro around it.
fn expression(tape: &mut Tape<'_>, wanted: Wanted, depth: usize, item: Option<&str>) -> String {
    let mut inner = |wanted| match depth {
        0 => operand(tape, wanted, item),
        depth => expression(tape, wanted, depth - 1, item),
    };
    use Wanted::{Bool, Double, Int, List, Text};
    let (a, b, c) = match wanted {
        Bool => (inner(Bool), inner(Bool), inner(Bool)),
        Int => (inner(Int), inner(Int), inner(Bool)),
        Double => (inner(Double), inner(Double), inner(Bool)),
        Text => (inner(Text), inner(Text), inner(Bool)),
        List => (inner(List), inner(List), inner(Bool)),
    };
    let (number, other, text, list) = (inner(Int), inner(Int), inner(Text), inner(List));
    // Macros within macros are not ours.
    let is_macro = |text: &str| text.contains("(x,");
    let whole = item.is_none() && !is_macro(&list);
    let body = operand(tape, Wanted::Bool, Some("x"));
    match (wanted, tape.below(14)) {
        (_, 0) => format!("({c} ? {a} : {b})"),
        (Bool, 1 | 2) => format!("({a} && {b})"),
        (Bool, 3 | 4) => format!("({a} || {b})"),
        (Bool, 5) => format!("!{a}"),
        (Bool, 6 | 7) => format!("({number} {} {other})", tape.of(&["<", "<=", ">", ">=", "==", "!="])),
        (Bool, 8) => format!("({text} {} \"abc\")", tape.of(&["==", "!=", "<", ">="])),
        (Bool, 9) => format!("({number} in {list})"),
        (Bool, 10) => format!("{text}.{}(\"a\")", tape.of(&["startsWith", "endsWith", "contains"])),
        (Bool, 11) if whole => format!("{list}.{}(x, {body})", tape.of(&["all", "exists", "exists_one"])),
        (Bool, 12) => format!("({list} == {list})"),
        (Bool, 13) => format!("({number} == {})", tape.of(&["1.0", "0.5", "-3.0"])),
        (Int, 1..=6) => format!("({a} {} {b})", tape.of(&["+", "-", "*", "/", "%"])),
        (Int, 7 | 8) => format!("size({})", if tape.once_in(2) { text } else { list }),
        (Int, 9) => format!("int({text})"),
        (Int, 10) => format!("-({a})"),
        (Int, 11) => format!("{list}[{}]", tape.of(&["0", "1", "5"])),
        (Double, 1..=6) => format!("({a} {} {b})", tape.of(&["+", "-"])),
        (Double, 7) => format!("double({})", tape.of(&["1", "-2", "0"])),
        (Text, 1..=5) => format!("({a} + {b})"),
        (Text, 6) => format!("string({number})"),
        (List, 1..=4) => format!("({a} + {b})"),
        (List, 5 | 6) if whole => format!("{list}.filter(x, {body})"),
        (List, 7 | 8) if whole => format!("{list}.map(x, [x])"),
        (List, 9) => format!("[{number}, {other}]"),
        _ => a,
    }
}

fn operand(tape: &mut Tape<'_>, wanted: Wanted, item: Option<&str>) -> String {
    let item = item.unwrap_or("1");
    let choices: &[&str] = match wanted {
        Wanted::Bool if item == "x" => &["x == 1", "x > 1", "x == \"a\"", "x in [1, 2]", "x != null", "true"],
        Wanted::Bool => &[
            "event.data.b",
            "true",
            "false",
            "has(event.data.i)",
            "has(event.data.m)",
            "event.data.i > 0",
            "event.data.s == \"abc\"",
            "event.user == \"ann\"",
        ],
        Wanted::Int => {
            &["event.data.i", "1", "2", "-3", "0", "event.data.m.x", "event.data.l[0]", "9223372036854775807"]
        }
        Wanted::Double => &["event.data.d", "0.5", "-2.25", "3.0"],
        Wanted::Text => {
            &["event.data.s", "\"abc\"", "\"12\"", "event.type", "event.subject", "event.data.m[\"x\"]"]
        }
        Wanted::List => &["event.data.l", "[1, 2, 3]", "[1]", "event.data.m.y"],
    };
    tape.of(choices).to_owned()
}

/// What the crate makes of an expression: a value, or none.
fn theirs(text: &str, world: &World) -> Option<Value> {
    let program = Theirs::compile(text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
    let mut context = Context::default();
    let fields = [("type", world.0.r#type.as_str()), ("user", "ann"), ("subject", "p1")];
    let mut event: std::collections::HashMap<String, Cel> =
        fields.into_iter().map(|(name, text)| (name.to_owned(), Cel::from(text))).collect();
    event.insert("data".to_owned(), as_theirs(&Value::Map(world.0.data.clone())));
    context.add_variable_from_value("event", event);
    as_ours(&program.execute(&context).ok()?)
}

fn as_theirs(value: &Value) -> Cel {
    match value {
        Value::Null | Value::Time(_) | Value::Duration(_) => Cel::Null,
        Value::Bool(truth) => Cel::Bool(*truth),
        Value::Int(int) => Cel::Int(*int),
        Value::Double(double) => Cel::Float(*double),
        Value::Text(text) => Cel::from(text.as_str()),
        Value::List(items) => Cel::List(items.iter().map(as_theirs).collect::<Vec<_>>().into()),
        Value::Map(map) => {
            let map: std::collections::HashMap<String, Cel> =
                map.iter().map(|(name, value)| (name.to_string(), as_theirs(value))).collect();
            Cel::from(map)
        }
    }
}

fn as_ours(value: &Cel) -> Option<Value> {
    Some(match value {
        Cel::Null => Value::Null,
        Cel::Bool(truth) => Value::Bool(*truth),
        Cel::Int(int) => Value::Int(*int),
        Cel::Float(double) => Value::Double(*double),
        Cel::String(text) => Value::text(text.as_str()),
        Cel::List(items) => Value::List(items.iter().map(as_ours).collect::<Option<Vec<_>>>()?.into()),
        Cel::Map(map) => {
            let named = |(name, value): (&_, &_)| {
                Some((SmolStr::from(cel::objects::Key::to_string(name)), as_ours(value)?))
            };
            Value::Map(map.map.iter().map(named).collect::<Option<Map>>()?)
        }
        Cel::UInt(_) | Cel::Bytes(_) | Cel::Function(..) | Cel::Opaque(_) | Cel::Struct(_) => {
            panic!("nothing here comes to {value:?}")
        }
    })
}

#[test]
fn expressions_come_to_what_the_full_language_has() {
    let strategy = (prop::collection::vec(any::<u8>(), 0..80), prop::collection::vec(any::<u8>(), 0..16));
    let (valued, compared) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let result = runner(EXPRESSIONS).run(&strategy, |(text, world)| {
        let world = event(&mut Tape::new(&world));
        let mut tape = Tape::new(&text);
        let wanted = tape.of(&[Wanted::Bool, Wanted::Int, Wanted::Double, Wanted::Text, Wanted::List]);
        let depth = tape.below(3);
        let text = expression(&mut tape, wanted, depth, None);
        // A division by a zero that is written, for one, is a mistake at once.
        let Ok(program) = compile(&text, &world) else { return Ok(()) };
        let (ours, theirs) = (program.value(&world), theirs(&text, &world));
        compared.set(compared.get() + 1);
        valued.set(valued.get() + usize::from(ours.is_some()));
        if ours != theirs {
            return Err(TestCaseError::fail(format!(
                "{text}\n{}\nours: {ours:?}\ntheirs: {theirs:?}",
                world.0.data
            )));
        }
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(
        compared.get() > asked_for(EXPRESSIONS) as usize * 3 / 4,
        "only {} were compared",
        compared.get()
    );
    assert!(valued.get() > compared.get() / 3, "only {} of {} have a value", valued.get(), compared.get());
}

/// Where ours is another language, as the page and `src/cel.rs` say: an expression, what it comes to here, and there.
#[test]
fn where_we_differ_from_cel_is_what_is_written() {
    let mut world = event(&mut Tape::new(&[]));
    world.0.data = Map::from_json(r#"{"m":null}"#, 8).expect("it is JSON");
    for (text, ours, of_crate) in [
        ("has(event.data.m.x)", Some(Value::Bool(false)), None),
        ("1.0 / 0.0 > 1.0", None, Some(Value::Bool(true))),
    ] {
        let program = compile(text, &world).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"));
        assert_eq!((program.value(&world), theirs(text, &world)), (ours, of_crate), "{text}");
    }
}

/// What CEL has and we have not, to be put in the place of an operand.
const OUTSIDE: [&str; 15] = [
    "1u",
    "uint(1)",
    "b\"x\"",
    "bytes(\"x\")",
    "{\"a\": 1}",
    "{\"a\": 1}.a",
    "type(event.data.i)",
    "dyn(1)",
    "bool(\"true\")",
    "[1].exists(x, [2].exists(y, y > x))",
    "event.data.?i",
    "event.data[?\"i\"]",
    "event.data.`odd name`",
    "\"a\".lowerAscii()",
    "Message{a: 1}",
];

#[test]
fn what_is_outside_the_part_we_have_is_a_mistake_with_its_place() {
    let strategy = (prop::collection::vec(any::<u8>(), 0..40), 0..OUTSIDE.len());
    let result = runner(EXPRESSIONS / 10).run(&strategy, |(tape, outside)| {
        let world = event(&mut Tape::new(&[]));
        let mut tape = Tape::new(&tape);
        let (left, right) = (operand(&mut tape, Wanted::Bool, None), operand(&mut tape, Wanted::Int, None));
        let outside = OUTSIDE[outside];
        let text = tape.of(&[
            format!("{left} && {outside} == {right}"),
            format!("{outside} == {right} || {left}"),
            format!("size([{right}, {outside}]) > 1"),
            format!("{left} ? {outside} : {right}"),
        ]);
        match compile(&text, &world) {
            Ok(program) => Err(TestCaseError::fail(format!("{text} is taken for {:?}", program.r#type()))),
            Err(mistakes) => {
                let has_place = |span: &std::ops::Range<usize>| text.get(span.clone()).is_some();
                if mistakes.iter().all(|mistake| has_place(&mistake.span) && !mistake.message.is_empty()) {
                    return Ok(());
                }
                Err(TestCaseError::fail(format!("{text}: {mistakes:?}")))
            }
        }
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}
