//! The port from outside: every protocol that it speaks, and what it refuses.

#[path = "../it/opened.rs"]
mod opened;

mod answering;
mod canary;
mod certificates;
mod crowds;
mod down;
mod exposure;
mod floods;
mod frames;
mod http;
mod keys;
mod matrix;
mod program;
mod server;
mod slow;
mod snippets;
mod tls;
mod web;

/// The messages, as committed for the Rust client crate.
#[expect(unreachable_pub, clippy::allow_attributes_without_reason, reason = "generated")]
mod proto {
    include!(concat!(env!("CARGO_MANIFEST_DIR"), "/clients/rust/src/generated/laurels.v1.rs"));
}
