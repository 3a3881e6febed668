//! Compiles the server's `proto/` for the no-op, which answers the same calls with the same messages.

use std::error::Error;

const FILES: [&str; 1] = ["laurels/v1/achievements.proto"];
const PROTO: &str = "../../proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={PROTO}");
    tonic_prost_build::configure()
        .build_client(false)
        .emit_rerun_if_changed(false)
        .compile_fds(protox::compile(FILES, [PROTO])?)?;
    Ok(())
}
