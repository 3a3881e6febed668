//! A value as somebody wrote it: in a file, where it has a kind, or as one text on the command line or in the environment.

use toml::Spanned;
use toml::de::DeValue;

/// Longest text that is shown in a message, in characters. Of a longer one only the kind is said.
const SHOWN_MAX: usize = 60;

/// A value as it was written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Written<'a> {
    /// In a file.
    Toml(&'a Spanned<DeValue<'a>>),
    /// As a text that stands for whatever is wanted.
    Text(&'a str),
}

impl<'a> Written<'a> {
    /// A text.
    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Written::Toml(value) => value.get_ref().as_str(),
            Written::Text(text) => Some(text),
        }
    }

    /// A list of texts; as one text, with commas between them, or as a file has it: an empty one is `[]`.
    pub(super) fn texts(self) -> Option<Vec<&'a str>> {
        match self {
            Written::Toml(value) => {
                value.get_ref().as_array()?.iter().map(|text| text.get_ref().as_str()).collect()
            }
            Written::Text(text) => {
                let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
                let texts = inner.split(',').map(|text| text.trim().trim_matches('"'));
                Some(texts.filter(|text| !text.is_empty()).collect())
            }
        }
    }

    /// A whole number that is not negative.
    pub(super) fn whole(self) -> Option<u64> {
        match self {
            Written::Toml(value) => {
                let integer = value.get_ref().as_integer()?;
                u64::from_str_radix(integer.as_str(), integer.radix()).ok()
            }
            Written::Text(text) => text.parse().ok(),
        }
    }

    /// Yes or no.
    pub(super) fn truth(self) -> Option<bool> {
        match self {
            Written::Toml(value) => value.get_ref().as_bool(),
            Written::Text(text) => text.parse().ok(),
        }
    }

    /// What it is, in words.
    pub(super) fn described(self) -> String {
        let text = |text: &str| match text.chars().count() <= SHOWN_MAX {
            true => format!("{text:?}"),
            false => "a long text".to_owned(),
        };
        match self {
            Written::Text(written) => text(written),
            Written::Toml(value) => match value.get_ref() {
                DeValue::String(written) => text(written),
                DeValue::Integer(number) => number.to_string(),
                DeValue::Float(number) => number.to_string(),
                DeValue::Boolean(truth) => truth.to_string(),
                DeValue::Datetime(_) => "a date".to_owned(),
                DeValue::Array(_) => "a list".to_owned(),
                DeValue::Table(_) => "a table".to_owned(),
            },
        }
    }
}
