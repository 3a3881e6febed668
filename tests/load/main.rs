//! Load: very many who listen, and those who listen badly, against the real program in a process of its own.
//!
//!     cargo build --release && cargo test --test load -- --program target/release/laurels
//!
//! What is asserted are counts and bounds: who got what, how many descriptors, how much memory. Times are only shown.

mod calls;
mod crowd;
mod floods;
mod frames;
mod never_reads;
mod server;
mod slow;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// The messages and the client, as committed for the Rust client crate.
#[expect(unreachable_pub, clippy::allow_attributes_without_reason, reason = "generated")]
mod proto {
    include!(concat!(env!("CARGO_MANIFEST_DIR"), "/clients/rust/src/generated/laurels.v1.rs"));
}

/// Very many who listen, and those who listen badly
#[derive(Debug, Parser)]
struct Load {
    /// How many live streams at once
    #[arg(long, default_value_t = 10_000)]
    streams: usize,
    /// The server, such as target/release/laurels
    #[arg(long)]
    program: Option<PathBuf>,
    /// Only the attacks whose name has this in it
    #[arg(long)]
    only: Option<String>,
}

fn main() -> ExitCode {
    let Load { streams, program, only } = Load::parse();
    program.into_iter().for_each(server::take);
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let wanted = |name: &str| only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    type Attack = (&'static str, fn(&tokio::runtime::Runtime, usize));
    let attacks: [Attack; 8] = [
        ("a_stream_a_connection", |runtime, streams| runtime.block_on(crowd::run(streams, 1))),
        ("a_hundred_streams_a_connection", |runtime, streams| runtime.block_on(crowd::run(streams, 100))),
        ("crowds_come_and_go", |runtime, streams| runtime.block_on(crowd::again(streams / 5))),
        ("slow_connections_are_let_go", |runtime, streams| runtime.block_on(slow::let_go(streams / 4))),
        ("too_many_connections", |runtime, _| runtime.block_on(slow::too_many())),
        ("floods", |runtime, _| runtime.block_on(floods::run())),
        ("a_stream_that_is_not_read", |runtime, _| runtime.block_on(never_reads::live())),
        ("answers_that_are_not_read", |runtime, _| runtime.block_on(never_reads::answers())),
    ];
    for (name, attack) in attacks.into_iter().filter(|(name, _)| wanted(name)) {
        println!("== {name}");
        attack(&runtime, streams);
    }
    println!("load: all held");
    ExitCode::SUCCESS
}
