//! What can be told of a program without running it.

use super::world::World;
use crate::cel::{Facet, Program, bare_names, compile, is_reserved};

fn program(source: &str) -> Program {
    compile(source, &World::new()).unwrap_or_else(|mistakes| panic!("{source}: {mistakes:?}"))
}

#[test]
fn the_parts_that_and_joins_are_counted() {
    let world = World::new();
    for (source, counted) in [
        ("hearts >= 2 && (popular && event.data.missing > 1) && ratio > 1.0", (2, 4)),
        ("hearts >= 2", (1, 1)),
        ("event.data.missing", (0, 1)),
        ("popular || popular && popular", (1, 1)),
    ] {
        assert_eq!(program(source).parts_true(&world), counted, "{source}");
    }
}

#[test]
fn the_stats_and_badges_it_reads_are_known() {
    let program = program(
        "hearts > 1 && stock(item_of) > hearts && entered.gap > 1 && entered('b').gap > 1 \
         && [1].exists(x, popular)",
    );
    let stats: Vec<_> =
        program.stats().into_iter().map(|(stat, elsewhere)| (stat.stat, stat.facet, elsewhere)).collect();
    let itself = Facet::Itself;
    assert_eq!(
        stats,
        [
            (0, itself, false),
            (1, itself, true),
            (2, itself, false),
            (3, Facet::Gap, false),
            (3, Facet::Gap, true),
            (5, itself, false),
        ]
    );
    let held = self::program("holds('on-fire') || holds('first-photo') || holds('on-fire')");
    assert_eq!(held.badges(), [1, 0]);
}

#[test]
fn only_what_plainly_grows_stays_true() {
    for (source, stays) in [
        ("true", true),
        ("hearts >= 2 && 3 < hearts && popular", true),
        ("hearts > 2 || holds('first-photo')", true),
        ("hearts > 2 || holds('on-fire')", false),
        ("false", false),
        ("hearts == 2", false),
        ("hearts <= 2", false),
        ("2 > hearts", false),
        ("hearts >= entered.gap", false),
        ("stock('a') >= 2", false),
        ("ratio >= 2.0", false),
        ("hearts > 2 && ratio > 1.0", false),
        ("!popular", false),
        ("popular ? popular : popular", false),
        ("has(entered.first)", false),
    ] {
        let grows =
            program(source).stays_true(&|stat| [0, 1, 3, 5].contains(&stat.stat), &|badge| badge != 1);
        assert_eq!(grows, stays, "{source}");
    }
}

/// Stats are fingerprinted by these texts: a text that changes here loses the numbers of every
/// site that has written such an expression.
#[test]
fn canonical_texts_never_change() {
    let name = |stat: usize| format!("s{stat}");
    for (source, text) in [
        ("hearts>=2&&event.data.merge==false", r#"(&& (>= (stat "s0") 2) (== (data "merge") false))"#),
        (
            " ( hearts >= 2 ) && ( event.data['merge'] == false ) // so",
            r#"(&& (>= (stat "s0") 2) (== (data "merge") false))"#,
        ),
        ("popular || (popular || !popular)", r#"(|| (stat "s5") (stat "s5") (! (stat "s5")))"#),
        ("entered.gap + entered('é\"').gap", r#"(+ (stat "s3" .gap) (stat "s3" .gap (at "é\"")))"#),
        (
            "event.data.results.filter(r, r.place <= 5).map(x, x.user)",
            r#"(map (filter (data "results") (<= (field item "place") 5)) (field item "user"))"#,
        ),
        ("[-1, 1.0, 1e30, null][0]", "(index (list -1 1.0 1e30 null) 0)"),
        ("now - event.time > duration('90d')", "(> (- now event.time) (duration 7776000000000))"),
        ("timestamp('1970-01-01T00:00:01Z') > now", "(> (time 1000000) now)"),
        ("event.data.at > now", "(> (timestamp (data \"at\")) now)"),
        ("holds('on-fire') ? key.photo : event.user", r#"(if (holds "on-fire") (key "photo") event.user)"#),
        (
            "has(event.data.x) && event.type.matches('^a')",
            r#"(&& (has (data "x")) (matches event.type "^a"))"#,
        ),
        (
            "-size(event.data.x) in [day(now).size()]",
            r#"(in (negate (size (data "x"))) (list (size (day now))))"#,
        ),
        ("event.data == event.data.x.y", r#"(== event.data (field (data "x") "y"))"#),
    ] {
        assert_eq!(program(source).canonical(&name), text, "{source}");
    }
}

#[test]
fn a_program_may_be_nothing_but_a_stat() {
    let (stat, _) = program("entered.gap").stats().remove(0);
    let program = Program::of_stat(stat);
    assert_eq!(program.value(&World::new()).unwrap().to_string(), "3");
    assert_eq!(program.canonical(&|_| "e".into()), r#"(stat "e" .gap)"#);
}

#[test]
fn bare_names_are_those_that_stand_by_themselves() {
    for (source, names) in [
        ("entered.gap >= 3 && hearts > entered", &["entered", "hearts"][..]),
        ("thanks >= 2 && stock(item_of) > 100", &["thanks", "item_of"]),
        ("sold(a).gap + crew.list.map(u, u + b)[c] > -d", &["a", "crew", "b", "c", "d"]),
        ("event.data.x && key.y == now && profile.z && true && null == false", &["profile.z"]),
        ("l.exists(u, u) && u", &["l", "u"]),
        ("has(x.y) ? [a] : !b", &["x", "a", "b"]),
        ("hearts >", &[]),
    ] {
        assert_eq!(bare_names(source), names, "{source}");
    }
}

#[test]
fn names_that_mean_something_are_reserved() {
    for name in
        ["in", "true", "null", "while", "event", "now", "size", "day", "getHours", "holds", "exists_one"]
    {
        assert!(is_reserved(name), "{name}");
    }
    for name in ["hearts", "type", "user", "data", "days", "inn", ""] {
        assert!(!is_reserved(name), "{name}");
    }
}
