//! Reads the fields of one TOML table: each of the kind it must be, and none that nobody knows.

use std::borrow::Cow;

use smol_str::SmolStr;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistakes::{At, Mistakes, Spot};
use crate::diagnostic::did_you_mean;
use crate::event::{Map, Value};

/// Longest text that is shown in a message, in characters. Of a longer one only the kind is said.
const SHOWN_MAX: usize = 40;

/// The fields of one table that are not read yet.
pub(super) struct Fields<'a> {
    /// What the table declares, for messages: "badge `first`".
    what: String,
    spot: Spot,
    left: Vec<Field<'a>>,
    known: Vec<&'static str>,
    broken: bool,
}

/// One field of a table.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    file: usize,
    name: &'a Spanned<Cow<'a, str>>,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Fields<'a> {
    /// The fields of a table, which is called `what` in messages and shown at `spot`.
    pub(super) fn new(what: impl Into<String>, spot: Spot, table: &'a DeTable<'a>) -> Fields<'a> {
        let left = table.iter().map(|(name, value)| Field { file: spot.file, name, value }).collect();
        Fields { what: what.into(), spot, left, known: Vec::new(), broken: false }
    }

    /// The field with this name, of whatever kind.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Field<'a>> {
        self.known.push(name);
        self.remove(name)
    }

    /// The field with this name, read by `read`; what that cannot read is a mistake.
    pub(super) fn read<T>(
        &mut self,
        mistakes: &mut Mistakes,
        name: &'static str,
        must_be: &str,
        read: impl FnOnce(Field<'a>) -> Option<T>,
    ) -> Option<At<T>> {
        let field = self.take(name)?;
        let Some(value) = read(field) else {
            mistakes.error(&field.spot(), format!("`{name}` must be {must_be}; this is {}", field.shown()));
            self.broken = true;
            return None;
        };
        Some(At { value, spot: field.spot() })
    }

    /// A text.
    pub(super) fn text(&mut self, mistakes: &mut Mistakes, name: &'static str) -> Option<At<String>> {
        let must_be = format!("a text, for example `{name} = \"…\"`");
        self.read(mistakes, name, &must_be, |field| field.text().map(str::to_owned))
    }

    /// An expression: a text too, which people are prone to write without quotes.
    pub(super) fn expression(&mut self, mistakes: &mut Mistakes, name: &'static str) -> Option<At<String>> {
        let must_be = format!("an expression in quotes, for example `{name} = \"{}\"`", example(name));
        self.read(mistakes, name, &must_be, |field| field.text().map(str::to_owned))
    }

    /// A truth value.
    pub(super) fn truth(&mut self, mistakes: &mut Mistakes, name: &'static str) -> Option<At<bool>> {
        let must_be = format!("`true` or `false`, for example `{name} = true`");
        self.read(mistakes, name, &must_be, |field| field.value.get_ref().as_bool())
    }

    /// A whole number.
    pub(super) fn whole(&mut self, mistakes: &mut Mistakes, name: &'static str) -> Option<At<i64>> {
        let must_be = format!("a whole number, for example `{name} = 10`");
        self.read(mistakes, name, &must_be, Field::whole)
    }

    /// A number.
    pub(super) fn number(&mut self, mistakes: &mut Mistakes, name: &'static str) -> Option<At<Value>> {
        let must_be = format!("a number, for example `{name} = 10`");
        self.read(mistakes, name, &must_be, Field::number)
    }

    /// Refuses a field that has no place here.
    pub(super) fn refuse(&mut self, mistakes: &mut Mistakes, name: &'static str, why: &str) {
        let Some(field) = self.remove(name) else { return };
        mistakes.error(&field.name_spot(), format!("`{name}` {why}"));
        self.broken = true;
    }

    /// What is left is known to nobody. Says whether any field could not be read.
    pub(super) fn finish(self, mistakes: &mut Mistakes) -> bool {
        for field in &self.left {
            let name = field.name();
            let help = match did_you_mean(name, self.known.iter().copied()) {
                near if near.is_empty() => format!("; it may have {}", listed(&self.known)),
                near => near,
            };
            mistakes.error(&field.name_spot(), format!("{} has no field `{name}`{help}", self.what));
        }
        self.broken || !self.left.is_empty()
    }

    /// All fields, whatever they are called.
    pub(super) fn all(self) -> impl Iterator<Item = Field<'a>> {
        self.left.into_iter()
    }

    /// Where the table is shown.
    pub(super) fn spot(&self) -> Spot {
        self.spot.clone()
    }

    /// Something is wrong with a field, so that its table cannot be used as it is.
    pub(super) fn broken_at(&mut self, spot: &Spot, mistakes: &mut Mistakes, message: impl Into<String>) {
        mistakes.error(spot, message);
        self.broken = true;
    }

    /// The table cannot be used as it is; why has been said.
    pub(super) fn broken(&mut self) {
        self.broken = true;
    }

    fn remove(&mut self, name: &str) -> Option<Field<'a>> {
        let at = self.left.iter().position(|field| field.name() == name)?;
        Some(self.left.remove(at))
    }
}

