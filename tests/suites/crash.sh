#!/usr/bin/env bash
# Fifty kills under load, most of them aimed, and a minute of a fault every few seconds: nothing is lost or told twice
set -euo pipefail
cargo test --workspace --locked --release --test attacks -- crash --kills 50
cargo test --workspace --locked --release --test attacks -- soak --minutes 1
