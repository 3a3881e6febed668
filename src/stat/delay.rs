//! How much later an event is heard: so long after it, or when its calendar period ends.

use smol_str::{SmolStr, format_smolstr};

use crate::cel::parse_duration;
use crate::event::{Period, Time};

/// The longest span, in years.
const SPAN_MAX_YEARS: i64 = 100;
const SPAN_MAX_MICROS: i64 = SPAN_MAX_YEARS * 36_525 * 864_000_000;
const MONTHS_PER_YEAR: i64 = 12;
/// Most digits of a number of months or years. More is no span.
const DIGITS_MAX: usize = 4;

/// When a stat hears what it hears, if not at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// So much later.
    After(Span),
    /// When the calendar period of the event ends.
    End(Period),
    /// So much later, and again each time so much has passed.
    Every(Span),
}

/// A length of time: months of the calendar, and then microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    months: i64,
    micros: i64,
}

impl Delay {
    /// When an event of this time is heard for the nth time, from 1. None: never, since time ends before, or since it
    /// is heard only once.
    pub fn due(self, time: Time, nth: u32) -> Option<Time> {
        match self {
            Delay::After(span) if nth == 1 => span.after(time, 1),
            Delay::End(period) if nth == 1 => period.end(time),
            Delay::After(_) | Delay::End(_) => None,
            Delay::Every(span) => span.after(time, i64::from(nth)),
        }
    }

    /// The text by which definitions are told apart.
    pub fn canonical(self) -> SmolStr {
        match self {
            Delay::After(span) => format_smolstr!("after {}", span.canonical()),
            Delay::End(period) => format_smolstr!("after {}", period.name()),
            Delay::Every(span) => format_smolstr!("every {}", span.canonical()),
        }
    }
}

impl Span {
    /// Reads a span such as `7d`, `1h30m`, `6mo` or `1y`, of more than nothing and at most a hundred years.
    pub fn parse(text: &str) -> Option<Span> {
        let (months, rest) = months(text)?;
        let micros = if rest.is_empty() && months > 0 { 0 } else { parse_duration(rest)? };
        let within = |value: i64, max: i64| (0..=max).contains(&value);
        let fits = within(months, SPAN_MAX_YEARS * MONTHS_PER_YEAR) && within(micros, SPAN_MAX_MICROS);
        (fits && months + micros > 0).then_some(Span { months, micros })
    }

    /// Its length in microseconds, where the calendar has no say in it.
    pub fn micros(self) -> Option<i64> {
        (self.months == 0).then_some(self.micros)
    }

    /// So many times this after a time. Months are counted from there, so that a year after 29 February is the 28th,
    /// and four are the 29th again.
    pub fn after(self, time: Time, times: i64) -> Option<Time> {
        let later = match self.months {
            0 => time,
            months => time.plus_months(months.checked_mul(times)?)?,
        };
        later.plus_micros(self.micros.checked_mul(times)?)
    }

    fn canonical(self) -> SmolStr {
        format_smolstr!("{} {}", self.months, self.micros)
    }
}

/// The months at the beginning of a text, years counted as twelve, and what comes after them.
fn months(text: &str) -> Option<(i64, &str)> {
    let (mut months, mut rest) = (0, text);
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = rest.split_at(digits);
        let (each, after) = match (unit.strip_prefix("mo"), unit.strip_prefix('y')) {
            (Some(after), _) => (1, after),
            (None, Some(after)) => (MONTHS_PER_YEAR, after),
            (None, None) => return Some((months, rest)),
        };
        if digits > DIGITS_MAX {
            return None;
        }
        months += number.parse::<i64>().ok()? * each;
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(from: &str, span: &str, times: i64) -> String {
        Span::parse(span).unwrap().after(Time::parse(from).unwrap(), times).unwrap().to_string()
    }

    #[test]
    fn spans_are_numbers_with_units_and_months_and_years_are_the_calendars() {
        let from = "2024-02-29T12:00:00Z";
        for (span, later) in [
            ("7d", "2024-03-07T12:00:00Z"),
            ("1w", "2024-03-07T12:00:00Z"),
            ("1h30m", "2024-02-29T13:30:00Z"),
            ("6mo", "2024-08-29T12:00:00Z"),
            ("1y", "2025-02-28T12:00:00Z"),
            ("1y6mo", "2025-08-29T12:00:00Z"),
            ("1mo1d", "2024-03-30T12:00:00Z"),
            ("100y", "2124-02-29T12:00:00Z"),
        ] {
            assert_eq!(after(from, span, 1), later, "{span}");
        }
        for wrong in
            ["", "0d", "-1d", "1", "mo", "1m1y", "1 y", "101y", "00001y", "1201mo", "1mo-1d", "36526d"]
        {
            assert_eq!(Span::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Span::parse("90d").unwrap().micros(), Some(90 * 86_400_000_000));
        assert_eq!(Span::parse("3mo").unwrap().micros(), None);
    }

    #[test]
    fn a_year_after_the_29th_is_the_28th_and_four_years_after_it_is_the_29th() {
        let years = [1, 2, 3, 4].map(|times| after("2024-02-29T00:00:00Z", "1y", times));
        assert_eq!(
            years,
            ["2025-02-28T00:00:00Z", "2026-02-28T00:00:00Z", "2027-02-28T00:00:00Z", "2028-02-29T00:00:00Z"]
        );
    }

    #[test]
    fn what_is_only_later_is_heard_once_and_nothing_after_the_end_of_time() {
        let (time, week) = (Time::parse("2026-01-31T00:00:00Z").unwrap(), Span::parse("1w").unwrap());
        assert!(Delay::After(week).due(time, 1).is_some() && Delay::After(week).due(time, 2).is_none());
        assert_eq!(Delay::Every(week).due(time, 2), time.plus_micros(14 * 86_400_000_000));
        assert_eq!(Delay::End(Period::Month).due(time, 1).unwrap().to_string(), "2026-02-01T00:00:00Z");
        assert_eq!(Delay::Every(week).due(Time::MAX, 1), None);
    }
}
