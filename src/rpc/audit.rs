//! `ListAuditEvents`: what was done by hand, and to the server.

use super::award::timestamp;
use super::page::{self, Fingerprint};
use super::proto::{AuditEvent, ListAuditEventsRequest, ListAuditEventsResponse};
use super::status::Refusal;
use crate::act;
use crate::audit::Entry;
use crate::catalog::Catalog;
use crate::service::Service;

/// A page of the audit log.
pub(super) async fn list(
    service: &Service,
    request: &ListAuditEventsRequest,
) -> Result<ListAuditEventsResponse, Refusal> {
    let size = page::size(request.page_size)?;
    let fingerprint = Fingerprint::of("ListAuditEvents", &ListAuditEventsRequest::default());
    let before = fingerprint.position::<u64>(&request.page_token)?;
    let entries = service.audit_log(before, size).await?;
    let catalog = service.catalog();
    let last = entries.last().map(|entry| entry.number).filter(|number| *number > 1);
    Ok(ListAuditEventsResponse {
        events: entries.iter().map(|entry| show(entry, &catalog)).collect(),
        next_page_token: last.map(|last| fingerprint.token(&last)).unwrap_or_default(),
    })
}

fn show(entry: &Entry, catalog: &Catalog) -> AuditEvent {
    let named = act::Named::read(&entry.data);
    let key = named.as_ref().and_then(|named| Some(catalog.badge_by_id(&named.badge)?.key_text(&named.key)));
    AuditEvent {
        number: i64::try_from(entry.number).unwrap_or(i64::MAX),
        id: entry.id.as_str().to_owned(),
        record_time: Some(timestamp(entry.arrival)),
        actor: entry.actor().to_owned(),
        action: entry.action.to_string(),
        user: entry.user.to_string(),
        badge: named.map(|named| named.badge.to_string()).unwrap_or_default(),
        key: key.unwrap_or_default(),
        time: Some(timestamp(entry.time)),
        reason: entry.text("reason").to_owned(),
        changed: entry.changed,
        details: entry.text("details").to_owned(),
    }
}
