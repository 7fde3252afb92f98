#!/usr/bin/env bash
# Runs every fuzz target of the tree for the given time each, two seconds of start-up included by the tool.
set -eu -o pipefail
cd "$(dirname "$0")/.."
time=${1:-5s}
found=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# once DIR TARGET: one run. The tool sometimes fails a target for nothing but its own deadline at the end of the time: a real
# failure names the input that it has written down, so a run that fails without one, and with the deadline, is run again.
once() {
  for try in 1 2 3; do
    if go test -run '^$' -fuzz "^$2\$" -fuzztime "$time" -fuzzminimizetime 10x "./$1" 2>&1 | tee "$log"; then return 0; fi
    if ! grep -q 'context deadline exceeded' "$log" || grep -q 'Failing input' "$log"; then return 1; fi
    echo "fuzz: only the tool's own deadline; again ($try)"
  done
  return 1
}

for file in $(git ls-files '*_test.go' | xargs grep -l '^func Fuzz'); do
  # Minimising what looks interesting may take a minute each by default: more than the whole run.
  for target in $(grep -oE '^func Fuzz[A-Za-z0-9_]+' "$file" | awk '{print $2}'); do
    echo "fuzz $(dirname "$file") $target for $time"
    once "$(dirname "$file")" "$target"
    found=$((found + 1))
  done
done
[ "$found" -gt 0 ] || { echo "no fuzz targets found" >&2; exit 1; }
echo "fuzz: $found targets clean"
