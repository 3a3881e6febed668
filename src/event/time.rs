//! Points in time, and the calendar periods they lie in.

use std::fmt;

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// A point in time: microseconds since 1970-01-01T00:00:00Z, from year 1 to year 9998.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time(i64);

impl Time {
    /// 0001-01-01T00:00:00Z, the earliest time there is (as in protobuf's `Timestamp`).
    pub const MIN: Time = Time(-62_135_596_800 * MICROS_PER_SECOND);
    /// The last microsecond of the year 9998: the last whole year that the calendar library has.
    pub const MAX: Time = Time(253_370_764_800 * MICROS_PER_SECOND - 1);

    /// The time so many microseconds after 1970-01-01T00:00:00Z, unless it is out of range.
    pub fn from_micros(micros: i64) -> Option<Time> {
        (Time::MIN.0..=Time::MAX.0).contains(&micros).then_some(Time(micros))
    }

    /// The time so many seconds and nanoseconds after 1970-01-01T00:00:00Z; what is smaller than a
    /// microsecond is cut off.
    pub fn from_unix(seconds: i64, nanos: i32) -> Option<Time> {
        if !(0..1_000_000_000).contains(&nanos) {
            return None;
        }
        let micros = seconds.checked_mul(MICROS_PER_SECOND)?.checked_add(i64::from(nanos) / 1000)?;
        Time::from_micros(micros)
    }

    /// Reads an RFC 3339 time such as `2026-01-31T12:00:00Z`.
    pub fn parse(text: &str) -> Option<Time> {
        let timestamp: Timestamp = text.parse().ok()?;
        Time::from_micros(timestamp.as_microsecond())
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down, and the nanoseconds beyond them.
    pub fn to_unix(self) -> (i64, i32) {
        let nanos = self.0.rem_euclid(MICROS_PER_SECOND) * 1000;
        (self.0.div_euclid(MICROS_PER_SECOND), i32::try_from(nanos).expect("below a second"))
    }

    /// This time and so many microseconds more, if that is still in range.
    pub fn plus_micros(self, micros: i64) -> Option<Time> {
        Time::from_micros(self.0.checked_add(micros)?)
    }

    /// The same time of day so many months later, if that is still in range; where that month is shorter, on its
    /// last day.
    pub fn plus_months(self, months: i64) -> Option<Time> {
        let date = self.date().checked_add(Span::new().try_months(months).ok()?).ok()?;
        let of_day = self.0.rem_euclid(MICROS_PER_DAY);
        Time::from_micros(day_of_date(date).checked_mul(MICROS_PER_DAY)?.checked_add(of_day)?)
    }

    /// The same as the library's own kind of time, for what only that can do.
    pub fn to_timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).expect("years 1 to 9998 are within jiff's range")
    }

    fn date(self) -> Date {
        let days = self.0.div_euclid(MICROS_PER_DAY);
        date_of_day(days).expect("years 1 to 9998 are within jiff's range")
    }
}

impl fmt::Display for Time {
    /// RFC 3339 in UTC; the fraction only where there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_timestamp().fmt(f)
    }
}

/// A kind of calendar period, in UTC. Periods of one kind are numbered without gaps, so that "in a
/// row" means the same for days, weeks, months and years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Period {
    /// `2026-01-31`, numbered from 1970-01-01.
    Day,
    /// `2026-W05`, the ISO 8601 week, which begins on Monday; numbered from the week of 1970-01-01.
    Week,
    /// `2026-01`, numbered from the first month of year 0.
    Month,
    /// `2026`, its own number.
    Year,
}

impl Period {
    /// All of them.
    pub const ALL: [Period; 4] = [Period::Day, Period::Week, Period::Month, Period::Year];

