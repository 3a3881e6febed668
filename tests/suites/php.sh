#!/usr/bin/env bash
# The PHP client over every transport, on the command line and under php-fpm, against the real server
set -euo pipefail
cargo build --locked --bin laurels
php=$PWD/clients/php
sources=$PWD/target/tools/source
export LAURELS_SERVER_BINARY=$PWD/target/debug/laurels
export GRPC_PHP_LIB=$sources/grpc/src/php/lib

echo "php: what is committed"
"$php/generate" --check
composer validate --strict --quiet --working-dir="$php"
(cd "$php" && phpcs)

extensions=$PWD/target/php
bash tests/suites/php-extensions.sh "$sources" "$extensions"

echo "php: what README.md says"
PATH=$php/tests/page:$PATH python3 tests/suites/readme.py "$php/README.md"

for version in 8.1 8.2 8.3 8.4 8.5; do
  echo "php: what needs no server, by PHP $version"
  (cd "$php" && PHP=$version php-wasm-cli -d include_path=/usr/share/php "$(command -v phpunit)" --group pure)
done

# One corner of the matrix. What concerns TLS alone is tested where the leg goes by TLS, and what is long and has nothing to
# do with it where it does not.
leg() { # plain|tls TRANSPORT PHP-OPTION...
  local how=$1 transport=$2 tls=0 without=(--exclude-group tls)
  shift 2
  if [ "$how" = tls ]; then
    tls=1 without=(--exclude-group plain)
  fi
  echo "php: $transport $how ${*##*/}"
  (cd "$php" && LAURELS_TRANSPORT=$transport LAURELS_TLS=$tls LAURELS_PHP_OPTIONS="$*" \
    php8.2 "$@" "$(command -v phpunit)" "${without[@]}")
}

# Most of a leg's time is waiting for servers that start and end, so four go side by side.
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
failed=
for how in plain tls; do
  legs=()
  leg $how grpc -d "extension=$extensions/grpc.so" -d "extension=$extensions/protobuf.so" > "$logs/1" 2>&1 & legs+=($!)
  leg $how grpc -d "extension=$extensions/grpc.so" > "$logs/2" 2>&1 & legs+=($!)
  leg $how curl-grpc-web > "$logs/3" 2>&1 & legs+=($!)
  leg $how curl-native > "$logs/4" 2>&1 & legs+=($!)
  for number in 1 2 3 4; do
    wait "${legs[number - 1]}" || failed=yes
    cat "$logs/$number"
  done
done
[ -z "$failed" ]
