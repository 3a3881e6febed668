//! `RecordEvents`: a stream of events, many in flight, each answered in the order sent.
//!
//! There is no task but that of the call: whoever writes the answers to the connection has them made, and what was sent read.
//! So all answers that are ready go out together, and a caller who takes none is not read from. At most [`STREAM_PENDING_MAX`]
//! events await their answers: then no more are read either, and HTTP/2 holds the caller back. Where the caller sends nothing
//! more, or the server goes down, what was accepted before is answered first. A key that may record so many events a second is held
//! back in the same way, rather than told of each event that it should have waited.

use std::collections::VecDeque;
use std::pin::Pin;

use async_stream::stream;
use tokio::time::{Sleep, sleep};
use tokio_stream::{Stream, StreamExt};
use tonic::{Status, Streaming};

use super::closing::Closing;
use super::codec::Frame;
use super::proto::record_events_response::Result as Answer;
use super::proto::{ErrorReason, RecordEventsRequest, RecordEventsResponse};
use super::record;
use super::status::Refusal;
use crate::access::Caller;
use crate::service::{Error, Pending, Recorded, STREAM_PENDING_MAX, Service};

/// The answers to a stream of events.
pub(super) type Answers = Pin<Box<dyn Stream<Item = Result<RecordEventsResponse, Status>> + Send>>;

/// The answers to a stream of events: nothing is read before they are asked for.
pub(super) fn answer(
    service: Service,
    caller: Caller,
    mut requests: Streaming<Frame<RecordEventsRequest>>,
    mut closing: Closing,
) -> Answers {
    let waiting = VecDeque::new();
    let mut exchange =
        Exchange { service, caller, waiting, historical: None, counted: true, held: None, ended: None };
    Box::pin(stream! {
        let mut index = 0;
        // Once for the whole stream: to begin to wait takes a lock, which an event should not.
        let begun = closing.begun();
        tokio::pin!(begun);
        while exchange.ended.is_none() || !exchange.waiting.is_empty() {
            let room = exchange.waiting.len() < STREAM_PENDING_MAX;
            let result = tokio::select! {
                // Answers first, so that all that are ready are written together; then all that was sent.
                biased;
                result = first(&mut exchange.waiting), if !exchange.waiting.is_empty() => result,
                frame = requests.next(), if exchange.ended.is_none() && room && exchange.held.is_none() => {
                    match frame {
                        None => exchange.ended = Some(Ok(())),
                        Some(Err(status)) => exchange.ended = Some(Err(status)),
                        Some(Ok(frame)) => exchange.count(frame).await,
                    }
                    continue;
                }
                frame = late(&mut exchange.held), if exchange.ended.is_none() && exchange.held.is_some() => {
                    exchange.count(frame).await;
                    continue;
                }
                () = &mut begun, if exchange.ended.is_none() => {
                    exchange.shut_down();
                    continue;
                }
            };
            match exchange.result(result) {
                Ok(result) => yield Ok(RecordEventsResponse { index, result: Some(result) }),
                Err(status) => {
                    exchange.ended = Some(Err(status));
                    break;
                }
            }
            index += 1;
        }
        if let Some(Err(status)) = exchange.ended {
            yield Err(status);
        }
    })
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
    Accepted(Pending),
    /// It was refused at once.
    Refused(Refusal),
}

impl Exchange {
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
        Ok(Waiting::Accepted(self.service.submit(draft, historical).await?))
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
