#!/usr/bin/env bash
# End to end in Chromium: first the pages against their mock, then the real thing: a demo with a real agent on a virtual scanner.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
(cd web && npm run e2e --silent)

dir=$(mktemp -d)
trap 'kill "$demo" 2>/dev/null || true; wait "$demo" 2>/dev/null || true; rm -rf "$dir"' EXIT
port=${BACKDOCK_E2E_PORT:-18080}
bin/backdock --log-level warn demo --listen "127.0.0.1:$port" --page 17070 --data "$dir/data" >"$dir/log" 2>&1 &
demo=$!
for _ in $(seq 300); do
  grep -q 'Log-ins' "$dir/log" && break
  kill -0 "$demo" 2>/dev/null || { cat "$dir/log"; exit 1; }
  sleep 0.2
done
station=$(sed -n 's/.*Station page, bench 1 //p' "$dir/log" | tr -d ' ')
[ -n "$station" ] || { cat "$dir/log"; echo "the demo did not start" >&2; exit 1; }
cd "$root/web" && BACKDOCK_URL="http://127.0.0.1:$port" BACKDOCK_STATION="$station" npm run e2e --silent
