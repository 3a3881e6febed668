//! `AwardBadge` and `RevokeBadge`: giving and taking back by hand.

use super::award;
use super::known;
use super::proto::{self, AwardBadgeRequest, AwardBadgeResponse, RevokeBadgeRequest, RevokeBadgeResponse};
use super::status::Refusal;
use crate::access::Caller;
use crate::act::Order;
use crate::award::{Award, Revocation};
use crate::service::{Given, Recorded, Service, Taken};

/// Gives a badge.
pub(super) async fn award(
    service: &Service,
    caller: &Caller,
    request: AwardBadgeRequest,
) -> Result<AwardBadgeResponse, Refusal> {
    let AwardBadgeRequest { id, user, badge, key, reason, time } = request;
    known::badges(&service.catalog(), std::slice::from_ref(&badge))?;
    let time = time.map(|time| (time.seconds, time.nanos));
    let order = Order { id, user, badge, key, reason, time, actor: caller.name().into() };
    let given = service.award_by_hand(order).await;
    let Given { award, already_held, recorded } =
        given.map_err(|error| Refusal::from(error).without_event())?;
    let own = usize::from(!already_held);
    let came = Came::of(service, &recorded);
    Ok(AwardBadgeResponse {
        award: award.map(|award| award::show(&award, &service.catalog())),
        already_held,
        id: recorded.event_id.as_str().to_owned(),
        duplicate: recorded.duplicate,
        awards: came.awards.into_iter().skip(own).collect(),
        revoked: came.revoked,
        cursor: service.cursor(recorded.place),
    })
}

/// Takes an award back.
pub(super) async fn revoke(
    service: &Service,
    caller: &Caller,
    request: RevokeBadgeRequest,
) -> Result<RevokeBadgeResponse, Refusal> {
    let RevokeBadgeRequest { id, user, badge, key, reason } = request;
    known::badges(&service.catalog(), std::slice::from_ref(&badge))?;
    let order = Order { id, user, badge, key, reason, time: None, actor: caller.name().into() };
    let taken = service.revoke_by_hand(order).await;
    let Taken { revocation, recorded } = taken.map_err(|error| Refusal::from(error).without_event())?;
    let own = usize::from(revocation.is_some());
    let came = Came::of(service, &recorded);
    Ok(RevokeBadgeResponse {
        award: revocation.map(|taken| award::show(&taken.award, &service.catalog())),
        id: recorded.event_id.as_str().to_owned(),
        duplicate: recorded.duplicate,
        awards: came.awards,
        revoked: came.revoked.into_iter().skip(own).collect(),
        cursor: service.cursor(recorded.place),
    })
}

/// All that an act gave and took back, what it was about included.
struct Came {
    awards: Vec<proto::Award>,
    revoked: Vec<proto::Award>,
}

impl Came {
    fn of(service: &Service, recorded: &Recorded) -> Came {
        let catalog = service.catalog();
        let show = |award: &Award| award::show(award, &catalog);
        let shown = |taken: &Revocation| show(&taken.award);
        Came {
            awards: recorded.awards.iter().map(show).collect(),
            revoked: recorded.revoked.iter().map(shown).collect(),
        }
    }
}
