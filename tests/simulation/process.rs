//! One life of the server, from its start to its end, and all that clients do meanwhile.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use laurels::act::Hand;
use laurels::award::Place;
use laurels::catalog::{Catalog, Numbers};
use laurels::document::Document;
use laurels::event::{Sequence, UserId};
use laurels::service::{Error, From, Live, Progress, Recorded, Service, Told};
use laurels::store::{Embedded, Store};

use crate::clients::{Circumstances, Try};
use crate::hands;
use crate::sabotage::{Observed, Sabotage};
use crate::schedule::broken;
use crate::site::Rules;
use crate::tasks::{Owner, Task};
use crate::world::World;

/// How often a stream says that it is alive.
const HEARTBEAT: Duration = Duration::from_millis(700);

/// What has come of a task.
enum News {
    Event(Try, Box<Result<Recorded, Error>>),
    Document(String, Place, Result<(Arc<Document>, Place), Error>),
    Progress(String, Result<Vec<Progress>, Error>),
    Reloaded(Result<Option<Arc<Catalog>>, Error>),
    Told(usize, Result<Told, Error>),
    StreamEnded(usize),
}

type Inbox = Rc<RefCell<VecDeque<News>>>;

/// A server that runs.
pub(crate) struct Process {
    pub(crate) store: Arc<Embedded>,
    observed: Arc<Observed>,
    service: Service,
    pub(crate) tasks: Vec<Task>,
    inbox: Inbox,
    reloading: Option<Rules>,
    /// What a reload compiled, until its numbers are in use.
    compiled: Rc<RefCell<Option<Catalog>>>,
    stopping: bool,
    /// Faults there had been before it began.
    faults_before: u64,
}

impl Process {
    /// Starts a service over a store that was opened, and whose numbers are in use.
    pub(crate) fn start(world: &World, store: Arc<Embedded>, catalog: Catalog) -> Process {
        let observed = Arc::new(Observed::new(store.clone(), world.setup.sabotage));
        let service =
            Service::start_on(world.threads(), observed.clone(), Arc::new(catalog), world.clock.clone());
        Process {
            store,
            observed,
            service,
            tasks: Vec::new(),
            inbox: Inbox::default(),
            reloading: None,
            compiled: Rc::default(),
            stopping: false,
            faults_before: world.faults_before,
        }
    }

    pub(crate) fn is_dead(&self, world: &World) -> bool {
        world.platter.is_dead()
    }

    /// Learns what has been kept since the last time, event by event.
    pub(crate) fn learn(&self, world: &mut World) {
        learn(world, &self.store, |world| self.switch(world));
    }

    /// After which event which rules hold, while they are taken into use. Their numbers are known from then on.
    fn switch(&self, world: &mut World) -> Option<(Sequence, Rules)> {
        let adopted = *self.observed.adopted_after.lock().unwrap_or_else(PoisonError::into_inner);
        let switch = adopted.zip(self.reloading);
        if let Some((_, rules)) = switch
            && let Some(catalog) = self.compiled.borrow_mut().take()
        {
            world.history.takes_into_use(rules, &catalog);
        }
        switch
    }

    /// Goes on with every task that was woken, and hears what came of it.
    pub(crate) fn poll(&mut self, world: &mut World) {
        let mut at = 0;
        while at < self.tasks.len() {
            let task = &mut self.tasks[at];
            let held_up = matches!(task.owner, Owner::Listener(of) if world.listeners[of].slow);
            if held_up || !task.is_woken() {
                at += 1;
                continue;
            }
            let over = task.poll();
            // Whatever it says came too late to be heard.
            if self.is_dead(world) {
                return;
            }
            if over {
                drop(self.tasks.swap_remove(at));
            } else {
                at += 1;
            }
            self.hear(world);
        }
    }

    fn hear(&mut self, world: &mut World) {
        loop {
            let Some(news) = self.inbox.borrow_mut().pop_front() else { return };
            self.learn(world);
            if self.is_dead(world) {
                return;
            }
            self.hear_one(world, news);
        }
    }

