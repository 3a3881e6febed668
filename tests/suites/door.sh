#!/usr/bin/env bash
# The port from outside: TLS, slow and too many callers, and where it listens
set -euo pipefail
cargo test --locked --test door
