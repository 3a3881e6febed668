//! `RecordEvent`: one event, answered when it is kept.

use super::proto::{Event, RecordEventRequest, RecordEventResponse, event::Payload};
use super::status::Refusal;
use super::{award, data};
use crate::access::Caller;
use crate::event::{Draft, DraftData};
use crate::service::{Error, Recorded, Service};

/// Records one event.
pub(super) async fn record(
    service: &Service,
    caller: &Caller,
    request: RecordEventRequest,
) -> Result<RecordEventResponse, Refusal> {
    let draft = draft(caller, request.event)?;
    Ok(answer(service, &service.record(draft).await?))
}

/// What was sent, ready to be parsed, if the caller may send it.
pub(super) fn draft(caller: &Caller, sent: Option<Event>) -> Result<Draft, Refusal> {
    let Some(event) = sent else {
        return Err(Refusal::field("event", "must be set, with at least a type and a user"));
    };
    caller.may_record(&event.r#type, &event.user)?;
    let data = match event.payload {
        None => DraftData::None,
        Some(Payload::DataJson(json)) => DraftData::Json(json),
        Some(Payload::Data(sent)) => {
            DraftData::Values(data::values(sent).map_err(|invalid| Error::Invalid(vec![invalid]))?)
        }
    };
    Ok(Draft {
        id: event.id,
        r#type: event.r#type,
        user: event.user,
        subject: event.subject,
        time: event.time.map(|time| (time.seconds, time.nanos)),
        data,
    })
}

/// What came of an event, as callers see it.
pub(super) fn answer(service: &Service, recorded: &Recorded) -> RecordEventResponse {
    let catalog = service.catalog();
    RecordEventResponse {
        event_id: recorded.event_id.as_str().to_owned(),
        duplicate: recorded.duplicate,
        awards: recorded.awards.iter().map(|award| award::show(award, &catalog)).collect(),
        revoked: recorded.revoked.iter().map(|taken| award::show(&taken.award, &catalog)).collect(),
        cursor: service.cursor(recorded.place),
    }
}
