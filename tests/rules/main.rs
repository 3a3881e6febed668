//! The rule language proved: the engine against a second, slow and plain reading of it, over random rules and events.
//!
//! `reference.rs` follows docs/rules-reference.md step by step and keeps everything that ever happened. `catalogs.rs` and
//! `happenings.rs` make rules and events of tapes of numbers, which proptest makes shorter when the two disagree. What they
//! disagree on is decided by the reference page; the seed stays in `seeds.txt`.

mod agreement;
mod catalogs;
mod conditions;
mod differential;
mod happenings;
mod met;
mod orders;
mod reference;
mod service;
mod site;
mod slips;
mod tape;
mod written;
