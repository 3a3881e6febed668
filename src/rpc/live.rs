//! `LiveNotifications`: what happens, as it happens or since a cursor.

use std::pin::Pin;
use std::time::Duration;

use async_stream::stream;
use tokio_stream::Stream;
use tonic::Status;

use super::proto::notification::Kind;
use super::proto::{
    Heartbeat, LiveNotificationsRequest, LiveNotificationsResponse, Notification, Revocation,
};
use super::status::Refusal;
use super::{award, known};
use crate::access::Caller;
use crate::event::UserId;
use crate::service::{self, Error, Filter, Service, Told};

/// Most entries of one filter. More are refused.
const FILTER_MAX: usize = 100;
/// Time between heartbeats where none is asked for.
const HEARTBEAT_DEFAULT: Duration = Duration::from_secs(15);
/// Shortest time between heartbeats. A shorter one is refused.
const HEARTBEAT_MIN: Duration = Duration::from_secs(1);
/// Longest time between heartbeats. A longer one is refused.
const HEARTBEAT_MAX: Duration = Duration::from_secs(60);

/// The notifications of one stream.
pub(super) type Notifications = Pin<Box<dyn Stream<Item = Result<LiveNotificationsResponse, Status>> + Send>>;

/// Begins a live stream. It is made as the connection takes it, without a task and a queue of its own: a queue has room for 32
/// messages from the start, which is most of what an idle stream took. Who takes nothing has the hub's mailbox, then the journal.
pub(super) fn listen(
    service: &Service,
    caller: &Caller,
    request: &LiveNotificationsRequest,
) -> Result<Notifications, Refusal> {
    let filter = filter(service, request)?;
    caller.may_listen(filter.users.iter().map(UserId::as_str))?;
    let (from, heartbeat) = (from(service, request)?, heartbeat(request)?);
    let open = caller.open_stream()?;
    let mut live = service.live(filter, from, heartbeat);
    let service = service.clone();
    Ok(Box::pin(stream! {
        let _open = open;
        loop {
            match live.next().await.unwrap_or(Err(Error::ShuttingDown)) {
                Ok(told) => yield Ok(show(&service, &told)),
                Err(error) => {
                    yield Err(Refusal::from(error).into());
                    return;
                }
            }
        }
    }))
}

fn show(service: &Service, told: &Told) -> LiveNotificationsResponse {
    let notification = match told {
        Told::Award(given) => Notification {
            cursor: service.cursor(given.place),
            time: Some(award::timestamp(given.time)),
            user: given.user.to_string(),
            kind: Some(Kind::Award(award::show(given, &service.catalog()))),
        },
        Told::Revocation(taken) => Notification {
            cursor: service.cursor(taken.place),
            time: Some(award::timestamp(taken.time)),
            user: taken.award.user.to_string(),
            kind: Some(Kind::Revocation(Revocation {
                award: Some(award::show(&taken.award, &service.catalog())),
                event_id: taken.event_id.as_str().to_owned(),
            })),
        },
        Told::Heartbeat { place, live, time } => Notification {
            cursor: service.cursor(*place),
            time: Some(award::timestamp(*time)),
            user: String::new(),
            kind: Some(Kind::Heartbeat(Heartbeat { live: *live })),
        },
    };
    LiveNotificationsResponse { notification: Some(notification) }
}

fn filter(service: &Service, request: &LiveNotificationsRequest) -> Result<Filter, Refusal> {
    for (name, entries) in
        [("users", &request.users), ("badges", &request.badges), ("categories", &request.categories)]
    {
        if entries.len() > FILTER_MAX {
            let count = entries.len();
            let problem = format!("has {count} entries; at most {FILTER_MAX} are allowed, or none for all");
            return Err(Refusal::field(name, problem));
        }
    }
    let user = |(at, user): (usize, &String)| {
        UserId::parse(user).map_err(|problem| Refusal::field(format!("users[{at}]"), problem))
    };
    let catalog = service.catalog();
    Ok(Filter {
        users: request.users.iter().enumerate().map(user).collect::<Result<_, _>>()?,
        badges: known::badges(&catalog, &request.badges)?,
        categories: known::categories(&catalog, &request.categories)?,
    })
}

fn from(service: &Service, request: &LiveNotificationsRequest) -> Result<service::From, Refusal> {
    match (request.after.as_str(), request.from_beginning) {
        ("", false) => Ok(service::From::Now),
        ("", true) => Ok(service::From::Beginning),
        (cursor, false) => Ok(service::From::After(service.place(cursor)?)),
        (_, true) => Err(Refusal::field(
            "from_beginning",
            "must not be set together with after; leave one of them out",
        )),
    }
}

fn heartbeat(request: &LiveNotificationsRequest) -> Result<Duration, Refusal> {
    let Some(asked) = request.heartbeat_interval else { return Ok(HEARTBEAT_DEFAULT) };
    let within = |interval: &Duration| (HEARTBEAT_MIN..=HEARTBEAT_MAX).contains(interval);
    Duration::try_from(asked).ok().filter(within).ok_or_else(|| {
        Refusal::field("heartbeat_interval", "must be from 1 to 60 seconds; leave it out for 15 seconds")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heartbeats_come_every_1_to_60_seconds() {
        let asked = |seconds, nanos| {
            let heartbeat_interval = Some(prost_types::Duration { seconds, nanos });
            heartbeat(&LiveNotificationsRequest { heartbeat_interval, ..Default::default() }).ok()
        };
        assert_eq!(asked(1, 0), Some(HEARTBEAT_MIN));
        assert_eq!(asked(60, 0), Some(HEARTBEAT_MAX));
        for (seconds, nanos) in [(0, 999_999_999), (60, 1), (-1, 0), (i64::MAX, i32::MAX)] {
            assert_eq!(asked(seconds, nanos), None);
        }
        assert_eq!(heartbeat(&LiveNotificationsRequest::default()).unwrap(), HEARTBEAT_DEFAULT);
    }
}
