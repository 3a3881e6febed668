#!/usr/bin/env bash
# Unit tests, examples in the docs, and the docs themselves
set -euo pipefail
cargo test --workspace --lib --locked
# The client's examples talk to a server.
cargo build --locked --bin laurels
cargo test --workspace --doc --locked
RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked
