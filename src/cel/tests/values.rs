//! Expressions and what they come to. A value is written as JSON; "-" means that there is none.

use super::world::World;
use crate::cel::{Type, compile};
use crate::event::Period;

fn comes_to(table: &[(&str, &str)]) {
    let world = World::new();
    for (source, expected) in table {
        let program = compile(source, &world).unwrap_or_else(|mistakes| panic!("{source}: {mistakes:?}"));
        let value = program.value(&world).map_or("-".to_owned(), |value| value.to_string());
        assert_eq!(value, *expected, "{source}");
    }
}

#[test]
fn names_stand_for_the_event_the_key_and_stats() {
    comes_to(&[
        ("event.type", "\"photo.posted\""),
        ("event.user + event.subject + event.id", "\"annp1e1\""),
        ("event.time == now", "true"),
        ("event.data.score", "7"),
        ("event.data[\"odd name\"]", "1"),
        ("event.data.where.city", "\"Oslo\""),
        ("event.data.where.at[\"x\"]", "1"),
        ("event.data.where[event.data.missing]", "-"),
        ("event.data.missing", "-"),
        ("event.data.owner.x", "-"),
        ("event.data.whole", "3.0"),
        ("event.data.at > now", "true"),
        ("size(event.data) > 5 && 'owner' in event.data", "true"),
        ("key.photo", "\"p1\""),
        ("hearts >= 2", "true"),
        ("entered.gap", "3"),
        ("crew.list", "[\"ann\",\"bob\"]"),
        ("stock(item_of)", "101"),
        ("stock(\"saucer\")", "-"),
        ("hearts('bob', 1)", "20"),
        ("entered(\"bob\").gap", "9"),
        ("entered.first == '2026-01-31'", "-"),
        ("best", "-"),
        ("holds(\"first-photo\") && !holds('on-fire')", "true"),
    ]);
}

