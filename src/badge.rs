//! A badge is what can be earned, as people see it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::key::{Key, PART_MAX_BYTES};

/// The permanent number of a badge: its bit in `held_bits`. Given once in a store, and never again
/// to another badge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BadgeNumber(pub u32);

/// How a badge is shown. The store keeps this too, so that a badge that is declared no longer can be
/// shown to those who hold it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Badge {
    /// Its bit.
    pub number: BadgeNumber,
    /// Its id, unique in the catalog: `photographer-10`.
    pub id: SmolStr,
    /// The id of its category: the name of the file that declares it.
    pub category: SmolStr,
    /// What it is called; may have `{photo}` in it.
    pub title: String,
    /// What to do for it; likewise.
    pub description: String,
    /// `bronze`, `silver`, `gold`, or whatever the file says. May be empty.
    pub medal: SmolStr,
    /// The id of its family, when it is one of several tiers. Else empty.
    pub family: SmolStr,
    /// Its place in the family, from 1. 0 when it belongs to none.
    pub tier: u32,
    /// The points it brings.
    pub points: i32,
    /// Where its picture is. May be empty.
    pub icon: String,
    /// Not shown before it is earned.
    pub secret: bool,
    /// The parts of its key but `user`, in the order in which they are shown. Empty: earned once.
    pub parts: Vec<SmolStr>,
    /// Declared no longer.
    pub retired: bool,
}

impl Badge {
    /// The title as it was earned for this key.
    pub fn title_for(&self, key: &Key) -> String {
        fill(&self.title, key)
    }

    /// The key as people see it: the value of its part, or its parts joined by `/` (a `/` or `%`
    /// within one of several is written `%2F` or `%25`, so that different keys have different texts).
    pub fn key_text(&self, key: &Key) -> String {
        let sorted = key.parts().map(|(name, _)| name);
        let names: Vec<&str> = match self.parts.len() == key.parts().count() {
            true => self.parts.iter().map(SmolStr::as_str).collect(),
            false => sorted.collect(),
        };
        let values: Vec<_> = names.iter().filter_map(|name| key.part(name)).collect();
        match &values[..] {
            [single] => single.to_string(),
            several => {
                let escaped = several.iter().map(|value| value.replace('%', "%25").replace('/', "%2F"));
                escaped.collect::<Vec<_>>().join("/")
            }
        }
    }

    /// The key that [`Badge::key_text`] shows so, or what is wrong with the text.
    pub fn key_of(&self, text: &str) -> Result<Key, String> {
        let values: Vec<Cow<'_, str>> = match &self.parts[..] {
            [] if text.is_empty() => Vec::new(),
            [] => return Err(format!("must be empty: {} is earned once a user", self.id)),
            [_] => vec![Cow::Borrowed(text)],
            _ => text.split('/').map(|value| value.replace("%2F", "/").replace("%25", "%").into()).collect(),
        };
        if values.len() != self.parts.len() || values.iter().any(|value| value.is_empty()) {
            let parts = self.parts.join("/");
            return Err(format!("must say for what: {} is earned once for each {parts}", self.id));
        }
        if let Some(long) = values.iter().find(|value| value.len() > PART_MAX_BYTES) {
            return Err(format!("has a part of {} bytes; at most {PART_MAX_BYTES} are allowed", long.len()));
        }
        let names = self.parts.iter().map(SmolStr::as_str);
        Ok(Key::new(names.zip(values.iter().map(AsRef::as_ref))))
    }
}

/// The names in braces in a template, with the places of their braces.
pub fn template_parts(template: &str) -> impl Iterator<Item = (usize, &str)> {
    template.match_indices('{').filter_map(move |(at, _)| {
        let name = &template[at + 1..];
        Some((at, &name[..name.find('}')?]))
    })
}

fn fill(template: &str, key: &Key) -> String {
    let mut text = template.to_owned();
    for (name, value) in key.parts() {
        text = text.replace(&format!("{{{name}}}"), &value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_shown_in_the_order_of_the_badge_and_never_mixed_up() {
        let badge = Badge { parts: vec!["photo".into(), "album".into()], ..Badge::default() };
        assert_eq!(badge.key_text(&Key::new([("album", "b/c"), ("photo", "a")])), "a/b%2Fc");
        assert_eq!(badge.key_text(&Key::new([("path", "src/main.rs")])), "src/main.rs");
        assert_eq!(badge.key_text(&Key::new([])), "");
    }

    #[test]
    fn a_key_is_read_as_it_is_shown() {
        let one = Badge { parts: vec!["path".into()], ..Badge::default() };
        let two = Badge { parts: vec!["photo".into(), "album".into()], ..Badge::default() };
        let keys =
            [Key::new([("album", "b/c%2F"), ("photo", "%")]), Key::new([("album", "b"), ("photo", "a")])];
        for key in &keys {
            assert_eq!(two.key_of(&two.key_text(key)).as_ref(), Ok(key));
        }
        let path = Key::new([("path", "src/100%25.rs")]);
        assert_eq!(one.key_of(&one.key_text(&path)), Ok(path));
        assert_eq!(Badge::default().key_of(""), Ok(Key::new([])));
        for (badge, text) in
            [(&Badge::default(), "a"), (&one, ""), (&two, "a"), (&two, "a/"), (&two, "a/b/c")]
        {
            assert!(badge.key_of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn templates_take_the_parts_of_the_key() {
        let badge = Badge { title: "Loved: {photo}, {x}".into(), ..Badge::default() };
        assert_eq!(badge.title_for(&Key::new([("photo", "p1")])), "Loved: p1, {x}");
        assert_eq!(template_parts(&badge.title).collect::<Vec<_>>(), [(7, "photo"), (16, "x")]);
    }
}
