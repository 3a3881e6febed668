//! For how long records are kept: `all`, or `90d`.

use std::time::Duration;

use crate::service::Service;

/// How often it is looked whether records are old. The first time is at the start.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// Units, with how many seconds each has.
const UNITS: [(char, u64); 4] = [('d', 24 * 60 * 60), ('h', 60 * 60), ('m', 60), ('s', 1)];

/// For how long records are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Retain {
    /// For ever.
    All,
    /// At least for so long.
    For(Duration),
}

impl Retain {
    /// Reads what `--retain` says.
    pub(super) fn parse(text: &str) -> Result<Retain, String> {
        if text == "all" {
            return Ok(Retain::All);
        }
        let problem = "write all, or a number of days, hours, minutes or seconds, such as 90d";
        time(text).map(Retain::For).ok_or_else(|| problem.to_owned())
    }

    /// Lets go of old records now and then, for as long as the server runs.
    pub(super) async fn keep_to(self, service: Service) {
        let Retain::For(time) = self else { return };
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            if let Err(error) = service.reclaim(time).await {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "old records were not reclaimed; it is tried again in an hour");
            }
        }
    }
}

/// A number of days, hours, minutes or seconds, such as `90d`.
pub(super) fn time(text: &str) -> Option<Duration> {
    UNITS.iter().find_map(|(unit, seconds)| {
        let number: u64 = text.strip_suffix(*unit)?.parse().ok().filter(|number| *number > 0)?;
        Some(Duration::from_secs(number.checked_mul(*seconds)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        for (text, seconds) in [("90d", 7_776_000), ("36h", 129_600), ("5m", 300), ("1s", 1)] {
            assert_eq!(Retain::parse(text), Ok(Retain::For(Duration::from_secs(seconds))));
        }
        assert_eq!(Retain::parse("all"), Ok(Retain::All));
        for wrong in
            ["", "d", "90", "0d", "-1d", "1.5d", "90 d", "99999999999999999999d", "9999999999999999999d"]
        {
            assert!(Retain::parse(wrong).is_err(), "{wrong}");
        }
    }
}
