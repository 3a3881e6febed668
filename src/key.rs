//! What things are kept under.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, SmolStrBuilder, format_smolstr};

use crate::event::UserId;

/// Longest part of a key, in bytes. An event with a longer one moves nothing under that key.
pub const PART_MAX_BYTES: usize = 512;

/// What a text may have to be kept within itself (`SmolStr`).
const SHORT_BYTES: usize = 23;
const NAME_END: char = '\u{1f}';
const PART_END: char = '\u{1e}';
const ESCAPE: char = '\u{1d}';
/// What the keys of those who wait begin with; all others begin with the number of their parts.
const WAITING: char = 'w';

/// What a document is kept under: named parts, all text. The same parts with the same values are the
/// same key, in whatever order they were given.
///
/// Written as one text: how many parts, then `name US value`, joined by `RS`, sorted by name; so all
/// users' keys begin with [`Key::USERS`], and no other key does.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key(SmolStr);

impl Key {
    /// The key without parts: of what is kept once for the whole site, and of an award that is given for nothing in particular.
    pub const EMPTY: Key = Key(SmolStr::new_static("0"));
    /// What the keys of users, and only they, begin with.
    pub const USERS: &'static str = "1user\u{1f}";

    /// The key with these parts.
    pub fn new<'a>(parts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Key {
        let mut parts: Vec<_> = parts.into_iter().collect();
        parts.sort_unstable();
        // Escaping is rare; two bytes a part are its marks, and two more are how many there are.
        let length = parts.iter().map(|(name, value)| name.len() + value.len() + 2).sum::<usize>() + 2;
        Key(text(length, |text| {
            write!(text, "{}", parts.len())?;
            for (at, (name, value)) in parts.iter().enumerate() {
                if at > 0 {
                    text.write_char(PART_END)?;
                }
                text.write_str(name)?;
                text.write_char(NAME_END)?;
                write_escaped(text, value)?;
            }
            Ok(())
        }))
    }

    /// The key of something of the server's own: no rule has a part with such a name.
    fn reserved(name: &str, value: &str) -> Key {
        Key::new([(&*format!("@{name}"), value)])
    }

    /// The key of how far time has come.
    pub fn clock() -> &'static Key {
        static CLOCK: LazyLock<Key> = LazyLock::new(|| Key::reserved("clock", ""));
        &CLOCK
    }

    /// The key of where what waits is.
    pub fn calendar() -> &'static Key {
        static CALENDAR: LazyLock<Key> = LazyLock::new(|| Key::reserved("calendar", ""));
        &CALENDAR
    }

    /// The key of some of what waits.
    pub fn page(page: &str) -> Key {
        Key::reserved("waiting", page)
    }

    /// The key of how many entries the audit log has.
    pub fn audit_log() -> Key {
        Key::reserved("audit", "")
    }

    /// The key of one entry of the audit log, by its number.
    pub fn audit_entry(number: u64) -> Key {
        Key::reserved("audit", &number.to_string())
    }

    /// The key of what is kept per user.
    pub fn user(user: &UserId) -> Key {
        let value = user.as_str();
        Key(text(Key::USERS.len() + value.len(), |text| {
            text.write_str(Key::USERS)?;
            write_escaped(text, value)
        }))
    }

    /// Whether something is kept per user, and nothing else, under this key.
    pub fn is_user(&self) -> bool {
        // The number of parts comes first, so "1user" is followed by this one part only.
        self.0.starts_with(Key::USERS)
    }

    /// Where the keys are kept at which rules wait for this one to change. It is a document of its own: it may be
    /// long, and is read and written only when somebody begins or ends to wait, or is to be called.
    #[must_use]
    pub fn waiting(&self) -> Key {
        Key(format_smolstr!("{WAITING}{}", self.0))
    }

    /// Names and values, sorted by name.
    pub fn parts(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        let text = self.0.strip_prefix(WAITING).unwrap_or(&self.0);
        let parts = text.trim_start_matches(|c: char| c.is_ascii_digit());
        parts.split(PART_END).filter_map(|part| {
            let (name, value) = part.split_once(NAME_END)?;
            Some((name, unescaped(value)))
        })
    }

    /// The value of the part with this name.
    pub fn part(&self, name: &str) -> Option<Cow<'_, str>> {
        if let Some(user) = self.0.strip_prefix(Key::USERS) {
            return (name == "user").then(|| unescaped(user));
        }
        self.parts().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The key of all parts but this one.
    #[must_use]
    pub fn without(&self, name: &str) -> Key {
        let parts: Vec<_> = self.parts().filter(|(known, _)| *known != name).collect();
        Key::new(parts.iter().map(|(name, value)| (*name, value.as_ref())))
    }

    /// The key of these parts of it; none where it lacks one.
    pub fn only<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Option<Key> {
        let parts: Option<Vec<_>> = names.into_iter().map(|name| Some((name, self.part(name)?))).collect();
        Some(Key::new(parts?.iter().map(|(name, value)| (*name, value.as_ref()))))
    }

    /// The key with this part more. It must not have one of this name.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Key {
        let parts: Vec<_> = self.parts().collect();
        let known = parts.iter().map(|(name, value)| (*name, value.as_ref()));
        Key::new(known.chain([(name, value)]))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key that [`Key::as_str`] gave.
    pub fn from_text(text: &str) -> Key {
        Key(SmolStr::from(text))
    }
}

