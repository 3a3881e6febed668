//! Everything that is wrong with an expression is said before it runs, and where.

use super::world::World;
use crate::cel::compile;

fn is_refused(world: &World, table: &[(&str, &[(&str, &str)])]) {
    for (source, expected) in table {
        let mistakes = compile(source, world).err().unwrap_or_else(|| panic!("{source} is no mistake"));
        let said: Vec<_> = mistakes.iter().map(|m| (&source[m.span.clone()], m.message.as_str())).collect();
        assert_eq!(said.len(), expected.len(), "{source}: {said:#?}");
        for ((place, message), (at, says)) in said.iter().zip(*expected) {
            assert_eq!(place, at, "{source}: {message}");
            assert!(message.contains(says), "{source}: {message}");
        }
    }
}

#[test]
fn what_is_no_expression() {
    is_refused(
        &World::new(),
        &[
            ("", &[("", "is empty")]),
            (" // nothing", &[(" // nothing", "is empty")]),
            ("hearts >", &[("", "ends where a value should follow")]),
            ("hearts 2", &[("2", "`2` cannot stand here")]),
            ("hearts = 2", &[("=", "`==`")]),
            ("popular and popular", &[("and", "`&&`")]),
            ("popular or popular", &[("or", "`||`")]),
            ("not popular", &[("popular", "`!`")]),
            ("popular & popular", &[("&", "`&&`")]),
            ("popular | popular", &[("|", "`||`")]),
            ("(hearts", &[("(", "never closed")]),
            ("hearts)", &[(")", "closes nothing")]),
            ("[hearts)", &[(")", "closes nothing")]),
            ("popular ? 1", &[("", "needs a `:`")]),
            ("'abc", &[("'abc", "never closed")]),
            ("'\\q'", &[("'\\q'", "escape")]),
            ("hearts > 12x", &[("12x", "no number")]),
            ("hearts > 9223372036854775808", &[("9223372036854775808", "beyond 64 bits")]),
            ("hearts > 1e999", &[("1e999", "too large")]),
            ("hearts ≥ 2", &[("≥", "means nothing here")]),
            ("\n  hearts\n  §", &[("§", "means nothing here")]),
            ("\n'é' ==\n)", &[(")", "closes nothing")]),
            ("\n'é' ==\n[*]", &[("*", "`*` cannot stand here")]),
            ("event.data.in", &[("in", "event.data[\"the-name\"]")]),
            ("if > 1", &[("if", "keeps for itself")]),
            ("event.data.tags.map(1, 2)", &[("1", "a name for each item")]),
            ("has(hearts)", &[("hearts", "has(event.data.x)")]),
        ],
    );
}

#[test]
fn what_cel_has_and_we_do_not() {
    is_refused(
        &World::new(),
        &[
            ("hearts > 1u", &[("1u", "write 1")]),
            ("b'a' == event.data.x", &[("b'a'", "without the `b`")]),
            ("{'a': 1} == event.data.x", &[("{'a': 1}", "maps")]),
            ("Badge{id: 1} == event.data.x", &[("Badge", "messages")]),
            ("event.?data", &[(".", "optional fields")]),
            ("event.data.`odd name`", &[("`odd name`", "event.data[\"the-name\"]")]),
            (".hearts > 1", &[(".", "the name alone")]),
            ("event.data.tags.map(t, t == 'a', t + 'b')", &[("map", ".filter(x, condition).map(x, value)")]),
            (
                "event.data.tags.exists(t, crew.list.exists(u, u == t))",
                &[("crew.list.exists(u, u == t)", "inside of what another macro asks")],
            ),
            ("type(event.data.x) == 'int'", &[("type", "not supported")]),
            ("uint(1) == 1", &[("uint", "write int(x)")]),
            ("event.user.lowerAscii() == 'a'", &[("lowerAscii", "lower case")]),
            ("profile == 'a'", &[("profile", "say what of the profile")]),
            ("day(now, 'Europe/Osl')", &[("'Europe/Osl'", "did you mean `Europe/Oslo`")]),
            (
                "day(now, 1)",
                &[("1", "the time zone of `day` is a string such as \"Europe/Berlin\", not an int")],
            ),
            ("day(now, 'UTC', 1)", &[("day", "and nothing else")]),
        ],
    );
}

