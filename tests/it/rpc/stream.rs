//! `RecordEvents`: every event is answered in its place, whatever becomes of the others, and however the
//! stream ends.

use bytes::Bytes;
use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};
use tonic_types::StatusExt;

use super::proto::record_events_response::Result as Answer;
use super::proto::{Event, RecordEventsOptions, RecordEventsRequest, RecordEventsResponse};
use super::raw;
use super::server::{Server, event, start};

const METHOD: &str = "/laurels.v1.AchievementService/RecordEvents";

fn message(event: Option<Event>) -> Bytes {
    RecordEventsRequest { event, options: None }.encode_to_vec().into()
}

async fn send(server: &Server, messages: Vec<Bytes>) -> Streaming<RecordEventsResponse> {
    raw::streaming(&server.channel, METHOD, tokio_stream::iter(messages)).await.unwrap()
}

/// The next answer: its event's id, or the field at fault and what is wrong with it.
async fn next(answers: &mut Streaming<RecordEventsResponse>, index: i64) -> Result<String, (String, String)> {
    let answer = answers.message().await.unwrap().expect("one more answer");
    assert_eq!(answer.index, index);
    match answer.result.unwrap() {
        Answer::Recorded(recorded) => Ok(recorded.event_id),
        Answer::Error(error) => Err((error.field, error.message)),
    }
}

#[tokio::test]
async fn a_bad_event_is_answered_in_its_place_and_the_stream_goes_on() {
    let server = start().await;
    let mut not_utf8 = message(Some(event("3"))).to_vec();
    let at = not_utf8.windows(3).position(|three| three == b"ann").unwrap();
    not_utf8[at] = 0xff;
    let mut answers = send(
        &server,
        vec![
            message(Some(event("1"))),
            message(None),
            not_utf8.into(),
            Bytes::from_static(b"GET / HTTP/1.1"),
            message(Some(Event { subject: "x".repeat(70_000), ..event("5") })),
            message(Some(event("6"))),
        ],
    )
    .await;
    let field = |answer: Result<String, (String, String)>| answer.unwrap_err().0;
    assert_eq!(next(&mut answers, 0).await, Ok("1".into()));
    assert_eq!(field(next(&mut answers, 1).await), "event");
    assert_eq!(field(next(&mut answers, 2).await), "event.user");
    assert_eq!(field(next(&mut answers, 3).await), "");
    assert_eq!(field(next(&mut answers, 4).await), "event.subject");
    assert_eq!(next(&mut answers, 5).await, Ok("6".into()));
    assert!(answers.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_message_over_1_mib_ends_the_stream_after_all_before_it_is_answered() {
    let server = start().await;
    let mut messages: Vec<_> = (0..500).map(|number| message(Some(event(&number.to_string())))).collect();
    messages.push(vec![0; 1024 * 1024 + 1].into());
    messages.push(message(Some(event("never read"))));
    let mut answers = send(&server, messages).await;
    for number in 0..500 {
        assert_eq!(next(&mut answers, number).await, Ok(number.to_string()));
    }
    let status = answers.message().await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(status.message(), "the message has 1048577 bytes; at most 1048576 are allowed");
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "ERROR_REASON_MESSAGE_TOO_LARGE");
}

#[tokio::test]
async fn a_caller_may_write_a_thousand_events_before_it_reads() {
    let server = start().await;
    let (sender, requests) = mpsc::channel(1);
    let requests = ReceiverStream::new(requests);
    let mut answers: Streaming<RecordEventsResponse> =
        raw::streaming(&server.channel, METHOD, requests).await.unwrap();
    for number in 0..1024 {
        sender.send(message(Some(event(&number.to_string())))).await.unwrap();
    }
    for number in 0..1024 {
        assert_eq!(next(&mut answers, number).await, Ok(number.to_string()));
    }
    drop(sender);
    assert!(answers.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_historical_stream_is_said_to_be_one_by_its_first_message() {
    let server = start().await;
    let dated = Event { time: Some(prost_types::Timestamp::default()), ..event("1") };
    let options = Some(RecordEventsOptions { historical: true });
    let first = RecordEventsRequest { event: Some(dated), options }.encode_to_vec().into();
    let mut answers = send(&server, vec![first, message(Some(event("2")))]).await;
    assert_eq!(next(&mut answers, 0).await, Ok("1".into()));
    let (field, problem) = next(&mut answers, 1).await.unwrap_err();
    assert_eq!(field, "event.time");
    assert!(problem.contains("historical"), "{problem}");
}

#[tokio::test]
async fn a_stream_that_is_open_when_the_server_goes_down_is_answered_and_told() {
    let mut server = start().await;
    let (sender, requests) = mpsc::channel(1);
    let requests = ReceiverStream::new(requests);
    let mut answers: Streaming<RecordEventsResponse> =
        raw::streaming(&server.channel, METHOD, requests).await.unwrap();
    sender.send(message(Some(event("1")))).await.unwrap();
    assert_eq!(next(&mut answers, 0).await, Ok("1".into()));
    server.stop();
    let status = answers.message().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.get_error_details().error_info().unwrap().reason, "ERROR_REASON_SHUTTING_DOWN");
    server.gone().await;
}
