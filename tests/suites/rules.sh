#!/usr/bin/env bash
# The rules: the engine against a slow second reading of them, over random rules and events; CEL against CEL; the service
set -euo pipefail
# A failure prints the rules and events, shrunk, and leaves its seed in tests/rules/seeds.txt, which is kept. For as long as you
# like: LAURELS_SITES=1000000 cargo test --release --test rules
cargo test --workspace --release --locked --test rules
