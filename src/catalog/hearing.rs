//! What the `on` of each rule means: events of the site, and the flags and badges that become events.

use smol_str::{SmolStr, format_smolstr};

use super::declare::Sort;
use super::events::Events;
use super::mistakes::{At, Mistakes};
use super::names::Names;

/// What one item of `on` means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pattern {
    /// Events of this type.
    Type(SmolStr),
    /// Events whose type begins so: `order.`
    Prefix(SmolStr),
    /// The flag of this rule.
    Flag(usize),
    /// The badge at this place.
    Badge(usize),
    /// Every flag.
    AllFlags,
    /// Every badge but those that themselves rest on `badge.*`.
    AllBadges,
}

/// What a rule hears.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    /// What adds to its number.
    pub(super) on: Vec<At<Pattern>>,
    /// What takes back.
    pub(super) undo: Vec<At<Pattern>>,
    /// What sets it to nothing.
    pub(super) reset: Vec<At<Pattern>>,
}

impl Heard {
    /// What every rule hears, by rule. Events that nobody declared are mistakes, if any event is declared.
    pub(super) fn of_all(names: &Names<'_>, events: &Events, mistakes: &mut Mistakes) -> Vec<Heard> {
        let mut read = |patterns: &[At<SmolStr>]| -> Vec<At<Pattern>> {
            let read = patterns.iter().filter_map(|text| match Pattern::read(&text.value, names, events) {
                Ok(value) => Some(At { value, spot: text.spot.clone() }),
                Err(problem) => {
                    mistakes.error(&text.spot, problem);
                    None
                }
            });
            read.collect()
        };
        let heard = names.rules.iter().map(|rule| match &rule.hearing {
            None => Heard::default(),
            Some(hearing) => {
                Heard { on: read(&hearing.on), undo: read(&hearing.undo), reset: read(&hearing.reset) }
            }
        });
        heard.collect()
    }

    /// All of it.
    pub(super) fn all(&self) -> impl Iterator<Item = &At<Pattern>> {
        self.counted().chain(&self.reset)
    }

    /// What adds or takes back: events that the rule's expressions are about.
    pub(super) fn counted(&self) -> impl Iterator<Item = &At<Pattern>> {
        self.on.iter().chain(&self.undo)
    }
}

impl Pattern {
    fn read(text: &SmolStr, names: &Names<'_>, events: &Events) -> Result<Pattern, String> {
        match text.as_str() {
            "badge.*" => return Ok(Pattern::AllBadges),
            "flag.*" => return Ok(Pattern::AllFlags),
            "badge" | "flag" => {
                return Err(format!("`{text}` is no event; name one: `{text}.…`, or all: `{text}.*`"));
            }
            _ => {}
        }
        let badge = text.strip_prefix("badge.").map(|id| (id, "badge"));
        if let Some((name, sort)) = badge.or_else(|| Some((text.strip_prefix("flag.")?, "flag"))) {
            if name.ends_with('*') {
                return Err(format!("`{text}` is no prefix; name one: `{sort}.…`, or all: `{sort}.*`"));
            }
            return match sort {
                "badge" => names.badge(name).map(Pattern::Badge),
                _ => names.flag(name).map(Pattern::Flag),
            };
        }
        match text.strip_suffix('*') {
            Some(prefix) if !events.is_empty() && events.beginning_with(prefix).next().is_none() => {
                Err(format!("no declared event begins with `{prefix}`; declare one under `[event]`"))
            }
            Some(prefix) => Ok(Pattern::Prefix(prefix.into())),
            None if !events.is_empty() && events.fields(text).is_none() => {
                let near = events.did_you_mean(text);
                let declare = format!("; declare it: `\"{text}\" = {{}}` under `[event]`");
                Err(format!(
                    "the event `{text}` is not declared{}",
                    if near.is_empty() { declare } else { near }
                ))
            }
            None => Ok(Pattern::Type(text.clone())),
        }
    }
}

/// The type of the event that a flag becomes.
pub(super) fn flag_event(names: &Names<'_>, rule: usize) -> SmolStr {
    format_smolstr!("flag.{}", names.rules[rule].name.value)
}

/// The type of the event that a badge becomes.
pub(super) fn badge_event(names: &Names<'_>, badge: usize) -> SmolStr {
    format_smolstr!("badge.{}", names.badges[badge].id)
}

/// The places of all flags among the rules.
pub(super) fn flags(names: &Names<'_>) -> impl Iterator<Item = usize> {
    (0..names.rules.len()).filter(|rule| names.rules[*rule].sort == Sort::Flag)
}
