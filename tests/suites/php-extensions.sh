#!/usr/bin/env bash
# Builds ext-grpc and ext-protobuf for the suite php, from the sources of Debian's packages, unless they are built:
# php-extensions.sh SOURCES TO. Half a minute.
set -euo pipefail
sources=$1 to=$2
mkdir -p "$to"

build() { # NAME FOLDER
  local log=$to/$1.log
  [ ! -f "$to/$1.so" ] || return 0
  echo "php: building ext-$1"
  # What a build in another checkout left names files by where that was.
  find "$2" -name '*.dep' -delete
  if ! (cd "$2" && phpize8.2 && ./configure --quiet --with-php-config="$(command -v php-config8.2)" && make) > "$log" 2>&1; then
    tail -n 30 "$log"
    return 1
  fi
  # Into its place only when it is whole.
  cp "$2/modules/$1.so" "$to/$1.so.new"
  mv "$to/$1.so.new" "$to/$1.so"
}

build grpc "$sources/grpc/src/php/ext/grpc"
# Where a release of the extension has it.
mkdir -p "$sources/protobuf/php/ext/google/protobuf/third_party"
cp -r "$sources/protobuf/third_party/utf8_range" "$sources/protobuf/php/ext/google/protobuf/third_party/"
build protobuf "$sources/protobuf/php/ext/google/protobuf"
