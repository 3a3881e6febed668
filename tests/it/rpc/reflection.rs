//! Reflection, in both versions: a tool lists what there is, and is shown it with the comments of `proto/`.

use prost::Message;
use prost_types::FileDescriptorProto;
use tonic_reflection::pb::{v1, v1alpha};

use super::server::start;

const SERVICES: [&str; 5] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "laurels.v1.AchievementService",
    "laurels.v1.AdminService",
];

fn check(mut services: Vec<String>, file: &[u8]) {
    services.sort();
    assert_eq!(services, SERVICES);
    let file = FileDescriptorProto::decode(file).unwrap();
    assert_eq!(file.name(), "laurels/v1/achievements.proto");
    let comments = file.source_code_info.unwrap().location;
    assert!(comments.iter().any(|location| location.leading_comments().contains("Records one event.")));
}

#[tokio::test]
async fn v1_lists_and_describes() {
    use v1::server_reflection_request::MessageRequest;
    use v1::server_reflection_response::MessageResponse;

    let server = start().await;
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(server.channel.clone());
    let ask = |message| v1::ServerReflectionRequest { host: String::new(), message_request: Some(message) };
    let requests = tokio_stream::iter([
        ask(MessageRequest::ListServices(String::new())),
        ask(MessageRequest::FileContainingSymbol("laurels.v1.AchievementService".into())),
    ]);
    let mut answers = client.server_reflection_info(requests).await.unwrap().into_inner();
    let mut next = async || answers.message().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = next().await else { panic!("a list") };
    let MessageResponse::FileDescriptorResponse(files) = next().await else { panic!("a file") };
    check(list.service.into_iter().map(|service| service.name).collect(), &files.file_descriptor_proto[0]);
}

#[tokio::test]
async fn v1alpha_lists_and_describes() {
    use v1alpha::server_reflection_request::MessageRequest;
    use v1alpha::server_reflection_response::MessageResponse;

    let server = start().await;
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(server.channel.clone());
    let ask =
        |message| v1alpha::ServerReflectionRequest { host: String::new(), message_request: Some(message) };
    let requests = tokio_stream::iter([
        ask(MessageRequest::ListServices(String::new())),
        ask(MessageRequest::FileContainingSymbol("laurels.v1.AchievementService".into())),
    ]);
    let mut answers = client.server_reflection_info(requests).await.unwrap().into_inner();
    let mut next = async || answers.message().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = next().await else { panic!("a list") };
    let MessageResponse::FileDescriptorResponse(files) = next().await else { panic!("a file") };
    check(list.service.into_iter().map(|service| service.name).collect(), &files.file_descriptor_proto[0]);
}