    fn hear_one(&mut self, world: &mut World, news: News) {
        match news {
            News::Event(of, result) => {
                world.turns.note(if result.is_ok() { "answer" } else { "refusal" }, of.sent as u64, || {
                    format!("{result:?}")
                });
                let circumstances = self.circumstances(world);
                let place = world.clients.answered(of, *result, &world.history, &circumstances);
                world.seen = world.seen.max(place.unwrap_or_default());
            }
            News::Document(user, floor, Ok((document, place))) => {
                if place < floor || place.sequence > world.history.head() {
                    broken(
                        "what was seen is never unseen, and is kept",
                        format!("{place:?} after {floor:?}"),
                    );
                }
                world.seen = world.seen.max(place);
                world.history.check_user(&user, &document, place);
            }
            News::Progress(user, Ok(progress)) => self.check_progress(world, &user, &progress),
            News::Document(_, _, Err(error)) | News::Progress(_, Err(error)) => {
                self.excuse(world, "reading goes on", &error)
            }
            News::Reloaded(result) => self.reloaded(world, result),
            News::Told(listener, Ok(told)) => {
                world.turns.note("told", listener as u64, || format!("{told:?}"));
                let own = &mut world.listeners[listener];
                let loses = world.setup.sabotage == Some(Sabotage::LoseAToldAward)
                    && matches!(told, Told::Award(_) | Told::Revocation(_))
                    && own.told % 20 == 19;
                match loses {
                    true => own.told += 1,
                    false => own.hears(&told, &world.history),
                }
                own.cursor = own.reached.map(|place| self.service.cursor(place));
            }
            News::Told(listener, Err(error)) => {
                self.excuse(world, "a stream goes on", &error);
                self.end_stream(listener);
            }
            News::StreamEnded(listener) => {
                if !self.stopping {
                    broken("a stream ends when the server does", format!("listener {listener}"));
                }
                self.end_stream(listener);
            }
        }
    }

    fn excuse(&self, world: &World, promise: &str, error: &Error) {
        let circumstances = self.circumstances(world);
        let allowed =
            circumstances.excused || (circumstances.stopping && matches!(error, Error::ShuttingDown));
        if !allowed {
            broken(promise, format!("{error:?}"));
        }
    }

    fn circumstances(&self, world: &World) -> Circumstances {
        let happened = world.platter.state().happened.clone();
        Circumstances {
            excused: happened.faults() != self.faults_before || world.platter.state().faults.any(),
            uncertain: happened.uncertain,
            stopping: self.stopping,
        }
    }

    fn check_progress(&self, world: &mut World, user: &str, progress: &[Progress]) {
        world.history.checks += 1;
        for one in progress {
            let (has, needs) = (one.current, one.goal);
            if has < 0.0 || needs <= 0.0 {
                broken("progress is towards something", format!("{user}: {one:?}"));
            }
            // What was posted since it was asked makes this one more at most, never less.
            let is_photographer = world.history.number("photographer-5") == Some(one.badge);
            if is_photographer && has > world.history.posted(user) as f64 {
                broken("progress is what was done", format!("{user}: {one:?}"));
            }
        }
    }

    fn reloaded(&mut self, world: &mut World, result: Result<Option<Arc<Catalog>>, Error>) {
        let rules = self.reloading.take();
        world.turns.note("reloaded", u64::from(result.is_ok()), || {
            format!("{rules:?} {:?} after {:?}", result.is_ok(), self.observed.adopted_after)
        });
        *self.compiled.borrow_mut() = None;
        *self.observed.adopted_after.lock().unwrap_or_else(PoisonError::into_inner) = None;
        match (result, rules) {
            (Ok(Some(catalog)), Some(rules)) => {
                world.history.takes_into_use(rules, &catalog);
                world.rules = rules;
                world.reloads += 1;
            }
            (Ok(None) | Err(Error::CursorInvalid), None) => world.failed_reloads += 1,
            (Err(error), Some(_)) => self.excuse(world, "rules are replaced", &error),
            (result, _) => broken("a reload answers what was asked", format!("{result:?}")),
        }
    }

    fn end_stream(&mut self, listener: usize) {
        self.tasks.retain(|task| task.owner != Owner::Listener(listener));
    }

    /// Something happens.
    pub(crate) fn step(&mut self, world: &mut World) {
        match world.dice.u8(..100) {
            0..45 => {
                let contents = world.happens(false);
                let of = world.clients.send(contents);
                self.record(world, of);
            }
            45..53 => self.stream(world),
            53..62 => self.retry(world),
            62..64 => {
                let contents = world.something_invalid();
                let of = world.clients.send(contents);
                self.record(world, of);
            }
            64..72 => self.read(world),
            84..92 => {
                let contents = world.is_done_by_hand();
                let of = world.clients.send(contents);
                self.record(world, of);
            }
            74..79 => self.change_a_listener(world),
            79..80 if world.dice.u8(..4) == 0 => self.reload(world),
            80..82 => world.jump(),
            82..84 => world.change_faults(),
            _ => {}
        }
        if world.dice.u8(..4) == 0 {
            world.turns.pass();
        }
    }

