#!/usr/bin/env bash
# Runs every part of the tests, also after one failed, and ends with a plain summary.
#
# Four lanes share the cores. The first two have the tests that measure times and wait for servers. The
# others, at a lower priority, have what only computes: models, linters, TypeScript, exactness with ONNX
# Runtime, the wheels. LANES=1 runs one part after the other.
set -um
cd "$(dirname "$0")/.."
timed=("test-browser test-unit" "test-integration-servers")
computing=("test-integration-models test-onnxruntime" "test-dist lint test-typescript")
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
# Each lane is a process group, which an interruption ends as a whole.
trap 'kill -TERM -- $(jobs -p | sed "s/^/-/") 2>/dev/null; exit 130' INT TERM

# The output of a part appears as one block when the part is done.
run_part() {
  local part=$1 started=$SECONDS verdict=passed
  echo "== $part: started"
  make --no-print-directory "$part" >"$results/$part.log" 2>&1 </dev/null || verdict=FAILED
  printf '%-24s %s (%d s)\n' "$part" "$verdict" $((SECONDS - started)) >"$results/$part.result"
  { echo "== $part"; cat "$results/$part.log" "$results/$part.result"; } >"$results/$part.block"
  cat "$results/$part.block"
}

run_lane() {
  for part in "$@"; do run_part "$part"; done
}

if [ "${LANES:-}" = 1 ]; then
  run_lane ${computing[*]} ${timed[*]}
else
  for lane in "${timed[@]}"; do run_lane $lane & done
  for lane in "${computing[@]}"; do (renice -n 10 -p "$BASHPID" >/dev/null; run_lane $lane) & done
  wait
fi

printf '\n== summary\n'
parts=(${computing[*]} ${timed[*]})
for part in "${parts[@]}"; do
  cat "$results/$part.result" 2>/dev/null || printf '%-24s FAILED (did not run)\n' "$part" | tee "$results/$part.result"
done
failed=$(cat "$results"/*.result | grep -c FAILED)
echo "all parts                ($SECONDS s)"
echo "$((${#parts[@]} - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
