//! Reads one event from one line of JSON, or says what is wrong with it.

use laurels_client::{Event, Timestamp};

use crate::diagnostic::nearest;
use crate::event::{Map, Time, Value};

/// Every field there is.
const FIELDS: [&str; 6] = ["id", "type", "user", "subject", "time", "data"];
/// Most levels that a line may have: more than the server takes, whose refusal says what it does take.
const DEPTH_MAX: usize = 64;

/// Reads `{"type":"photo.posted","user":"ana"}`, with `id`, `subject`, `time` and `data` if they are there.
///
/// Only its form is looked at; whether a text is too long, or a time too early, the server knows.
pub(super) fn parse(line: &str) -> Result<Event, String> {
    let fields = Map::from_json(line, DEPTH_MAX)
        .map_err(|problem| format!("must be one JSON object; {}", in_one_line(&problem)))?;
    let mut event = Event::default();
    for (name, value) in fields.iter() {
        match name.as_str() {
            "id" => event.id = text(name, value)?,
            "type" => event.r#type = text(name, value)?,
            "user" => event.user = text(name, value)?,
            "subject" => event.subject = text(name, value)?,
            "time" => event = event.with_time(time(&text(name, value)?)?),
            "data" => event = event.with_data_json(data(value)?),
            unknown => return Err(unknown_field(unknown)),
        }
    }
    match (event.r#type.is_empty(), event.user.is_empty()) {
        (true, _) => Err(missing("type", "photo.posted")),
        (_, true) => Err(missing("user", "ana")),
        (false, false) => Ok(event),
    }
}

/// Reads an RFC 3339 time.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    let time = Time::parse(text).ok_or_else(|| {
        format!("time must be an RFC 3339 time such as \"2026-01-31T12:00:00Z\"; it is {text:?}")
    })?;
    let (seconds, nanos) = time.to_unix();
    Ok(Timestamp { seconds, nanos })
}

fn text(name: &str, value: &Value) -> Result<String, String> {
    if let Value::Text(text) = value {
        return Ok(text.to_string());
    }
    if let Value::Int(number) = value {
        return Err(format!("{name} must be a text: write \"{number}\" in place of {number}"));
    }
    Err(format!("{name} must be a text; it is {}", value.kind()))
}

fn data(value: &Value) -> Result<String, String> {
    if let Value::Map(data) = value {
        return Ok(data.to_string());
    }
    Err(format!("data must be an object; it is {}", value.kind()))
}

fn missing(name: &str, example: &str) -> String {
    format!("{name} must be set, for example \"{name}\":\"{example}\"")
}

fn unknown_field(unknown: &str) -> String {
    match nearest(unknown, FIELDS) {
        Some(known) => format!("{unknown} is not a field of an event; did you mean {known}?"),
        None => format!(
            "{unknown} is not a field of an event, which has {}; if rules need it, write \"data\":{{\"{unknown}\":…}}",
            FIELDS.join(", ")
        ),
    }
}

/// Where something is in a text of one line, only the column says.
fn in_one_line(problem: &str) -> String {
    problem.replace(" at line 1 column ", " at column ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use laurels_client::Event;

    #[test]
    fn a_whole_event_is_read_exactly() {
        let line = r#"{"id":"1","type":"heart.given","user":"ben","subject":"p7","time":"2026-01-31T12:00:00.5Z","data":{"n":9007199254740993,"x":1.0}}"#;
        let expected = Event::new("heart.given", "ben")
            .with_id("1")
            .with_subject("p7")
            .with_time(Timestamp { seconds: 1_769_860_800, nanos: 500_000_000 })
            .with_data_json(r#"{"n":9007199254740993,"x":1.0}"#);
        assert_eq!(parse(line), Ok(expected));
    }

    #[test]
    fn what_is_wrong_is_said_with_the_field_and_what_to_write() {
        for (line, says) in [
            (r#"{"type":"a","usr":"ana"}"#, "usr is not a field of an event; did you mean user?"),
            (r#"{"type":"a","user":"ana","owner":"ben"}"#, r#"write "data":{"owner":…}"#),
            (r#"{"type":"a","user":7}"#, r#"user must be a text: write "7" in place of 7"#),
            (r#"{"type":"a","user":["x"]}"#, "user must be a text; it is a list"),
            (r#"{"type":"a"}"#, r#"user must be set, for example "user":"ana""#),
            (r#"{"user":"ana"}"#, "type must be set"),
            (r#"{"type":"a","user":"ana","time":"yesterday"}"#, "time must be an RFC 3339 time"),
            (r#"{"type":"a","user":"ana","data":"x"}"#, "data must be an object; it is a text"),
            (r#"{"type":"a","user":"ana""#, "must be one JSON object; EOF while parsing an object at column"),
            (r#"{"type":"a","type":"b"}"#, r#"the key "type" comes twice"#),
            ("[]", "must be one JSON object; it is a list"),
        ] {
            let problem = parse(line).unwrap_err();
            assert!(problem.contains(says), "{line}: {problem}");
        }
    }
}
