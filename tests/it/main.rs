//! Everything that is tested from outside the crate, as one binary: it links once.

mod architecture;
mod badges;
mod batching;
mod binary;
mod cli;
mod crash;
mod docs;
mod engine;
mod fuzz;
mod history;
mod live;
mod opened;
mod rpc;
mod scenarios;
mod service;
mod small_history;
mod store;
