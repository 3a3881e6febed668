//! Decide, keep, tell: the only module that names the engine, the store and the hub.
//!
//! Events enter through [`Service::record`], or one after the other through [`Service::submit`]. They
//! are parsed, and the documents that they are sure to need are fetched, before they queue up for the
//! writer: one thread that owns deciding and keeping, so that there is one order of events and no
//! update is lost. Its loop, in `service/writer.rs`, is the heart of it all.

mod audited;
mod backup;
mod cursor;
mod error;
mod hand;
mod live;
mod reload;
mod writer;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::award::{Award, Place, Revocation};
use crate::catalog::{Catalog, Numbers};
use crate::clock::Clock;
use crate::document::Document;
use crate::engine::{self, Documents};
use crate::event::{
    DATA_MAX_BYTES, Draft, Event, EventId, FUTURE_MAX_MICROS, Invalid, Sequence, Time, UserId,
};
use crate::hub::Hub;
use crate::key::Key;
use crate::outcome::Rarity;
use crate::store::{self, Store, Timelines};
use crate::threads::{Thread, Threads};

use reload::Folder;
use writer::{Reply, Submitted, Waiting, Writer};

pub use crate::engine::Progress;
pub use backup::{BACKUPS_MAX, Backup};
pub use error::Error;
pub use hand::{Given, Taken};
pub use live::{Filter, From, Live, Told};
pub use reload::{NotReloaded, Reloaded};
pub use writer::{GROUP_CHANGES_MAX, GROUP_MAX};

/// Most events of one stream that may await their answers; then the stream is not read until some are
/// answered.
pub const STREAM_PENDING_MAX: usize = 1024;
/// Most events that may wait for the writer. One more is refused with [`Error::Overloaded`]; that of a
/// stream waits.
pub const QUEUE_MAX: usize = 16 * 1024;
/// Most bytes of data, as JSON, of the events that are accepted and not yet answered. One more is refused, or
/// waits, as with [`QUEUE_MAX`]. In memory, values take up to sixteen times as much.
pub const QUEUE_MAX_BYTES: usize = 16 * 1024 * 1024;
/// How long to wait before an event that was refused for want of room or disk is sent again.
pub const RETRY_AFTER: Duration = Duration::from_millis(250);

/// How much is taken in at once. Each default is what holds if nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// As [`QUEUE_MAX`].
    pub queue_events: usize,
    /// As [`QUEUE_MAX_BYTES`].
    pub queue_bytes: usize,
    /// Most bytes of one event's data, at most [`DATA_MAX_BYTES`]. More is refused.
    pub data_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { queue_events: QUEUE_MAX, queue_bytes: QUEUE_MAX_BYTES, data_bytes: DATA_MAX_BYTES }
    }
}

/// The room for data is handed out in pieces of so many bytes.
const PIECE_BYTES: usize = 1024;
/// A group that is being published is looked at again after so long.
const PUBLISHING_PAUSE: Duration = Duration::from_millis(1);

/// The server, without its doors. Cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    timelines: Timelines,
    catalog: Arc<InUse>,
    hub: Arc<Hub>,
    clock: Clock,
    threads: Threads,
    limits: Limits,
    queue: mpsc::Sender<Submitted>,
    /// For the data of the events that are accepted and not yet answered, in pieces.
    room: Arc<Semaphore>,
    /// For those who take backups.
    backups: Arc<Semaphore>,
    stopping: AtomicBool,
    /// Held by who takes other rules into use.
    reloading: tokio::sync::Mutex<()>,
    /// Where the rules come from, if they come from files.
    folder: OnceLock<Folder>,
    writer: Mutex<Option<Thread>>,
}

/// The catalog in use.
struct InUse(RwLock<Arc<Catalog>>);

/// What came of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its id: the one sent, or the one the server made.
    pub event_id: EventId,
    /// Whether it had been recorded before; the rest is what was answered then.
    pub duplicate: bool,
    /// Every award it gave, to whichever user, in the order given.
    pub awards: Vec<Award>,
    /// Every award it took back, in the order in which it did.
    pub revoked: Vec<Revocation>,
    /// The place after everything it gave and took back.
    pub place: Place,
}

/// An event that was accepted, and will be answered.
pub struct Pending {
    answer: oneshot::Receiver<Result<Recorded, Error>>,
}

impl Future for Pending {
    type Output = Result<Recorded, Error>;

    /// Ready when the event is kept, or could not be.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // A writer that stops in good order answers all that it was given.
        let answer = Pin::new(&mut self.answer).poll(cx);
        answer.map(|answer| answer.unwrap_or_else(|_| Err(Error::internal(error::WriterDied))))
    }
}

