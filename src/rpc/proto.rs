//! What `build.rs` makes of `proto/`: the messages, the server's side of the services, the descriptors.

#![expect(unreachable_pub, reason = "generated code cannot know that this module is private")]
#![expect(
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "tonic-build wrote them"
)]

include!(concat!(env!("OUT_DIR"), "/laurels.v1.rs"));
include!(concat!(env!("OUT_DIR"), "/laurels.v1.AchievementService.rs"));
include!(concat!(env!("OUT_DIR"), "/laurels.v1.AdminService.rs"));

/// The files under `proto/` and what they import, as reflection answers with them.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/laurels.v1.bin"));
