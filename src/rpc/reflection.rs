//! Reflection, v1 and v1alpha: tools such as grpcurl ask the server what it speaks. Both answer alike.

use tonic_reflection::pb;
use tonic_reflection::server::Builder;
use tonic_reflection::server::v1::{ServerReflection, ServerReflectionServer};
use tonic_reflection::server::v1alpha;

use super::proto::DESCRIPTORS;

const COMPILED_IN: &str = "the descriptors are compiled in, and tests ask for them";

/// `grpc.reflection.v1`.
pub(super) fn v1() -> ServerReflectionServer<impl ServerReflection> {
    builder().build_v1().expect(COMPILED_IN)
}

/// `grpc.reflection.v1alpha`, for tools that know no other.
pub(super) fn v1alpha() -> v1alpha::ServerReflectionServer<impl v1alpha::ServerReflection> {
    builder().build_v1alpha().expect(COMPILED_IN)
}

fn builder() -> Builder<'static> {
    Builder::configure()
        .include_reflection_service(false)
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(pb::v1::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(pb::v1alpha::FILE_DESCRIPTOR_SET)
        // So that the details of an error can be read too.
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
}
