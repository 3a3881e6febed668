//! The limit: a server that does nothing, but answers as Laurels does.
//!
//! The same version of tonic, the same messages, and the same way: each event goes through a channel to another
//! thread, as to the writer, and its answer comes back from there. What Laurels costs beyond this is what deciding,
//! keeping and telling cost.

use std::io::Write;
use std::net;
use std::pin::Pin;
use std::sync::mpsc;
use std::thread;

use anyhow::Context as _;
use futures_util::{Stream, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use proto::achievement_service_server::{AchievementService, AchievementServiceServer};
use proto::record_events_response::Result as Answer;

#[expect(
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]
pub(crate) mod proto {
    tonic::include_proto!("laurels.v1");
}

/// As Laurels has them.
const CALLS_PER_CONNECTION: u32 = 128;
const CALL_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// How many events of a stream are under way at once, as with Laurels.
const STREAM_PENDING: usize = 1024;
/// How many awards the user has of whom is asked.
const AWARDS: i64 = 20;

/// Serves until it is killed, on as many threads as Laurels: each with a runtime to itself, and every connection with one.
pub(crate) fn serve() -> anyhow::Result<()> {
    let listener = net::TcpListener::bind("127.0.0.1:0").context("listen")?;
    let mut out = std::io::stdout();
    writeln!(out, "no-op listens on {}", listener.local_addr()?)?;
    out.flush()?;
    let noop = Noop::start();
    let count = thread::available_parallelism().context("count the cores")?.get();
    let workers: Vec<_> = (0..count).map(|_| worker(noop.clone())).collect();
    for worker in workers.iter().cycle() {
        let (connection, _) = listener.accept().context("accept")?;
        connection.set_nodelay(true)?;
        connection.set_nonblocking(true)?;
        worker.send(connection).map_err(|_| anyhow::anyhow!("a thread that serves is gone"))?;
    }
    Ok(())
}

/// A thread that serves the connections it is given.
fn worker(noop: Noop) -> UnboundedSender<net::TcpStream> {
    let (connections, given) = unbounded_channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let incoming = UnboundedReceiverStream::new(given).map(TcpStream::from_std);
        let server = tonic::transport::Server::builder()
            .max_concurrent_streams(CALLS_PER_CONNECTION)
            .initial_stream_window_size(CALL_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .add_service(AchievementServiceServer::new(noop));
        runtime.block_on(async { server.serve_with_incoming(incoming).await }).context("serve")
    });
    connections
}

/// An event, and where its answer goes.
type Hop = (proto::Event, oneshot::Sender<proto::RecordEventResponse>);

/// The service that does nothing.
#[derive(Clone)]
struct Noop {
    other_thread: mpsc::Sender<Hop>,
    badges: proto::GetBadgesResponse,
}

impl Noop {
    fn start() -> Noop {
        let (other_thread, events) = mpsc::channel::<Hop>();
        thread::spawn(move || {
            for (event, answer) in events {
                // A caller that is gone has no use for it.
                let _ = answer.send(answer_to(event));
            }
        });
        Noop { other_thread, badges: badges() }
    }

    /// There and back.
    fn hop(
        &self,
        event: Option<proto::Event>,
    ) -> impl Future<Output = Result<proto::RecordEventResponse, Status>> + use<> {
        let (answer, answered) = oneshot::channel();
        let sent = self.other_thread.send((event.unwrap_or_default(), answer));
        async move {
            sent.map_err(|_| Status::internal("the other thread is gone"))?;
            answered.await.map_err(|_| Status::internal("the other thread gave no answer"))
        }
    }
}

/// What Laurels would answer to an event that gave nothing.
fn answer_to(event: proto::Event) -> proto::RecordEventResponse {
    let cursor = "AAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned();
    proto::RecordEventResponse { event_id: event.id, cursor, ..Default::default() }
}

/// What Laurels would answer of a user with twenty awards.
fn badges() -> proto::GetBadgesResponse {
    let award = |number: i64| proto::Award {
        user: "user-1".to_owned(),
        badge: format!("poster-{number}"),
        time: Some(prost_types::Timestamp { seconds: 1_790_000_000 + number, nanos: 0 }),
        event_id: format!("0123456789abcdef-{number}"),
        tier: 1,
        title: format!("Poster {number}"),
        category: "posts".to_owned(),
        number: 1,
        ..Default::default()
    };
    proto::GetBadgesResponse {
        awards: (1..=AWARDS).map(award).collect(),
        held_bits: vec![0xff; 3],
        cursor: answer_to(proto::Event::default()).cursor,
        ..Default::default()
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl AchievementService for Noop {
    type RecordEventsStream = Answers<proto::RecordEventsResponse>;
    type LiveNotificationsStream = Answers<proto::LiveNotificationsResponse>;

    async fn record_event(
        &self,
        request: Request<proto::RecordEventRequest>,
    ) -> Result<Response<proto::RecordEventResponse>, Status> {
        Ok(Response::new(self.hop(request.into_inner().event).await?))
    }

    async fn record_events(
        &self,
        request: Request<Streaming<proto::RecordEventsRequest>>,
    ) -> Result<Response<Self::RecordEventsStream>, Status> {
        let noop = self.clone();
        let under_way = request.into_inner().enumerate().map(move |(index, request)| {
            let hop = request.map(|request| noop.hop(request.event));
            async move {
                let result = Some(Answer::Recorded(hop?.await?));
                Ok(proto::RecordEventsResponse { index: index as i64, result })
            }
        });
        Ok(Response::new(Box::pin(under_way.buffered(STREAM_PENDING))))
    }

    async fn get_badges(
        &self,
        _: Request<proto::GetBadgesRequest>,
    ) -> Result<Response<proto::GetBadgesResponse>, Status> {
        Ok(Response::new(self.badges.clone()))
    }

    async fn live_notifications(
        &self,
        _: Request<proto::LiveNotificationsRequest>,
    ) -> Result<Response<Self::LiveNotificationsStream>, Status> {
        Err(not_measured())
    }

    async fn list_badges(
        &self,
        _: Request<proto::ListBadgesRequest>,
    ) -> Result<Response<proto::ListBadgesResponse>, Status> {
        Err(not_measured())
    }

    async fn get_profile(
        &self,
        _: Request<proto::GetProfileRequest>,
    ) -> Result<Response<proto::GetProfileResponse>, Status> {
        Err(not_measured())
    }

    async fn update_profile(
        &self,
        _: Request<proto::UpdateProfileRequest>,
    ) -> Result<Response<proto::UpdateProfileResponse>, Status> {
        Err(not_measured())
    }
}

fn not_measured() -> Status {
    Status::unimplemented("the no-op answers what is measured: RecordEvent, RecordEvents, GetBadges")
}
