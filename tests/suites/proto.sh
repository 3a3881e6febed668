#!/usr/bin/env bash
# The .proto files are clean by buf's STANDARD rules, and formatted
set -euo pipefail
buf lint
buf format --diff --exit-code
echo "proto: clean"
