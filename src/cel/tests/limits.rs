//! Nothing that is written, and no data, overflows the stack, panics, or runs without end.

use std::thread;

use proptest::prelude::*;

use super::world::World;
use crate::cel::{DEPTH_MAX, NODES_MAX, SOURCE_MAX_BYTES, bare_names, compile};

/// What a thread has at least wherever Laurels may run.
const SMALL_STACK_BYTES: usize = 512 * 1024;

/// What is wrong with an expression, compiled where there is little stack.
fn mistakes_in(source: String) -> Option<String> {
    let compiled = move || {
        bare_names(&source);
        let program = match compile(&source, &World::new()) {
            Ok(program) => program,
            Err(mistakes) => {
                let messages: Vec<_> = mistakes.into_iter().map(|mistake| mistake.message).collect();
                return Some(messages.join("; "));
            }
        };
        program.value(&World::new());
        program.canonical(&|_| String::new());
        None
    };
    let thread = thread::Builder::new().stack_size(SMALL_STACK_BYTES).spawn(compiled).unwrap();
    thread.join().unwrap()
}

#[test]
fn what_stands_side_by_side_is_not_nested() {
    let conditions = vec!["popular ? 1 : 2"; DEPTH_MAX + 1].join(", ");
    assert_eq!(mistakes_in(format!("size([{conditions}]) > 0")), None);
    assert_eq!(mistakes_in(vec!["(popular)"; DEPTH_MAX + 1].join(" || ")), None);
}

#[test]
fn what_is_too_much_is_refused_before_it_overflows_the_stack() {
    let times = |text: &str, times: usize| text.repeat(times);
    for (source, says) in [
        (times("1+", SOURCE_MAX_BYTES) + "1", "bytes"),
        (times("popular ? 1 : ", 20_000) + "1", "bytes"),
        (times("a?", 1300) + "1", "operators"),
        (times("a?b:", 200) + "1", "levels"),
        (times("(", 4000), "operators"),
        (times("(", 400) + "1" + &times(")", 400), "levels"),
        (times("[", 90), "levels"),
        (times("[-", 20) + "1" + &times("]", 20), "levels"),
        (times("a(", 400) + "1" + &times(")", 400), "operators"),
        (times("!-", 1000) + "1", "operators"),
        (times("!-", 400) + "1", "levels"),
        ("1".to_owned() + &times("-1", 1900), "operators"),
        ("1".to_owned() + &times("-1", 490), "levels"),
        ("event.data".to_owned() + &times(".a", 490), "levels"),
        ("event.data".to_owned() + &times(".size()", 240), "levels"),
        ("event.data".to_owned() + &times("[0]", 320), "levels"),
        ("event.data".to_owned() + &times(".map(a,a)", 120), "levels"),
        (times("a||a&&a<a+a*(", 30) + &times("a?(", 2) + "1" + &times(")", 32), "levels"),
        (times("1 in [1], ", 300), "operators"),
        (times("1 == 1 && ", 200) + "true", "operators"),
    ] {
        let beginning: String = source.chars().take(20).collect();
        let mistake = mistakes_in(source).unwrap_or_else(|| panic!("{beginning} is no mistake"));
        assert!(mistake.contains(says), "{beginning}: {mistake}");
    }
}

#[test]
fn the_parser_at_its_deepest_needs_little_stack() {
    // Each bracket behind one operator of every precedence: as many calls a level as there can be.
    for (open, close) in [
        ("1||1&&1<1+1*(", ")"),
        ("1||1&&1<1+1*-a.b(", ")"),
        ("1||1&&1<1+1*-a[", "]"),
        ("1||1&&1<1+1*-[1,", "]"),
    ] {
        let nested = open.repeat(DEPTH_MAX - 1) + "1" + &close.repeat(DEPTH_MAX - 1);
        assert!(mistakes_in(nested).unwrap().contains("levels"), "{open}");
    }
    let choices = "-(1?1:1||1&&1<1+1*".repeat(DEPTH_MAX / 2) + "1" + &")".repeat(DEPTH_MAX / 2);
    assert!(mistakes_in(choices).unwrap().contains("levels"));
}

