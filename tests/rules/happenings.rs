//! Random happenings. Events: few users and values, so that they meet; times that tie, that come late, and that lie on both
//! sides of a day's and a month's end; fields that are missing, of another type, or lists with the same value twice;
//! some are of a historical stream. And ticks of the clock on the wall, which may be ahead of the events or behind
//! them.

use laurels::event::{Event, EventId, EventType, Map, Time, UserId};

use super::reference::is_refused;
use super::tape::Tape;

/// The types of events that a site sends.
pub(crate) const TYPES: [&str; 4] = ["post.made", "post.gone", "vote", "match.won"];

/// What users say of themselves.
pub(crate) const UPDATED: &str = "profile.updated";

/// The fields of profiles that rules ask for.
pub(crate) const OF_PROFILE: [&str; 3] = ["language", "team", "time_zone"];

/// Zones whose days are far from those of UTC, one at a distance that is no whole hour, one whose clocks are moved while
/// this happens, and something that is no zone.
const ZONES: [&str; 8] = [
    "\"Asia/Tokyo\"",
    "",
    "\"Etc/GMT+12\"",
    "\"Pacific/Kiritimati\"",
    "\"Africa/Casablanca\"",
    "\"-09:30\"",
    "\"UTC\"",
    "\"Atlantis\"",
];

pub(crate) const USERS: [&str; 3] = ["ann", "bob", "cat"];

/// The fields of an event.
pub(crate) const FIELDS: [&str; 4] = ["n", "item", "who", "user"];

/// Before the first event: two hours before the end of a day that is the last but one of a month.
pub(crate) fn start() -> Time {
    Time::parse("2026-01-30T22:00:00Z").expect("it is a time")
}

/// What happens to a site.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    Event {
        event: Event,
        /// Whether it comes in a stream that is marked as the past.
        past: bool,
    },
    /// The clock on the wall shows this.
    Tick(Time),
}

impl Happening {
    pub(crate) fn time(&self) -> Time {
        match self {
            Happening::Event { event, .. } => event.time,
            Happening::Tick(wall) => *wall,
        }
    }
}

/// What a happening is made of.
pub(crate) type Reel = [u8; 10];

/// An event for each tape, and a tick behind some, in the order in which they come.
pub(crate) fn all(tapes: &[Reel]) -> Vec<Happening> {
    let mut clock = start();
    let mut all = Vec::new();
    for (at, tape) in tapes.iter().enumerate() {
        let tape = &mut Tape::new(tape);
        let event = event(tape, at, &mut clock);
        let (past, tick) = match tape.below(8) {
            3 => (true, Some(30 * HOUR)),
            5 => (false, Some(-HOUR)),
            6 => (false, Some(30 * HOUR)),
            7 => (false, Some(100 * HOUR)),
            _ => (false, None),
        };
        all.push(Happening::Event { event, past });
        if let Some(ahead) = tick {
            let wall = later(clock, ahead);
            all.push(Happening::Tick(wall));
            // Mostly events go on from there; after the longest waits they come late.
            clock = if ahead < 100 * HOUR { clock.max(wall) } else { clock };
        }
    }
    all
}

/// The events alone, without those that are refused.
pub(crate) fn events(tapes: &[Reel]) -> Vec<Event> {
    let events = all(tapes).into_iter().filter_map(|happening| match happening {
        Happening::Event { event, .. } => Some(event).filter(|event| !is_refused(event)),
        Happening::Tick(_) => None,
    });
    events.collect()
}

/// Happenings, one a line.
pub(crate) fn shown(happenings: &[Happening]) -> String {
    let line = |happening: &Happening| match happening {
        Happening::Event { event, past } => format!("{}{}", line(event), if *past { " (past)" } else { "" }),
        Happening::Tick(wall) => format!("{wall} tick"),
    };
    happenings.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Events, one a line.
pub(crate) fn shown_events(events: &[Event]) -> String {
    events.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn line(event: &Event) -> String {
    let (r#type, user) = (event.r#type.as_str(), event.user.as_str());
    format!("{} {type} {user:?} {:?} {}", event.time, event.subject, event.data)
}

const HOUR: i64 = 3_600_000_000;

fn later(time: Time, by: i64) -> Time {
    time.plus_micros(by).expect("these are years in which we live")
}

fn event(tape: &mut Tape<'_>, at: usize, clock: &mut Time) -> Event {
    let r#type = if tape.once_in(6) { UPDATED } else { tape.of(&TYPES) };
    let user = tape.of(&["ann", "ann", "bob", "cat", ""]);
    let subject = tape.of(&["p", "q", ""]);
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
    let fields = if r#type == UPDATED { of_profile(tape) } else { of_event(tape) };
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

/// The fields of an event, as JSON; empty are those that it has not.
fn of_event(tape: &mut Tape<'_>) -> [(&'static str, &'static str); 4] {
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
    [("n", n), ("item", item), ("who", who), ("user", of_user)]
}

/// The same of what users say of themselves.
fn of_profile(tape: &mut Tape<'_>) -> [(&'static str, &'static str); 4] {
    let zone = tape.of(&ZONES);
    let language = tape.of(&["\"ann\"", "", "\"bob\"", "null", "\"\"", "\"cat\""]);
    let team = tape.of(&["1", "", "2", "\"p\"", "[\"p\",\"q\"]", "0.5", "null", "1"]);
    let item = tape.of(&["", "\"p\"", "\"q\""]);
    [("time_zone", zone), ("language", language), ("team", team), ("item", item)]
}
