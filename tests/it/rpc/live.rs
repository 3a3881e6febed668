//! `LiveNotifications`: how a stream begins, and how it ends. What it tells is for the scenarios.

use tonic::Code;
use tonic_types::StatusExt;

use super::proto::LiveNotificationsRequest;
use super::proto::notification::Kind;
use super::server::start;

#[tokio::test]
async fn a_stream_begins_with_a_heartbeat_and_is_told_when_the_server_goes_down() {
    let mut server = start().await;
    let listen = LiveNotificationsRequest::default();
    let mut stream = server.client().live_notifications(listen).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap().notification.unwrap();
    assert!(!first.cursor.is_empty());
    let Some(Kind::Heartbeat(heartbeat)) = first.kind else { panic!("{first:?}") };
    assert!(heartbeat.live);

    server.stop();
    let status = stream.message().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.get_error_details().error_info().unwrap().reason, "ERROR_REASON_SHUTTING_DOWN");
    server.gone().await;
}
