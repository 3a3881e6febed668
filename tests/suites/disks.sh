#!/usr/bin/env bash
# Bad disks: files damaged at every place, full and read-only file systems, no descriptors left
set -euo pipefail
# Damage that makes a program take all memory ends the test and not the machine.
ulimit -v 8000000
cargo test --workspace --locked --test disks
