//! The comments of `laurels.default.toml`: where settings are documented, for the file's readers and for `--help`.

use std::collections::BTreeMap;

/// What the file says of a setting: the lines of comment above it, without their `#`.
pub(super) fn of(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    let mut section = String::new();
    let mut comment = Vec::new();
    for line in text.lines() {
        if let Some(words) = line.strip_prefix('#') {
            comment.push(words.trim().to_owned());
            continue;
        }
        let above = std::mem::take(&mut comment);
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
        } else if let Some((name, _)) = line.split_once(" = ") {
            found.insert(format!("{section}{name}"), above);
        }
    }
    found
}
