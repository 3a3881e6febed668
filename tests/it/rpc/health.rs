//! `grpc.health.v1`: serving while it serves, not serving as soon as it goes down; whoever watches is
//! told, and does not hold it up.

use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus::{NotServing, Serving};
use tonic_health::pb::health_client::HealthClient;

use super::server::start;

#[tokio::test]
async fn a_watcher_is_told_when_the_server_goes_down() {
    let mut server = start().await;
    let mut client = HealthClient::new(server.channel.clone());
    for service in ["", "laurels.v1.AchievementService", "laurels.v1.AdminService"] {
        let answer = client.check(HealthCheckRequest { service: service.into() }).await.unwrap();
        assert_eq!(answer.into_inner().status(), Serving);
    }
    let mut watch = client.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status(), Serving);
    server.stop();
    assert_eq!(watch.message().await.unwrap().unwrap().status(), NotServing);
    assert!(watch.message().await.unwrap().is_none());
    server.gone().await;
}
