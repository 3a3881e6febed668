//! `RecordEvents`: a stream of events, many in flight, each answered in the order sent.
//!
//! One task a stream. It reads while it answers, and holds at most [`STREAM_PENDING_MAX`] events: then
//! it reads no more until the caller has taken an answer, and HTTP/2 holds the caller back. However a stream
//! ends, what was accepted before is answered first. A key that may record so many events a second is held back in the
//! same way, rather than told of each event that it should have waited.

use std::collections::VecDeque;
use std::pin::Pin;

use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::closing::Closing;
use super::codec::Frame;
use super::proto::record_events_response::Result as Answer;
use super::proto::{ErrorReason, RecordEventsRequest, RecordEventsResponse};
use super::record;
use super::status::Refusal;
use crate::access::Caller;
use crate::service::{Error, Recorded, STREAM_PENDING_MAX, Service};

/// Answers that the connection has not yet taken, apart from those that count as awaiting theirs.
const ANSWERS_BUFFERED: usize = 16;

/// The answers to a stream of events.
pub(super) type Answers = ReceiverStream<Result<RecordEventsResponse, Status>>;

/// Begins to answer a stream of events.
pub(super) fn answer(
    service: Service,
    caller: Caller,
    requests: Streaming<Frame<RecordEventsRequest>>,
    closing: Closing,
) -> Answers {
    let (sender, answers) = mpsc::channel(ANSWERS_BUFFERED);
    let waiting = VecDeque::new();
    let exchange =
        Exchange { service, caller, waiting, historical: None, counted: true, held: None, ended: None };
    tokio::spawn(exchange.run(requests, sender, closing));
    ReceiverStream::new(answers)
}

/// One stream of events.
struct Exchange {
    service: Service,
    caller: Caller,
    /// Events without an answer, in the order sent.
    waiting: VecDeque<Waiting>,
    /// Whether the stream is the past; known from the first message on.
    historical: Option<bool>,
    /// Whether the next event was counted already: the first one is by the call.
    counted: bool,
    /// What was read too early for its key, and until when it waits. Nothing more is read meanwhile.
    held: Option<(Pin<Box<Sleep>>, Frame<RecordEventsRequest>)>,
    /// Why nothing more is read; said when all is answered.
    ended: Option<Result<(), Status>>,
}

/// An event on its way to its answer.
enum Waiting {
    /// The service has it.
    Accepted(Pin<Box<dyn Future<Output = Result<Recorded, Error>> + Send>>),
    /// It was refused at once.
    Refused(Refusal),
}

impl Exchange {
    async fn run(
        mut self,
        mut requests: Streaming<Frame<RecordEventsRequest>>,
        answers: mpsc::Sender<Result<RecordEventsResponse, Status>>,
        mut closing: Closing,
    ) {
        let mut index = 0;
        let mut ready = None;
        // Once for the whole stream: to begin to wait takes a lock, which an event should not.
        let gone = answers.closed();
        let begun = closing.begun();
        tokio::pin!(gone, begun);
        while self.ended.is_none() || ready.is_some() || !self.waiting.is_empty() {
            let room = self.waiting.len() + usize::from(ready.is_some()) < STREAM_PENDING_MAX;
            tokio::select! {
                sent = answers.reserve(), if ready.is_some() => {
                    // An error says that the caller is gone: what was accepted is kept all the same.
                    let (Ok(room), Some(answer)) = (sent, ready.take()) else { return };
                    room.send(Ok(answer));
                }
                result = first(&mut self.waiting), if ready.is_none() && !self.waiting.is_empty() => {
                    match self.result(result) {
                        Ok(result) => ready = Some(RecordEventsResponse { index, result: Some(result) }),
                        Err(status) => {
                            self.ended = Some(Err(status));
                            break;
                        }
                    }
                    index += 1;
                }
                frame = requests.next(), if self.ended.is_none() && room && self.held.is_none() => {
                    match frame {
                        None => self.ended = Some(Ok(())),
                        Some(Err(status)) => self.ended = Some(Err(status)),
                        Some(Ok(frame)) => self.count(frame).await,
                    }
                }
                frame = late(&mut self.held), if self.ended.is_none() && self.held.is_some() => {
                    self.count(frame).await;
                }
                () = &mut begun, if self.ended.is_none() => self.shut_down(),
                () = &mut gone => return,
            }
        }
        if let Some(Err(status)) = self.ended {
            // Nobody is left to be told when this fails.
            let _ = answers.send(Err(status)).await;
        }
    }

    /// Takes in what was read, or holds it back for as long as its key has to wait.
    async fn count(&mut self, frame: Frame<RecordEventsRequest>) {
        let wait = if std::mem::take(&mut self.counted) { None } else { self.caller.wait() };
        match wait {
            Some(wait) => self.held = Some((Box::pin(sleep(wait)), frame)),
            None => self.take(frame).await,
        }
    }

    async fn take(&mut self, frame: Frame<RecordEventsRequest>) {
        match frame {
            Err(refusal) => self.waiting.push_back(Waiting::Refused(refusal)),
            Ok(request) => match self.submit(request).await {
                Ok(waiting) => self.waiting.push_back(waiting),
                Err(Error::ShuttingDown) => self.shut_down(),
                Err(error) => self.waiting.push_back(Waiting::Refused(error.into())),
            },
        }
    }

    async fn submit(&mut self, request: RecordEventsRequest) -> Result<Waiting, Error> {
        let options = request.options.unwrap_or_default();
        let historical = *self.historical.get_or_insert(options.historical);
        let draft = match record::draft(&self.caller, request.event) {
            Ok(draft) => draft,
            Err(refusal) => return Ok(Waiting::Refused(refusal)),
        };
        let pending = self.service.submit(draft, historical).await?;
        Ok(Waiting::Accepted(Box::pin(pending.answer())))
    }

    /// The answer to one event; an error where the stream can answer no more.
    fn result(&self, result: Result<Recorded, Refusal>) -> Result<Answer, Status> {
        match result {
            Ok(recorded) => Ok(Answer::Recorded(record::answer(&self.service, &recorded))),
            Err(refusal) if refusal.reason == ErrorReason::ShuttingDown => Err(refusal.into()),
            Err(refusal) => Ok(Answer::Error(refusal.into())),
        }
    }

    fn shut_down(&mut self) {
        self.ended = Some(Err(Refusal::from(Error::ShuttingDown).into()));
    }
}

/// What was held back, once it has waited. May be dropped and called again.
async fn late<M>(held: &mut Option<(Pin<Box<Sleep>>, M)>) -> M {
    if let Some((wait, _)) = held {
        wait.await;
    }
    match held.take() {
        Some((_, frame)) => frame,
        None => std::future::pending().await,
    }
}

/// What came of the event that waits longest. May be dropped and called again: it leaves the event in
/// its place until it has its answer.
async fn first(waiting: &mut VecDeque<Waiting>) -> Result<Recorded, Refusal> {
    let result = match waiting.front_mut() {
        Some(Waiting::Accepted(answer)) => answer.await.map_err(Refusal::from),
        Some(Waiting::Refused(refusal)) => Err(refusal.clone()),
        None => std::future::pending().await,
    };
    waiting.pop_front();
    result
}
