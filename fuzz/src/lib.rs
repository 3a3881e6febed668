//! What is fed with inputs that nobody would send: one function a target. None may panic, hang, or take memory
//! without measure, whatever the bytes; and each asserts what must hold of what it accepts.
//!
//! `fuzz_targets/` gives them to libFuzzer. `tests/it/fuzz.rs` includes this file too, and runs them on stable over
//! every input that was worth keeping: `corpus/` and `regressions/`.

mod badges;
mod call;
mod credential;
mod cursor;
mod disk;
mod document;
mod expression;
mod frames;
mod journal;
mod json;
mod json_lines;
mod memory;
mod request;
mod web;
mod world;

pub use badges::badges;
pub use credential::credential;
pub use cursor::cursor;
pub use document::document;
pub use expression::expression;
pub use journal::journal;
pub use json::json;
pub use json_lines::json_lines;
pub use request::request;
pub use web::{connect, grpc_web};

/// What takes an input.
pub type Target = fn(&[u8]);

/// Every target, by the name of its corpus.
pub const TARGETS: [(&str, Target); 11] = [
    ("badges", badges),
    ("connect", connect),
    ("credential", credential),
    ("cursor", cursor),
    ("document", document),
    ("expression", expression),
    ("grpc_web", grpc_web),
    ("journal", journal),
    ("json", json),
    ("json_lines", json_lines),
    ("request", request),
];
