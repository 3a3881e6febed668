//! Listening: a live stream that goes on after a lost connection.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};
use tokio_stream::Stream;
use tonic::{Status, Streaming};

use crate::backoff::Backoff;
use crate::credential::Keyed;
use crate::error::Error;
use crate::generated::achievement_service_client::AchievementServiceClient;
use crate::generated::notification::Kind;
use crate::generated::{LiveNotificationsRequest, LiveNotificationsResponse, Notification};

/// How often the server is asked to say that nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many heartbeats may fail to come before the connection counts as lost.
const HEARTBEATS_MISSED_MAX: u32 = 3;

/// What to listen to. Every list that is not empty must match.
///
/// ```
/// use laurels_client::WatchOptions;
///
/// let of_ana = WatchOptions { users: vec!["ana".into()], ..WatchOptions::default() };
/// ```
#[derive(Clone, Debug, Default)]
pub struct WatchOptions {
    /// Only these users.
    pub users: Vec<String>,
    /// Only these badges, by id.
    pub badges: Vec<String>,
    /// Only badges of these categories.
    pub categories: Vec<String>,
    /// Begin after this cursor: what was missed comes first. Empty: with what happens from now on.
    pub after: String,
    /// Begin with the first notification there is. Not together with `after`.
    pub from_beginning: bool,
    /// Hand over heartbeats too. Their `live` says whether everything up to now has been sent.
    pub heartbeats: bool,
    /// How often the server says that nothing happens, 1 to 60 seconds. None: 15 seconds.
    pub heartbeat_interval: Option<Duration>,
    /// For how long a lost connection is tried again. None: for ever.
    pub patience: Option<Duration>,
}

/// A live stream. Pull it with [`next`](Watch::next), or take it for the [`Stream`] that it is; drop it to end it.
///
/// When the connection is lost it connects again and goes on after the last notification that it handed
/// over: nothing is missed, and nothing comes twice. It never ends by itself. An error is what it cannot mend: the server
/// cannot be reached at first, refuses what was asked (a cursor of another store), or
/// [`WatchOptions::patience`] is over. Pulled again after one, it tries again.
pub struct Watch {
    service: AchievementServiceClient<Keyed>,
    options: WatchOptions,
    line: Line,
    /// What the first attempt may not do, and every later one may: fail in silence.
    begun: bool,
    backoff: Backoff,
    /// When the server was heard last, or the attempt to reach it began.
    heard_at: Instant,
    lost_at: Option<Instant>,
}

/// How the stream stands to the server.
enum Line {
    /// Not yet, or no longer, asked for.
    Closed,
    /// To be asked for again, and not before that.
    Waiting(Pin<Box<Sleep>>),
    /// Asked for.
    Opening(Pin<Box<Opening>>, Pin<Box<Sleep>>),
    /// There. The time is when its silence counts as a loss.
    Open(Box<Streaming<LiveNotificationsResponse>>, Pin<Box<Sleep>>),
}

type Opening = dyn Future<Output = Result<Streaming<LiveNotificationsResponse>, Status>> + Send;

impl Watch {
    pub(crate) fn new(service: AchievementServiceClient<Keyed>, options: WatchOptions) -> Watch {
        Watch {
            service,
            options,
            line: Line::Closed,
            begun: false,
            backoff: Backoff::default(),
            heard_at: Instant::now(),
            lost_at: None,
        }
    }

    /// Waits for the next notification. Safe to drop half-way, as in `select!`: nothing is lost.
    pub async fn next(&mut self) -> Result<Notification, Error> {
        poll_fn(|context| self.poll(context)).await
    }

