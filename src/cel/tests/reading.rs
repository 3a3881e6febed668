//! What is read off a program without running it, and why one has no value.

use super::world::World;
use crate::cel::compile;

#[test]
fn the_most_of_an_expression_follows_from_its_parts() {
    let most = |source: &str| compile(source, &World::new()).unwrap().at_most(&|_| None);
    for (source, expected) in [
        ("3", Some(3.0)),
        ("event.data.x == 1 ? 5 : 2", Some(5.0)),
        ("event.time.getHours() + 1", Some(24.0)),
        ("10 - event.time.getDayOfWeek()", Some(10.0)),
        ("2 * 3", Some(6.0)),
        ("size([1, 2])", Some(2.0)),
        ("int(event.data.x) % 5", Some(4.0)),
        ("duration(\"90d\").getHours()", None),
        ("event.time.getFullYear()", None),
        ("hearts", None),
        ("hearts + 1", None),
        ("event.data.x == 1 ? 5 : hearts", None),
    ] {
        assert_eq!(most(source), expected, "{source}");
    }
    let stat = compile("hearts + 1", &World::new()).unwrap().at_most(&|_| Some(7.0));
    assert_eq!(stat, Some(8.0));
}

#[test]
fn how_many_values_there_are_is_known_of_truths_and_small_numbers() {
    let count = |source: &str| compile(source, &World::new()).unwrap().values_at_most(Some(3));
    for (source, expected) in [
        ("event.type", Some(3.0)),
        ("hearts > 1", Some(2.0)),
        ("event.time.getHours()", Some(24.0)),
        ("event.time.getMonth()", Some(12.0)),
        ("event.user", None),
        ("event.data.declared_int", None),
        ("event.data.x == 1 ? \"a\" : \"b\"", Some(2.0)),
    ] {
        assert_eq!(count(source), expected, "{source}");
    }
}

#[test]
fn what_is_asked_of_a_stat_is_read_from_either_side() {
    let program = compile("hearts >= 2 && (3 < hearts || hearts == 5)", &World::new()).unwrap();
    let asks: Vec<_> = program.comparisons().into_iter().map(|found| found.asks).collect();
    assert_eq!(asks, ["2", "more than 3", "exactly 5"]);
    assert!(program.only_stat().is_none());
    assert!(compile("hearts", &World::new()).unwrap().only_stat().is_some());
}

#[test]
fn of_what_has_no_value_it_is_said_which_part_has_none() {
    let world = World::new();
    let why = |source: &str| compile(source, &world).unwrap().why_no_value(&world, &|_| "it".to_owned());
    for (source, says) in [
        ("event.data.scor > 3", Some("the event has no field `scor`")),
        ("event.data.score / (event.data.score - 7)", Some("`/` has no value for 7 and 0")),
        ("event.data.max + 1", Some("`+` has no value for 9223372036854775807 and 1")),
        ("event.data.owner > 3", Some("`>` has no value for \"ann\" and 3")),
        ("int(event.data.owner)", Some("`int` has no value for \"ann\"")),
        ("best", Some("`it` has no value yet")),
        ("stock(\"jug\")", Some("`it` has no value yet at \"jug\"")),
        ("stock(event.data.none)", Some("the event has no field `none`")),
        ("event.data.tags[5]", Some("[\"b\",\"a\"] has no item 5")),
        ("event.data.where.zip", Some("has no field `zip`")),
        ("hearts > 1 && event.data.none > 1", Some("the event has no field `none`")),
        ("hearts > 1 ? event.data.none : 3", Some("the event has no field `none`")),
        ("event.data.holes.map(h, h.place)", Some("what `map` asks has no value for an item of")),
        ("hearts > 5 && event.data.none > 1", None),
        ("event.data.score", None),
    ] {
        let found = why(source);
        match says {
            None => assert_eq!(found, None, "{source}"),
            Some(says) => {
                assert!(found.as_deref().is_some_and(|why| why.contains(says)), "{source}: {found:?}")
            }
        }
    }
}