#[test]
fn names_that_stand_for_nothing() {
    is_refused(
        &World::new(),
        &[
            ("heart > 1 && popula", &[("heart", "no stat or flag `heart`"), ("popula", "`popula`")]),
            ("stock(heart)", &[("heart", "no stat or flag `heart`")]),
            ("stokc(1) > 2", &[("stokc", "no stat or flag `stokc`")]),
            ("stock(1, 2) > 2", &[("stock(1, 2)", "`stock` has 1 parts")]),
            ("stock([1]) > 2", &[("[1]", "parts of a key")]),
            ("entered.gaps > 2", &[("gaps", "no `gaps`")]),
            ("entered('bob').gaps > 2", &[("gaps", "no `gaps`")]),
            ("enterd('bob').gap > 2", &[("enterd", "no stat or flag `enterd`")]),
            ("enterd.gap > 2", &[("enterd", "no stat or flag `enterd`")]),
            ("event.data.undeclared > 1", &[("undeclared", "no event has")]),
            ("event.data['undeclared'] > 1", &[("'undeclared'", "no event has")]),
            ("has(event.data.undeclared)", &[("undeclared", "no event has")]),
            ("event.owner == 'a'", &[("owner", "write event.data.owner")]),
            ("event == 1", &[("event", "event.user")]),
            ("user == 'a'", &[("user", "write event.user")]),
            ("data.x == 1", &[("data", "no stat or flag")]),
            ("key.day == 'a'", &[("day", "no part `day`")]),
            ("key == 'a'", &[("key", "key.NAME")]),
            ("holds('nope')", &[("'nope'", "no badge `nope`")]),
            ("holds(key.photo)", &[("key.photo", "in quotes")]),
            ("holds()", &[("holds()", "one badge")]),
            ("has(event.data.x, event.data.y)", &[("has(event.data.x, event.data.y)", "takes one field")]),
            ("sise(event.data.tags)", &[("sise", "did you mean `size`?")]),
            ("event.user.startWith('a')", &[("startWith", "did you mean `startsWith`?")]),
            ("event.user.foo('a')", &[("foo", "no function `foo`")]),
            ("size > 1", &[("size", "is a function")]),
            ("now() > 1", &[("now()", "without the brackets")]),
            ("event.time.day() == ''", &[("event.time.day()", "day(event.time)")]),
            ("startsWith(event.user, 'a')", &[("startsWith", "event.user.startsWith('a')")]),
            ("event.data.tags.exists(t)", &[("exists", "list.exists(x, x > 1)")]),
            ("exists(event.data.tags, 1)", &[("exists", "list.exists(x, x > 1)")]),
            ("event.data.tags.all(event, true)", &[("event.data.tags.all(event, true)", "something else")]),
        ],
    );
}

#[test]
fn types_that_do_not_go_together() {
    is_refused(
        &World::new(),
        &[
            ("hearts + 0.5", &[("hearts + 0.5", "write double(hearts)")]),
            ("(ratio * 2.0) / (hearts)", &[("(ratio * 2.0) / (hearts)", "write double(hearts)")]),
            (
                "event.data.declared_int + ratio",
                &[("event.data.declared_int + ratio", "write double(event.")],
            ),
            ("ratio % 2.0", &[("ratio % 2.0", "does not go with")]),
            ("'a' + 1", &[("'a' + 1", "write string(1)")]),
            ("now + event.time", &[("now + event.time", "does not go with")]),
            ("-'a'", &[("'a'", "a number")]),
            ("hearts / 0", &[("hearts / 0", "divided by zero")]),
            ("hearts == 'a'", &[("hearts == 'a'", "never equal; write string(hearts)")]),
            ("popular == 1", &[("popular == 1", "a bool and an int are never equal")]),
            ("hearts == null", &[("hearts == null", "never equal")]),
            ("now > '2026-01-01'", &[("now > '2026-01-01'", "write timestamp('2026-01-01')")]),
            ("now - event.time > '1d'", &[("now - event.time > '1d'", "write duration('1d')")]),
            ("crew.list > [1]", &[("crew.list > [1]", "does not compare")]),
            ("hearts && !ratio", &[("hearts", "write hearts > 0"), ("ratio", "write ratio > 0")]),
            ("event.user || true", &[("event.user", "event.user != \"\"")]),
            ("hearts ? 1 : 2", &[("hearts", "`?` asks for a bool")]),
            ("popular ? 1 : 2.0", &[("popular ? 1 : 2.0", "write double(1)")]),
            ("1 in crew.list", &[("1 in crew.list", "never in a list")]),
            ("1 in 'a'", &[("1 in 'a'", "a list or a map")]),
            ("1 in event.data", &[("1 in event.data", "names")]),
            ("crew.list['a']", &[("'a'", "counted from 0")]),
            ("hearts[0]", &[("hearts", "only lists and maps")]),
            ("event.user.name", &[("name", "only maps have fields")]),
            ("size(hearts)", &[("hearts", "`size` takes a string, a list or a map, not an int")]),
            ("size()", &[("size", "and nothing else")]),
            ("event.user.contains(1)", &[("1", "two strings, not an int")]),
            ("hearts.getHours()", &[("hearts", "a timestamp or a duration")]),
            ("duration('1h').getMonth()", &[("duration('1h')", "takes a timestamp")]),
            ("timestamp('yesterday') < now", &[("'yesterday'", "this is none")]),
            ("duration('1mo') > duration('1d')", &[("'1mo'", "\"90d\"")]),
            ("event.user.matches('(')", &[("'('", "syntax: unclosed group")]),
            ("event.user.matches('(a{1000}){1000}')", &[("'(a{1000}){1000}'", "too large")]),
            ("event.user.matches(event.type)", &[("event.type", "written out")]),
            ("hearts.matches('a')", &[("hearts", "a string, not an int")]),
            ("hearts.exists(x, true)", &[("hearts.exists(x, true)", "a list, not an int")]),
            ("crew.list.filter(u, size(u))", &[("size(u)", "`filter` asks for a bool")]),
            ("has(event.user)", &[("event.user", "always there")]),
        ],
    );
}

#[test]
fn without_an_event_nothing_of_it_may_be_named() {
    is_refused(
        &World::without_event(),
        &[(
            "event.user == 'a' && event.data.x > 1 && now > event.time",
            &[("event.user", "no event"), ("x", "no event"), ("now", "no event"), ("event.time", "no event")],
        )],
    );
}
