//! Lengths of time as text: `90d`, `1h30m`, `-1.5s`.

use smol_str::{SmolStr, format_smolstr};

const NANOS_PER_MICRO: i128 = 1_000;
const MICROS_PER_SECOND: u64 = 1_000_000;

/// Units and their nanoseconds; what begins like a shorter one comes before it.
const UNITS: [(&str, i128); 9] = [
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
    ("s", 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("h", 3_600 * 1_000_000_000),
    ("d", 86_400 * 1_000_000_000),
    ("w", 7 * 86_400 * 1_000_000_000),
];

/// Most digits before, and after, the point of one number. More is no duration.
const DIGITS_MAX: usize = 18;

/// Reads a duration in microseconds: numbers, each with its unit, and perhaps a sign before all of
/// them. What is smaller than a microsecond is cut off.
pub fn parse(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    match rest {
        "" => return None,
        "0" => return Some(0),
        _ => {}
    }
    let mut nanos: i128 = 0;
    while !rest.is_empty() {
        let (whole, after) = digits(rest)?;
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after)?,
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let (unit, per_unit) = UNITS.into_iter().find(|(unit, _)| after.starts_with(unit))?;
        nanos += number(whole)? * per_unit + number(fraction)? * per_unit / 10_i128.pow(length(fraction)?);
        rest = &after[unit.len()..];
    }
    i64::try_from(sign * nanos / NANOS_PER_MICRO).ok()
}

/// Writes microseconds as CEL does: in seconds, `90s`, `-1.5s`.
pub(super) fn text(micros: i64) -> SmolStr {
    let sign = if micros < 0 { "-" } else { "" };
    let (seconds, rest) =
        (micros.unsigned_abs() / MICROS_PER_SECOND, micros.unsigned_abs() % MICROS_PER_SECOND);
    if rest == 0 {
        return format_smolstr!("{sign}{seconds}s");
    }
    let fraction = format!("{rest:06}");
    format_smolstr!("{sign}{seconds}.{}s", fraction.trim_end_matches('0'))
}

fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (end <= DIGITS_MAX).then(|| text.split_at(end))
}

fn number(digits: &str) -> Option<i128> {
    if digits.is_empty() { Some(0) } else { digits.parse().ok() }
}

fn length(digits: &str) -> Option<u32> {
    u32::try_from(digits.len()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        for (written, micros) in [
            ("90d", Some(90 * 86_400_000_000)),
            ("2w", Some(14 * 86_400_000_000)),
            ("1h30m", Some(5_400_000_000)),
            ("-1.5s", Some(-1_500_000)),
            ("+.5ms", Some(500)),
            ("3us", Some(3)),
            ("1999ns", Some(1)),
            ("0", Some(0)),
            ("0s", Some(0)),
            ("", None),
            ("-", None),
            ("5", None),
            ("s", None),
            (".s", None),
            ("1mo", None),
            ("1h 30m", None),
            ("1é", None),
            ("999999999999999999w", None),
            ("1000000000000000000000s", None),
        ] {
            assert_eq!(parse(written), micros, "{written}");
        }
    }

    #[test]
    fn a_duration_is_written_in_seconds_and_read_again() {
        for (micros, written) in [
            (5_400_000_000, "5400s"),
            (-1_500_000, "-1.5s"),
            (1, "0.000001s"),
            (i64::MIN, "-9223372036854.775808s"),
        ] {
            assert_eq!(text(micros), written);
            assert_eq!(parse(written), Some(micros));
        }
    }
}
