//! Live streams, each of one user, and how long it takes until what was earned is told there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use laurels_client::{Client, Error, Event, NotificationKind, Recorded, WatchOptions};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::course::Course;

/// How long the last notifications may take. Then they are taken to be lost, and the bench fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Live streams that listen. Dropped, they end.
pub(super) struct Listeners {
    heard: Arc<Heard>,
    _streams: JoinSet<()>,
}

#[derive(Default)]
struct Heard {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// What notifications are counted in.
    course: Option<Arc<Course>>,
    /// When each event was sent.
    sent: HashMap<String, Instant>,
    /// Notifications that were told, less those that answers promised.
    ahead: i64,
    /// Why a stream ended.
    ended: Option<Error>,
}

impl Listeners {
    /// Opens a stream for each user; when it returns, they all listen.
    pub(super) async fn open(
        clients: &[Client],
        users: impl Iterator<Item = String>,
    ) -> Result<Listeners, Error> {
        let heard = Arc::new(Heard::default());
        let mut opening = JoinSet::new();
        for (number, user) in users.enumerate() {
            let options = WatchOptions { users: vec![user], heartbeats: true, ..WatchOptions::default() };
            let mut watch = clients[number % clients.len()].watch(options);
            // The first message says that it listens.
            opening.spawn(async move { watch.next().await.map(|_| watch) });
        }
        let mut streams = JoinSet::new();
        while let Some(opened) = opening.join_next().await {
            let mut watch = opened.expect("it does not panic")?;
            let heard = heard.clone();
            streams.spawn(async move {
                loop {
                    match watch.next().await {
                        Ok(notification) => heard.hear(notification.kind),
                        Err(error) => return heard.end(error),
                    }
                }
            });
        }
        Ok(Listeners { heard, _streams: streams })
    }

    /// Counts what is heard from now on in this course.
    pub(super) fn begin(&self, course: &Arc<Course>) {
        self.heard.with(|state| {
            state.course = Some(course.clone());
            state.sent.clear();
        });
    }

    /// An event is about to be sent.
    pub(super) fn sending(&self, event: &Event) {
        self.heard.with(|state| state.sent.insert(event.id.clone(), Instant::now()));
    }

    /// What it gave to its user must be heard.
    pub(super) fn promised(&self, user: &str, recorded: &Recorded) {
        let given = recorded.awards.iter().filter(|award| award.user == user).count();
        self.heard.with(|state| state.ahead -= i64::try_from(given).expect("few"));
    }

    /// Waits until all that was promised was heard.
    pub(super) async fn all_heard(&self) -> Result<(), Error> {
        let all = async {
            loop {
                let changed = self.heard.changed.notified();
                match self.heard.with(|state| (state.ended.take(), state.ahead)) {
                    (Some(error), _) => return Err(error),
                    (None, 0) => return Ok(()),
                    (None, _) => changed.await,
                }
            }
        };
        let late = |_| Error::lost("not all that was earned was told by the live streams");
        tokio::time::timeout(PATIENCE, all).await.map_err(late)?
    }
}

impl Heard {
    fn hear(&self, kind: Option<NotificationKind>) {
        let Some(NotificationKind::Award(award)) = kind else { return };
        self.with(|state| {
            state.ahead += 1;
            if let (Some(course), Some(sent)) = (&state.course, state.sent.get(&award.event_id)) {
                course.end(*sent, Ok(()));
            }
        });
        self.changed.notify_one();
    }

    fn end(&self, error: Error) {
        self.with(|state| state.ended = Some(error));
        self.changed.notify_one();
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
