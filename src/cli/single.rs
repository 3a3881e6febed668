//! One event from the command line: `laurels record ana photo.posted album=summer score=3`.

use std::io::Write;
use std::process::ExitCode;

use laurels_client::{Client, Event};
use smol_str::SmolStr;

use super::award_line;
use super::error::Error;
use crate::event::{DATA_MAX_DEPTH, Map, Value};

/// Records the event and prints what it gave and took back.
pub(super) async fn record(client: &Client, event: Event) -> Result<ExitCode, Error> {
    let recorded = client.record(event).await?;
    let mut out = std::io::stdout().lock();
    let what = if recorded.duplicate { "recorded before" } else { "recorded" };
    match (recorded.awards.is_empty(), recorded.revoked.is_empty()) {
        (true, true) => writeln!(out, "{what}; it gave no badge")?,
        (true, false) => writeln!(out, "{what}; it gave no badge and took back")?,
        (false, _) => writeln!(out, "{what}; it gave")?,
    }
    for award in &recorded.awards {
        writeln!(out, "  {}", award_line::readable(award))?;
    }
    if !recorded.awards.is_empty() && !recorded.revoked.is_empty() {
        writeln!(out, "and took back")?;
    }
    for award in &recorded.revoked {
        writeln!(out, "  {}", award_line::readable(award))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The data that `key=value` words stand for. A value that is JSON is that; any other is a text, and so is
/// a whole number of more than 64 bits.
pub(super) fn data(words: &[String]) -> Result<Map, Error> {
    let mut fields: Vec<(SmolStr, Value)> = Vec::new();
    for word in words {
        let Some((name, value)) = word.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(Error::Usage(format!("{word:?} must be a field of data: write key=value")));
        };
        if fields.iter().any(|(known, _)| known == name) {
            return Err(Error::Usage(format!("{name} comes twice; for a list, write {name}='[1,2]'")));
        }
        fields.push((name.into(), read(name, value)?));
    }
    Ok(fields.into_iter().collect())
}

fn read(name: &str, value: &str) -> Result<Value, Error> {
    match Value::from_json(value, DATA_MAX_DEPTH) {
        Ok(json) => Ok(json),
        Err(problem) if value.starts_with(['{', '[']) => {
            Err(Error::Usage(format!("{name} looks like JSON and is not: {problem}")))
        }
        Err(_) => Ok(Value::text(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(words: &[&str]) -> Result<String, String> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        data(&words).map(|data| data.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_json_is_that_and_the_rest_is_text() {
        let words = ["n=3", "x=1.5", "t=true", "z=null", "l=[1,\"a\"]", "o={\"a\":1}", "text=hi there", "e="];
        assert_eq!(
            json(&words).unwrap(),
            r#"{"e":"","l":[1,"a"],"n":3,"o":{"a":1},"t":true,"text":"hi there","x":1.5,"z":null}"#
        );
        // Quotes make a text of what would be a number.
        assert_eq!(
            json(&["a=\"3\"", "b=18446744073709551615"]).unwrap(),
            r#"{"a":"3","b":"18446744073709551615"}"#
        );
        assert_eq!(json(&["url=a=b"]).unwrap(), r#"{"url":"a=b"}"#);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (words, says) in [
            (vec!["album"], "write key=value"),
            (vec!["=3"], "write key=value"),
            (vec!["a=1", "a=2"], "a comes twice"),
            (vec!["a=[1"], "a looks like JSON and is not"),
        ] {
            let problem = json(&words).unwrap_err();
            assert!(problem.contains(says), "{words:?}: {problem}");
        }
    }
}
