//! The time zone that a user has: one at a time, and a day is not over before it is.
//!
//! Whoever sits down once and moves the clock from one end of the world to the other would have been there on two days.
//! So another zone holds from the end of the day on which it was chosen, as the zone before has it: a moment lies in one
//! day only, and days do not get shorter by more than they once can.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::event::{Time, Value, Zone};

/// The zone that holds, and the one that is going to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placed {
    /// When the latest was chosen.
    chosen: Time,
    zone: SmolStr,
    /// From when on another holds.
    next: Option<(Time, SmolStr)>,
}

impl Placed {
    /// The first zone that was chosen, which holds at once.
    pub(super) fn new(chosen: Time, zone: SmolStr) -> Placed {
        Placed { chosen, zone, next: None }
    }

    /// The zone that holds at a time.
    pub fn at(&self, now: Time) -> &SmolStr {
        match &self.next {
            Some((from, next)) if *from <= now => next,
            Some(_) | None => &self.zone,
        }
    }

    /// The zone that was chosen last, whether it holds already or is going to.
    pub fn latest(&self) -> &SmolStr {
        self.next.as_ref().map_or(&self.zone, |(_, next)| next)
    }

    /// Another zone is chosen, and holds from a time on. One that was chosen earlier and comes late changes nothing.
    pub(super) fn choose(&mut self, chosen: Time, zone: &SmolStr, from: Time) -> bool {
        if chosen < self.chosen {
            return false;
        }
        let holds = self.at(chosen).clone();
        let next = (holds != *zone).then(|| (from, zone.clone()));
        let changed = Placed { chosen, zone: holds, next };
        std::mem::replace(self, changed) != *self
    }
}

/// When a zone begins to hold that is chosen at a time, where `kept` is what is known: at once, or at the end of the
/// day. None where it is no zone.
pub(super) fn chosen(kept: Option<&Placed>, time: Time, zone: &Value) -> Option<(SmolStr, Time)> {
    let Value::Text(name) = zone else { return None };
    Zone::named(name)?;
    let from = match kept {
        None => time,
        Some(placed) => Zone::named(placed.at(time))?.end_of_day(time)?,
    };
    Some((name.clone(), from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Period;

    fn time(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    fn choose(placed: &mut Option<Placed>, at: &str, zone: &str) {
        let (zone, from) = chosen(placed.as_ref(), time(at), &Value::text(zone)).unwrap();
        match placed {
            None => *placed = Some(Placed::new(time(at), zone)),
            Some(placed) => drop(placed.choose(time(at), &zone, from)),
        }
    }

    #[test]
    fn another_zone_holds_from_the_end_of_the_day() {
        let mut placed = None;
        choose(&mut placed, "2026-03-01T12:00:00Z", "America/New_York");
        choose(&mut placed, "2026-03-01T13:00:00Z", "Pacific/Auckland");
        let holds = |placed: &Option<Placed>, at: &str| placed.as_ref().unwrap().at(time(at)).to_string();
        assert_eq!(holds(&placed, "2026-03-02T04:59:59Z"), "America/New_York");
        assert_eq!(holds(&placed, "2026-03-02T05:00:00Z"), "Pacific/Auckland");
        // Back before that: nothing has changed. And what comes late changes nothing.
        choose(&mut placed, "2026-03-01T14:00:00Z", "America/New_York");
        assert_eq!(holds(&placed, "2026-03-09T00:00:00Z"), "America/New_York");
        choose(&mut placed, "2026-02-01T14:00:00Z", "Pacific/Auckland");
        assert_eq!(holds(&placed, "2026-03-09T00:00:00Z"), "America/New_York");
        assert_eq!(chosen(placed.as_ref(), time("2026-03-01T15:00:00Z"), &Value::text("Atlantis")), None);
    }

    #[test]
    fn nobody_gains_days_by_moving_the_clock() {
        let zones = ["Etc/GMT+12", "Pacific/Kiritimati", "UTC", "Asia/Tokyo"];
        let (mut placed, mut at) = (None, time("2026-01-01T00:00:00Z"));
        let mut days = std::collections::BTreeSet::new();
        let mut before = i64::MIN;
        let hours = 24 * 40;
        // Every hour there is a visit, then another zone is chosen, and then there is a visit again.
        for hour in 0..hours {
            choose(&mut placed, &at.to_string(), zones[hour % zones.len()]);
            let zone = Zone::named(placed.as_ref().unwrap().at(at)).unwrap();
            let day = Period::Day.number(zone.shown(at).unwrap());
            assert!(day >= before, "a day that was over is not there again");
            before = day;
            days.insert(day);
            at = at.plus_micros(3_600_000_000).unwrap();
        }
        assert!(days.len() <= hours / 24 + 2, "{} days in {}", days.len(), hours / 24);
    }
}