/// A text of about so many bytes: without an allocation where it is short, and with as few as may be where it is not.
fn text(length: usize, write: impl FnOnce(&mut dyn Write) -> fmt::Result) -> SmolStr {
    const TAKEN: &str = "a text takes whatever is written";
    if length <= SHORT_BYTES {
        let mut text = SmolStrBuilder::new();
        write(&mut text).expect(TAKEN);
        return text.finish();
    }
    let mut text = String::with_capacity(length);
    write(&mut text).expect(TAKEN);
    text.into()
}

fn write_escaped(text: &mut dyn Write, value: &str) -> fmt::Result {
    if !value.bytes().any(is_mark) {
        return text.write_str(value);
    }
    for c in value.chars() {
        if u8::try_from(c).is_ok_and(is_mark) {
            text.write_char(ESCAPE)?;
            // The separators are control characters; 64 further on stands a letter.
            text.write_char(char::from(c as u8 + 64))?;
        } else {
            text.write_char(c)?;
        }
    }
    Ok(())
}

/// Whether a byte stands between the parts of a key, or before one that does not.
fn is_mark(byte: u8) -> bool {
    [NAME_END, PART_END, ESCAPE].map(|mark| mark as u8).contains(&byte)
}

fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.bytes().any(|byte| byte == ESCAPE as u8) {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            ESCAPE => text.extend(chars.next().map(|c| char::from(c as u8 - 64))),
            other => text.push(other),
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_parts_in_any_order_whatever_their_text() {
        let odd = "a\u{1d}b\u{1e}c\u{1f}d/é";
        let key = Key::new([("user", odd), ("day", "2026-01-31")]);
        assert_eq!(key, Key::new([("day", "2026-01-31"), ("user", odd)]));
        assert_eq!(key.part("user").as_deref(), Some(odd));
        assert_eq!(key.parts().map(|(name, _)| name).collect::<Vec<_>>(), ["day", "user"]);
        assert_eq!(key.without("user"), Key::new([("day", "2026-01-31")]));
        assert_eq!(key.without("user").with("user", odd), key);
        assert_eq!(Key::new([]).parts().count(), 0);
        assert_ne!(Key::new([("a", "b")]), Key::new([("a", "b\u{1e}c\u{1f}")]));
    }

    #[test]
    fn who_waits_for_a_key_is_kept_apart_from_it() {
        let key = Key::new([("week", "2026-W05"), ("user", "ann")]);
        assert_ne!(key.waiting(), key);
        assert!(key.waiting().parts().eq(key.parts()));
        assert!(!Key::new([("user", "ann")]).waiting().is_user());
        assert_eq!(Key::from_text(key.waiting().as_str()), key.waiting());
    }

    #[test]
    fn a_part_of_a_key_is_a_key() {
        let key = Key::new([("week", "2026-W05"), ("user", "ann")]);
        assert_eq!(key.only(["user"]), Some(Key::new([("user", "ann")])));
        assert_eq!(key.only([]), Some(Key::new([])));
        assert_eq!(key.only(["user", "photo"]), None);
    }

    #[test]
    fn no_rule_has_the_keys_of_time() {
        for key in [Key::clock(), Key::calendar(), &Key::page("1")] {
            assert!(key.parts().all(|(name, _)| name.starts_with('@')) && !key.is_user());
        }
        assert_ne!(Key::page("1"), Key::page("2"));
    }

    #[test]
    fn only_users_keys_look_like_users_keys() {
        let ann = UserId::parse("ann").unwrap();
        assert_eq!(Key::user(&ann), Key::new([("user", "ann")]));
        assert!(Key::user(&ann).is_user());
        assert!(!Key::new([("user", "ann"), ("week", "2026-W05")]).is_user());
        assert!(!Key::new([("users", "ann")]).is_user());
    }
}
