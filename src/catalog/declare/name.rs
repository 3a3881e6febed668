//! What things may be called.

use crate::cel::is_reserved;
use crate::event::Period;

/// Longest name or id, in bytes. A longer one is refused.
const NAME_MAX_BYTES: usize = 63;

/// Whether a stat or flag may have this name. If not, why; goes on from the name.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(rest) {
        return Err(format!(
            "`{name}` must begin with a letter and be of `a-z`, `0-9` and `_`, such as `best_score`"
        ));
    }
    check_length(name)?;
    if is_reserved(name) {
        return Err(format!("`{name}` has a meaning of its own in expressions; choose another name"));
    }
    Ok(())
}

/// Whether a part of a key may have this name. Calendar periods may, though they are functions too.
pub(super) fn check_part(name: &str) -> Result<(), String> {
    if Period::named(name).is_some() { Ok(()) } else { check_name(name) }
}

/// Whether a badge or category may have this id.
pub(in crate::catalog) fn check_id(id: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if id.split('-').any(|word| word.is_empty() || !word.chars().all(allowed)) {
        return Err(format!("`{id}` must be words of `a-z` and `0-9` joined by `-`, such as `first-post`"));
    }
    check_length(id)
}

/// A name for people made of an id: "First post".
pub(in crate::catalog) fn spoken(id: &str) -> String {
    let mut chars = id.chars().map(|c| if matches!(c, '-' | '_') { ' ' } else { c });
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

fn check_length(name: &str) -> Result<(), String> {
    match name.len() {
        0..=NAME_MAX_BYTES => Ok(()),
        bytes => Err(format!("`{name}` has {bytes} characters; at most {NAME_MAX_BYTES} are allowed")),
    }
}
