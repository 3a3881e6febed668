//! How messages are read: like tonic's own codec, but what cannot be read is the caller's mistake and
//! is answered as one.
//!
//! tonic's codec answers INTERNAL without details, and ends a stream at the first message it cannot read.
//! Here a single request is answered INVALID_ARGUMENT with the field, and a stream yields a [`Frame`]
//! for each message, so that a bad one can be answered and the next one read. `build.rs` says which
//! method has which codec.

use std::marker::PhantomData;

use bytes::Buf;
use prost::{DecodeError, Message};
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder};
use tonic_prost::ProstEncoder;

use super::status::Refusal;
use crate::event::DATA_MAX_DEPTH;

/// What the buffers of a call begin with, and grow by, in bytes. Most messages fit; tonic's 8 KiB, twice a call, cost more
/// than reading and writing these.
const SINGLE_BUFFER_BYTES: usize = 512;
/// Answers that are ready are sent together until they have so many bytes: tonic's own choice.
const ANSWERS_TOGETHER_BYTES: usize = 32 * 1024;

/// One message of a stream of requests, or why it cannot be read.
pub(crate) type Frame<M> = Result<M, Refusal>;

/// For methods with one request: a message that cannot be read is refused.
#[derive(Debug)]
pub(crate) struct Single<T, M>(PhantomData<(T, M)>);

/// For methods with a stream of requests: a message that cannot be read is an item like any other.
#[derive(Debug)]
pub(crate) struct FrameByFrame<T, F>(PhantomData<(T, F)>);

/// Reads the messages of [`Single`].
#[derive(Debug)]
pub(crate) struct SingleDecoder<M>(PhantomData<M>);

/// Reads the messages of [`FrameByFrame`].
#[derive(Debug)]
pub(crate) struct FrameDecoder<M>(PhantomData<M>);

impl<T, M> Default for Single<T, M> {
    fn default() -> Self {
        Single(PhantomData)
    }
}

impl<T, F> Default for FrameByFrame<T, F> {
    fn default() -> Self {
        FrameByFrame(PhantomData)
    }
}

impl<T: Message + 'static, M: Message + Default + 'static> Codec for Single<T, M> {
    type Encode = T;
    type Decode = M;
    type Encoder = ProstEncoder<T>;
    type Decoder = SingleDecoder<M>;

    fn encoder(&mut self) -> ProstEncoder<T> {
        ProstEncoder::new(single_buffers())
    }

    fn decoder(&mut self) -> SingleDecoder<M> {
        SingleDecoder(PhantomData)
    }
}

impl<T: Message + 'static, M: Message + Default + 'static> Codec for FrameByFrame<T, Frame<M>> {
    type Encode = T;
    type Decode = Frame<M>;
    type Encoder = ProstEncoder<T>;
    type Decoder = FrameDecoder<M>;

    fn encoder(&mut self) -> ProstEncoder<T> {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> FrameDecoder<M> {
        FrameDecoder(PhantomData)
    }
}

impl<M: Message + Default> Decoder for SingleDecoder<M> {
    type Item = M;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<M>, Status> {
        Ok(Some(read(buf)?))
    }

