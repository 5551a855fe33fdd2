#!/usr/bin/env bash
# Runs every part of the tests, also after one failed, and ends with a plain summary.
set -u
cd "$(dirname "$0")/.."
passed=0 failed=0 lines=()
for part in lint test-typescript test-unit test-integration test-browser test-dist; do
  echo "== $part"
  began=$SECONDS
  if make --no-print-directory "$part"; then
    passed=$((passed + 1)) verdict=passed
  else
    failed=$((failed + 1)) verdict=FAILED
  fi
  lines+=("$(printf '%-16s %s (%d s)' "$part" "$verdict" $((SECONDS - began)))")
done
printf '\n== summary\n'
printf '%s\n' "${lines[@]}"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
