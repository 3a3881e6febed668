//! `GetBadges`: what a user has earned, and how far the user is towards the rest.

use super::page::{self, Fingerprint};
use super::proto::{self, GetBadgesRequest, GetBadgesResponse};
use super::status::Refusal;
use super::{award, known};
use crate::access::Caller;
use crate::award::{Award, Place};
use crate::badge::Badge;
use crate::catalog::Catalog;
use crate::event::{Time, UserId};
use crate::service::{Progress, Service};

/// The badges of one user.
pub(super) async fn get(
    service: &Service,
    caller: &Caller,
    request: GetBadgesRequest,
) -> Result<GetBadgesResponse, Refusal> {
    let user = UserId::parse(&request.user).map_err(|problem| Refusal::field("user", problem))?;
    caller.may_see(user.as_str())?;
    let size = page::size(request.page_size)?;
    let fingerprint = fingerprint(&request);
    let after = fingerprint.position::<(Time, Place)>(&request.page_token)?;
    let catalog = service.catalog();
    let numbers = known::badges(&catalog, &request.badges)?;
    let categories = known::categories(&catalog, &request.categories)?;
    let asked_for = |badge: &Badge| known::among(badge, &numbers, &categories);

    let (document, place) = service.document(&user).await?;
    let shown = |award: &&Award| catalog.badge(award.badge).map_or(numbers.is_empty(), asked_for);
    let mut awards: Vec<_> = document.awards().iter().filter(shown).collect();
    awards.sort_unstable_by_key(|award| std::cmp::Reverse(position(award)));
    let begin = after.map_or(0, |after| awards.partition_point(|award| position(award) >= after));
    let page = &awards[begin..awards.len().min(begin + size)];
    let more = begin + page.len() < awards.len();

    let progress = match after.is_none() && !request.without_progress {
        true => service.progress(&user).await?,
        false => Vec::new(),
    };
    Ok(GetBadgesResponse {
        awards: page.iter().map(|award| award::show(award, &catalog)).collect(),
        progress: progress.iter().filter_map(|one| show(one, &catalog, asked_for)).collect(),
        held_bits: bits(document.awards()),
        total_size: i32::try_from(document.awards().len()).unwrap_or(i32::MAX),
        next_page_token: match page.last().filter(|_| more) {
            Some(last) => fingerprint.token(&position(last)),
            None => String::new(),
        },
        cursor: service.cursor(place),
    })
}

fn fingerprint(request: &GetBadgesRequest) -> Fingerprint {
    let unpaged = GetBadgesRequest { page_size: 0, page_token: String::new(), ..request.clone() };
    Fingerprint::of("GetBadges", &unpaged)
}

/// Newest first is by this, backwards.
fn position(award: &Award) -> (Time, Place) {
    (award.time, award.place)
}

fn show(
    progress: &Progress,
    catalog: &Catalog,
    asked_for: impl Fn(&Badge) -> bool,
) -> Option<proto::Progress> {
    let badge = catalog.badge(progress.badge).filter(|badge| asked_for(badge))?;
    Some(proto::Progress {
        badge: badge.id.to_string(),
        key: badge.key_text(&progress.key),
        current: progress.current,
        goal: progress.goal,
        title: badge.title_for(&progress.key),
        tier: award::tier(badge.tier),
    })
}

/// A bit for each badge that is held, at its number.
fn bits(awards: &[Award]) -> Vec<u8> {
    let mut bits = Vec::new();
    for award in awards {
        let (byte, bit) = (award.badge.0 as usize / 8, award.badge.0 % 8);
        if bits.len() <= byte {
            bits.resize(byte + 1, 0);
        }
        bits[byte] |= 1 << bit;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::badge::BadgeNumber;
    use crate::event::EventId;
    use crate::key::Key;

    fn award(number: u32) -> Award {
        Award {
            place: Place::START,
            user: UserId::default(),
            badge: BadgeNumber(number),
            key: Key::default(),
            number: 1,
            time: Time::MIN,
            event_id: EventId::default(),
            points: 0,
            first: true,
        }
    }

    #[test]
    fn badge_number_n_is_bit_n_mod_8_of_byte_n_div_8() {
        assert!(bits(&[]).is_empty());
        assert_eq!(bits(&[award(0), award(7), award(17), award(17)]), [0b1000_0001, 0, 0b10]);
    }

    #[test]
    fn another_page_size_is_the_same_request() {
        let request = GetBadgesRequest { user: "ann".into(), page_size: 2, ..GetBadgesRequest::default() };
        let token = fingerprint(&request).token(&position(&award(1)));
        let next = GetBadgesRequest { page_size: 9, page_token: token.clone(), ..request };
        assert_eq!(fingerprint(&next).position(&token).unwrap(), Some(position(&award(1))));
        let other = GetBadgesRequest { user: "ben".into(), ..next };
        assert!(fingerprint(&other).position::<(Time, Place)>(&token).is_err());
    }
}
