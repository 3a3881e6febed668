//! JSON, as an event's data has it.

use laurels::event::{DATA_MAX_BYTES, DATA_MAX_DEPTH, Draft, DraftData, Event, Time, Value};

/// What is accepted is written as it was read, and read again as the same.
pub fn json(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(value) = Value::from_json(text, DATA_MAX_DEPTH) {
        let written = value.to_string();
        assert_eq!(Value::from_json(&written, DATA_MAX_DEPTH).as_ref(), Ok(&value), "{written}");
        let others: serde_json::Value = serde_json::from_str(text).expect("we accept no more than JSON");
        assert_eq!(
            others,
            serde_json::from_str::<serde_json::Value>(&written).expect("what we write is JSON")
        );
        // What lies one level deeper than it may is refused, and nothing else.
        let depth = depth(&value);
        assert!(Value::from_json(text, depth).is_ok());
        assert!(depth == 0 || Value::from_json(text, depth - 1).is_err());
    }
    if let Some(parsed) = event(text) {
        assert!(text.len() <= DATA_MAX_BYTES);
        let again = event(&parsed.data.to_string());
        // Written out, escapes may take more room, and floats more digits.
        assert!(again.is_none_or(|again| again.same_as(&parsed)), "{}", parsed.data);
    }
}

fn event(data: &str) -> Option<Event> {
    let draft = Draft {
        id: "1".to_owned(),
        r#type: "photo.posted".to_owned(),
        user: "ana".to_owned(),
        data: DraftData::Json(data.to_owned()),
        ..Draft::default()
    };
    draft.parse(Time::from_unix(1_767_225_600, 0)?).ok()
}

fn depth(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Map(map) => 1 + map.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Double(_) | Value::Text(_) => 0,
        Value::Time(_) | Value::Duration(_) => 0,
    }
}