#[test]
fn what_is_just_not_too_much_is_run() {
    let times = |text: &str, times: usize| text.repeat(times);
    for source in [
        times("(", DEPTH_MAX) + "1" + &times(")", DEPTH_MAX),
        times("[", DEPTH_MAX - 1) + "1" + &times("]", DEPTH_MAX - 1),
        "1".to_owned() + &times("+1", DEPTH_MAX - 1),
        times("popular ? 1 : ", DEPTH_MAX - 1) + "1",
        times("-(", DEPTH_MAX - 1) + "hearts" + &times(")", DEPTH_MAX - 1),
        times("true&&", NODES_MAX - 2) + "true",
        "event.data".to_owned() + &times(".map(a,a)", DEPTH_MAX - 2),
    ] {
        let beginning: String = source.chars().take(20).collect();
        assert_eq!(mistakes_in(source), None, "{beginning}");
    }
}

#[test]
fn a_run_that_goes_on_and_on_has_no_value() {
    let has_value = |items: usize, source: &str| {
        let items: Vec<_> = (0..items).map(|item| item.to_string()).collect();
        let world = World::with(&format!("{{\"l\":[{}],\"t\":\"{}\"}}", items.join(","), "é".repeat(2000)));
        compile(source, &world).unwrap().value(&world).is_some()
    };
    for source in [
        "event.data.l.map(x, x in event.data.l)",
        "event.data.l.map(x, event.data.l == event.data.l)",
        "event.data.l.map(x, event.data.l + event.data.l)",
        "event.data.l.map(x, event.data.t + event.data.t)",
        "event.data.l.map(x, event.data.t.contains('é!') || event.data.t.matches('é!'))",
    ] {
        assert!(has_value(400, source), "{source}");
        assert!(!has_value(2200, source), "{source}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_soup_of_tokens_never_panics(soup in proptest::collection::vec(token(), 1..60)) {
        let source = soup.concat();
        bare_names(&source);
        let world = World::new();
        match compile(&source, &world) {
            Ok(program) => {
                program.value(&world);
                program.parts_true(&world);
            }
            Err(mistakes) => {
                prop_assert!(!mistakes.is_empty());
                for mistake in mistakes {
                    prop_assert!(source.get(mistake.span.clone()).is_some(), "{source:?} {mistake:?}");
                }
            }
        }
    }

    #[test]
    fn any_text_never_panics(source in ".{0,200}") {
        let _ = compile(&source, &World::new());
    }

    #[test]
    fn a_long_soup_never_panics(soup in proptest::collection::vec(token(), 1000..2000)) {
        let source = soup.concat();
        let end = (0..=SOURCE_MAX_BYTES.min(source.len())).rev().find(|end| source.is_char_boundary(*end));
        let _ = compile(&source[..end.unwrap_or(0)], &World::new());
    }
}

fn token() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "1",
        "0",
        "-",
        "9223372036854775807",
        "2.5",
        "1e300",
        "'a'",
        "\"é\"",
        "r'\\'",
        "''' '''",
        "b'a'",
        "1u",
        "true",
        "null",
        "event",
        ".data",
        ".user",
        ".time",
        ".score",
        ".tags",
        ".results",
        ".where",
        "key.photo",
        "now",
        "hearts",
        "popular",
        "ratio",
        "entered",
        ".gap",
        "crew.list",
        "stock(",
        "holds('on-fire')",
        "has(",
        "size(",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        "?",
        ":",
        "+",
        "*",
        "/",
        "%",
        "==",
        "!=",
        "<",
        ">=",
        "&&",
        "||",
        "!",
        " in ",
        ".map(x, ",
        ".filter(x, ",
        ".exists(x, ",
        ".all(x, ",
        "x",
        ".place",
        ".matches('a')",
        "day(",
        "duration('1d')",
        "timestamp(",
        "int(",
        "string(",
        "double(",
        ".getHours()",
        "// c\n",
        " ",
        "`a`",
        "if",
        "é",
        "\\",
        "$",
    ])
}
