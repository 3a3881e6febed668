//! The store: what every store must do, and what could go wrong with this one.

mod backups;
mod conformance;
mod edges;
mod faults;
mod hazards;
mod journal_hazards;
mod known;
mod replay;
mod retention;
mod site;
mod sled_hazards;
mod verify;
mod verify_contents;
mod verify_retention;
