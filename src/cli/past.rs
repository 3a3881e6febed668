//! What the journal of a data directory says of badge files: events that nobody hears, badges that nobody got.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::error::Error;
use crate::badge::BadgeNumber;
use crate::catalog::{Catalog, Gives, Numbers, Rule};
use crate::diagnostic::did_you_mean;
use crate::event::Time;
use crate::store::{self, Past};

/// Not sent for so long, by the journal's own time: worth a word.
const LONG_MICROS: i64 = 30 * 86_400 * 1_000_000;

/// What a journal has.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The numbers in use.
    pub(super) numbers: Numbers,
    events: u64,
    /// By type: how many, and when the last arrived.
    types: BTreeMap<String, (u64, Time)>,
    awards: HashMap<BadgeNumber, u64>,
    /// When the last event arrived.
    last: Option<Time>,
}

impl Seen {
    /// Reads the journal of a data directory, which a server may be using.
    pub(super) fn read(directory: &Path) -> Result<Seen, Error> {
        let mut seen = Seen::default();
        store::history(directory, |past| match past {
            Past::Numbers(numbers) => seen.numbers = numbers,
            Past::Event(record) => {
                if !record.event.is_own() {
                    let r#type = record.event.r#type.as_str().to_owned();
                    let event = seen.types.entry(r#type).or_insert((0, record.arrival));
                    *event = (event.0 + 1, record.arrival);
                    seen.events += 1;
                }
                seen.last = Some(record.arrival);
                for award in &record.awards {
                    *seen.awards.entry(award.badge).or_default() += 1;
                }
            }
        })?;
        Ok(seen)
    }

    /// What is worth a look, a line each.
    pub(super) fn warnings(&self, catalog: &Catalog) -> Vec<String> {
        let unheard =
            self.types.iter().filter(|(r#type, _)| !catalog.is_heard(r#type)).map(|(r#type, (count, _))| {
                let near = did_you_mean(
                    r#type,
                    catalog.heard_types().filter(|known| !self.types.contains_key(*known)),
                );
                format!("no rule hears the event `{type}`, which came {}{near}", times(*count))
            });
        let mut heard: Vec<&str> = catalog.heard_types().collect();
        heard.sort_unstable();
        heard.dedup();
        let silent = heard.into_iter().filter_map(|r#type| self.silent(r#type));
        let unfired = catalog.rules.iter().filter_map(|rule| self.unfired(catalog, rule));
        unheard.chain(silent).chain(unfired).collect()
    }

    /// An event that rules hear and that has not come for long.
    fn silent(&self, r#type: &str) -> Option<String> {
        if r#type.starts_with("flag.") || r#type.starts_with("badge.") || self.events == 0 {
            return None;
        }
        let Some((_, at)) = self.types.get(r#type) else {
            let near = did_you_mean(r#type, self.types.keys().map(String::as_str));
            return Some(format!("rules hear the event `{type}`, which never came{near}"));
        };
        let long = self.last.is_some_and(|last| last.micros().saturating_sub(at.micros()) > LONG_MICROS);
        long.then(|| format!("rules hear the event `{type}`, which came the last time at {at}"))
    }

    /// A badge that nobody got though its events come.
    fn unfired(&self, catalog: &Catalog, rule: &Rule) -> Option<String> {
        let Gives::Badges { tiers, .. } = &rule.gives else { return None };
        let badge = &catalog.badges[tiers.first()?.badge];
        if self.awards.contains_key(&badge.number) {
            return None;
        }
        let stats: Vec<usize> = [&rule.value, &rule.when]
            .into_iter()
            .flatten()
            .flat_map(|program| program.stats())
            .map(|(used, _)| used.stat)
            .collect();
        let came =
            self.types.iter().filter(|(r#type, _)| catalog.hears(r#type).any(|stat| stats.contains(&stat)));
        let came: Vec<_> = came.map(|(r#type, (count, _))| format!("`{type}` {}", times(*count))).collect();
        (!came.is_empty()).then(|| {
            format!(
                "nobody ever got the badge `{}`, though what it rests on came: {}",
                badge.id,
                came.join(", ")
            )
        })
    }

    /// How much was looked at.
    pub(super) fn summary(&self) -> String {
        format!("{} events of the journal were looked at", self.events)
    }
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}
