//! Profiles: all that users ever said of themselves, gone through again each time somebody asks; and the days of
//! their zones.
//!
//! The calendar library is the one that the engine has; how a zone is found, when its day ends and which zone holds when
//! is worked out here once more.

use std::collections::BTreeMap;

use jiff::Zoned;
use jiff::tz::{Offset, TimeZone};
use laurels::event::{Event, Period, Time, Value};

use super::super::met::Met;
use super::super::slips::Slip;
use super::{Key, Reference};

/// The event by which users say something of themselves.
const UPDATED: &str = "profile.updated";
/// The fields that every profile may have, which are texts.
const TEXTS: [&str; 5] = ["name", "link", "picture", "time_zone", "language"];
/// No clock is moved, and no day ends, but at a quarter of an hour.
const QUARTER: i64 = 900_000_000;

/// What is known of profiles.
#[derive(Default)]
pub(super) struct Profiles {
    /// What was said, in order of arrival.
    said: Vec<Said>,
}

/// What a user said at a time.
struct Said {
    user: String,
    time: Time,
    fields: BTreeMap<String, Value>,
}

/// A zone, and from when on it holds; the first always did.
type Holding = (Time, String);

/// Whether an event is refused, since it says of a profile what cannot be.
pub(crate) fn is_refused(event: &Event) -> bool {
    event.r#type.as_str() == UPDATED
        && TEXTS.iter().any(|field| match event.data.get(field) {
            None | Some(Value::Null) => false,
            Some(Value::Text(text)) => *field == "time_zone" && zone(text).is_none(),
            Some(_) => true,
        })
}

impl Reference<'_> {
    /// What an event says of its user's profile is known from now on.
    pub(super) fn learn(&mut self, event: &Event) {
        if event.r#type.as_str() != UPDATED || event.user.is_empty() {
            return;
        }
        let user = event.user.as_str().to_owned();
        let of_user = Key::from([("user".to_owned(), user.clone())]);
        let fields: BTreeMap<String, Value> =
            event.data.iter().map(|(field, value)| (field.to_string(), value.clone())).collect();
        let names: Vec<String> = fields.keys().cloned().collect();
        let before: Vec<_> = names.iter().map(|field| self.is_to_be(&user, field)).collect();
        self.profiles.said.push(Said { user: user.clone(), time: event.time, fields });
        for (field, before) in names.iter().zip(before) {
            if self.is_to_be(&user, field) != before {
                self.look_later(self.ranks.look_at_profile(field), &of_user);
                self.call(&self.ranks.waiting_for_profile(field), &of_user);
            }
        }
    }

    /// `profile.x` of a user, at a time. Nobody has no profile.
    pub(crate) fn profile(&self, user: &str, field: &str, now: Time) -> Option<Value> {
        if user.is_empty() {
            return None;
        }
        match field {
            "time_zone" => Some(Value::text(holding(&self.zones_of(user), now))),
            _ => self.latest(user, field),
        }
    }

    /// What a field is, or is going to be when the day is over: rules are looked at when this is not what it was.
    fn is_to_be(&self, user: &str, field: &str) -> Option<Value> {
        match field {
            "time_zone" => self.zones_of(user).pop().map(|(_, zone)| Value::text(zone)),
            _ => self.latest(user, field),
        }
    }

    /// The latest by the events' times; of those at one time the one that came last.
    fn latest(&self, user: &str, field: &str) -> Option<Value> {
        let said = self.profiles.said.iter().filter(|said| said.user == user);
        let values = said.filter_map(|said| Some((said.time, said.fields.get(field)?)));
        let mut values = values.filter(|(_, value)| **value != Value::Null);
        let latest = match self.slip {
            Some(Slip::ProfilesGoByArrival) => values.next_back(),
            _ => values.max_by_key(|(time, _)| *time),
        };
        latest.map(|(_, value)| value.clone())
    }

    /// The zones that a user has: the one that held when the last was chosen, and that one.
    fn zones_of(&self, user: &str) -> Vec<Holding> {
        let mut zones: Vec<Holding> = Vec::new();
        let mut chosen = Time::MIN;
        for said in self.profiles.said.iter().filter(|said| said.user == user) {
            let Some(Value::Text(name)) = said.fields.get("time_zone") else { continue };
            if zones.is_empty() {
                zones.push((Time::MIN, name.to_string()));
            } else if said.time < chosen {
                // One that comes late changes nothing.
                continue;
            } else {
                let holds = holding(&zones, said.time);
                let from = match self.slip {
                    Some(Slip::ZonesHoldAtOnce) => said.time,
                    _ => end_of_day(&holds, said.time),
                };
                zones = vec![(Time::MIN, holds), (from, name.to_string())];
            }
            chosen = said.time;
        }
        zones
    }

    /// The period in which a time lies where a user is.
    pub(super) fn period_there(&self, user: &str, period: Period, time: Time, now: Time) -> Option<Value> {
        let zone = self.zone_of(user, now)?;
        let noon = format!("{}T12:00:00Z", shown(&zone, time).date());
        let there = period.text(Time::parse(&noon).expect("it is a time"));
        self.meet_if(Met::AnotherDayThere, there != period.text(time));
        Some(Value::Text(if self.slip == Some(Slip::DaysAreThoseOfUtc) { period.text(time) } else { there }))
    }

    /// The hour that clocks show where a user is.
    pub(super) fn hours_there(&self, user: &str, time: Time, now: Time) -> Option<Value> {
        let zone = self.zone_of(user, now)?;
        Some(Value::Int(shown(&zone, time).hour().into()))
    }

    fn zone_of(&self, user: &str, now: Time) -> Option<String> {
        if user.is_empty() {
            return None;
        }
        let zones = self.zones_of(user);
        self.meet_if(Met::ZoneYetToHold, zones.last().is_some_and(|(from, _)| now < *from));
        Some(holding(&zones, now))
    }
}

/// The zone that holds at a time, of those that follow each other.
fn holding(zones: &[Holding], now: Time) -> String {
    let holds = zones.iter().rev().find(|(from, _)| *from <= now);
    holds.map_or_else(|| "UTC".to_owned(), |(_, zone)| zone.clone())
}

/// When the day ends there: the first quarter of an hour that has another date.
fn end_of_day(zone: &str, time: Time) -> Time {
    let today = shown(zone, time).date();
    let quarter = time.micros() - time.micros().rem_euclid(QUARTER);
    let later = (1..).map(|quarters| Time::from_micros(quarter + quarters * QUARTER));
    let mut later = later.map(|later| later.expect("these are years in which we live"));
    later.find(|later| shown(zone, *later).date() != today).expect("every day ends")
}

fn shown(name: &str, time: Time) -> Zoned {
    time.to_timestamp().to_zoned(zone(name).expect("others are refused"))
}

/// The zone of this name in the IANA database, or at this distance from UTC, `+05:30`.
fn zone(name: &str) -> Option<TimeZone> {
    let ahead = match name.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return jiff::tz::db().get(name).ok(),
    };
    let (hours, minutes) = name[1..].split_once(':')?;
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    Some(TimeZone::fixed(Offset::from_seconds(ahead * seconds).ok()?))
}
