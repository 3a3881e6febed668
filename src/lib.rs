//! Laurels, an achievements server.
//!
//! A site sends **events**; Laurels gives **badges** and tells whoever is listening. Three verbs:
//!
//! ```text
//! event ──▶ decide ──▶ keep ──▶ tell
//!           engine     store    hub
//!
//! edges    cli   rpc                  translate, and decide nothing
//!             \   |
//! shell      service                  decide → keep → tell
//!             /   |   \
//! core   engine store  hub            siblings: none names another
//!             \   |   /
//! data   catalog ─▶ … ─▶ event        what all of them speak of
//! ```
//!
//! The modules are listed from the inside out, and **a module uses only modules listed above it**.
//! A test reads the source and fails where that is broken.
//!
//! Where to begin: `service/writer.rs` is decide, keep, tell in one function; `stat/run.rs` is one kind
//! of number; `tests/scenarios/` says what all of it does.

pub mod diagnostic;

// Plain data.
pub mod event;
pub mod key;
pub mod cel;
pub mod stat;
pub mod badge;
pub mod act;
pub mod award;
pub mod document;
pub mod audit;
pub mod profile;
pub mod outcome;
pub mod catalog;

// Who goes on when.
pub mod threads;

// Decide, keep, tell.
pub mod engine;
pub mod store;
pub mod hub;

// All three together.
pub mod clock;
pub mod service;

// The doors.
pub mod telemetry;
pub mod config;
pub mod access;
pub mod port;
pub mod rpc;
pub mod web;
pub mod server;
pub mod cli;