    /// Continues this stream after what was handed over last. Empty before the first answer of the server.
    pub fn cursor(&self) -> &str {
        &self.options.after
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Notification, Error>> {
        loop {
            let message = match ready!(self.poll_message(context)) {
                Ok(message) => message,
                Err(error) => match self.lose(error) {
                    Some(error) => return Poll::Ready(Err(error)),
                    None => continue,
                },
            };
            self.begun = true;
            self.lost_at = None;
            self.backoff.reset();
            let Some(notification) = message.notification else { continue };
            self.options.after.clone_from(&notification.cursor);
            self.options.from_beginning = false;
            match notification.kind {
                Some(Kind::Heartbeat(_)) if !self.options.heartbeats => {}
                // A kind of a newer server: passed over, as the protocol asks.
                None => {}
                Some(_) => return Poll::Ready(Ok(notification)),
            }
        }
    }

    /// The next message of the server, whatever has to be done before.
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Result<LiveNotificationsResponse, Error>> {
        loop {
            match &mut self.line {
                Line::Closed => {
                    self.heard_at = Instant::now();
                    let (mut service, request) = (self.service.clone(), request(&self.options));
                    let opening = async move { Ok(service.live_notifications(request).await?.into_inner()) };
                    self.line = Line::Opening(Box::pin(opening), self.silence());
                }
                Line::Waiting(sleep) => {
                    ready!(sleep.as_mut().poll(context));
                    self.line = Line::Closed;
                }
                Line::Opening(opening, silence) => match opening.as_mut().poll(context) {
                    Poll::Ready(Ok(stream)) => {
                        let stream = Box::new(stream);
                        self.line = Line::Open(stream, self.silence());
                    }
                    Poll::Ready(Err(status)) => return Poll::Ready(Err(status.into())),
                    Poll::Pending => return silence.as_mut().poll(context).map(|()| Err(silent())),
                },
                // Looks at the stream before the time: a reader who takes long between two calls loses nothing.
                Line::Open(stream, silence) => match Pin::new(&mut **stream).poll_next(context) {
                    Poll::Ready(Some(Ok(message))) => {
                        self.heard_at = Instant::now();
                        silence.as_mut().reset(self.heard_at + silence_max(&self.options));
                        return Poll::Ready(Ok(message));
                    }
                    Poll::Ready(Some(Err(status))) => return Poll::Ready(Err(status.into())),
                    Poll::Ready(None) => return Poll::Ready(Err(Error::lost("the server ended the stream"))),
                    Poll::Pending => return silence.as_mut().poll(context).map(|()| Err(silent())),
                },
            }
        }
    }

    /// Ends when nothing was heard for too long.
    fn silence(&self) -> Pin<Box<Sleep>> {
        Box::pin(sleep_until(self.heard_at + silence_max(&self.options)))
    }

    /// Decides whether to try again, or to give up with the error.
    fn lose(&mut self, error: Error) -> Option<Error> {
        let now = Instant::now();
        let lost_at = *self.lost_at.get_or_insert(now);
        let out_of_patience = self.options.patience.is_some_and(|patience| now - lost_at >= patience);
        if !self.begun || !error.retryable() || out_of_patience {
            self.line = Line::Closed;
            self.lost_at = None;
            return Some(error);
        }
        let wait = self.backoff.next_wait().max(error.retry_after().unwrap_or_default());
        self.line = Line::Waiting(Box::pin(sleep_until(now + wait)));
        None
    }
}

impl Stream for Watch {
    type Item = Result<Notification, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context).map(Some)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("options", &self.options).finish_non_exhaustive()
    }
}

fn silence_max(options: &WatchOptions) -> Duration {
    options.heartbeat_interval.unwrap_or(HEARTBEAT) * HEARTBEATS_MISSED_MAX
}

fn silent() -> Error {
    Error::lost("the server sends no heartbeat")
}

fn request(options: &WatchOptions) -> LiveNotificationsRequest {
    LiveNotificationsRequest {
        users: options.users.clone(),
        badges: options.badges.clone(),
        categories: options.categories.clone(),
        after: options.after.clone(),
        from_beginning: options.from_beginning,
        heartbeat_interval: options.heartbeat_interval.and_then(|interval| interval.try_into().ok()),
    }
}
