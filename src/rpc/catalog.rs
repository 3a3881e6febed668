//! `ListBadges`: what can be earned, and how rare it is.

use super::page::{self, Fingerprint};
use super::proto::{self, ListBadgesRequest, ListBadgesResponse};
use super::status::Refusal;
use super::{award, known};
use crate::badge::{Badge, BadgeNumber};
use crate::outcome::Rarity;
use crate::service::Service;

/// The badges there are, in the order of the catalog.
pub(super) fn list(service: &Service, request: &ListBadgesRequest) -> Result<ListBadgesResponse, Refusal> {
    let size = page::size(request.page_size)?;
    let unpaged = ListBadgesRequest { page_size: 0, page_token: String::new(), ..request.clone() };
    let fingerprint = Fingerprint::of("ListBadges", &unpaged);
    let after = fingerprint.position::<BadgeNumber>(&request.page_token)?;
    let catalog = service.catalog();
    let categories = known::categories(&catalog, &request.categories)?;
    let asked_for =
        |badge: &&Badge| (request.include_retired || !badge.retired) && known::among(badge, &[], &categories);

    let begin = after.and_then(|after| catalog.badges.iter().position(|badge| badge.number == after));
    let rest = &catalog.badges[begin.map_or(0, |last| last + 1)..];
    let mut badges = rest.iter().filter(asked_for);
    let page: Vec<_> = badges.by_ref().take(size).collect();
    let more = badges.next().is_some();

    let rarity = service.rarity();
    Ok(ListBadgesResponse {
        badges: page.iter().map(|badge| show(badge, &rarity)).collect(),
        next_page_token: match page.last().filter(|_| more) {
            Some(last) => fingerprint.token(&last.number),
            None => String::new(),
        },
        user_count: count(rarity.users),
    })
}

/// A badge as those see it who do not hold it: of a secret one, nothing that says how to earn it.
fn show(badge: &Badge, rarity: &Rarity) -> proto::Badge {
    let open = |text: &str| if badge.secret { String::new() } else { text.to_owned() };
    proto::Badge {
        id: badge.id.to_string(),
        number: i32::try_from(badge.number.0).unwrap_or(i32::MAX),
        category: badge.category.to_string(),
        title: open(&badge.title),
        description: open(&badge.description),
        medal: badge.medal.to_string(),
        family: badge.family.to_string(),
        tier: award::tier(badge.tier),
        points: badge.points,
        icon: open(&badge.icon),
        secret: badge.secret,
        repeatable: !badge.parts.is_empty(),
        retired: badge.retired,
        holders: count(rarity.holders.get(&badge.number).copied().unwrap_or_default()),
    }
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_badge_does_not_say_what_to_do_for_it() {
        let badge = Badge {
            title: "Night owl".into(),
            description: "Post at four".into(),
            icon: "/owl.svg".into(),
            parts: vec!["day".into()],
            ..Badge::default()
        };
        let open = show(&badge, &Rarity::default());
        assert_eq!((open.title.as_str(), open.icon.as_str()), ("Night owl", "/owl.svg"));
        assert!(open.repeatable);

        let rarity = Rarity { users: 9, holders: [(badge.number, 3)].into() };
        let secret = show(&Badge { secret: true, ..badge }, &rarity);
        assert_eq!(secret.title + &secret.description + &secret.icon, "");
        assert_eq!((secret.secret, secret.holders), (true, 3));
    }
}
