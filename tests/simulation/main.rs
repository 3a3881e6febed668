//! A deterministic simulation of the service, with its store, hub and clock, on a simulated disk and a simulated
//! scheduler, all from one seed; as FoundationDB and TigerBeetle test themselves.
//!
//! A [`world`] of clients records, retries, reads, listens and reloads, while the server dies at any operation of the
//! disk and starts again, and the disk fails in every way it may. A [`model`] of the site's rules, which shares no
//! code with the server, is fed what was kept, and after each step every promise is checked against it. A run is
//! exactly the same whenever it has the same seed and the same code:
//!
//! ```text
//! cargo test --release --test simulation -- --seed 17 --trace
//! ```
//!
//! That it can fail is tested too: each [`sabotage::Sabotage`] must be noticed.

mod clients;
mod cut;
mod delays;
mod disk;
mod faults;
mod finale;
mod hands;
mod history;
mod listeners;
mod model;
mod platter;
mod process;
mod profiles;
mod quiet;
mod regressions;
mod report;
mod restores;
mod sabotage;
mod schedule;
mod site;
mod suite;
mod tasks;
mod tree;
mod world;

fn main() -> std::process::ExitCode {
    suite::main()
}
