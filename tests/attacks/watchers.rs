//! Listeners that come back where they had stopped, and write down all that they were told.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fastrand::Rng;
use laurels_client::{Award, Client, NotificationKind, Watch, WatchOptions};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::failure::{Failure, Result};
use crate::site::{LAST_BADGE, LAST_USER, Site};

/// A watcher that has not heard the last award so long after it was given never will.
const HEARD_MAX: Duration = Duration::from_secs(120);
/// A fickle watcher hangs up, and a sleepy one falls asleep, after so long.
const AWAKE_MS: std::ops::Range<u64> = 50..4000;
/// A sleepy one sleeps so long.
const NAP_MS: std::ops::Range<u64> = 10..2000;
/// A watcher that meets no server looks again so soon.
const AGAIN: Duration = Duration::from_millis(10);

/// What one watcher listens to, and what it was told so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// Empty: all.
    pub(crate) users: Vec<String>,
    /// Empty: all.
    pub(crate) badges: Vec<String>,
    pub(crate) awards: Vec<Award>,
    /// Of the last award. Empty before the first.
    pub(crate) cursor: String,
}

impl Told {
    /// Whether this is for its ears.
    pub(crate) fn hears(&self, award: &Award) -> bool {
        let among = |list: &[String], value: &String| list.is_empty() || list.contains(value);
        among(&self.users, &award.user) && among(&self.badges, &award.badge)
    }

    /// How to go on after the last award.
    pub(crate) fn go_on(&self) -> WatchOptions {
        WatchOptions {
            users: self.users.clone(),
            badges: self.badges.clone(),
            after: self.cursor.clone(),
            from_beginning: self.cursor.is_empty(),
            heartbeats: true,
            heartbeat_interval: Some(Duration::from_secs(1)),
            ..WatchOptions::default()
        }
    }
}

/// How a watcher behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Habit {
    /// Leaves coming back to the client.
    Steady,
    /// Hangs up now and then, and comes back with the cursor of the last award.
    Fickle,
    /// Stops reading for a while, while the server goes on to write.
    Sleepy,
}

/// The watchers.
pub(crate) struct Watchers {
    told: Vec<Arc<Mutex<Told>>>,
    tasks: Vec<JoinHandle<Result<()>>>,
}

impl Watchers {
    /// Starts them: to all, to one user, to one badge; each with every habit.
    pub(crate) fn start(runtime: &Handle, url: &str, site: Site) -> Watchers {
        let (user, last) = (vec![Site::user(1), LAST_USER.to_owned()], LAST_BADGE.to_owned());
        let wishes = [
            Told::default(),
            Told { users: user, ..Told::default() },
            Told { badges: vec!["finalist".to_owned(), last], ..Told::default() },
        ];
        let habits = [Habit::Steady, Habit::Fickle, Habit::Sleepy];
        let all = habits.iter().flat_map(|habit| wishes.iter().map(move |wish| (*habit, wish.clone())));
        let (mut told, mut tasks) = (Vec::new(), Vec::new());
        for (number, (habit, wish)) in all.enumerate() {
            let notes = Arc::new(Mutex::new(wish));
            let rng = Rng::with_seed(site.seed ^ 0xea2 ^ (number as u64) << 32);
            let watcher = Watcher { url: url.to_owned(), habit, notes: notes.clone(), rng };
            tasks.push(runtime.spawn(watcher.run()));
            told.push(notes);
        }
        Watchers { told, tasks }
    }

    /// What they were told up to this moment.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.iter().map(|told| lock(told).clone()).collect()
    }

    /// How many awards they were told.
    pub(crate) fn heard(&self) -> usize {
        self.told.iter().map(|told| lock(told).awards.len()).sum()
    }

    /// Fails if one has ended before the last award.
    pub(crate) fn check(&mut self, runtime: &Handle) -> Result<()> {
        match self.tasks.iter().position(JoinHandle::is_finished) {
            Some(ended) => join(runtime, self.tasks.swap_remove(ended)),
            None => Ok(()),
        }
    }

    /// Waits until each has heard the last award.
    pub(crate) fn wait_for_the_last(&mut self, runtime: &Handle) -> Result<()> {
        let until = Instant::now() + HEARD_MAX;
        while !self.tasks.iter().all(JoinHandle::is_finished) {
            if Instant::now() > until {
                let told = self.told();
                let deaf =
                    told.iter().find(|told| told.awards.last().is_none_or(|last| last.badge != LAST_BADGE));
                let seen = deaf.map(|deaf| {
                    let (number, cursor, last) = (deaf.awards.len(), &deaf.cursor, deaf.awards.last());
                    let (users, badges) = (&deaf.users, &deaf.badges);
                    format!("one of users {users:?} and badges {badges:?} was told {number}, up to {cursor}, {last:?}")
                });
                let seen = format!("{HEARD_MAX:?} after the last award was given {seen:?}");
                return Err(Failure::new("a watcher is told every award", seen));
            }
            std::thread::sleep(AGAIN);
        }
        self.tasks.drain(..).try_for_each(|task| join(runtime, task))
    }
}

impl Drop for Watchers {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn join(runtime: &Handle, task: JoinHandle<Result<()>>) -> Result<()> {
    runtime.block_on(task).map_err(|error| Failure::of_attack("run a watcher", error))?
}

fn lock(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Watcher {
    url: String,
    habit: Habit,
    notes: Arc<Mutex<Told>>,
    rng: Rng,
}

impl Watcher {
    /// Listens until it hears the last award.
    async fn run(mut self) -> Result<()> {
        let client = Client::lazy(&self.url).map_err(|error| Failure::of_attack("make a client", error))?;
        let mut watch = self.listen(&client);
        let mut next_change = self.next_change();
        loop {
            let notification = match watch.next().await {
                Ok(notification) => notification,
                Err(error) if error.retryable() => {
                    sleep(AGAIN).await;
                    continue;
                }
                Err(error) => {
                    let seen = format!("{:?}: {error}", error.reason());
                    return Err(Failure::new("a watcher comes back with any cursor it was given", seen));
                }
            };
            let Some(NotificationKind::Award(award)) = notification.kind else { continue };
            let last = award.badge == LAST_BADGE;
            {
                let mut told = lock(&self.notes);
                told.awards.push(award);
                told.cursor = notification.cursor;
            }
            if last {
                return Ok(());
            }
            if Instant::now() >= next_change {
                match self.habit {
                    Habit::Steady => {}
                    Habit::Fickle => watch = self.listen(&client),
                    Habit::Sleepy => sleep(Duration::from_millis(self.rng.u64(NAP_MS))).await,
                }
                next_change = self.next_change();
            }
        }
    }

    fn next_change(&mut self) -> Instant {
        Instant::now() + Duration::from_millis(self.rng.u64(AWAKE_MS))
    }

    fn listen(&self, client: &Client) -> Watch {
        client.watch(lock(&self.notes).go_on())
    }
}
