//! Clients that send, send again, read and vanish, all at once, until they are told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use laurels_client::{Client, Error, ErrorReason, Event};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::failure::{Failure, Result, hold};
use crate::ledger::{Shared, Standing};
use crate::site::Site;

/// Whoever was not answered for so long never will be.
const ANSWER_MAX: Duration = Duration::from_secs(120);
/// A client that met no server knocks again after at most so long.
const KNOCK_AGAIN_MS: std::ops::Range<u64> = 2..20;
/// Most events of one stream.
const STREAM_EVENTS: usize = 120;

/// What all clients did, in numbers.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Events answered for the first time.
    pub(crate) answered: AtomicU64,
    /// Events sent again, and answered as before.
    pub(crate) again: AtomicU64,
    /// Streams that were left in the middle.
    pub(crate) vanished: AtomicU64,
    /// Reads of a user's badges.
    pub(crate) reads: AtomicU64,
    /// Calls that failed, and may be tried again.
    pub(crate) failed: AtomicU64,
    /// Events that were refused with a reason for which they may be sent again.
    pub(crate) refused: AtomicU64,
}

impl Tally {
    /// One of the numbers.
    pub(crate) fn get(&self, number: impl FnOnce(&Tally) -> &AtomicU64) -> u64 {
        number(self).load(Ordering::Relaxed)
    }
}

/// The clients.
pub(crate) struct Clients {
    pub(crate) ledgers: Vec<Shared>,
    pub(crate) tally: Arc<Tally>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<Result<()>>>,
}

impl Clients {
    /// Starts so many, which together send about so many events a second.
    pub(crate) fn start(runtime: &Handle, url: &str, site: Site, clients: usize, per_second: f64) -> Clients {
        let (stop, tally) = (watch::Sender::new(false), Arc::new(Tally::default()));
        let ledgers: Vec<_> = (0..clients).map(|client| Shared::new(site, client)).collect();
        let tasks = ledgers.iter().enumerate().map(|(number, ledger)| {
            let client = Visitor {
                site,
                url: url.to_owned(),
                ledger: ledger.clone(),
                rng: Rng::with_seed(site.seed ^ 0xc11e ^ (number as u64) << 32),
                tally: tally.clone(),
                pause: Duration::from_secs_f64(clients as f64 / per_second),
            };
            runtime.spawn(client.run(stop.subscribe()))
        });
        let tasks = tasks.collect();
        Clients { ledgers, tally, stop, tasks }
    }

    /// Fails if a client has seen a promise broken.
    pub(crate) fn check(&mut self, runtime: &Handle) -> Result<()> {
        while let Some(ended) = self.tasks.iter().position(JoinHandle::is_finished) {
            join(runtime, self.tasks.swap_remove(ended))?;
        }
        Ok(())
    }

    /// Has them stop, and waits for it.
    pub(crate) fn stop(&mut self, runtime: &Handle) -> Result<()> {
        self.stop.send_replace(true);
        self.tasks.drain(..).try_for_each(|task| join(runtime, task))
    }

