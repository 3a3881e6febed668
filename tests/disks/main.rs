//! Bad disks: what is damaged, full, read-only or used up, and what becomes of a store and a server on it.
//!
//! Sweeps damage every file of a store at many places, seeded: `LAURELS_SWEEP=N` runs N times as many cases,
//! `LAURELS_SEED=S` others. The rest runs the real program, on small file systems of its own where it is root, and
//! with a clock that is set under it.

mod clock;
mod damage;
mod full;
mod journal_files;
mod mount;
mod server;
#[path = "../it/store/site.rs"]
mod site;
mod sled_files;
mod start;
