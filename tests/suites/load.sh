#!/usr/bin/env bash
# Ten thousand live streams, slow and deaf clients, floods: who is told what, and how much memory it takes
set -euo pipefail
# The clients' side; the server raises its own limit.
ulimit -n "$(ulimit -Hn)"
cargo test --workspace --locked --test load
