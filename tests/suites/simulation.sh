#!/usr/bin/env bash
# A million events on a simulated disk and scheduler: kills, power cuts and faults of every kind, a model checks all
set -euo pipefail
# The same seeds every time. Others, for as long as you like: `-- --seeds-only --from SEED --events COUNT`. One that fails is
# printed, and fails again: it goes into tests/simulation/seeds.txt.
cargo test --workspace --release --locked --quiet --test simulation -- --events 1000000 --threads "$(nproc)"