impl<'a> Field<'a> {
    /// A field that stands by itself, such as an item of a list, under the name of the list.
    pub(super) fn item(self, value: &'a Spanned<DeValue<'a>>) -> Field<'a> {
        Field { value, ..self }
    }

    /// What it is called.
    pub(super) fn name(&self) -> &'a str {
        self.name.get_ref()
    }

    /// The name and where it stands.
    pub(super) fn named(&self) -> At<SmolStr> {
        At { value: SmolStr::from(self.name()), spot: self.name_spot() }
    }

    /// Where the value is.
    pub(super) fn spot(&self) -> Spot {
        Spot { file: self.file, range: self.value.span() }
    }

    /// Where the name is.
    pub(super) fn name_spot(&self) -> Spot {
        Spot { file: self.file, range: self.name.span() }
    }

    /// The value, if it is a text.
    pub(super) fn text(self) -> Option<&'a str> {
        self.value.get_ref().as_str()
    }

    /// The value and its place, if it is a text.
    pub(super) fn text_at(self) -> Option<At<String>> {
        Some(At { value: self.text()?.to_owned(), spot: self.spot() })
    }

    /// The value, if it is a table.
    pub(super) fn table(self) -> Option<&'a DeTable<'a>> {
        self.value.get_ref().as_table()
    }

    /// The items, if it is a list.
    pub(super) fn items(self) -> Option<impl Iterator<Item = Field<'a>>> {
        Some(self.value.get_ref().as_array()?.iter().map(move |value| self.item(value)))
    }

    /// The value, if it is a whole number of 64 bits.
    pub(super) fn whole(self) -> Option<i64> {
        let integer = self.value.get_ref().as_integer()?;
        i64::from_str_radix(integer.as_str(), integer.radix()).ok()
    }

    /// The value, if it is a number.
    pub(super) fn number(self) -> Option<Value> {
        if let Some(float) = self.value.get_ref().as_float() {
            let float = float.as_str().parse::<f64>().ok().filter(|float| float.is_finite())?;
            return Some(Value::Double(float));
        }
        self.whole().map(Value::Int)
    }

    /// The value as an event has it. None for what JSON cannot say: dates, infinite numbers.
    pub(super) fn json(self) -> Option<Value> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(Value::text(text.as_ref())),
            DeValue::Integer(_) | DeValue::Float(_) => self.number(),
            DeValue::Boolean(truth) => Some(Value::Bool(*truth)),
            DeValue::Datetime(_) => None,
            DeValue::Array(_) => Some(Value::List(self.items()?.map(Field::json).collect::<Option<_>>()?)),
            DeValue::Table(table) => {
                let pairs = table.iter().map(|(name, value)| {
                    Some((SmolStr::from(name.get_ref().as_ref()), self.item(value).json()?))
                });
                Some(Value::Map(pairs.collect::<Option<Map>>()?))
            }
        }
    }

    /// The value, or what kind of value it is, in words.
    fn shown(&self) -> String {
        match self.value.get_ref() {
            DeValue::String(text) if text.chars().count() <= SHOWN_MAX => {
                format!("the text {:?}", text.as_ref())
            }
            DeValue::Integer(number) => format!("the whole number {number}"),
            DeValue::Float(number) => format!("the number {number}"),
            DeValue::String(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => self.kind().to_owned(),
        }
    }

    /// What kind of value it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self.value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date without quotes",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        }
    }
}

/// Names in a row: `` `a`, `b` and `c` ``.
pub(super) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match &quoted[..] {
        [] => "none".to_owned(),
        [single] => single.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn example(name: &str) -> &'static str {
    match name {
        "when" => "event.data.score > 9",
        "to" => "crew.list",
        "value" => "views",
        "run" => "day(event.time)",
        _ => "event.data.score",
    }
}
