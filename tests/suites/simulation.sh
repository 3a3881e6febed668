#!/usr/bin/env bash
# A million events on a simulated disk and scheduler: kills, power cuts and faults of every kind, a model checks all
set -euo pipefail
threads=$(nproc)
cargo test --release --locked --quiet --test simulation -- --events 900000 --threads "$threads"
# Others every time. A seed that fails here is printed, and fails again: put it into tests/simulation/seeds.txt.
from=$((SRANDOM * 1000))
echo "seeds from $from on:"
cargo test --release --locked --quiet --test simulation -- --seeds-only --from "$from" --events 100000 --threads "$threads"
