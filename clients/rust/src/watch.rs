//! Listening: a live stream that goes on after a lost connection.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::Streaming;

use crate::backoff::Backoff;
use crate::credential::Line;
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

/// A live stream. Pull it with [`next`](Watch::next); drop it to end it.
///
/// When the connection is lost it connects again and goes on after the last notification that it handed
/// over: nothing is missed, and nothing comes twice.
#[derive(Debug)]
pub struct Watch {
    service: AchievementServiceClient<Line>,
    options: WatchOptions,
    stream: Option<Streaming<LiveNotificationsResponse>>,
    /// What the first attempt may not do, and every later one may: fail in silence.
    begun: bool,
    backoff: Backoff,
    /// No attempt before this.
    not_before: Option<Instant>,
    /// When the server was heard last, or the attempt to reach it began.
    heard_at: Instant,
    lost_at: Option<Instant>,
}

impl Watch {
    pub(crate) fn new(service: AchievementServiceClient<Line>, options: WatchOptions) -> Watch {
        Watch {
            service,
            options,
            stream: None,
            begun: false,
            backoff: Backoff::default(),
            not_before: None,
            heard_at: Instant::now(),
            lost_at: None,
        }
    }

    /// Waits for the next notification. Safe to drop half-way, as in `select!`: nothing is lost.
    ///
    /// Fails when the server cannot be reached at first, when it refuses what was asked (a cursor of another
    /// store), or when [`WatchOptions::patience`] is over. Called again, it tries again.
    pub async fn next(&mut self) -> Result<Notification, Error> {
        loop {
            let message = match self.receive().await {
                Ok(message) => message,
                Err(error) => {
                    self.lose(error)?;
                    continue;
                }
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
                Some(_) => return Ok(notification),
            }
        }
    }

    /// Continues this stream after what was handed over last. Empty before the first answer of the server.
    pub fn cursor(&self) -> &str {
        &self.options.after
    }

    async fn receive(&mut self) -> Result<LiveNotificationsResponse, Error> {
        if let Some(at) = self.not_before {
            sleep_until(at).await;
            self.not_before = None;
        }
        let silence_max = self.options.heartbeat_interval.unwrap_or(HEARTBEAT) * HEARTBEATS_MISSED_MAX;
        let silent = |_| Error::lost("the server sends no heartbeat");
        let stream = match &mut self.stream {
            Some(stream) => stream,
            closed => {
                self.heard_at = Instant::now();
                let opening = self.service.live_notifications(request(&self.options));
                let answer = timeout_at(self.heard_at + silence_max, opening).await.map_err(silent)??;
                closed.insert(answer.into_inner())
            }
        };
        // Polls the stream before the time: a reader who takes long between two calls loses nothing.
        let message = timeout_at(self.heard_at + silence_max, stream.message()).await.map_err(silent)??;
        self.heard_at = Instant::now();
        message.ok_or_else(|| Error::lost("the server ended the stream"))
    }

    /// Decides whether to try again, or to give up with the error.
    fn lose(&mut self, error: Error) -> Result<(), Error> {
        self.stream = None;
        let now = Instant::now();
        let lost_at = *self.lost_at.get_or_insert(now);
        let out_of_patience = self.options.patience.is_some_and(|patience| now - lost_at >= patience);
        if !self.begun || !error.retryable() || out_of_patience {
            self.lost_at = None;
            return Err(error);
        }
        let wait = self.backoff.next_wait().max(error.retry_after().unwrap_or_default());
        self.not_before = Some(now + wait);
        Ok(())
    }
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
