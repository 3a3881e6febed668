//! What users say of themselves, as it is shown to others.
//!
//! A profile changes by an event, [`UPDATED`], whose data are the fields that do. What rules ask for is theirs to
//! keep; beside that the latest text of each of [`FIELDS`] is kept in the user's document, also where no rule names
//! it, in slots that no stat has. Late events change nothing that is newer.

use smol_str::SmolStr;

use crate::document::{Change, Document};
use crate::event::{Event, Value, Zone};
use crate::stat::{Cell, Slot, Step};

/// The event that a profile changed.
pub const UPDATED: &str = "profile.updated";
/// Longest name, in bytes. A longer one is refused.
pub const NAME_MAX_BYTES: usize = 256;
/// Longest address of a page or a picture, in bytes. A longer one is refused.
pub const LINK_MAX_BYTES: usize = 2048;
/// Longest name of a language, in bytes. A longer one is refused.
pub const LANGUAGE_MAX_BYTES: usize = 64;

/// A field that every profile may have. Its place is that of its slot: new ones go to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// What to call the user.
    Name,
    /// Where the user's page is.
    Link,
    /// Where the user's picture is.
    Picture,
    /// The user's time zone.
    TimeZone,
    /// The user's language.
    Language,
}

/// All of them.
pub const FIELDS: [Field; 5] = [Field::Name, Field::Link, Field::Picture, Field::TimeZone, Field::Language];

impl Field {
    /// As events and rules name it.
    pub fn name(self) -> &'static str {
        match self {
            Field::Name => "name",
            Field::Link => "link",
            Field::Picture => "picture",
            Field::TimeZone => "time_zone",
            Field::Language => "language",
        }
    }

    /// The field with this name.
    pub fn named(name: &str) -> Option<Field> {
        FIELDS.into_iter().find(|field| field.name() == name)
    }

    /// Whether this text can be shown there, or what is wrong with it. An empty one, but for a time zone, is none.
    pub fn check(self, text: &str) -> Result<(), String> {
        match self {
            Field::TimeZone if Zone::named(text).is_none() => Err(Zone::unknown(text)),
            Field::TimeZone => Ok(()),
            _ if text.is_empty() => Ok(()),
            Field::Name => check_name(text),
            Field::Link | Field::Picture => check_link(text),
            Field::Language => check_language(text),
        }
    }

    /// What a user says there; empty where that is nothing.
    pub fn read(self, document: &Document) -> SmolStr {
        if let Some(Cell::Dated(dated)) = document.cell(Slot::of_profile(self as u32))
            && let Value::Text(text) = &dated.1
        {
            return text.clone();
        }
        SmolStr::default()
    }
}

/// What an event changes of a profile; nothing where it is another.
pub fn changes(event: &Event) -> impl Iterator<Item = Change> {
    let fields = if event.r#type.as_str() == UPDATED { &FIELDS[..] } else { &[] };
    let texts = fields.iter().filter_map(|field| Some((*field, event.data.get(field.name())?)));
    // What is null says nothing, as rules have it.
    texts.filter(|(_, value)| matches!(value, Value::Text(_))).map(|(field, text)| {
        let step = Step::Last(event.time, text.clone());
        Change { slot: Slot::of_profile(field as u32), step }
    })
}

fn check_length(text: &str, most: usize) -> Result<(), String> {
    match text.len() > most {
        true => Err(format!("has {} bytes; at most {most} are allowed", text.len())),
        false => Ok(()),
    }
}

fn check_name(name: &str) -> Result<(), String> {
    check_length(name, NAME_MAX_BYTES)?;
    match name.char_indices().find(|(_, c)| c.is_control()) {
        Some((at, control)) => {
            Err(format!("must not contain control characters; {control:?} at {at} is one"))
        }
        None => Ok(()),
    }
}

/// A page shows it as a link: so no other scheme, and nothing that would end an attribute.
fn check_link(link: &str) -> Result<(), String> {
    check_length(link, LINK_MAX_BYTES)?;
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        let (head, rest) = link.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if host.is_empty() {
        return Err("must be an http or https URL, such as https://example.com/ann".to_owned());
    }
    let refused = |c: char| c.is_control() || c.is_whitespace() || "\"'<>\\`".contains(c);
    match link.char_indices().find(|(_, c)| refused(*c)) {
        Some((at, wrong)) => Err(format!("must be a URL; {wrong:?} at {at} must be written with %")),
        None => Ok(()),
    }
}

/// The shape of BCP 47: subtags of at most eight letters and digits, joined by hyphens; the first has letters only.
fn check_language(language: &str) -> Result<(), String> {
    check_length(language, LANGUAGE_MAX_BYTES)?;
    let is_subtag =
        |tag: &str| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let first = language.split('-').next().unwrap_or_default();
    let is_language = first.len() > 1 && first.bytes().all(|byte| byte.is_ascii_alphabetic());
    match is_language && language.split('-').all(is_subtag) {
        true => Ok(()),
        false => {
            Err(format!("must name a language as BCP 47 does, such as en or pt-BR; {language:?} does not"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_shown_is_refused() {
        for (field, right) in [
            (Field::Name, "Ann Müller"),
            (Field::Link, "HTTPS://example.com/ann?x=1#y"),
            (Field::Picture, "http://[::1]:8080"),
            (Field::TimeZone, "Europe/Berlin"),
            (Field::Language, "zh-Hant-TW"),
            (Field::Language, ""),
            (Field::Link, ""),
        ] {
            assert_eq!(field.check(right), Ok(()), "{field:?} {right}");
        }
        for (field, wrong, says) in [
            (Field::Name, "a\u{7}b", "'\\u{7}' at 1"),
            (Field::Name, &"é".repeat(129), "has 258 bytes"),
            (Field::Link, "javascript:alert(1)", "http or https"),
            (Field::Link, "//example.com", "http or https"),
            (Field::Link, "https:///ann", "http or https"),
            (Field::Picture, "https://example.com/\"onerror=", "'\"' at 20"),
            (Field::Picture, "https://example.com/a b", "' ' at 21"),
            (Field::TimeZone, "Berlin", "zone"),
            (Field::TimeZone, "", "zone"),
            (Field::Language, "german language", "BCP 47"),
            (Field::Language, "e", "BCP 47"),
            (Field::Language, "en-", "BCP 47"),
        ] {
            let problem = field.check(wrong).unwrap_err();
            assert!(problem.contains(says), "{field:?} {wrong}: {problem}");
        }
    }

    #[test]
    fn each_field_has_a_name_and_a_slot_of_its_own() {
        for (place, field) in FIELDS.into_iter().enumerate() {
            assert_eq!((field as usize, Field::named(field.name())), (place, Some(field)));
        }
        assert!(Slot::of_profile(0) < Slot::AUDIT);
    }
}