impl Service {
    /// Begins to serve what a store has, with a catalog. The writer is a thread of its own, until
    /// [`Service::shut_down`].
    pub fn start(store: Arc<dyn Store>, catalog: Arc<Catalog>, clock: Clock) -> Service {
        Service::start_within(Limits::default(), store, catalog, clock)
    }

    /// The same with other limits.
    pub fn start_within(
        limits: Limits,
        store: Arc<dyn Store>,
        catalog: Arc<Catalog>,
        clock: Clock,
    ) -> Service {
        Service::begin(Threads::default(), limits, store, catalog, clock)
    }

    /// The same, with threads that are started and wait as a test wants it.
    pub fn start_on(threads: Threads, store: Arc<dyn Store>, catalog: Arc<Catalog>, clock: Clock) -> Service {
        Service::begin(threads, Limits::default(), store, catalog, clock)
    }

    fn begin(
        threads: Threads,
        limits: Limits,
        store: Arc<dyn Store>,
        catalog: Arc<Catalog>,
        clock: Clock,
    ) -> Service {
        let hub = Arc::new(Hub::default());
        let catalog = Arc::new(InUse(RwLock::new(catalog)));
        let (queue, submitted) = mpsc::channel(limits.queue_events);
        let (kept, rules, told) = (store.clone(), catalog.clone(), hub.clone());
        let writer = Writer::new(kept, rules, told, clock.clone(), submitted, threads.clone());
        let writer = Mutex::new(Some(writer.spawn()));
        let room = Arc::new(Semaphore::new(limits.queue_bytes / PIECE_BYTES));
        let (stopping, reloading, folder) = Default::default();
        Service(Arc::new(Inner {
            timelines: store.timelines(),
            store,
            catalog,
            hub,
            clock,
            threads,
            limits,
            queue,
            room,
            backups: Arc::new(Semaphore::new(BACKUPS_MAX)),
            stopping,
            reloading,
            folder,
            writer,
        }))
    }

