//! The messages of a live stream, as the lines of server-sent events.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::Frame;
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};

use crate::rpc::{Body, Code, Ending};
use crate::web::{connect, json};

/// How long a browser waits before it connects again, in milliseconds.
const RETRY_MILLIS: u32 = 2000;
/// The field of `Notification` that is no event to a page.
const HEARTBEAT: &str = "heartbeat";
/// The comment of a heartbeat that says that everything up to now has been sent: for those who read comments.
const LIVE: &str = "heartbeat, live";

/// The body of the answer.
pub(super) struct Events {
    messages: Body,
    descriptor: MessageDescriptor,
    /// What is here of the next message.
    rest: BytesMut,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Begins,
    GoesOn,
    Ended,
}

impl Events {
    /// The messages of this body.
    pub(super) fn of(messages: Body, descriptor: MessageDescriptor) -> Events {
        Events { messages, descriptor, rest: BytesMut::new(), state: State::Begins }
    }

    /// All messages that are whole, as lines.
    fn take(&mut self) -> Vec<u8> {
        let mut lines = Vec::new();
        while let Some(message) = connect::next_message(&mut self.rest) {
            // One that cannot be read or written is not ours, and there are none.
            let _ = write(&mut lines, &self.descriptor, &message);
        }
        lines
    }
}

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = <Body as http_body::Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.state == State::Begins {
            self.state = State::GoesOn;
            return Poll::Ready(Some(Ok(Frame::data(format!("retry: {RETRY_MILLIS}\n\n").into()))));
        }
        while self.state == State::GoesOn {
            let lines = match ready!(Pin::new(&mut self.messages).poll_frame(cx)?) {
                None => {
                    self.state = State::Ended;
                    continue;
                }
                Some(frame) => match frame.into_data() {
                    Ok(data) => {
                        self.rest.extend_from_slice(&data);
                        self.take()
                    }
                    Err(trailers) => {
                        self.state = State::Ended;
                        end(Ending::read(&trailers.into_trailers().unwrap_or_default()))
                    }
                },
            };
            if !lines.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(lines.into()))));
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.state == State::Ended
    }
}

/// Writes a message as an event; a heartbeat as a comment with the place. None: it is no notification.
fn write(lines: &mut Vec<u8>, descriptor: &MessageDescriptor, message: &[u8]) -> Option<()> {
    let message = DynamicMessage::decode(descriptor.clone(), message).ok()?;
    let notification = message.get_field_by_name("notification")?;
    let notification = notification.as_message()?;
    let cursor = notification.get_field_by_name("cursor")?;
    let cursor = cursor.as_str()?;
    let told = notification.fields().find(|(field, _)| field.containing_oneof().is_some());
    let kind = told.as_ref().map(|(field, _): &(_, &Value)| field.name().to_owned())?;
    if kind == HEARTBEAT {
        // No `data`, so that a page hears nothing, and its browser keeps the place all the same.
        let live = told.is_some_and(|(_, heartbeat)| is_live(heartbeat));
        let comment = if live { LIVE } else { HEARTBEAT };
        lines.extend_from_slice(format!(": {comment}\nid: {cursor}\n\n").as_bytes());
        return Some(());
    }
    let data = json::write_dynamic(notification)?;
    lines.extend_from_slice(format!("id: {cursor}\nevent: {kind}\ndata: ").as_bytes());
    lines.extend_from_slice(&data);
    lines.extend_from_slice(b"\n\n");
    Some(())
}

/// Whether a heartbeat says that everything up to now has been sent.
fn is_live(heartbeat: &Value) -> bool {
    let live = heartbeat.as_message().and_then(|heartbeat| heartbeat.get_field_by_name("live"));
    live.is_some_and(|live| live.as_bool() == Some(true))
}

/// Why a stream ends that could have gone on.
fn end(ending: Option<Ending>) -> Vec<u8> {
    match ending.filter(|ending| ending.code != Code::Ok) {
        Some(ending) => [b"event: end\ndata: ", &connect::error_json(&ending)[..], b"\n\n"].concat(),
        None => Vec::new(),
    }
}