    fn buffer_settings(&self) -> BufferSettings {
        single_buffers()
    }
}

impl<M: Message + Default> Decoder for FrameDecoder<M> {
    type Item = Frame<M>;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<Frame<M>>, Status> {
        Ok(Some(read(buf)))
    }
}

fn single_buffers() -> BufferSettings {
    BufferSettings::new(SINGLE_BUFFER_BYTES, ANSWERS_TOGETHER_BYTES)
}

/// Reads one message, and takes the whole of it out of the buffer in any case: what follows is the next.
fn read<M: Message + Default>(buf: &mut impl Buf) -> Frame<M> {
    let whole = buf.remaining();
    // From a slice, which it nearly always is, prost reads twice as fast as from a buffer that may be of several.
    let read = match buf.chunk() {
        chunk if chunk.len() == whole => M::decode(chunk),
        _ => M::decode(&mut *buf),
    };
    buf.advance(buf.remaining());
    read.map_err(|error| unreadable(&error))
}

fn unreadable(error: &DecodeError) -> Refusal {
    let text = error.to_string();
    let (steps, problem) = explain(text.strip_prefix(PROST_SAYS).unwrap_or(&text));
    let not_utf8 = problem.contains("UTF-8");
    let path = path(&steps, not_utf8);
    if not_utf8 {
        return Refusal::field(path, "must be UTF-8; encode the text anew");
    }
    if problem.contains("recursion limit") {
        return Refusal::field(
            path,
            format!("is nested too deeply; at most {DATA_MAX_DEPTH} levels are allowed"),
        );
    }
    Refusal::field(path, format!("cannot be read as protobuf ({problem}); encode it by proto/laurels/v1"))
}

const PROST_SAYS: &str = "failed to decode Protobuf message: ";

/// Parts `Event.user: RecordEventRequest.event: PROBLEM` into messages with their fields, innermost first,
/// and the problem. prost keeps these to itself but for this text; written otherwise, it is all problem.
fn explain(text: &str) -> (Vec<(&str, &str)>, &str) {
    let mut problem = text;
    let mut steps = Vec::new();
    while let Some((step, rest)) = problem.split_once(": ") {
        let Some((message, field)) = step.split_once('.') else { break };
        steps.push((message, field.strip_prefix("r#").unwrap_or(field)));
        problem = rest;
    }
    (steps, problem)
}

/// The path as callers write it: `event.data`, however deep inside it. prost names a oneof, not its case.
fn path(steps: &[(&str, &str)], not_utf8: bool) -> String {
    let within_struct = steps.iter().any(|(message, _)| *message == "Struct");
    let outer = steps.iter().rev().take_while(|(message, _)| !matches!(*message, "Struct" | "Value"));
    let fields = outer.map(|(_, field)| match *field {
        "payload" if not_utf8 && !within_struct => "data_json",
        "payload" => "data",
        field => field,
    });
    fields.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::proto::{Event, EventError, RecordEventRequest, event::Payload};
    use prost_types::{Struct, Value, value::Kind};

    /// Reads a request whose every `q` is a byte that no UTF-8 has.
    fn read_mangled(event: Event) -> Frame<RecordEventRequest> {
        let bytes = RecordEventRequest { event: Some(event) }.encode_to_vec();
        let mangled: Vec<u8> = bytes.into_iter().map(|byte| if byte == b'q' { 0xff } else { byte }).collect();
        read(&mut &mangled[..])
    }

    fn nested(value: Value) -> Value {
        Value { kind: Some(Kind::StructValue(Struct { fields: [("a".into(), value)].into() })) }
    }

    fn data(value: Value) -> Event {
        let payload = Payload::Data(Struct { fields: [("a".into(), value)].into() });
        Event { payload: Some(payload), ..Event::default() }
    }

    #[test]
    fn invalid_utf8_is_said_with_its_field() {
        let text = Value { kind: Some(Kind::StringValue("q".into())) };
        for (event, field) in [
            (Event { user: "q".into(), ..Event::default() }, "event.user"),
            (Event { r#type: "q".into(), ..Event::default() }, "event.type"),
            (Event { payload: Some(Payload::DataJson("q".into())), ..Event::default() }, "event.data_json"),
            (data(nested(text)), "event.data"),
        ] {
            let error = EventError::from(read_mangled(event).unwrap_err());
            assert_eq!(error.field, field);
            assert_eq!(error.message, format!("{field} must be UTF-8; encode the text anew"));
        }
    }

    #[test]
    fn what_is_not_protobuf_is_said_to_be_none_and_the_whole_of_it_is_taken() {
        let mut bytes = &b"GET / HTTP/1.1"[..];
        let error = EventError::from(read::<RecordEventRequest>(&mut bytes).unwrap_err());
        assert!(error.message.starts_with("the message cannot be read as protobuf (invalid"), "{error:?}");
        assert!(bytes.is_empty());

        let deep = (0..60).fold(Value::default(), |value, _| nested(value));
        let error = EventError::from(read_mangled(data(deep)).unwrap_err());
        assert_eq!(error.message, "event.data is nested too deeply; at most 8 levels are allowed");
    }
}
