//! Calls as a site makes them.

use std::time::Duration;

use tokio_stream::StreamExt;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Streaming};

use super::proto::achievement_service_client::AchievementServiceClient;
use super::proto::notification::Kind;
use super::proto::record_events_response::Result as Answer;
use super::proto::{
    Event, LiveNotificationsRequest, LiveNotificationsResponse, Notification, RecordEventRequest,
    RecordEventResponse, RecordEventsRequest,
};
use super::server::Server;

pub(crate) type Client = AchievementServiceClient<Channel>;
pub(crate) type Stream = Streaming<LiveNotificationsResponse>;

/// How long one message may take, before it is taken to never come.
const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) async fn connect(server: &Server) -> Client {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).expect("an address");
    AchievementServiceClient::new(endpoint.connect().await.expect("it listens"))
}

pub(crate) fn event(id: impl Into<String>, kind: &str, user: impl Into<String>) -> Event {
    Event { id: id.into(), r#type: kind.to_owned(), user: user.into(), ..Event::default() }
}

/// Records events through one stream, and takes every answer: each must be kept. Gives the awards' count.
pub(crate) async fn record(client: &mut Client, events: Vec<Event>) -> usize {
    let count = events.len();
    let requests = events.into_iter().map(|event| RecordEventsRequest { event: Some(event), options: None });
    let mut answers =
        client.record_events(tokio_stream::iter(requests)).await.expect("a stream").into_inner();
    let (mut answered, mut awards) = (0, 0);
    while let Some(answer) = in_time("an answer", answers.next()).await {
        match answer.expect("an answer").result {
            Some(Answer::Recorded(recorded)) => awards += recorded.awards.len(),
            other => panic!("event {answered} was not kept: {other:?}"),
        }
        answered += 1;
    }
    assert_eq!(answered, count, "every event is answered");
    awards
}

/// Records one event, again and again while it is told to try later; an error where the connection fails.
pub(crate) async fn record_one(
    client: &mut Client,
    event: Event,
) -> Result<RecordEventResponse, tonic::Status> {
    loop {
        let request = RecordEventRequest { event: Some(event.clone()) };
        match in_time("an answer", client.record_event(request)).await {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(status) if status.code() == Code::ResourceExhausted => tokio::task::yield_now().await,
            Err(status) => return Err(status),
        }
    }
}

/// A live stream, of one user or of all.
pub(crate) async fn listen(client: &mut Client, users: Vec<String>, after: Option<String>) -> Stream {
    let heartbeat_interval = Some(prost_types::Duration { seconds: 60, nanos: 0 });
    let after = after.unwrap_or_default();
    let request = LiveNotificationsRequest { users, after, heartbeat_interval, ..Default::default() };
    client.live_notifications(request).await.expect("a stream").into_inner()
}

/// The next notification.
pub(crate) async fn next(stream: &mut Stream) -> Notification {
    let response = in_time("a notification", stream.next()).await.expect("it goes on").expect("no error");
    response.notification.expect("it is set")
}

/// The next award: cursor, user, badge, key; heartbeats are passed over.
pub(crate) async fn next_award(stream: &mut Stream) -> (String, String, String, String) {
    loop {
        let Notification { cursor, user, kind, .. } = next(stream).await;
        if let Some(Kind::Award(award)) = kind {
            return (cursor, user, award.badge, award.key);
        }
    }
}

/// What must come.
pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    let Ok(done) = tokio::time::timeout(PATIENCE, future).await else { panic!("{what} never came") };
    done
}