    /// How many events were answered.
    pub(crate) fn answered(&self) -> u64 {
        self.tally.get(|tally| &tally.answered)
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn join(runtime: &Handle, task: JoinHandle<Result<()>>) -> Result<()> {
    runtime.block_on(task).map_err(|error| Failure::of_attack("run a client", error))?
}

/// Why a call did not come through.
enum Trouble {
    /// As it may be while servers die: it is tried again.
    Passing,
    Broken(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Trouble {
        Trouble::Broken(failure)
    }
}

struct Visitor {
    site: Site,
    url: String,
    ledger: Shared,
    rng: Rng,
    tally: Arc<Tally>,
    /// Between two events.
    pause: Duration,
}

impl Visitor {
    async fn run(mut self, stop: watch::Receiver<bool>) -> Result<()> {
        let client = Client::lazy(&self.url).map_err(|error| Failure::of_attack("make a client", error))?;
        let mut next = Instant::now();
        while !*stop.borrow() {
            sleep_until(next).await;
            let Ok(done) = timeout(ANSWER_MAX, self.act(&client)).await else {
                return Err(Failure::new("every call ends", format!("one took {ANSWER_MAX:?}")));
            };
            match done {
                // Whoever was kept waiting does not make up for it.
                Ok(sent) => next = next.max(Instant::now() - self.pause) + self.pause * sent,
                Err(Trouble::Passing) => {
                    self.tally.failed.fetch_add(1, Ordering::Relaxed);
                    sleep(Duration::from_millis(self.rng.u64(KNOCK_AGAIN_MS))).await;
                }
                Err(Trouble::Broken(failure)) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Does something; says how many events that were.
    async fn act(&mut self, client: &Client) -> std::result::Result<u32, Trouble> {
        match self.rng.u32(..100) {
            ..45 => {
                let number = self.ledger.lock().begin();
                self.record(client, number).await
            }
            45..65 => self.stream(client).await,
            65..80 => match self.any_unanswered() {
                Some(number) => self.record(client, number).await,
                None => Ok(0),
            },
            80..90 => match self.any_answered() {
                Some(number) => self.record(client, number).await,
                None => Ok(0),
            },
            90..94 => self.reuse_an_id(client).await,
            94..97 => self.read(client).await,
            _ => self.vanish(client).await,
        }
    }

    fn any_answered(&mut self) -> Option<usize> {
        self.ledger.lock().any_answered(&mut self.rng)
    }

    fn any_unanswered(&mut self) -> Option<usize> {
        self.ledger.lock().any_unanswered(&mut self.rng)
    }

    async fn record(&mut self, client: &Client, number: usize) -> std::result::Result<u32, Trouble> {
        let event = self.ledger.lock().event(number);
        let recorded = client.record(event).await.map_err(|error| self.passing(error))?;
        self.note(number, recorded)?;
        Ok(1)
    }

    fn note(&self, number: usize, recorded: laurels_client::Recorded) -> Result<()> {
        let mut ledger = self.ledger.lock();
        let counter = match ledger.events[number] {
            Standing::Unanswered => &self.tally.answered,
            Standing::Answered(_) => &self.tally.again,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        ledger.note(number, recorded)
    }

    /// New events, and among them some of old.
    async fn stream(&mut self, client: &Client) -> std::result::Result<u32, Trouble> {
        let (mut numbers, mut fresh) = (Vec::new(), Vec::new());
        for _ in 0..self.rng.usize(1..STREAM_EVENTS) {
            let old = if self.rng.u32(..10) == 0 { self.any_answered() } else { None };
            fresh.push(old.is_none());
            numbers.push(old.unwrap_or_else(|| self.ledger.lock().begin()));
        }
        let events = self.events(&numbers);
        let answers = client.record_all(tokio_stream::iter(events)).await;
        let mut answers = answers.map_err(|error| self.passing(error))?;
        let mut answered = 0;
        while let Some(answer) = answers.next().await {
            let answer = answer.map_err(|error| self.passing(error))?;
            hold(answer.index == answered as u64, "answers come in the order of their events", || {
                format!("answer {} came as number {answered}", answer.index)
            })?;
            match answer.result {
                Ok(recorded) => {
                    hold(
                        !(fresh[answered] && recorded.duplicate),
                        "an event that is sent for the first time is no duplicate",
                        || recorded.event_id.clone(),
                    )?;
                    self.note(numbers[answered], recorded)?;
                }
                Err(error) => match self.passing(error) {
                    Trouble::Passing => drop(self.tally.refused.fetch_add(1, Ordering::Relaxed)),
                    broken @ Trouble::Broken(_) => return Err(broken),
                },
            }
            answered += 1;
        }
        match answered == numbers.len() {
            true => Ok(answered as u32),
            // The server ended the stream: what is not answered is sent again.
            false => Err(Trouble::Passing),
        }
    }

    /// Begins a stream, and is gone before all is answered.
    async fn vanish(&mut self, client: &Client) -> std::result::Result<u32, Trouble> {
        let numbers: Vec<_> =
            (0..self.rng.usize(1..STREAM_EVENTS)).map(|_| self.ledger.lock().begin()).collect();
        let events = self.events(&numbers);
        let answers = client.record_all(tokio_stream::iter(events)).await;
        let mut answers = answers.map_err(|error| self.passing(error))?;
        for _ in 0..self.rng.usize(..numbers.len()) {
            let Some(answer) = answers.next().await else { break };
            let answer = answer.map_err(|error| self.passing(error))?;
            if let Ok(recorded) = answer.result {
                self.note(numbers[answer.index as usize], recorded)?;
            }
        }
        self.tally.vanished.fetch_add(1, Ordering::Relaxed);
        Ok(numbers.len() as u32)
    }

    /// The same id with other contents is refused.
    async fn reuse_an_id(&mut self, client: &Client) -> std::result::Result<u32, Trouble> {
        let Some(number) = self.any_answered() else { return Ok(0) };
        let (site, number_of_client) = (self.site, self.ledger.lock().client);
        match client.record(site.impostor(number_of_client, number)).await {
            Err(error) if error.reason() == Some(ErrorReason::EventIdReused) => Ok(1),
            Err(error) => Err(self.passing(error)),
            Ok(recorded) => {
                let seen = format!("{} was taken with other contents", recorded.event_id);
                Err(Failure::new("an id that is taken is refused for other contents", seen).into())
            }
        }
    }

    async fn read(&mut self, client: &Client) -> std::result::Result<u32, Trouble> {
        let user = Site::user(self.rng.usize(..self.site.users));
        let badges = client.badges(&user).await.map_err(|error| self.passing(error))?;
        self.tally.reads.fetch_add(1, Ordering::Relaxed);
        let visits = badges.progress.iter().find(|progress| progress.badge == "visits");
        self.ledger.lock().note_count(&user, visits.map_or(0.0, |progress| progress.current))?;
        Ok(1)
    }

    fn events(&self, numbers: &[usize]) -> Vec<Event> {
        let ledger = self.ledger.lock();
        numbers.iter().map(|number| ledger.event(*number)).collect()
    }

    /// Whether it may be tried again. What is wrong with the call itself never passes, and nothing is wrong with ours.
    fn passing(&self, error: Error) -> Trouble {
        let ours = error.reason() == Some(ErrorReason::Internal);
        match error.retryable() && !ours {
            true => Trouble::Passing,
            false => {
                let seen = format!("{:?}: {error}", error.reason());
                Failure::new("a server that is killed fails in no other way than by being gone", seen).into()
            }
        }
    }
}
