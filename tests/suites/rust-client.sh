#!/usr/bin/env bash
# The Rust client: its tests, the examples in its docs and the conformance file, against a real server, and without protoc
set -euo pipefail
cargo build --locked --bin laurels
# A build script that looked for a compiler of .proto files would find none here.
export PROTOC=/nonexistent
cargo test --locked -p laurels-client
