//! Awards as callers see them: with what the catalog says of their badges.

use prost_types::Timestamp;

use super::proto;
use crate::award::Award;
use crate::catalog::Catalog;
use crate::event::Time;

/// Shows an award.
pub(super) fn show(award: &Award, catalog: &Catalog) -> proto::Award {
    let shown = proto::Award {
        user: award.user.to_string(),
        time: Some(timestamp(award.time)),
        event_id: award.event_id.as_str().to_owned(),
        points: award.points,
        number: i32::try_from(award.number).unwrap_or(i32::MAX),
        ..proto::Award::default()
    };
    // A catalog has every badge that was ever given in its store; an award is not hidden if one is missing.
    let Some(badge) = catalog.badge(award.badge) else { return shown };
    proto::Award {
        badge: badge.id.to_string(),
        key: badge.key_text(&award.key),
        tier: tier(badge.tier),
        title: badge.title_for(&award.key),
        medal: badge.medal.to_string(),
        icon: badge.icon.clone(),
        category: badge.category.to_string(),
        ..shown
    }
}

/// A time as protobuf has it.
pub(super) fn timestamp(time: Time) -> Timestamp {
    let (seconds, nanos) = time.to_unix();
    Timestamp { seconds, nanos }
}

/// A place in a family: as many tiers as protobuf's numbers have room for.
pub(super) fn tier(tier: u32) -> i32 {
    i32::try_from(tier).unwrap_or(i32::MAX)
}
