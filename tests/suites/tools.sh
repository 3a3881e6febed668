#!/usr/bin/env bash
# grpcurl and buf curl, which know nothing of Laurels, do what docs/debugging.md says, and more
set -euo pipefail
cargo build --locked --bin laurels
python3 tests/suites/readme.py docs/debugging.md
scratch=$(mktemp -d)
# The server writes to its directory until it has ended.
trap 'kill $server 2> /dev/null || true; wait $server 2> /dev/null || true; rm -rf "$scratch"' EXIT

target/debug/laurels serve --data "$scratch/data" --badges tests/data/history/badges --listen 127.0.0.1:0 \
  > "$scratch/out" 2> "$scratch/log" &
server=$!
# The first line comes when it listens. A server that fails ends, and its log is shown.
until address=$(sed -n 's/^Laurels listens on //p' "$scratch/out") && [ -n "$address" ]; do
  kill -0 $server 2> /dev/null || { cat "$scratch/log"; exit 1; }
done

grpcurl_() { grpcurl -plaintext -max-time 20 "$@"; }

# Fails unless a text is in what the command says.
expect() { # TEXT COMMAND...
  local text=$1 said
  shift
  said=$("$@" 2>&1) || { [[ $text == ERROR_* ]] || { echo "$said"; echo "failed: $*"; exit 1; }; }
  grep -qF -- "$text" <<< "$said" || { echo "$said"; echo "\"$text\" is not in what this said: $*"; exit 1; }
  echo "ok: $text"
}

service=laurels.v1.AchievementService
expect "$service" grpcurl_ "$address" list
expect 'rpc RecordEvents ( stream .laurels.v1.RecordEventsRequest )' grpcurl_ "$address" describe $service
expect 'google.protobuf.Struct data' grpcurl_ "$address" describe laurels.v1.Event
expect '"status": "SERVING"' grpcurl_ "$address" grpc.health.v1.Health/Check

event='{"event":{"id":"c1","type":"commit.authored","user":"ana","data":{"merge":false,"added":1200}}}'
expect '"badge": "first-commit"' grpcurl_ -d "$event" "$address" $service/RecordEvent
expect '"duplicate": true' grpcurl_ -d "$event" "$address" $service/RecordEvent
expect '"badge": "lines-1000"' grpcurl_ -d '{"user":"ana"}' "$address" $service/GetBadges
expect '"id": "popular-file"' grpcurl_ "$address" $service/ListBadges
expect 'ERROR_REASON_INVALID_FIELD' grpcurl_ -d '{"event":{"type":"commit.authored"}}' "$address" $service/RecordEvent

# grpcurl ends a live stream by its own time limit, which is no fault.
watched=$(grpcurl -plaintext -max-time 3 -d '{"fromBeginning":true}' "$address" $service/LiveNotifications 2>&1 || true)
expect '"live": true' echo "$watched"
expect '"badge": "first-commit"' echo "$watched"

# A bounded load by a tool for loads: every event is answered well, and counts.
expect '[OK]   2000 responses' ghz --insecure --call $service.RecordEvent -n 2000 -c 20 \
  -d '{"event":{"id":"g{{.RequestNumber}}","type":"commit.authored","user":"gus","data":{"merge":false,"added":1}}}' "$address"
expect '"badge": "lines-1000"' grpcurl_ -d '{"user":"gus"}' "$address" $service/GetBadges
