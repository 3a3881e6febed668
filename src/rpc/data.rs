//! An event's data as a protobuf `Struct`: pleasant from grpcurl, and the same values as the JSON that it
//! stands for.

use prost_types::value::Kind;
use prost_types::{Struct, Value as Sent};
use smol_str::SmolStr;

use crate::event::{DATA_MAX_DEPTH, Invalid, Map, Value};

/// Up to here, and down to its negative, every whole number is a double: beyond, a double may stand for
/// another whole number than was meant, and stays a double.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// The values of a `Struct`, or what is wrong with it.
pub(super) fn values(sent: Struct) -> Result<Map, Invalid> {
    map(sent, DATA_MAX_DEPTH).map_err(|problem| Invalid::new("data", problem))
}

fn map(sent: Struct, depth: usize) -> Result<Map, String> {
    let inner = inside(depth)?;
    let values = sent.fields.into_iter().map(|(name, sent)| Ok((SmolStr::from(name), value(sent, inner)?)));
    values.collect::<Result<Map, String>>()
}

fn list(sent: Vec<Sent>, depth: usize) -> Result<Value, String> {
    let inner = inside(depth)?;
    let values = sent.into_iter().map(|sent| value(sent, inner));
    Ok(Value::List(values.collect::<Result<_, String>>()?))
}

fn value(sent: Sent, depth: usize) -> Result<Value, String> {
    match sent.kind {
        None | Some(Kind::NullValue(_)) => Ok(Value::Null),
        Some(Kind::BoolValue(truth)) => Ok(Value::Bool(truth)),
        Some(Kind::NumberValue(number)) => self::number(number),
        Some(Kind::StringValue(text)) => Ok(Value::text(text)),
        Some(Kind::ListValue(sent)) => list(sent.values, depth),
        Some(Kind::StructValue(sent)) => Ok(Value::Map(map(sent, depth)?)),
    }
}

fn number(number: f64) -> Result<Value, String> {
    if !number.is_finite() {
        return Err(format!("must not contain {number}, which JSON does not have; leave the field out"));
    }
    match number.fract() == 0.0 && number.abs() <= WHOLE_MAX {
        true => Ok(Value::Int(number as i64)),
        false => Ok(Value::Double(number)),
    }
}

/// How many levels may still be opened inside this one.
fn inside(depth: usize) -> Result<usize, String> {
    let problem = || format!("is nested too deeply; at most {DATA_MAX_DEPTH} levels are allowed");
    depth.checked_sub(1).ok_or_else(problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost_types::ListValue;

    fn object(fields: impl IntoIterator<Item = (&'static str, Kind)>) -> Struct {
        let fields = fields.into_iter().map(|(name, kind)| (name.to_owned(), Sent { kind: Some(kind) }));
        Struct { fields: fields.collect() }
    }

    fn levels(count: usize) -> Struct {
        (1..count).fold(object([]), |inner, _| object([("a", Kind::StructValue(inner))]))
    }

    #[test]
    fn a_struct_has_the_values_of_the_json_it_stands_for() {
        let list = vec![Sent { kind: Some(Kind::StringValue("é".into())) }, Sent { kind: None }];
        let sent = object([
            ("z", Kind::NumberValue(-0.0)),
            ("whole", Kind::NumberValue(WHOLE_MAX)),
            ("beyond", Kind::NumberValue(WHOLE_MAX * 2.0)),
            ("half", Kind::NumberValue(0.5)),
            ("list", Kind::ListValue(ListValue { values: list })),
            ("truth", Kind::BoolValue(true)),
        ]);
        let json = r#"{"beyond":1.8014398509481984e16,"half":0.5,"list":["é",null],"truth":true,"whole":9007199254740992,"z":0}"#;
        assert_eq!(values(sent).unwrap().to_string(), json);
    }

    #[test]
    fn depth_counts_as_in_json() {
        assert!(values(levels(DATA_MAX_DEPTH)).is_ok());
        assert!(Map::from_json(&values(levels(8)).unwrap().to_string(), DATA_MAX_DEPTH).is_ok());
        let invalid = values(levels(DATA_MAX_DEPTH + 1)).unwrap_err();
        assert_eq!(invalid.field, "data");
        assert_eq!(invalid.problem, "is nested too deeply; at most 8 levels are allowed");
    }

    #[test]
    fn a_number_that_json_does_not_have_is_refused() {
        for number in [f64::NAN, f64::INFINITY] {
            let invalid = values(object([("a", Kind::NumberValue(number))])).unwrap_err();
            assert!(invalid.problem.contains("which JSON does not have"), "{}", invalid.problem);
        }
    }
}