    /// The catalog in use.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.0.catalog.get()
    }

    /// Takes other rules into use, between two events: for what is recorded from then on. `compile` makes them with
    /// the numbers in use; where it makes none, or fails, all stays as it is. What is kept stays in any case: a stat
    /// with the same definition goes on, a new one begins with nothing.
    pub async fn reload<E: std::convert::From<Error>>(
        &self,
        compile: impl FnOnce(&Numbers) -> Result<Option<(Catalog, Numbers)>, E>,
    ) -> Result<Option<Arc<Catalog>>, E> {
        // One at a time, or two could give the same number to different rules.
        let _reloading = self.0.reloading.lock().await;
        let Some((catalog, numbers)) = compile(&self.0.store.numbers())? else { return Ok(None) };
        let catalog = Arc::new(catalog);
        let (answer, adopted) = oneshot::channel();
        let submitted = Submitted::Adopt { catalog: catalog.clone(), numbers: Box::new(numbers), answer };
        self.0.queue.send(submitted).await.map_err(|_| self.0.no_writer())?;
        adopted.await.unwrap_or_else(|_| Err(self.0.no_writer()))?;
        Ok(Some(catalog))
    }

    /// Records one event: when it answers, the event and all that it gave are kept. Fails at once where too
    /// many events wait.
    pub async fn record(&self, draft: Draft) -> Result<Recorded, Error> {
        let room = self.0.room(pieces(&draft))?;
        let (event, arrival) = self.0.parse(draft).await?;
        self.0.record(event, arrival, room).await
    }

    /// Accepts an event of a stream, waiting for room. Events that are submitted one after the other are
    /// recorded in that order. A historical one must have its time.
    pub async fn submit(&self, draft: Draft, historical: bool) -> Result<Pending, Error> {
        if historical && draft.time.is_none() {
            let problem = "must be set in a historical stream, to when the event happened";
            return Err(Error::Invalid(vec![Invalid::new("time", problem)]));
        }
        let room = self.0.room.clone().acquire_many_owned(pieces(&draft)).await;
        let room = room.map_err(Error::internal)?;
        let (event, arrival) = self.0.parse(draft).await?;
        self.0.fetch(&event).await?;
        let (submitted, pending) = self.0.accept(event, arrival, historical, room);
        self.0.queue.send(submitted).await.map_err(|_| self.0.no_writer())?;
        Ok(pending)
    }

    /// A user's document as it stands now, and the place up to which it has everything.
    pub async fn document(&self, user: &UserId) -> Result<(Arc<Document>, Place), Error> {
        let head = self.0.store.head();
        let document = self.0.load_one(&Key::user(user)).await?;
        // What was kept while it was fetched may be in it, and is then in it whole.
        let sequence = head.max(document.sequence);
        // A group's documents can be seen a moment before the store says that it has come so far, and a place
        // beyond its end would be refused.
        while self.0.store.head() < sequence {
            tokio::time::sleep(PUBLISHING_PAUSE).await;
        }
        Ok((document, Place::end_of(sequence)))
    }

    /// How far a user is towards the badges not yet held, nearest first; secret ones are left out.
    pub async fn progress(&self, user: &UserId) -> Result<Vec<Progress>, Error> {
        // Held here, since the cache may be too small to have them all at once.
        let mut loaded = HashMap::new();
        loop {
            let now = self.0.clock.now();
            let documents = Loaded { loaded: &loaded, at_hand: AtHand(&*self.0.store) };
            match engine::progress(&self.catalog(), user, now, &documents) {
                Ok(progress) => return Ok(progress),
                Err(needs) => {
                    let documents = self.0.load(needs.clone()).await?;
                    loaded.extend(needs.into_iter().zip(documents));
                }
            }
        }
    }

    /// How many users there are, and how many hold each badge.
    pub fn rarity(&self) -> Rarity {
        self.0.store.rarity()
    }

    /// Begins a live stream, with a heartbeat at once and whenever nothing happened for so long.
    pub fn live(&self, filter: Filter, from: From, heartbeat: Duration) -> Live {
        Live::begin(self.clone(), filter, from, heartbeat)
    }

    /// A place as callers keep it.
    pub fn cursor(&self, place: Place) -> String {
        let timeline = self.0.timelines.of(place.sequence);
        cursor::write(self.0.store.identity(), timeline, place)
    }

    /// The place that a caller kept: of this store, and on the way that it went.
    pub fn place(&self, cursor: &str) -> Result<Place, Error> {
        let (identity, timeline, place) = cursor::read(cursor).ok_or(Error::CursorInvalid)?;
        let of_ours = identity == self.0.store.identity() && timeline == self.0.timelines.of(place.sequence);
        if !of_ours || place.sequence > self.0.store.head() {
            return Err(Error::CursorForeign { oldest: self.cursor(self.oldest()) });
        }
        Ok(place)
    }

    /// The oldest place after which the awards of all users can be told.
    pub fn oldest(&self) -> Place {
        match self.0.store.kept_from() {
            Sequence(0 | 1) => Place::START,
            Sequence(first) => Place::end_of(Sequence(first - 1)),
        }
    }

    /// Lets go of records of events that arrived longer ago than this, as far as that is worth it.
    pub async fn reclaim(&self, retain: Duration) -> Result<(), Error> {
        let micros = i64::try_from(retain.as_micros()).unwrap_or(i64::MAX);
        let before = self.0.clock.now().plus_micros(-micros).unwrap_or(Time::MIN);
        let inner = self.0.clone();
        let reclaimed = self.0.threads.blocking(move || inner.store.reclaim(before)).await;
        reclaimed.map_err(Error::internal)?.map_err(Error::from_store)
    }

    /// What an error of the store's means to who resumes.
    fn resuming(&self, error: store::Error) -> Error {
        if let store::Error::Expired { .. } = error {
            return Error::CursorExpired { oldest: self.cursor(self.oldest()) };
        }
        Error::from_store(error)
    }

    /// Waits until events are no longer recorded: the writer was told to stop, or died.
    pub async fn ended(&self) {
        self.0.queue.closed().await;
    }

    /// Accepts nothing more, finishes what was accepted, ends live streams, and writes behind what is left.
    /// A second call waits for nothing.
    pub async fn shut_down(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
        let writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(writer) = writer else { return };
        // An error means that the writer is gone, and then there is nothing to stop.
        let _ = self.0.queue.send(Submitted::Stop).await;
        let inner = self.0.clone();
        let finished = self.0.threads.blocking(move || {
            if writer.join().is_err() {
                tracing::error!("the writer died; what it had answered is kept");
            }
            inner.hub.close();
            if let Err(error) = inner.store.checkpoint() {
                tracing::warn!(%error, "nothing is lost, but the next start will take longer");
            }
        });
        if finished.await.is_err() {
            tracing::error!("stopping was cut short; what was answered is kept");
        }
    }
}

impl InUse {
    fn get(&self) -> Arc<Catalog> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, catalog: Arc<Catalog>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = catalog;
    }
}

impl Inner {
    /// Room for so many pieces of data, if there is any now.
    fn room(&self, pieces: u32) -> Result<OwnedSemaphorePermit, Error> {
        let room = self.room.clone().try_acquire_many_owned(pieces);
        room.map_err(|_| Error::Overloaded { retry_after: RETRY_AFTER })
    }

