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

impl Pattern {
    /// What the `on` of every rule means, by rule. Events that nobody declared are mistakes, if any event
    /// is declared.
    pub(super) fn of_all(
        names: &Names<'_>,
        events: &Events,
        mistakes: &mut Mistakes,
    ) -> Vec<Vec<At<Pattern>>> {
        let patterns = names.rules.iter().map(|rule| {
            let on = rule.hearing.iter().flat_map(|hearing| &hearing.on);
            let patterns = on.filter_map(|on| match Pattern::read(&on.value, names, events) {
                Ok(value) => Some(At { value, spot: on.spot.clone() }),
                Err(problem) => {
                    mistakes.error(&on.spot, problem);
                    None
                }
            });
            patterns.collect()
        });
        patterns.collect()
    }

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
