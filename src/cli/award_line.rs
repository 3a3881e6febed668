//! How an award is written, for people and for programs.

use laurels_client::{Award, Revocation, Timestamp};
use serde::Serialize;

use crate::event::Time;

/// `2026-01-31T12:00:00Z  ana  First light (first-photo)`, with the key behind the badge if it has one.
pub(super) fn readable(award: &Award) -> String {
    let Award { user, title, .. } = award;
    format!("{}  {user}  {title} ({})", time(award.time), badge(award))
}

/// `{"user":"ana","badge":"first-photo","key":"","time":"2026-01-31T12:00:00Z"}`, and `"number":2` behind the key of
/// the second of a badge that repeats.
pub(super) fn json(award: &Award) -> String {
    let Award { user, badge, key, number, .. } = award;
    to_json(&Short { user, badge, key, number: *number, time: time(award.time) })
}

/// `2026-01-31T12:00:00Z  ana  no longer: First light (first-photo)`, with the time at which it was taken back.
pub(super) fn readable_revoked(award: &Award, taken: Option<Timestamp>) -> String {
    let Award { user, title, .. } = award;
    format!("{}  {user}  no longer: {title} ({})", time(taken), badge(award))
}

/// As [`json`], with what a listener needs beside: the cursor first.
pub(super) fn json_of_stream(award: &Award, cursor: &str) -> String {
    to_json(&long(award, cursor))
}

/// The same of an award that was taken back, with the time at which it was, the event that did it, and
/// `"revoked":true` at the end.
pub(super) fn json_of_revoked(revocation: &Revocation, taken: Option<Timestamp>, cursor: &str) -> String {
    let nothing = Award::default();
    let award = revocation.award.as_ref().unwrap_or(&nothing);
    let event_id = revocation.event_id.as_str();
    to_json(&Long { time: time(taken), event_id, revoked: true, ..long(award, cursor) })
}

/// What came of an act by hand: what was done with which award, and what rules gave and took back because of it.
pub(super) fn by_hand(what: &str, award: Option<&Award>, given: &[Award], taken: &[Award]) -> String {
    let mut lines = vec![what.to_owned()];
    lines.extend(award.map(indented));
    for (because, awards) in [("so these were given", given), ("so these were taken back", taken)] {
        if !awards.is_empty() {
            lines.push(because.to_owned());
            lines.extend(awards.iter().map(indented));
        }
    }
    lines.join("\n") + "\n"
}

fn indented(award: &Award) -> String {
    format!("  {}", readable(award))
}

fn long<'a>(award: &'a Award, cursor: &'a str) -> Long<'a> {
    let Award { user, badge, key, title, medal, points, category, event_id, number, .. } = award;
    let (points, number) = (*points, *number);
    let (time, revoked) = (time(award.time), false);
    Long { cursor, user, badge, key, number, time, title, medal, points, category, event_id, revoked }
}

/// `popular-file src/main.rs x2`
fn badge(award: &Award) -> String {
    let Award { badge, key, number, .. } = award;
    let space = if key.is_empty() { "" } else { " " };
    format!("{badge}{space}{key}{}", times(*number))
}

/// ` x2` for the second of a badge that repeats; nothing for the first.
pub(super) fn times(number: i32) -> String {
    if is_first(&number) { String::new() } else { format!(" x{number}") }
}

/// A time as RFC 3339, in UTC. Empty where there is none.
pub(super) fn time(timestamp: Option<Timestamp>) -> String {
    let time = timestamp.and_then(|timestamp| Time::from_unix(timestamp.seconds, timestamp.nanos));
    time.map(|time| time.to_string()).unwrap_or_default()
}

#[derive(Serialize)]
struct Short<'a> {
    user: &'a str,
    badge: &'a str,
    key: &'a str,
    #[serde(skip_serializing_if = "is_first")]
    number: i32,
    time: String,
}

#[derive(Serialize)]
struct Long<'a> {
    cursor: &'a str,
    user: &'a str,
    badge: &'a str,
    key: &'a str,
    #[serde(skip_serializing_if = "is_first")]
    number: i32,
    time: String,
    title: &'a str,
    medal: &'a str,
    points: i32,
    category: &'a str,
    event_id: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    revoked: bool,
}

fn is_first(number: &i32) -> bool {
    *number <= 1
}

fn to_json(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("texts and numbers can always be written as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn award() -> Award {
        Award {
            user: "ana".into(),
            badge: "popular-file".into(),
            key: "src/\"é\".rs".into(),
            title: "Popular".into(),
            time: Some(Timestamp { seconds: 1_767_225_600, nanos: 0 }),
            ..Award::default()
        }
    }

    #[test]
    fn lines_for_programs_are_compact_and_in_a_fixed_order() {
        assert_eq!(
            json(&award()),
            r#"{"user":"ana","badge":"popular-file","key":"src/\"é\".rs","time":"2026-01-01T00:00:00Z"}"#
        );
        assert!(json_of_stream(&award(), "c1").starts_with(r#"{"cursor":"c1","user":"ana","badge""#));
    }

    #[test]
    fn what_was_taken_back_is_told_with_the_time_at_which_it_was() {
        let taken = Some(Timestamp { seconds: 1_767_225_660, nanos: 0 });
        let line = readable_revoked(&award(), taken);
        assert_eq!(line, "2026-01-01T00:01:00Z  ana  no longer: Popular (popular-file src/\"é\".rs)");
        let revocation = Revocation { award: Some(award()), event_id: "e2".into() };
        let json = json_of_revoked(&revocation, taken, "c2");
        assert!(json.starts_with(r#"{"cursor":"c2","user":"ana","badge""#), "{json}");
        assert!(json.contains(r#""time":"2026-01-01T00:01:00Z""#), "{json}");
        assert!(json.ends_with(r#""event_id":"e2","revoked":true}"#), "{json}");
    }

    #[test]
    fn lines_for_people_show_the_key_only_where_there_is_one() {
        assert_eq!(readable(&award()), "2026-01-01T00:00:00Z  ana  Popular (popular-file src/\"é\".rs)");
        let plain = Award { key: String::new(), ..award() };
        assert_eq!(readable(&plain), "2026-01-01T00:00:00Z  ana  Popular (popular-file)");
    }
}