#[test]
fn numbers_are_exact_or_have_no_value() {
    comes_to(&[
        ("1 + 2 * 3 - 4 / 2 % 3", "5"),
        ("-7 / 2", "-3"),
        ("-7 % 2", "-1"),
        ("7.0 / 2.0", "3.5"),
        ("-event.data.score", "-7"),
        ("0.0 * -1.0", "0.0"),
        ("-0.0", "0.0"),
        ("-(0.0)", "0.0"),
        ("- - 5", "5"),
        ("0x10 - 0x1", "15"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("event.data.max + 1", "-"),
        ("event.data.max * 2", "-"),
        ("-9223372036854775808 - event.data.score", "-"),
        ("-(-9223372036854775808)", "-"),
        ("1 / (event.data.score - 7)", "-"),
        ("1 % (event.data.score - 7)", "-"),
        ("-9223372036854775808 / (event.data.score - 8)", "-"),
        ("1.0 / (ratio - 0.25)", "-"),
        ("1e308 * 10.0", "-"),
        ("event.data.part + 1", "-"),
        ("event.data.part + 1.0", "3.5"),
        ("event.data.score + event.data.owner", "-"),
        ("double(event.data.score) + ratio", "7.25"),
        ("int(2.9) + int(-2.9) + int('12') + int(now)", "1769898908"),
        ("int(1e19)", "-"),
        ("int(-9223372036854775808.0)", "-9223372036854775808"),
        ("int(event.data.owner)", "-"),
        ("double('1e400')", "-"),
        ("double('nan')", "-"),
        ("double(' 1')", "-"),
        ("string(1) + string(1.0) + string(2.5) + string(true)", "\"112.5true\""),
    ]);
}

#[test]
fn numbers_of_both_kinds_compare_and_other_kinds_are_unequal() {
    comes_to(&[
        ("hearts == 2.0", "true"),
        ("9007199254740993 == 9007199254740992.0", "false"),
        ("9007199254740993 > 9007199254740992.0", "true"),
        ("event.data.score == \"7\"", "false"),
        ("event.data.score != \"7\"", "true"),
        ("event.data.nothing == null", "true"),
        ("event.data.score == null", "false"),
        ("event.data.missing == null", "-"),
        ("event.data.missing != 1", "-"),
        ("event.data.owner < 1", "-"),
        ("event.data.nothing < 1", "-"),
        ("event.data.nothing + 1", "-"),
        ("'B' < 'a' && 'a' < 'ä'", "true"),
        ("false < true", "true"),
        ("[1, 2] == [1.0, 2.0]", "true"),
        ("event.data.where == event.data.where", "true"),
        ("event.data.merge == false", "true"),
    ]);
}

#[test]
fn what_has_no_value_makes_nothing_true() {
    comes_to(&[
        ("false && event.data.missing", "false"),
        ("event.data.missing && false", "false"),
        ("true && event.data.missing", "-"),
        ("true || event.data.missing", "true"),
        ("event.data.missing || true", "true"),
        ("event.data.missing || false", "-"),
        ("event.data.score || true", "true"),
        ("!event.data.missing", "-"),
        ("!event.data.score", "-"),
        ("popular ? 1 : event.data.missing", "1"),
        ("event.data.missing ? 1 : 2", "-"),
        ("has(event.data.owner) && !has(event.data.missing)", "true"),
        ("has(event.data.nothing)", "true"),
        ("has(event.data.missing.deeper) || has(event.data.owner.x)", "false"),
        ("has(entered.gap) && !has(entered.first)", "true"),
    ]);
}

#[test]
fn lists_are_searched_changed_and_walked() {
    comes_to(&[
        ("'a' in event.data.tags && !('c' in event.data.tags)", "true"),
        ("2.0 in [1, 2]", "true"),
        ("event.user in crew.list", "true"),
        ("1 in event.data.owner", "-"),
        ("'city' in event.data.where", "true"),
        ("event.data.tags[1]", "\"a\""),
        ("event.data.tags[2]", "-"),
        ("event.data.tags[-1]", "-"),
        ("[1] + [2.5] + event.data.numbers", "[1,2.5,1,2,3]"),
        ("[]", "[]"),
        ("size(event.data.tags) + event.data.tags.size() + size('Größe')", "9"),
        ("event.data.results.filter(r, r.place <= 5).map(r, r.user)", "[\"ann\",\"cat\"]"),
        ("event.data.numbers.all(n, n > 0)", "true"),
        ("event.data.numbers.exists(n, n > 2)", "true"),
        ("event.data.numbers.exists_one(n, n > 2)", "true"),
        ("event.data.numbers.exists_one(n, n > 1)", "false"),
        ("event.data.where.exists(name, name == 'city')", "true"),
        ("event.data.owner.all(x, true)", "-"),
        ("event.data.holes.map(h, h.place)", "-"),
        ("event.data.holes.filter(h, h.place == 1)", "-"),
        ("event.data.holes.exists(h, h.place == 1)", "true"),
        ("event.data.holes.exists(h, h.place == 2)", "-"),
        ("event.data.holes.all(h, h.place == 2)", "false"),
        ("event.data.holes.all(h, h.place == 1)", "-"),
        ("event.data.holes.exists_one(h, h.place == 1)", "-"),
        ("event.data.holes.all(h, has(h.place))", "false"),
        ("event.data.numbers.map(hearts, hearts * 2)", "[2,4,6]"),
    ]);
}

#[test]
fn texts_are_searched() {
    comes_to(&[
        ("event.type.startsWith('photo.') && event.type.endsWith(\".posted\")", "true"),
        ("event.data.long.contains('öß')", "true"),
        ("event.data.score.contains('7')", "-"),
        ("event.type.matches('^ph.*d$') && !matches(event.type, r'\\d')", "true"),
        ("event.data.score.matches('7')", "-"),
        ("event.user.matches('^\\\\w{1,64}$')", "true"),
        ("event.type.matches('(?i)^\\\\w+\\\\.POSTED$')", "true"),
        ("'a' + event.data.owner + event.data.empty", "\"aann\""),
        ("'tab\\t\\u00e9' + \"\"\"'\"\"\"", "\"tab\\té'\""),
    ]);
}

#[test]
fn times_and_durations_are_reckoned_with() {
    comes_to(&[
        ("event.time", "\"2026-01-31T22:34:56.789Z\""),
        ("event.time + duration('90d') > timestamp('2026-05-01T00:00:00Z')", "true"),
        ("event.time - duration('1h') + duration('60m') == now", "true"),
        ("duration('1h') + event.time == event.time - duration('-1h')", "true"),
        ("timestamp('2026-02-01T00:00:00Z') - event.time", "\"5103.211s\""),
        ("string(duration('1h30m') - duration('2w'))", "\"-1204200s\""),
        ("duration(event.data.wait) == duration('90m')", "true"),
        ("duration(event.data.owner)", "-"),
        ("timestamp(event.data.owner)", "-"),
        ("timestamp(0)", "\"1970-01-01T00:00:00Z\""),
        ("string(timestamp(0))", "\"1970-01-01T00:00:00Z\""),
        ("event.time + duration('9999999w')", "-"),
        (
            "[day(now), week(now), month(now), year(now)]",
            "[\"2026-01-31\",\"2026-W05\",\"2026-01\",\"2026\"]",
        ),
        ("day(event.data.owner)", "-"),
        ("[day(now, profile.time_zone), month(now, '-08:00')]", "[\"2026-02-01\",\"2026-01\"]"),
        ("[now.getHours(), now.getHours('Europe/Oslo'), now.getDayOfWeek('Europe/Oslo')]", "[22,23,6]"),
        ("day(now, event.data.owner)", "-"),
        ("[now.getFullYear(), now.getMonth(), now.getDate(), now.getDayOfMonth()]", "[2026,0,31,30]"),
        ("[now.getDayOfWeek(), now.getDayOfYear()]", "[6,30]"),
        ("[now.getHours(), now.getMinutes(), now.getSeconds(), now.getMilliseconds()]", "[22,34,56,789]"),
        ("(now - event.data.at).getMinutes()", "-25"),
        ("duration('36h').getHours()", "36"),
        ("event.data.owner.getHours()", "-"),
    ]);
}

#[test]
fn types_are_known_before_it_runs() {
    let world = World::new();
    let list = |of| Type::List(Box::new(of));
    for (source, r#type) in [
        ("hearts + 1", Type::Int),
        ("event.data.score + 1", Type::Int),
        ("event.data.score * ratio", Type::Double),
        ("event.data.score", Type::Any),
        ("event.data.score + event.data.part", Type::Any),
        ("event.data.score % event.data.part", Type::Int),
        ("day(event.time)", Type::Period(Period::Day)),
        ("day(event.time) + ''", Type::Text),
        ("popular ? day(now) : month(now)", Type::Text),
        ("now - now", Type::Duration),
        ("event.data.score - now", Type::Duration),
        ("crew.list", list(Type::Text)),
        ("crew.list.map(u, size(u))", list(Type::Int)),
        ("[1, 'a']", list(Type::Any)),
        ("[] + [1]", list(Type::Any)),
        ("popular ? [1] : ['a']", list(Type::Any)),
        ("popular ? null : 1", Type::Any),
        ("hearts > 1 && popular", Type::Bool),
    ] {
        let program = compile(source, &world).unwrap_or_else(|mistakes| panic!("{source}: {mistakes:?}"));
        assert_eq!(program.r#type(), &r#type, "{source}");
    }
}
