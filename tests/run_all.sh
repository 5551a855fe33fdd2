#!/usr/bin/env bash
# Runs every part of the tests, also after one failed, and ends with a plain summary.
#
# Two lanes share the cores. The first has the tests that measure times. The second, at a lower priority,
# has what only computes: linters, TypeScript, exactness with ONNX Runtime, the wheels. LANES=1 runs one
# part after the other.
set -um
cd "$(dirname "$0")/.."
timed=(test-unit test-integration test-browser)
computing=(lint test-typescript test-onnxruntime test-dist)
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
# Each lane is a process group, which an interruption ends as a whole.
trap 'kill -TERM -- $(jobs -p | sed "s/^/-/") 2>/dev/null; exit 130' INT TERM

# The output of a part appears as one block when the part is done.
run_part() {
  local part=$1 started=$SECONDS verdict=passed
  echo "== $part: started"
  make --no-print-directory "$part" >"$results/$part.log" 2>&1 </dev/null || verdict=FAILED
  printf '%-16s %s (%d s)\n' "$part" "$verdict" $((SECONDS - started)) >"$results/$part.result"
  { echo "== $part"; cat "$results/$part.log" "$results/$part.result"; } >"$results/$part.block"
  cat "$results/$part.block"
}

run_lane() {
  for part in "$@"; do run_part "$part"; done
}

if [ "${LANES:-2}" = 1 ]; then
  run_lane "${computing[@]}" "${timed[@]}"
else
  run_lane "${timed[@]}" &
  (renice -n 10 -p "$BASHPID" >/dev/null; run_lane "${computing[@]}") &
  wait
fi

printf '\n== summary\n'
for part in "${computing[@]}" "${timed[@]}"; do
  cat "$results/$part.result" 2>/dev/null || printf '%-16s FAILED (did not run)\n' "$part" | tee "$results/$part.result"
done
failed=$(cat "$results"/*.result | grep -c FAILED)
echo "all parts        ($SECONDS s)"
echo "$((${#timed[@]} + ${#computing[@]} - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
