//! The gRPC edge: what callers of any language may rely on, asked of a running server over a real
//! connection. Scenarios cover what the calls answer; here is what becomes of calls that go wrong, of
//! streams, of pages, and of callers who are there while the server goes down.

mod client;
mod health;
mod limits;
mod live;
mod pages;
mod raw;
mod reflection;
mod refusals;
mod server;
mod stream;

/// The messages and the client, as committed for the Rust client crate.
#[expect(unreachable_pub, clippy::allow_attributes_without_reason, reason = "generated")]
mod proto {
    include!(concat!(env!("CARGO_MANIFEST_DIR"), "/clients/rust/src/generated/laurels.v1.rs"));
}
