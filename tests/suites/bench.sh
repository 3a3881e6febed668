#!/usr/bin/env bash
# The benchmarks, small: each works and has its figures; instructions of a decision and of a commit. No times
set -euo pipefail
# To measure in earnest: cargo run --release -p laurels-compare. docs/performance.md says what came of it.
bash tests/suites/php-extensions.sh "$PWD/target/tools/source" "$PWD/target/php"
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
cargo run --release --locked --quiet --package laurels-compare -- --smoke --json "$figures"
# The peers do the same work.
cargo test --release --locked --quiet --package laurels-compare
python3 tests/suites/bench.py "$figures"
