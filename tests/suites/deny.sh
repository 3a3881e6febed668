#!/usr/bin/env bash
# Licences, sources and bans of all dependencies, by deny.toml
set -euo pipefail
cargo deny --all-features check bans licenses sources
