#!/usr/bin/env bash
# Everything from outside the crate: scenarios, the API, the command line
set -euo pipefail
cargo test --workspace --locked --test it -- --skip history::
