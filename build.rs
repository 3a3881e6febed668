//! Compiles `proto/` without protoc: messages, the server's side of the services, and the descriptors
//! that reflection answers with.

use std::error::Error;
use std::path::{Path, PathBuf};

use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto};
use tonic_build::manual;

const FILES: [&str; 4] = [
    "laurels/v1/achievements.proto",
    "laurels/v1/admin.proto",
    "laurels/v1/errors.proto",
    "laurels/v1/event.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=proto");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let descriptors = protox::compile(FILES, ["proto"])?;
    std::fs::write(out.join("laurels.v1.bin"), descriptors.encode_to_vec())?;
    services(&descriptors, &out);
    tonic_prost_build::configure()
        .build_client(false)
        .build_server(false)
        .emit_rerun_if_changed(false)
        .compile_fds(descriptors)?;
    Ok(())
}

/// Writes `laurels.v1.SERVICE.rs` for each service. Not left to `compile_fds`, which knows one codec for
/// all methods: a stream of requests is decoded frame by frame, so that a bad one does not end it.
fn services(descriptors: &FileDescriptorSet, out: &Path) {
    let files = descriptors.file.iter().filter(|file| FILES.contains(&file.name()));
    let services: Vec<_> =
        files.flat_map(|file| file.service.iter().map(|service| declare(file, service))).collect();
    manual::Builder::new().build_client(false).out_dir(out).compile(&services);
}

fn declare(file: &FileDescriptorProto, service: &ServiceDescriptorProto) -> manual::Service {
    let builder = manual::Service::builder().name(service.name()).package(file.package());
    service.method.iter().fold(builder, |builder, method| builder.method(declare_method(method))).build()
}

fn declare_method(method: &MethodDescriptorProto) -> manual::Method {
    let builder = manual::Method::builder()
        .name(snake_case(method.name()))
        .route_name(method.name())
        .output_type(rust_type(method.output_type()));
    let input = rust_type(method.input_type());
    let builder = match method.client_streaming() {
        true => builder
            .input_type(format!("crate::rpc::codec::Frame<{input}>"))
            .codec_path("crate::rpc::codec::FrameByFrame")
            .client_streaming(),
        false => builder.input_type(input).codec_path("crate::rpc::codec::Single"),
    };
    match method.server_streaming() {
        true => builder.server_streaming().build(),
        false => builder.build(),
    }
}

/// `.laurels.v1.Event` is `crate::rpc::proto::Event`.
fn rust_type(name: &str) -> String {
    let name = name.rsplit('.').next().unwrap_or(name);
    format!("crate::rpc::proto::{name}")
}

/// `RecordEvent` is `record_event`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
