#!/usr/bin/env bash
# The port from outside: every protocol, TLS, slow callers and too many, and what is refused
set -euo pipefail
cargo test --workspace --locked --test door
