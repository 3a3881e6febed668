//! Everything that is tested from outside the crate, as one binary: it links once.

mod architecture;
mod badges;
mod batching;
mod backup;
mod binary;
mod cli;
mod delays;
mod docs;
mod engine;
mod formats;
mod fuzz;
mod history;
mod live;
mod opened;
mod retention;
mod rpc;
mod scenarios;
mod service;
mod small_history;
mod store;
mod ticks;
mod time;
mod timelines;
