#!/usr/bin/env bash
# Unit tests, examples in the docs, and the docs themselves
set -euo pipefail
cargo test --workspace --lib --locked
# The client's examples talk to a server.
cargo build --locked --bin laurels
cargo test --workspace --doc --locked
# There are no examples; naming them keeps the features of the tests' dependencies, which clippy has checked.
RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked --lib --bin laurels-compare --examples
