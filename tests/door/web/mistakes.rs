//! JSON that is no request: which field, and what to write instead.

use crate::http::{post, send};
use crate::server;

#[tokio::test]
async fn a_mistake_in_json_is_said_with_its_field_and_what_to_write() {
    let server = server::start().await;
    let deep = format!("{{\"event\":{{\"data\":{}1{}}}}}", "{\"a\":".repeat(200), "}".repeat(200));
    let deep_data = format!(
        r#"{{"event":{{"type":"photo.posted","user":"ann","data":{}1{}}}}}"#,
        "{\"a\":".repeat(9),
        "}".repeat(9)
    );
    for (method, json, field, says) in [
        (
            "RecordEvent",
            r#"{"event":{"tpye":"x"}}"#,
            "event.tpye",
            r#"is no field of Event; did you mean "type"?"#,
        ),
        ("RecordEvent", r#"{"evnt":{}}"#, "evnt", r#"did you mean "event"?"#),
        (
            "RecordEvent",
            r#"{"event":{"zzz":1}}"#,
            "event.zzz",
            "there are id, type, user, subject, time, dataJson, data",
        ),
        ("RecordEvent", r#"{"event":[]}"#, "event", "must be an object, not a list"),
        ("RecordEvent", r#"{"event":{"user":7}}"#, "event.user", "must be a text, not 7"),
        ("RecordEvent", r#"{"event":{"time":"tomorrow"}}"#, "event.time", "must be a time such as"),
        ("RecordEvent", r#"{"event":{"data":3}}"#, "event.data", "must be an object, not 3"),
        (
            "RecordEvent",
            r#"{"event":{"data":{},"dataJson":"{}"}}"#,
            "event.data",
            "must not be set together with data_json",
        ),
        ("RecordEvent", &deep_data, "event.data", "is nested too deeply; at most 8 levels"),
        ("RecordEvent", &deep, "", "recursion limit"),
        ("RecordEvent", r#"{"event":{"user":"a","user":"b"}}"#, "", r#"the name "user" comes twice"#),
        ("RecordEvent", "", "", "is missing; send {}"),
        ("RecordEvent", "event=1", "", "cannot be read as JSON"),
        ("RecordEvent", "{} {}", "", "cannot be read as JSON"),
        ("RecordEvent", "[]", "", "must be an object, not a list"),
        ("RecordEvent", "\"\u{ff}\u{0}", "", "cannot be read as JSON"),
        ("GetBadges", r#"{"user":"ann","badges":"a"}"#, "badges", "must be a list"),
        ("GetBadges", r#"{"user":"ann","badges":["a",null]}"#, "badges[1]", "must be a text, not null"),
        (
            "GetBadges",
            r#"{"user":"ann","pageSize":1.5}"#,
            "page_size",
            "must be a whole number of 32 bits, not 1.5",
        ),
        (
            "GetBadges",
            r#"{"user":"ann","withoutProgress":"yes"}"#,
            "without_progress",
            r#"must be true or false, not "yes""#,
        ),
    ] {
        let path = format!("/laurels.v1.AchievementService/{method}");
        let reply = send(server.address, post(&path, "application/json", json.to_owned())).await;
        assert_eq!(reply.status, 400, "{json}");
        let error = reply.json();
        assert_eq!(error["details"][0]["debug"]["reason"], "ERROR_REASON_INVALID_FIELD", "{json}");
        let violation = &error["details"][1]["debug"]["fieldViolations"][0];
        assert_eq!(violation["field"].as_str().unwrap_or_default(), field, "{json}: {error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(says), "{json}: {message}");
        assert!(message.starts_with(if field.is_empty() { "the message " } else { field }), "{message}");
    }
    server.stop().await;
}
