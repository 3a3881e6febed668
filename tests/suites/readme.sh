#!/usr/bin/env bash
# Every block of README.md and docs/writing-rules.md does what it says
set -euo pipefail
cargo build --locked --bin laurels
for page in README.md docs/writing-rules.md; do
  python3 tests/suites/readme.py "$page"
done
