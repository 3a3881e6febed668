#!/usr/bin/env bash
# The benchmarks, small: each works and has its figures; instructions of a decision and of a commit. No times
set -euo pipefail
# To measure in earnest: cargo run --release -p laurels-compare. docs/performance.md says what came of it.
bash tests/suites/php-extensions.sh "$PWD/target/tools/source" "$PWD/target/php"
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
# One build for all that follows.
cargo build --workspace --release --locked --quiet --bins --bench instructions
target/release/laurels-compare --built --smoke --json "$figures"
# The peers do the same work, and end with whoever started them.
cargo test --workspace --release --locked --quiet --bin laurels-compare --test ended
python3 tests/suites/bench.py "$figures"
