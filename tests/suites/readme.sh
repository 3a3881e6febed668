#!/usr/bin/env bash
# Every block of README.md, docs/writing-rules.md and docs/http.md does what it says
set -euo pipefail
cargo build --locked --bin laurels
for page in README.md docs/writing-rules.md docs/http.md; do
  python3 tests/suites/readme.py "$page"
done
