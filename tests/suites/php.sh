#!/usr/bin/env bash
# The PHP client over every transport, on the command line and under php-fpm, against the real server
set -euo pipefail
cargo build --locked --bin laurels
php=$PWD/clients/php
sources=$PWD/target/tools/source
export LAURELS_SERVER_BINARY=$PWD/target/debug/laurels
export LAURELS_GRPC_LIB=$sources/grpc/src/php/lib

echo "php: what is committed"
"$php/generate" --check
composer validate --strict --quiet --working-dir="$php"
(cd "$php" && phpcs)

extensions=$PWD/target/php
bash tests/suites/php-extensions.sh "$sources" "$extensions"

# One corner of the matrix.
leg() { # TRANSPORT PHP-OPTION...
  local transport=$1
  shift
  echo "php: $transport ${*##*/}"
  (cd "$php" && LAURELS_TRANSPORT=$transport LAURELS_PHP_OPTIONS="$*" php8.2 "$@" "$(command -v phpunit)" --no-logging)
}

leg grpc -d "extension=$extensions/grpc.so" -d "extension=$extensions/protobuf.so"
leg grpc -d "extension=$extensions/grpc.so"
leg curl-native
