#!/usr/bin/env bash
# The code is formatted, and clippy has nothing to say
set -euo pipefail
cargo fmt --all --check
cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
