//! Badges as people see them, made of what their files say.

use smol_str::SmolStr;

use super::declare::{Looks, spoken};
use super::mistakes::At;
use super::names::{Named, Names};
use crate::badge::{Badge, BadgeNumber};

/// The badge at this place. `parts` are those of its rule's key, `category` the id of its file.
pub(super) fn badge(names: &Names<'_>, place: usize, parts: &[SmolStr], category: &SmolStr) -> Badge {
    let named = &names.badges[place];
    let declaration = &names.rules[named.rule];
    let family = &declaration.looks;
    let own = named.tier.map(|(_, tier)| &tier.looks);
    let text = |of: fn(&Looks) -> &Option<At<String>>| {
        let text = own.and_then(|own| of(own).as_ref()).or(of(family).as_ref());
        text.map(|text| text.value.clone())
    };
    let parts = parts.iter().filter(|part| *part != "user" && !declaration.once);
    Badge {
        number: BadgeNumber::default(),
        id: named.id.clone(),
        category: category.clone(),
        title: text(|looks| &looks.title).unwrap_or_else(|| spoken(&named.id)),
        description: text(|looks| &looks.description).unwrap_or_default(),
        medal: text(|looks| &looks.medal).unwrap_or_default().into(),
        family: if named.tier.is_some() { declaration.name.value.clone() } else { SmolStr::default() },
        tier: tier(named),
        points: own.and_then(|own| own.points).or(family.points).unwrap_or(0),
        icon: text(|looks| &looks.icon).unwrap_or_default(),
        secret: family.secret,
        parts: parts.cloned().collect(),
        retired: false,
    }
}

fn tier(named: &Named<'_>) -> u32 {
    named.tier.map_or(0, |(place, _)| u32::try_from(place + 1).unwrap_or(u32::MAX))
}
