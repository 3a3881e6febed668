//! What can be read off a clock and a calendar.

use jiff::tz::Offset;

use crate::event::{Time, Value};

/// What can be read off a time, in UTC, and off a duration: how many whole hours, minutes, seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cel) enum Part {
    FullYear,
    Month,
    Date,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

impl Part {
    /// Whether durations have it too.
    pub(super) fn is_of_durations(self) -> bool {
        matches!(self, Part::Hours | Part::Minutes | Part::Seconds)
    }

    /// This part of a time or of a duration.
    pub(super) fn of(self, value: &Value) -> Option<i64> {
        if let Value::Duration(micros) = value {
            return self.of_duration(*micros);
        }
        let Value::Time(time) = value else { return None };
        Some(self.of_time(*time))
    }

    fn of_time(self, time: Time) -> i64 {
        let at = Offset::UTC.to_datetime(time.to_timestamp());
        // As CEL has it: months, and days but for getDate, are counted from 0, weeks from Sunday.
        match self {
            Part::FullYear => i64::from(at.year()),
            Part::Month => i64::from(at.month()) - 1,
            Part::Date => i64::from(at.day()),
            Part::DayOfMonth => i64::from(at.day()) - 1,
            Part::DayOfWeek => i64::from(at.weekday().to_sunday_zero_offset()),
            Part::DayOfYear => i64::from(at.day_of_year()) - 1,
            Part::Hours => i64::from(at.hour()),
            Part::Minutes => i64::from(at.minute()),
            Part::Seconds => i64::from(at.second()),
            Part::Milliseconds => i64::from(at.millisecond()),
        }
    }

    fn of_duration(self, micros: i64) -> Option<i64> {
        let micros_each = match self {
            Part::Hours => 3_600_000_000,
            Part::Minutes => 60_000_000,
            Part::Seconds => 1_000_000,
            Part::FullYear
            | Part::Month
            | Part::Date
            | Part::DayOfMonth
            | Part::DayOfWeek
            | Part::DayOfYear
            | Part::Milliseconds => return None,
        };
        Some(micros / micros_each)
    }
}
