//! Time zones: where a day begins, and which one it is there.
//!
//! The zones are those of the IANA database that is compiled in, so that a server, its replicas and a test come to
//! the same days, whatever their systems have.

use jiff::tz::{Offset, TimeZone};

use super::{Period, Time};
use crate::diagnostic::did_you_mean;

/// A time zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    /// What has no zone of its own.
    pub const UTC: &str = "UTC";

    /// The zone of this name, `Europe/Berlin`, or of a fixed distance from UTC, `+05:30`.
    pub fn named(name: &str) -> Option<Zone> {
        match fixed(name) {
            Some(offset) => Some(Zone(TimeZone::fixed(offset))),
            // It knows no zones but for the database's: what the system calls `localtime` is none.
            None => jiff::tz::db().get(name).ok().map(Zone),
        }
    }

    /// Why there is no such zone, with what to write instead.
    pub fn unknown(name: &str) -> String {
        let names: Vec<_> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
        let help = match did_you_mean(name, names.iter().map(String::as_str)) {
            near if near.is_empty() => "; write one such as \"Europe/Berlin\", or \"+05:30\"".to_owned(),
            near => near,
        };
        format!("there is no time zone {name:?}{help}")
    }

    /// The time that clocks show there, as if it were in UTC: what a period or a part of it is read off.
    pub fn shown(&self, time: Time) -> Option<Time> {
        let seconds = self.0.to_offset(time.to_timestamp()).seconds();
        time.plus_micros(i64::from(seconds) * 1_000_000)
    }

    /// When the day ends there in which this time lies.
    pub fn end_of_day(&self, time: Time) -> Option<Time> {
        let next = Period::Day.number(self.shown(time)?) + 1;
        let date: jiff::civil::Date = Period::Day.text_of(next)?.parse().ok()?;
        // Where clocks jump over midnight, the day begins when they have.
        let begins = date.to_zoned(self.0.clone()).ok()?.timestamp();
        Time::from_micros(begins.as_microsecond())
    }
}

/// `+05:30`, `-08:00`
fn fixed(name: &str) -> Option<Offset> {
    let (sign, rest) = match name.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    // No clock on Earth is farther ahead or behind.
    let seconds = (hours * 60 + minutes) * 60;
    (minutes < 60 && seconds <= 14 * 3600).then(|| Offset::from_seconds(sign * seconds).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    fn day(zone: &str, at: &str) -> String {
        Period::Day.text(Zone::named(zone).unwrap().shown(time(at)).unwrap()).to_string()
    }

    #[test]
    fn a_day_is_the_one_that_the_calendar_there_shows() {
        assert_eq!(day("UTC", "2026-03-01T23:30:00Z"), "2026-03-01");
        assert_eq!(day("Europe/Berlin", "2026-03-01T23:30:00Z"), "2026-03-02");
        assert_eq!(day("America/Los_Angeles", "2026-03-01T07:59:59Z"), "2026-02-28");
        assert_eq!(day("Pacific/Kiritimati", "2026-03-01T10:00:00Z"), "2026-03-02");
        assert_eq!(day("+05:30", "2026-03-01T18:30:00Z"), "2026-03-02");
    }

    #[test]
    fn days_on_which_clocks_change_are_days_like_others() {
        // 29 March 2026 has 23 hours in Berlin, 25 October has 25.
        for (begins, last, ends) in [
            ("2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z"),
            ("2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"),
        ] {
            assert_eq!(day("Europe/Berlin", begins), day("Europe/Berlin", last));
            assert_ne!(day("Europe/Berlin", last), day("Europe/Berlin", ends));
            let berlin = Zone::named("Europe/Berlin").unwrap();
            assert_eq!(berlin.end_of_day(time(begins)), Some(time(ends)));
            assert_eq!(berlin.end_of_day(time(last)), Some(time(ends)));
        }
        // In Santiago midnight of 6 September 2026 does not exist.
        let santiago = Zone::named("America/Santiago").unwrap();
        assert_eq!(santiago.end_of_day(time("2026-09-05T12:00:00Z")), Some(time("2026-09-06T04:00:00Z")));
    }

    #[test]
    fn what_is_no_zone_is_said_with_the_nearest_that_is() {
        for wrong in ["", "Europe/Berln", "+5:30", "+25:00", "-00:75", "localtime", "+0:0", "05:30", "\u{e9}"]
        {
            assert_eq!(Zone::named(wrong), None, "{wrong}");
        }
        assert!(Zone::unknown("Europe/Berln").contains("did you mean `Europe/Berlin`"));
    }
}
