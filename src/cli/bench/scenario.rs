//! What a bench does: calls in a closed loop, or streams that are kept full.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use laurels_client::{BadgesOptions, Client, Error, Event};
use tokio::task::JoinSet;
use tokio_stream::Stream;

use super::Scenario;
use super::course::Course;
use super::listeners::Listeners;
use super::users::{Arrivals, Users};

/// What is done, and by how many.
pub(super) struct Load {
    pub(super) scenario: Scenario,
    pub(super) clients: Vec<Client>,
    pub(super) in_flight: usize,
    pub(super) users: Users,
    /// Who listens, where that is what is measured.
    pub(super) listeners: Option<Listeners>,
    pub(super) r#type: String,
    pub(super) data: String,
    pub(super) without_progress: bool,
    /// What event ids begin with.
    pub(super) run: String,
}

impl Load {
    /// Does it until the course is over and everything is answered.
    pub(super) async fn drive(self: &Arc<Load>, course: Course) -> Result<Arc<Course>, Error> {
        let course = Arc::new(course);
        if let Some(listeners) = &self.listeners {
            listeners.begin(&course);
        }
        let mut workers = JoinSet::new();
        let count = match self.scenario {
            Scenario::Record | Scenario::Badges | Scenario::Watch => self.in_flight,
            Scenario::Stream => self.clients.len(),
        };
        for number in 0..count {
            let client = self.clients[number % self.clients.len()].clone();
            // Others come in each course, and to each worker.
            let arrivals = self.users.arrivals(course.begun() << 16 | number as u64);
            let (load, course) = (self.clone(), course.clone());
            workers.spawn(async move {
                match load.scenario {
                    Scenario::Record | Scenario::Watch => load.record(client, &course, arrivals).await,
                    Scenario::Badges => load.badges(client, &course, arrivals).await,
                    Scenario::Stream => {
                        return load.stream(client, course, arrivals, load.window(number)).await;
                    }
                }
                Ok(())
            });
        }
        while let Some(ended) = workers.join_next().await {
            ended.expect("no worker panics or is stopped")?;
        }
        if let Some(listeners) = &self.listeners {
            listeners.all_heard().await?;
        }
        Ok(course)
    }

    async fn record(&self, client: Client, course: &Course, mut arrivals: Arrivals) {
        while let Some(number) = course.begin() {
            let event = self.event(number, &mut arrivals);
            match &self.listeners {
                None => {
                    let began = Instant::now();
                    course.end(began, client.record(event).await.map(drop));
                }
                Some(listeners) => {
                    let user = event.user.clone();
                    listeners.sending(&event);
                    match client.record(event).await {
                        Ok(recorded) => listeners.promised(&user, &recorded),
                        Err(error) => course.end(Instant::now(), Err(error)),
                    }
                }
            }
        }
    }

    async fn badges(&self, client: Client, course: &Course, mut arrivals: Arrivals) {
        while let Some(number) = course.begin() {
            let options =
                BadgesOptions { without_progress: self.without_progress, ..BadgesOptions::default() };
            let user = arrivals.user(number);
            let began = Instant::now();
            course.end(began, client.badges_with(user, options).await.map(drop));
        }
    }

    /// One stream. Fails where it ends early.
    async fn stream(
        self: &Arc<Load>,
        client: Client,
        course: Arc<Course>,
        arrivals: Arrivals,
        window: usize,
    ) -> Result<(), Error> {
        let unanswered = Arc::new(Mutex::new(Unanswered::default()));
        let (load, shared) = (self.clone(), unanswered.clone());
        let events = Events { load, course: course.clone(), arrivals, window, unanswered: shared };
        let mut answers = client.record_all(events).await?;
        while let Some(answer) = answers.next().await {
            let result = answer?.result.map(drop);
            let began = unanswered.lock().expect("nobody panics with it").answered();
            course.end(began.ok_or_else(|| Error::lost("an answer is one too many"))?, result);
        }
        match unanswered.lock().expect("nobody panics with it").began.is_empty() {
            true => Ok(()),
            false => Err(Error::lost("the server ended the stream")),
        }
    }

    /// How many events of a stream await their answers.
    fn window(&self, stream: usize) -> usize {
        let (streams, in_flight) = (self.clients.len(), self.in_flight);
        in_flight / streams + usize::from(stream < in_flight % streams)
    }

    fn event(&self, number: u64, arrivals: &mut Arrivals) -> Event {
        let id = format!("{}-{number}", self.run);
        let event = Event::new(self.r#type.as_str(), arrivals.user(number)).with_id(id);
        if self.data.is_empty() { event } else { event.with_data_json(self.data.as_str()) }
    }
}

/// The events of a stream: the next one when there is room for it.
struct Events {
    load: Arc<Load>,
    course: Arc<Course>,
    arrivals: Arrivals,
    window: usize,
    unanswered: Arc<Mutex<Unanswered>>,
}

/// Since when events of a stream await their answers, in the order sent.
#[derive(Default)]
struct Unanswered {
    began: VecDeque<Instant>,
    /// Who waits for room.
    waits: Option<Waker>,
}

impl Unanswered {
    fn answered(&mut self) -> Option<Instant> {
        if let Some(waker) = self.waits.take() {
            waker.wake();
        }
        self.began.pop_front()
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let Events { load, course, arrivals, window, unanswered } = self.get_mut();
        let mut unanswered = unanswered.lock().expect("nobody panics with it");
        if unanswered.began.len() >= *window {
            unanswered.waits = Some(context.waker().clone());
            return Poll::Pending;
        }
        let Some(number) = course.begin() else { return Poll::Ready(None) };
        unanswered.began.push_back(Instant::now());
        Poll::Ready(Some(load.event(number, arrivals)))
    }
}
