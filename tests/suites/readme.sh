#!/usr/bin/env bash
# Every block of README.md does what it says
set -euo pipefail
cargo build --locked --bin laurels
python3 tests/suites/readme.py README.md