    /// The word the rule language has for it.
    pub fn name(self) -> &'static str {
        match self {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
            Period::Year => "year",
        }
    }

    /// The period with this name.
    pub fn named(name: &str) -> Option<Period> {
        Period::ALL.into_iter().find(|period| period.name() == name)
    }

    /// The number of the period in which a time lies.
    pub fn number(self, time: Time) -> i64 {
        let day = time.0.div_euclid(MICROS_PER_DAY);
        match self {
            Period::Day => day,
            Period::Week => week_of_day(day),
            Period::Month => {
                let date = time.date();
                i64::from(date.year()) * 12 + i64::from(date.month()) - 1
            }
            Period::Year => i64::from(time.date().year()),
        }
    }

    /// When the period ends in which a time lies: the first moment of the next one, if there is one.
    pub fn end(self, time: Time) -> Option<Time> {
        let next = self.number(time) + 1;
        let month = |number: i64| {
            let (year, month) = (number.div_euclid(12), number.rem_euclid(12) + 1);
            let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, 1).ok()?;
            Some(day_of_date(date))
        };
        let day = match self {
            Period::Day => next,
            Period::Week => next * 7 - 3,
            Period::Month => month(next)?,
            Period::Year => month(next * 12)?,
        };
        Time::from_micros(day.checked_mul(MICROS_PER_DAY)?)
    }

    /// The text of the period in which a time lies.
    pub fn text(self, time: Time) -> SmolStr {
        self.text_of(self.number(time)).expect("a time that exists lies in a period that exists")
    }

    /// The text of the period with this number; none outside the library's calendar.
    pub fn text_of(self, number: i64) -> Option<SmolStr> {
        let text = match self {
            Period::Day => text_of_date(date_of_day(number)?),
            Period::Week => {
                // Thursday decides to which year a week belongs.
                let week = date_of_day(number.checked_mul(7)?)?.iso_week_date();
                format_smolstr!("{:04}-W{:02}", week.year(), week.week())
            }
            Period::Month => {
                format_smolstr!("{:04}-{:02}", number.div_euclid(12), number.rem_euclid(12) + 1)
            }
            Period::Year => format_smolstr!("{number:04}"),
        };
        Some(text)
    }

    /// The number of the period that is written so.
    pub fn parse(self, text: &str) -> Option<i64> {
        if self == Period::Day
            && let Some(date) = date_of_text(text)
        {
            return Some(day_of_date(date));
        }
        let number = match self {
            Period::Day => day_of_date(text.parse::<Date>().ok()?),
            Period::Week => {
                let (year, week) = text.split_once("-W")?;
                let monday = ISOWeekDate::new(year.parse().ok()?, week.parse().ok()?, Weekday::Monday);
                week_of_day(day_of_date(monday.ok()?.date()))
            }
            Period::Month => {
                let (year, month) = text.split_once('-')?;
                let month: i64 = month.parse().ok().filter(|month| (1..=12).contains(month))?;
                year.parse::<i64>().ok()? * 12 + month - 1
            }
            Period::Year => text.parse().ok()?,
        };
        // One text a period: "2026-1" is not another way to write "2026-01".
        (self.text_of(number)? == text).then_some(number)
    }
}

/// 1970-01-01 was a Thursday: its week began three days earlier.
fn week_of_day(day: i64) -> i64 {
    (day + 3).div_euclid(7)
}

fn date_of_day(day: i64) -> Option<Date> {
    let seconds = day.checked_mul(86_400)?;
    let timestamp = Timestamp::from_second(seconds).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(timestamp).date())
}

/// `2026-01-31`. Of a year that has not four digits the library knows how it is written.
fn text_of_date(date: Date) -> SmolStr {
    if !(0..=9999).contains(&date.year()) {
        return format_smolstr!("{date}");
    }
    let mut text = *b"0000-00-00";
    write_number(&mut text[..4], date.year());
    write_number(&mut text[5..7], i16::from(date.month()));
    write_number(&mut text[8..], i16::from(date.day()));
    SmolStr::new_inline(std::str::from_utf8(&text).expect("digits and hyphens"))
}

fn write_number(digits: &mut [u8], mut number: i16) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// The date that is written `2026-01-31`, with a year of four digits.
fn date_of_text(text: &str) -> Option<Date> {
    let text: &[u8; 10] = text.as_bytes().try_into().ok()?;
    if text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let (month, day) = (read_number(&text[5..7])?, read_number(&text[8..])?);
    Date::new(read_number(&text[..4])?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn read_number(digits: &[u8]) -> Option<i16> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i16::from(byte - b'0'));
    digits.iter().try_fold(0, |number, byte| Some(number * 10 + digit(byte)?))
}

