//! What users say of themselves, as the model knows it: the latest of each field, and whose days begin when.

use fastrand::Rng;
use laurels::document::Document;
use laurels::event::{Event, Time, Value};
use laurels::profile::Field;

use crate::schedule::broken;

const DAY_MICROS: i64 = 86_400 * 1_000_000;
const HOUR_MICROS: i64 = 3_600 * 1_000_000;

/// Fields that change, with their texts.
pub(crate) type Fields = Vec<(&'static str, &'static str)>;

const NAMES: [&str; 3] = ["", "Ann", "Bo Müller"];
pub(crate) const LANGUAGES: [&str; 4] = ["", "de", "pt-BR", "ja"];
/// Zones, with their hours from UTC; no two of them are the same.
const ZONES: [(&str, f64); 6] = [
    ("UTC", 0.0),
    ("+05:30", 5.5),
    ("-08:00", -8.0),
    ("Asia/Tokyo", 9.0),
    ("Pacific/Kiritimati", 14.0),
    ("Etc/GMT+12", -12.0),
];

/// What a user says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Profile {
    name: Option<(Time, String)>,
    language: Option<(Time, String)>,
    time_zone: Option<(Time, String)>,
    days: Option<Days>,
}

/// Whose days these are: the latest choice, and what held when it was made.
#[derive(Clone, Debug, PartialEq)]
struct Days {
    chosen: Time,
    held: &'static str,
    /// From when on another holds.
    then: Option<(Time, &'static str)>,
}

/// Somebody changes some of it.
pub(crate) fn any(dice: &mut Rng) -> Fields {
    let mut fields = Vec::new();
    if dice.bool() {
        fields.push(("name", NAMES[dice.usize(..NAMES.len())]));
    }
    if dice.bool() {
        fields.push(("language", LANGUAGES[dice.usize(..LANGUAGES.len())]));
    }
    if fields.is_empty() || dice.bool() {
        fields.push(("time_zone", ZONES[dice.usize(..ZONES.len())].0));
    }
    fields
}

/// What an event says of a field.
pub(crate) fn said<'e>(event: &'e Event, field: &str) -> Option<&'e str> {
    match event.data.get(field) {
        Some(Value::Text(text)) => Some(text.as_str()),
        Some(_) | None => None,
    }
}

impl Profile {
    /// It changes.
    pub(crate) fn hear(&mut self, event: &Event) {
        let latest = |kept: &mut Option<(Time, String)>, field: &str| {
            if let Some(text) = said(event, field)
                && kept.as_ref().is_none_or(|(since, _)| *since <= event.time)
            {
                *kept = Some((event.time, text.to_owned()));
            }
        };
        latest(&mut self.name, "name");
        latest(&mut self.language, "language");
        latest(&mut self.time_zone, "time_zone");
        let zone = said(event, "time_zone");
        if let Some((zone, _)) = ZONES.iter().find(|(name, _)| Some(*name) == zone) {
            self.move_to(zone, event.time);
        }
    }

    /// The first zone holds at once, another one when the day is over in the one before.
    fn move_to(&mut self, zone: &'static str, time: Time) {
        let Some(days) = &self.days else {
            self.days = Some(Days { chosen: time, held: zone, then: None });
            return;
        };
        if time < days.chosen {
            return;
        }
        let held = self.zone(time);
        let midnight = (self.day(time) + 1) * DAY_MICROS - ahead(held);
        let midnight = Time::from_micros(midnight).expect("the site's time does not end");
        let then = (held != zone).then_some((midnight, zone));
        self.days = Some(Days { chosen: time, held, then });
    }

    fn zone(&self, time: Time) -> &'static str {
        match &self.days {
            None => "UTC",
            Some(Days { then: Some((from, zone)), .. }) if *from <= time => zone,
            Some(Days { held, .. }) => held,
        }
    }

    /// Which day it is where the user is.
    pub(crate) fn day(&self, time: Time) -> i64 {
        (time.micros() + ahead(self.zone(time))).div_euclid(DAY_MICROS)
    }

    /// Which hour of it.
    pub(crate) fn hour(&self, time: Time) -> i64 {
        (time.micros() + ahead(self.zone(time))).rem_euclid(DAY_MICROS) / HOUR_MICROS
    }

    /// Whether it says a name, and a language that the site knows.
    pub(crate) fn is_introduced(&self) -> bool {
        let text = |kept: &Option<(Time, String)>| kept.as_ref().map(|(_, text)| text.clone());
        text(&self.name).is_some_and(|name| !name.is_empty())
            && text(&self.language).is_some_and(|language| ["de", "pt-BR"].contains(&language.as_str()))
    }

    /// A document shows it.
    pub(crate) fn check(&self, user: &str, document: &Document) {
        let Profile { name, language, time_zone, .. } = self;
        for (field, kept) in [(Field::Name, name), (Field::Language, language), (Field::TimeZone, time_zone)]
        {
            let expected = kept.as_ref().map_or("", |(_, text)| text.as_str());
            let found = field.read(document);
            if found != expected {
                broken(
                    "a profile shows what was said last",
                    format!("{user}'s {field:?} is {found:?}, not {expected:?}"),
                );
            }
        }
    }
}

/// How far clocks there are ahead of UTC.
fn ahead(zone: &str) -> i64 {
    let hours = ZONES.iter().find(|(name, _)| *name == zone).map_or(0.0, |(_, hours)| *hours);
    (hours * HOUR_MICROS as f64) as i64
}
