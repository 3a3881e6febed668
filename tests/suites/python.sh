#!/usr/bin/env bash
# The Python client: types, style, and every test on the oldest and the newest runtimes, against a real server
set -euo pipefail
cargo build --locked --bin laurels
client=clients/python

for runtime in oldest newest; do
  home=target/python/$runtime
  [ -x $home/bin/python ] || virtualenv --quiet --python python3 $home
  $home/bin/pip install --quiet --requirement $client/tests/requirements/$runtime.txt
  # Installed as a user would have it, so that what is missing in the package is missed.
  $home/bin/pip install --quiet --no-deps --no-build-isolation --force-reinstall ./$client
done

newest=$PWD/target/python/newest/bin
(cd $client && "$newest/ruff" format --check --quiet . && "$newest/ruff" check --quiet . && "$newest/mypy")

for runtime in oldest newest; do
  home=$PWD/target/python/$runtime
  "$home/bin/pip" list --format freeze | grep -E '^(grpcio|protobuf)=='
  (cd $client && timeout 600 "$home/bin/pytest" --quiet)
done
# The third implementation of protobuf, which is neither C nor Rust, where a platform has no wheel.
(cd $client && PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=python timeout 600 "$newest/pytest" --quiet tests/test_client.py)