    pub(crate) fn record(&mut self, world: &mut World, of: Try) {
        let (id, contents) = world.clients.contents(of);
        let (service, inbox) = (self.service.clone(), self.inbox.clone());
        let answer = move |result| inbox.borrow_mut().push_back(News::Event(of, Box::new(result)));
        world.events += 1;
        let order = contents.order(id, format!("key {}", of.attempt));
        let task = match order.zip(contents.act.clone()) {
            None => {
                let draft = contents.draft(id);
                Task::new(Owner::Client, async move { answer(service.record(draft).await) })
            }
            Some(((Hand::Gives, order), act)) => Task::new(Owner::Client, async move {
                let (user, given) = (order.user.clone(), service.award_by_hand(order).await);
                given.iter().for_each(|given| hands::check_given(&act, &user, given));
                answer(given.map(|given| given.recorded));
            }),
            Some(((Hand::Takes, order), act)) => Task::new(Owner::Client, async move {
                let (user, taken) = (order.user.clone(), service.revoke_by_hand(order).await);
                taken.iter().for_each(|taken| hands::check_taken(&act, &user, taken));
                answer(taken.map(|taken| taken.recorded));
            }),
        };
        self.tasks.push(task);
    }

    /// A stream of events, which are answered when they are kept.
    fn stream(&mut self, world: &mut World) {
        let historical = world.dice.u8(..3) == 0;
        let many = world.dice.usize(1..12);
        let drafts: Vec<_> = (0..many)
            .map(|_| {
                let contents = world.happens(historical);
                let of = world.clients.send(contents);
                let (id, contents) = world.clients.contents(of);
                (of, contents.draft(id))
            })
            .collect();
        world.events += many as u64;
        let (service, inbox) = (self.service.clone(), self.inbox.clone());
        self.tasks.push(Task::new(Owner::Client, async move {
            let mut waiting = Vec::new();
            for (of, draft) in drafts {
                match service.submit(draft, historical).await {
                    Ok(pending) => waiting.push((of, pending)),
                    Err(error) => inbox.borrow_mut().push_back(News::Event(of, Box::new(Err(error)))),
                }
            }
            for (of, pending) in waiting {
                let result = pending.await;
                inbox.borrow_mut().push_back(News::Event(of, Box::new(result)));
            }
        }));
    }

    /// Somebody sends an event again, or takes its id for another.
    fn retry(&mut self, world: &mut World) {
        let all = world.clients.sent.len();
        if all == 0 {
            return;
        }
        // Mostly one of the last, as clients do; sometimes one from long ago.
        let back = if world.dice.u8(..4) == 0 { all } else { all.min(30) };
        let sent = all - 1 - world.dice.usize(..back);
        let of = match world.dice.u8(..5) {
            0 => {
                let contents = world.happens(false);
                world.clients.reuse(sent, contents)
            }
            _ => world.clients.retry(sent),
        };
        self.record(world, of);
    }

    fn read(&mut self, world: &mut World) {
        let user = format!("u{}", world.dice.usize(..world.size.users));
        let id = UserId::parse(&user).expect("the site's users have names");
        let (service, inbox, floor) = (self.service.clone(), self.inbox.clone(), world.seen);
        match world.dice.u8(..4) {
            0 => self.tasks.push(Task::new(Owner::Client, async move {
                let result = service.progress(&id).await;
                inbox.borrow_mut().push_back(News::Progress(user, result));
            })),
            _ => self.tasks.push(Task::new(Owner::Client, async move {
                let result = service.document(&id).await;
                inbox.borrow_mut().push_back(News::Document(user, floor, result));
            })),
        }
    }

    fn change_a_listener(&mut self, world: &mut World) {
        let at = world.dice.usize(..world.listeners.len());
        match world.dice.u8(..4) {
            0 => world.listeners[at].slow = true,
            1 => world.listeners[at].slow = false,
            2 => self.end_stream(at),
            _ => self.listen(world, at),
        }
    }

