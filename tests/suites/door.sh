#!/usr/bin/env bash
# The port from outside: every protocol, and what is refused
set -euo pipefail
cargo test --locked --test door