fn day_of_date(date: Date) -> i64 {
    let midnight = jiff::tz::Offset::UTC.to_timestamp(date.at(0, 0, 0, 0));
    midnight.map_or(i64::MAX, |midnight| midnight.as_second().div_euclid(86_400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_written_as_iso_8601_has_them() {
        let time = Time::parse("2026-01-31T23:59:59.5Z").unwrap();
        assert_eq!(
            Period::ALL.map(|period| period.text(time)),
            ["2026-01-31", "2026-W05", "2026-01", "2026"]
        );
        assert_eq!(time.to_string(), "2026-01-31T23:59:59.5Z");
        // The first days of January may belong to the last week of the year before.
        assert_eq!(Period::Week.text(Time::parse("2027-01-03T00:00:00Z").unwrap()), "2026-W53");
    }

    #[test]
    fn a_period_follows_the_one_before_also_before_1970() {
        for period in Period::ALL {
            let mut last = None;
            for day in -800..800 {
                let time = Time::from_unix(day * 86_400, 0).unwrap();
                let number = period.number(time);
                assert_eq!(period.parse(&period.text(time)), Some(number), "{period:?} {time}");
                assert!(last.is_none_or(|last| number == last || number == last + 1), "{period:?} {time}");
                last = Some(number);
            }
        }
        assert_eq!(Period::Month.parse("2026-1"), None);
    }

    #[test]
    fn days_are_written_and_read_as_the_library_has_them() {
        // From years before the first to years of five digits, all lengths of a month among them.
        for day in (-4_000_000..4_000_000).step_by(997) {
            let library = date_of_day(day).map(|date| date.to_string());
            assert_eq!(Period::Day.text_of(day).map(String::from), library);
            if let Some(text) = library {
                assert_eq!(Period::Day.parse(&text), Some(day), "{text}");
            }
        }
        for wrong in
            ["2026-02-30", "2026-13-01", "2026-1-031", "+026-01-31", "2026-01-3", "2026/01/31", "２026-01-"]
        {
            assert_eq!(Period::Day.parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_month_later_is_the_same_day_or_the_last_of_a_shorter_month() {
        let later = |from: &str, months| Time::parse(from).unwrap().plus_months(months).unwrap().to_string();
        assert_eq!(later("2024-02-29T12:30:00.5Z", 12), "2025-02-28T12:30:00.5Z");
        assert_eq!(later("2024-02-29T12:30:00Z", 48), "2028-02-29T12:30:00Z");
        assert_eq!(later("2026-01-31T00:00:00Z", 1), "2026-02-28T00:00:00Z");
        assert_eq!(later("1969-12-31T23:59:59Z", 2), "1970-02-28T23:59:59Z");
        assert_eq!(Time::MAX.plus_months(1), None);
        assert_eq!(Time::MAX.plus_months(i64::MAX), None);
    }

    #[test]
    fn a_period_ends_where_the_next_begins() {
        let end = |period: Period, time: &str| period.end(Time::parse(time).unwrap()).unwrap().to_string();
        assert_eq!(end(Period::Day, "2026-01-31T00:00:00Z"), "2026-02-01T00:00:00Z");
        assert_eq!(end(Period::Week, "2026-01-31T23:59:59Z"), "2026-02-02T00:00:00Z");
        assert_eq!(end(Period::Month, "2026-12-01T00:00:00Z"), "2027-01-01T00:00:00Z");
        assert_eq!(end(Period::Year, "2024-02-29T00:00:00Z"), "2025-01-01T00:00:00Z");
        for (period, day) in
            Period::ALL.into_iter().flat_map(|period| (-800..800).map(move |day| (period, day)))
        {
            let time = Time::from_unix(day * 86_400 + 7, 0).unwrap();
            let end = period.end(time).unwrap();
            assert_eq!(period.number(end), period.number(time) + 1, "{period:?} {time}");
            assert_eq!(period.number(end.plus_micros(-1).unwrap()), period.number(time), "{period:?} {time}");
        }
        assert_eq!(Period::Year.end(Time::MAX), None);
    }

    #[test]
    fn the_range_is_whole_years() {
        assert_eq!(Time::MIN.to_string(), "0001-01-01T00:00:00Z");
        assert_eq!(Time::MAX.to_string(), "9998-12-31T23:59:59.999999Z");
        assert_eq!(Time::MIN.plus_micros(-1), None);
        assert_eq!(Time::from_unix(0, -1), None);
        assert_eq!(Time::parse("1969-12-31T23:59:58.5Z").unwrap().to_unix(), (-2, 500_000_000));
    }
}
