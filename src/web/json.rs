//! Messages as JSON, by proto3's canonical mapping, and back.
//!
//! What is read is strict: a field that there is not, or one that comes twice, would be an event that says less
//! than its sender thinks. What is written has every field, also those that have nothing to say, so that a page
//! can read `awards.length` without asking first whether there are any.

mod mistake;
mod once;

use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};

pub(super) use mistake::Mistake;

/// Reads a message of this type, and writes it as protobuf.
pub(super) fn read(descriptor: &MessageDescriptor, json: &[u8]) -> Result<Vec<u8>, Mistake> {
    let value = once::parse(json)?;
    match DynamicMessage::deserialize(descriptor.clone(), &value) {
        Ok(message) => Ok(message.encode_to_vec()),
        Err(error) => Err(mistake::find(descriptor, &value, &error)),
    }
}

/// Writes a message of this type that is there as protobuf. None: it cannot be read.
pub(super) fn write(descriptor: &MessageDescriptor, message: &[u8]) -> Option<Vec<u8>> {
    write_dynamic(&DynamicMessage::decode(descriptor.clone(), message).ok()?)
}

/// Writes a message that was read already. None: JSON has no form for it.
pub(super) fn write_dynamic(message: &DynamicMessage) -> Option<Vec<u8>> {
    let mut json = serde_json::Serializer::new(Vec::with_capacity(256));
    let options = SerializeOptions::new().skip_default_fields(false);
    message.serialize_with_options(&mut json, &options).ok()?;
    Some(json.into_inner())
}
