#!/usr/bin/env bash
# The code is formatted, and clippy has nothing to say
set -euo pipefail
cargo fmt --all --check
cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
# A plain `cargo test` leaves them out, and so does --all-targets.
cargo clippy --workspace --test attacks --locked --quiet -- -D warnings
