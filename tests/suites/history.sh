#!/usr/bin/env bash
# A real history of 39,455 events gives the awards it must: straight, twice, one by one, through kills
set -euo pipefail
cargo test --workspace --locked --test it history::
