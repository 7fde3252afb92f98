#!/usr/bin/env bash
# Runs every fuzz target of the tree for the given time each, two seconds of start-up included by the tool.
set -eu
cd "$(dirname "$0")/.."
time=${1:-5s}
found=0
for file in $(git ls-files '*_test.go' | xargs grep -l '^func Fuzz'); do
  # Minimising what looks interesting may take a minute each by default: more than the whole run.
  for target in $(grep -oE '^func Fuzz[A-Za-z0-9_]+' "$file" | awk '{print $2}'); do
    echo "fuzz $(dirname "$file") $target for $time"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 10x "./$(dirname "$file")"
    found=$((found + 1))
  done
done
[ "$found" -gt 0 ] || { echo "no fuzz targets found" >&2; exit 1; }
echo "fuzz: $found targets clean"
