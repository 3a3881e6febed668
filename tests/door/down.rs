//! A server that goes down while streams are open: each is told to come again, and none of them holds it up, also not those
//! whose callers do something else meanwhile. A page of PHP reads nothing and answers nothing until it asks curl again.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::frames::{self, DATA, END_OF_STREAM, HEADERS, frame};
use super::program::Program;

const LIVE: &str = "/laurels.v1.AchievementService/LiveNotifications";
/// How long something may take that happens at once: only a failure takes so long.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the log has when somebody held the server up until its patience was over.
const HELD_UP: &str = "some callers had not taken their last answers";

/// Sends this, and waits until what comes back has that in it.
async fn listening(program: &Program, request: &[u8], says: &str) -> TcpStream {
    let mut connection = TcpStream::connect(&program.address).await.unwrap();
    connection.write_all(request).await.unwrap();
    let mut said = Vec::new();
    while !String::from_utf8_lossy(&said).contains(says) {
        let read = tokio::time::timeout(PATIENCE, connection.read_buf(&mut said)).await;
        assert!(read.expect("it is answered").unwrap() > 0, "{}", String::from_utf8_lossy(&said));
    }
    connection
}

/// What was left for somebody who did not read it before.
async fn rest(mut connection: TcpStream) -> String {
    let mut said = Vec::new();
    connection.read_to_end(&mut said).await.unwrap();
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_http11_end_at_once_with_what_to_do() {
    let program = Program::start(&[]);
    let web = format!(
        "POST {LIVE} HTTP/1.1\r\nhost: laurels\r\ncontent-type: application/grpc-web+proto\r\ncontent-length: 5\r\n\r\n\0\0\0\0\0"
    );
    let web = listening(&program, web.as_bytes(), "application/grpc-web").await;
    let events = "GET /v1/notifications HTTP/1.1\r\nhost: laurels\r\n\r\n";
    let events = listening(&program, events.as_bytes(), "retry: ").await;
    let log = program.stop();
    assert!(!log.iter().any(|line| line.contains(HELD_UP)), "{log:?}");
    let web = rest(web).await;
    assert!(web.contains("grpc-status:14") && web.ends_with("0\r\n\r\n"), "{web}");
    let events = rest(events).await;
    assert!(events.contains("event: end\ndata: {\"code\":\"unavailable\""), "{events}");
    assert!(events.contains("ERROR_REASON_SHUTTING_DOWN") && events.ends_with("0\r\n\r\n"), "{events}");
}

/// Neither the settings nor the pings of the server are answered.
#[tokio::test(flavor = "multi_thread")]
async fn streams_of_http2_end_at_once_whether_or_not_their_callers_answer() {
    let program = Program::start(&[]);
    let mut connection = TcpStream::connect(&program.address).await.unwrap();
    let nothing = frame(DATA, END_OF_STREAM, 1, &[0; 5]);
    let listens = [frames::hello(), frames::call(1, "LiveNotifications"), nothing].concat();
    let records = frames::call(3, "RecordEvents");
    connection.write_all(&[listens, records].concat()).await.unwrap();
    let heard = async { while frames::next(&mut connection).await.expect("it goes on").kind != DATA {} };
    tokio::time::timeout(PATIENCE, heard).await.expect("a heartbeat comes");
    let log = program.stop();
    assert!(!log.iter().any(|line| line.contains(HELD_UP)), "{log:?}");
    let mut ended = Vec::new();
    while let Some(came) = frames::next(&mut connection).await {
        if came.kind == HEADERS {
            ended.push(came.stream);
        }
    }
    // The stream of events may not have begun to be answered: then its headers say how it ended.
    assert!(ended.contains(&1) && ended.contains(&3), "{ended:?}");
}
