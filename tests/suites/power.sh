#!/usr/bin/env bash
# Ten power cuts on a loop device: what was acknowledged is on it. Needs root, or LAURELS_WITHOUT_LOOP=1 to go without
set -euo pipefail
cargo test --workspace --locked --release --test attacks -- power --cuts 10
