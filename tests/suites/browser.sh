#!/usr/bin/env bash
# Clients that are not ours, in Node, curl and Chromium, straight and through nginx; the example site in eight tabs
set -euo pipefail
cargo build --locked --bin laurels
scratch=$PWD/target/browser
mkdir -p "$scratch"
export LAURELS_SERVER_BINARY=$PWD/target/debug/laurels
export LAURELS_PACKAGES=$PWD/target/tools
LAURELS_CHROMIUM=$(command -v chromium)
export LAURELS_CHROMIUM
# What the PHP client finds its transport's base class in.
export GRPC_PHP_LIB=$PWD/target/tools/source/grpc/src/php/lib

# The generated clients get their messages from this, so that no generated code has to be kept.
export LAURELS_DESCRIPTORS=$scratch/laurels.binpb
buf build -o "$LAURELS_DESCRIPTORS"

# nginx and the site speak TLS; who connects has to believe this certificate.
export LAURELS_CERTIFICATE=$scratch/certificate.pem LAURELS_CERTIFICATE_KEY=$scratch/key.pem
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=laurels.example \
  -addext subjectAltName=IP:127.0.0.1 -keyout "$LAURELS_CERTIFICATE_KEY" -out "$LAURELS_CERTIFICATE" 2> /dev/null
export NODE_EXTRA_CA_CERTS=$LAURELS_CERTIFICATE

# Much of the time is waiting.
timeout 600 node --test --test-concurrency=2 --test-reporter=spec tests/browser/*.test.mjs
