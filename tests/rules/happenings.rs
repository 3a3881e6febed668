//! Random events: few users and values, so that they meet; times that tie, that come late, and that lie on both sides
//! of a day's and a month's end; fields that are missing, of another type, or lists with the same value twice.

use laurels::event::{Event, EventId, EventType, Map, Time, UserId};

use super::tape::Tape;

/// The types of events that a site sends.
pub(crate) const TYPES: [&str; 4] = ["post.made", "post.gone", "vote", "match.won"];

pub(crate) const USERS: [&str; 3] = ["ann", "bob", "cat"];

/// The fields of an event.
pub(crate) const FIELDS: [&str; 4] = ["n", "item", "who", "user"];

/// Before the first event: two hours before the end of a day that is the last but one of a month.
pub(crate) fn start() -> Time {
    Time::parse("2026-01-30T22:00:00Z").expect("it is a time")
}

/// One event for each tape, in the order in which they come.
pub(crate) fn events(tapes: &[[u8; 8]]) -> Vec<Event> {
    let mut clock = start();
    let mut events = Vec::new();
    for (at, tape) in tapes.iter().enumerate() {
        events.push(event(&mut Tape::new(tape), at, &mut clock));
    }
    events
}

fn event(tape: &mut Tape<'_>, at: usize, clock: &mut Time) -> Event {
    let r#type = tape.of(&TYPES);
    let user = tape.of(&["ann", "ann", "bob", "cat", ""]);
    let subject = tape.of(&["p", "q", ""]);
    const HOUR: i64 = 3_600_000_000;
    let later = |time: Time, by: i64| time.plus_micros(by).expect("these are years in which we live");
    let time = match tape.below(12) {
        // Late, by hours or days.
        9 => later(*clock, -HOUR),
        10 => later(*clock, -30 * HOUR),
        11 => later(*clock, -80 * HOUR),
        step => {
            *clock = later(
                *clock,
                [0, 1, HOUR, HOUR / 2, 2 * HOUR, 12 * HOUR, 24 * HOUR, 25 * HOUR, 72 * HOUR][step],
            );
            *clock
        }
    };
    let n = tape.of(&["1", "2", "3", "", "-1", "0.5", "\"2\"", "null", "[1]", "true", "7", "0.25"]);
    let item = tape.of(&[
        "\"p\"",
        "\"q\"",
        "",
        "[\"p\",\"q\",\"p\"]",
        "1",
        "\"\"",
        "[]",
        "1.5",
        "{}",
        "[null,\"q\"]",
    ]);
    let who =
        tape.of(&["\"ann\"", "\"bob\"", "[\"ann\",\"cat\",\"ann\"]", "", "[\"bob\",\"\"]", "7", "null"]);
    let of_user = tape.of(&["", "\"ann\"", "[\"bob\",\"bob\"]"]);
    let fields = [("n", n), ("item", item), ("who", who), ("user", of_user)];
    let there = fields.iter().filter(|(_, value)| !value.is_empty());
    let json: Vec<_> = there.map(|(name, value)| format!("\"{name}\":{value}")).collect();
    Event {
        id: EventId::parse(&format!("e{at}")).expect("it is an id"),
        r#type: EventType::parse(r#type).expect("it is a type"),
        user: if user.is_empty() { UserId::default() } else { UserId::parse(user).expect("it is a user") },
        subject: subject.into(),
        time,
        dated: true,
        data: Map::from_json(&format!("{{{}}}", json.join(",")), 8).expect("it is JSON"),
    }
}