    /// Records an event that is known to be right.
    async fn record(
        self: &Arc<Self>,
        event: Event,
        arrival: Time,
        room: OwnedSemaphorePermit,
    ) -> Result<Recorded, Error> {
        self.fetch(&event).await?;
        let (submitted, pending) = self.accept(event, arrival, false, room);
        self.queue.try_send(submitted).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Overloaded { retry_after: RETRY_AFTER },
            mpsc::error::TrySendError::Closed(_) => self.no_writer(),
        })?;
        pending.await
    }

    /// An event for the writer, and what its answer will come from.
    fn accept(
        &self,
        event: Event,
        arrival: Time,
        historical: bool,
        room: OwnedSemaphorePermit,
    ) -> (Submitted, Pending) {
        let (answer, pending) = oneshot::channel();
        let reply = Reply { answer, home: self.threads.home(), _room: room };
        let waiting = Waiting { event: Box::new(event), arrival, historical, reply };
        (Submitted::Event(waiting), Pending { answer: pending })
    }

    async fn parse(self: &Arc<Self>, draft: Draft) -> Result<(Event, Time), Error> {
        if self.stopping.load(Ordering::SeqCst) {
            return Err(Error::ShuttingDown);
        }
        let arrival = self.arrival(&draft.id, draft.time).await?;
        let event = draft.parse_within(self.limits.data_bytes, arrival).map_err(Error::Invalid)?;
        if let Err(wrong) = self.catalog.get().check_event(&event)
            && !self.is_recorded(event.id.as_str()).await?
        {
            return Err(Error::Invalid(wrong));
        }
        // What was right by the rules of then is answered as it was.
        Ok((event, arrival))
    }

    /// Now. But an event that was recorded before the clock was set back arrives when it happened: sent again, it is
    /// answered as it was, and not refused for lying in the future.
    async fn arrival(self: &Arc<Self>, id: &str, time: Option<(i64, i32)>) -> Result<Time, Error> {
        let now = self.clock.now();
        let time = time.and_then(|(seconds, nanos)| Time::from_unix(seconds, nanos));
        let ahead = time.filter(|time| time.micros().saturating_sub(now.micros()) > FUTURE_MAX_MICROS);
        let Some(ahead) = ahead else { return Ok(now) };
        Ok(if self.is_recorded(id).await? { ahead } else { now })
    }

    /// Whether there is an event with this id.
    async fn is_recorded(self: &Arc<Self>, id: &str) -> Result<bool, Error> {
        let Ok(id) = EventId::parse(id) else { return Ok(false) };
        let inner = self.clone();
        let recorded = self.threads.blocking(move || inner.store.recorded(&id)).await;
        Ok(recorded.map_err(Error::internal)?.map_err(Error::from_store)?.is_some())
    }

    /// Fetches the documents that an event is sure to need, so that the writer need not wait for the disk.
    async fn fetch(self: &Arc<Self>, event: &Event) -> Result<(), Error> {
        let mut cold = engine::keys(&self.catalog.get(), event, &AtHand(&*self.store));
        cold.retain(|key| self.store.at_hand(key).is_none());
        if !cold.is_empty() {
            self.load(cold).await?;
        }
        Ok(())
    }

    async fn load_one(self: &Arc<Self>, key: &Key) -> Result<Arc<Document>, Error> {
        if let Some(document) = self.store.at_hand(key) {
            return Ok(document);
        }
        Ok(self.load(vec![key.clone()]).await?.pop().unwrap_or_default())
    }

    async fn load(self: &Arc<Self>, keys: Vec<Key>) -> Result<Vec<Arc<Document>>, Error> {
        let (answer, loaded) = oneshot::channel();
        // Who asked may have gone.
        self.store.load_then(keys, Box::new(move |documents| drop(answer.send(documents))));
        loaded.await.map_err(Error::internal)?.map_err(Error::from_store)
    }

    /// Why there is no writer.
    fn no_writer(&self) -> Error {
        match self.stopping.load(Ordering::SeqCst) {
            true => Error::ShuttingDown,
            false => Error::internal(error::WriterDied),
        }
    }
}

/// How much room the data of an event takes: data that is too long is refused soon, and takes no more than
/// the longest.
fn pieces(draft: &Draft) -> u32 {
    let bytes = draft.data_bytes().min(DATA_MAX_BYTES);
    u32::try_from(bytes / PIECE_BYTES + 1).unwrap_or(u32::MAX)
}

/// The documents that are in memory.
struct AtHand<'a>(&'a dyn Store);

impl Documents for AtHand<'_> {
    fn get(&self, key: &Key) -> Option<Arc<Document>> {
        self.0.at_hand(key)
    }
}

/// The documents that were loaded for one call, and those that are in memory.
struct Loaded<'a> {
    loaded: &'a HashMap<Key, Arc<Document>>,
    at_hand: AtHand<'a>,
}

impl Documents for Loaded<'_> {
    fn get(&self, key: &Key) -> Option<Arc<Document>> {
        self.loaded.get(key).cloned().or_else(|| self.at_hand.get(key))
    }
}
