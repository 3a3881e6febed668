#!/usr/bin/env bash
# The .proto files are clean by buf's STANDARD rules, formatted, and break nothing that was released
set -euo pipefail
# The descriptors of the last release; before the first, those of the day on which this began. At a release they are renewed:
#   buf build --as-file-descriptor-set --exclude-source-info -o tests/data/proto/released.binpb
released=tests/data/proto/released.binpb

buf lint
buf format --diff --exit-code
buf breaking --against $released

# What breaks must be noticed: a field that has another number than it had.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r proto buf.yaml "$scratch"
sed -i 's/string subject = 4;/string subject = 40;/' "$scratch/proto/laurels/v1/event.proto"
if said=$(buf breaking "$scratch" --against $released); then
  echo "buf breaking let a field change its number" >&2
  exit 1
fi
grep -q 'event.proto.*field "4"' <<< "$said" || { echo "$said"; exit 1; }
echo "proto: clean"
