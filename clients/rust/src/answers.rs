//! The answers to a stream of events.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio_stream::{Stream, StreamExt};
use tonic::Streaming;

use crate::error::Error;
use crate::generated::record_events_response::Result as Outcome;
use crate::generated::{RecordEventResponse, RecordEventsResponse};

/// What came of one event of a stream.
#[derive(Debug)]
pub struct Answer {
    /// Which event: its place in the stream, from 0. Answers come in this order, one an event.
    pub index: u64,
    /// What it caused, or why it was not recorded. The stream goes on either way.
    pub result: Result<RecordEventResponse, Error>,
}

/// The answers to the events of [`Client::record_all`](crate::Client::record_all), as they come.
///
/// An error ends it: what was sent and not answered until then may have been recorded or not, and is
/// safe to send again, since it has an id.
#[derive(Debug)]
pub struct Answers {
    stream: Streaming<RecordEventsResponse>,
}

impl Answers {
    pub(crate) fn new(stream: Streaming<RecordEventsResponse>) -> Answers {
        Answers { stream }
    }

    /// The next answer. None when every event was answered, or the server ended the stream.
    pub async fn next(&mut self) -> Option<Result<Answer, Error>> {
        StreamExt::next(self).await
    }
}

impl Stream for Answers {
    type Item = Result<Answer, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.stream).poll_next(context);
        polled.map(|next| next.map(|message| message.map_err(Error::from).and_then(read)))
    }
}

fn read(message: RecordEventsResponse) -> Result<Answer, Error> {
    let index = u64::try_from(message.index).map_err(|_| Error::lost("an answer has no index"))?;
    let result = match message.result {
        Some(Outcome::Recorded(recorded)) => Ok(recorded),
        Some(Outcome::Error(error)) => Err(Error::from(error)),
        None => return Err(Error::lost("an answer is of a kind that this client does not know")),
    };
    Ok(Answer { index, result })
}
