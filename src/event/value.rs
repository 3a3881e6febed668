//! The values that events carry, stats keep and expressions compute.

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use smol_str::SmolStr;

use super::Time;

/// A value. Numbers are whole if they were written without fraction and exponent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// JSON's `null`: there, and nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number of 64 bits.
    Int(i64),
    /// Any other number.
    Double(f64),
    /// Text.
    Text(SmolStr),
    /// A point in time. JSON has none: written as RFC 3339.
    Time(Time),
    /// A length of time in microseconds. JSON has none: written as seconds, `"1.5s"`.
    Duration(i64),
    /// Values in order.
    List(Arc<[Value]>),
    /// Values by name.
    Map(Map),
}

/// Values by name, sorted by name, each name once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Map(Arc<[(SmolStr, Value)]>);

impl Map {
    /// The value with this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let at = self.0.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        Some(&self.0[at].1)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&SmolStr, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads one JSON object of at most `depth` levels. A name that comes twice is a mistake, and so is
    /// a whole number between 2⁶³ and 2⁶⁴, which is most likely an id: it would lose digits.
    pub fn from_json(text: &str, depth: usize) -> Result<Map, String> {
        let value = Value::from_json(text, depth)?;
        let Value::Map(map) = value else {
            return Err(format!("it is {}, not an object", value.kind()));
        };
        Ok(map)
    }
}

impl FromIterator<(SmolStr, Value)> for Map {
    /// Of a name that comes twice, the last value stays.
    fn from_iter<I: IntoIterator<Item = (SmolStr, Value)>>(pairs: I) -> Map {
        let sorted: std::collections::BTreeMap<_, _> = pairs.into_iter().collect();
        Map(sorted.into_iter().collect())
    }
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<SmolStr>) -> Value {
        Value::Text(text.into())
    }

    /// The items of a list; of any other value, itself alone.
    pub fn items(&self) -> &[Value] {
        match self {
            Value::List(items) => items,
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Double(_) | Value::Text(_) => {
                std::slice::from_ref(self)
            }
            Value::Time(_) | Value::Duration(_) | Value::Map(_) => std::slice::from_ref(self),
        }
    }

    /// What kind of value it is, in words: "a text".
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Int(_) => "a whole number",
            Value::Double(_) => "a number",
            Value::Text(_) => "a text",
            Value::Time(_) => "a time",
            Value::Duration(_) => "a duration",
            Value::List(_) => "a list",
            Value::Map(_) => "an object",
        }
    }

    /// Reads any JSON value of at most `depth` levels, as [`Map::from_json`] does.
    pub fn from_json(text: &str, depth: usize) -> Result<Value, String> {
        let mut json = serde_json::Deserializer::from_str(text);
        let value = Json { depth }.deserialize(&mut json).map_err(|error| error.to_string())?;
        json.end().map_err(|error| error.to_string())?;
        Ok(value)
    }
}

impl fmt::Display for Map {
    /// As JSON, without spaces, sorted by name: equal maps give equal texts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (at, (name, value)) in self.iter().enumerate() {
            f.write_str(if at > 0 { "," } else { "" })?;
            write_json_text(f, name)?;
            write!(f, ":{value}")?;
        }
        f.write_str("}")
    }
}

impl fmt::Display for Value {
    /// As JSON, without spaces; reading it again gives the same value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => value.fmt(f),
            Value::Int(value) => value.fmt(f),
            // `Debug` always writes a fraction or an exponent, so that it is read as no whole number.
            Value::Double(value) => write!(f, "{value:?}"),
            Value::Text(text) => write_json_text(f, text),
            Value::Time(time) => write!(f, "\"{time}\""),
            Value::Duration(micros) => write!(f, "\"{}s\"", *micros as f64 / 1e6),
            Value::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at > 0 { "," } else { "" })?;
                }
                f.write_str("]")
            }
            Value::Map(map) => map.fmt(f),
        }
    }
}

fn write_json_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

/// Reads one JSON value; `depth` levels of lists and objects may still be opened.
#[derive(Clone, Copy)]
struct Json {
    depth: usize,
}

impl Json {
    fn inner<E: serde::de::Error>(self) -> Result<Json, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("it is nested too deeply"))?;
        Ok(Json { depth })
    }
}

impl<'de> DeserializeSeed<'de> for Json {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Json {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        let value = i64::try_from(value).map_err(|_| {
            E::custom(format!("the whole number {value} is beyond 64 bits with a sign; send it as a text"))
        })?;
        Ok(Value::Int(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        // serde_json hands over whole numbers beyond 64 bits, and "-0", as floats.
        if value == 0.0 && value.is_sign_negative() {
            return Ok(Value::Double(0.0));
        }
        Ok(Value::Double(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::List(list.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut map = Vec::new();
        while let Some(name) = entries.next_key::<SmolStr>()? {
            map.push((name, entries.next_value_seed(inner)?));
        }
        map.sort_by(|(a, _), (b, _)| a.cmp(b));
        if let Some(twice) = map.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(A::Error::custom(format!("the key \"{}\" comes twice", twice[0].0)));
        }
        Ok(Value::Map(Map(map.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_stay_exact_and_texts_sort_by_name() {
        let map = Map::from_json(r#"{"b":9007199254740993,"a":[1,1.0,1e3,null,"\u00e9"]}"#, 8).unwrap();
        assert_eq!(map.to_string(), r#"{"a":[1,1.0,1000.0,null,"é"],"b":9007199254740993}"#);
        assert_eq!(Map::from_json(&map.to_string(), 8).unwrap(), map);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (json, says) in [
            (r#"{"a":1,"a":2}"#, r#"the key "a" comes twice"#),
            (r#"{"a":18446744073709551615}"#, "beyond 64 bits"),
            (r#"{"a":[[1]]}"#, "nested too deeply"),
            ("[1]", "it is a list, not an object"),
            (r#"{"a":1} x"#, "trailing characters"),
            ("", "EOF"),
        ] {
            let error = Map::from_json(json, 2).unwrap_err();
            assert!(error.contains(says), "{json}: {error}");
        }
    }
}
