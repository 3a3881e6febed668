//! Expressions: what a text means, and what it comes to.

use laurels::cel::{self, Facet, Mistake, Program, Type, bare_names};
use laurels::event::Value;

use super::world::World;

/// An expression is refused with mistakes that stand in it, or means always the same, and its value is of the type
/// that it was said to have.
pub fn expression(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    drop(bare_names(text));
    for world in [World { heard: true }, World { heard: false }] {
        match cel::compile(text, &world) {
            Ok(program) => run(text, &program, &world),
            Err(mistakes) => check(text, &mistakes),
        }
    }
}

fn check(text: &str, mistakes: &[Mistake]) {
    assert!(!mistakes.is_empty());
    for Mistake { span, message } in mistakes {
        assert!(!message.is_empty());
        assert!(text.get(span.clone()).is_some(), "{span:?} is no part of the text: {message}");
    }
}

fn run(text: &str, program: &Program, world: &World) {
    let value = program.value(world);
    assert!(value.as_ref().is_none_or(|value| is(value, program.r#type())), "{value:?} {}", program.r#type());
    assert_eq!(format!("{:?}", program.value(world)), format!("{value:?}"), "it is the same each time");
    assert_eq!(program.is_true(world), value == Some(Value::Bool(true)));
    let (parts_true, parts) = program.parts_true(world);
    assert!(parts_true <= parts && parts > 0);
    if program.is_true(world) {
        assert_eq!(parts_true, parts, "what is true is true in all its parts");
    }
    if program.stays_true(&|used| used.facet == Facet::Itself, &|_| true) {
        assert!(
            program.r#type() == &Type::Bool
                || matches!(program.r#type(), Type::Any | Type::Int | Type::Double)
        );
    }
    let name = |stat: usize| format!("stat-{stat}");
    let canonical = program.canonical(&name);
    // In brackets, and with a comment behind, it means the same; where there is room for them.
    if let Ok(again) = cel::compile(&format!("({text}\n) // the same"), world) {
        assert_eq!(again.canonical(&name), canonical);
        assert_eq!((again.stats(), again.badges()), (program.stats(), program.badges()));
    }
}

/// Whether a value is of a type. A double is never infinite, and always a number.
fn is(value: &Value, r#type: &Type) -> bool {
    match (r#type, value) {
        (Type::Any, Value::Double(double)) | (Type::Double, Value::Double(double)) => double.is_finite(),
        (Type::Any, _) => true,
        (Type::Null, Value::Null) | (Type::Bool, Value::Bool(_)) | (Type::Int, Value::Int(_)) => true,
        (Type::Text | Type::Period(_), Value::Text(_)) | (Type::Time, Value::Time(_)) => true,
        (Type::Duration, Value::Duration(_)) | (Type::Map, Value::Map(_)) => true,
        (Type::List(of), Value::List(items)) => items.iter().all(|item| is(item, of)),
        _ => false,
    }
}