    /// One who does not listen does so, from where it was.
    pub(crate) fn listen(&mut self, world: &mut World, at: usize) {
        if self.tasks.iter().any(|task| task.owner == Owner::Listener(at)) {
            return;
        }
        let own = &mut world.listeners[at];
        let from = match (&own.cursor, own.reached) {
            (Some(cursor), Some(reached)) => match self.service.place(cursor) {
                Ok(place) if place == reached => From::After(place),
                other => broken("a cursor stays good", format!("{cursor} ({reached:?}): {other:?}")),
            },
            _ => From::Now,
        };
        let mut live: Live = self.service.live(own.filter(&world.history), from, HEARTBEAT);
        let inbox = self.inbox.clone();
        self.tasks.push(Task::new(Owner::Listener(at), async move {
            while let Some(told) = live.next().await {
                inbox.borrow_mut().push_back(News::Told(at, told));
                // It is heard before it is asked for more.
                yield_once().await;
            }
            inbox.borrow_mut().push_back(News::StreamEnded(at));
        }));
    }

    fn reload(&mut self, world: &mut World) {
        if self.tasks.iter().any(|task| task.owner == Owner::Reload) {
            return;
        }
        let rules = Rules::ALL[world.dice.usize(..Rules::ALL.len())];
        let fails = world.dice.u8(..4);
        self.reloading = (fails > 1).then_some(rules);
        world.turns.note("reload", u64::from(fails), || format!("{rules:?}"));
        let (service, inbox) = (self.service.clone(), self.inbox.clone());
        let (compiler, compiled) = (world.compiler.clone(), self.compiled.clone());
        self.tasks.push(Task::new(Owner::Reload, async move {
            let compile = |numbers: &Numbers| match fails {
                0 => Ok(None),
                1 => Err(Error::CursorInvalid),
                _ => {
                    let (catalog, numbers) = compiler.borrow_mut().compile(rules, numbers);
                    *compiled.borrow_mut() = Some(catalog.clone());
                    Ok(Some((catalog, numbers)))
                }
            };
            let result = service.reload(compile).await;
            inbox.borrow_mut().push_back(News::Reloaded(result));
        }));
    }

    /// So many large events at once that not all can wait.
    pub(crate) fn flood(&mut self, world: &mut World) {
        for _ in 0..1100 {
            let mut contents = world.happens(false);
            contents.ballast = 15_000;
            let of = world.clients.send(contents);
            self.record(world, of);
        }
    }

    pub(crate) fn has(&self, wanted: impl Fn(Owner) -> bool) -> bool {
        self.tasks.iter().any(|task| wanted(task.owner))
    }

    /// The server is told to stop, and does. What it had accepted is answered.
    pub(crate) async fn shut_down(mut self, world: &mut World) {
        self.stopping = true;
        let service = self.service.clone();
        self.tasks.push(Task::new(Owner::ShutDown, async move { service.shut_down().await }));
        for listener in &mut world.listeners {
            listener.slow = false;
        }
        self.settle(world, |_| true).await;
        self.bury(world);
    }

    /// It is dead, or as good as that: nobody is answered any more.
    pub(crate) fn bury(self, world: &mut World) {
        world.switch = self.switch(world);
        let Process { store, observed, service, tasks, .. } = self;
        drop((tasks, service, observed, store));
        world.clients.lose_all();
        world.bury();
    }
}

/// Learns what was kept. `switch` says after which event other rules hold; it is asked when events were read, since
/// rules may be taken into use meanwhile.
pub(crate) fn learn(
    world: &mut World,
    store: &Embedded,
    switch: impl Fn(&mut World) -> Option<(Sequence, Rules)>,
) {
    world.platter.state().faults.suspended = true;
    while store.head() > world.history.head() && !world.platter.is_dead() {
        match store.records_after(world.history.head(), 1000) {
            Ok(records) => {
                let switch = switch(world);
                for record in records {
                    let rules = switch
                        .filter(|(after, _)| record.sequence > *after)
                        .map_or(world.rules, |(_, rules)| rules);
                    world.clients.check_kept(&record);
                    world.history.learn(record, rules);
                }
            }
            Err(_) if world.platter.is_dead() => break,
            Err(error) => broken("what is kept can be read", error),
        }
    }
    world.platter.state().faults.suspended = false;
}

/// Where the store of the simulation is.
pub(crate) fn directory() -> &'static Path {
    Path::new("/data")
}

async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        match std::mem::replace(&mut yielded, true) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
}
