#!/usr/bin/env bash
# Runs every part of the tests, also after one failed, and ends with a plain summary.
#
# Three parts at a time share the cores: the next one starts when one is done, the longest ones first.
# Those that measure times and wait for servers go before those that only compute: models, linters,
# TypeScript, exactness with ONNX Runtime, the wheels. LANES=1 runs one part after the other.
set -um
cd "$(dirname "$0")/.."
timed="test-integration-servers test-browser test-unit"
parts="test-integration-servers test-integration-training test-integration-engines test-browser
  test-dist test-unit test-onnxruntime lint test-typescript"
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
# Each lane is a process group, which an interruption ends as a whole.
trap 'kill -TERM -- $(jobs -p | sed "s/^/-/") 2>/dev/null; exit 130' INT TERM
# One thread for a model: other parts have work for the other cores.
export OMP_NUM_THREADS=1
# glibc keeps what is freed. Otherwise a third of the time of small trainings goes to page faults of
# logits, which are allocated for each step.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=1073741824

# The output of a part appears as one block when the part is done.
run_part() {
  local part=$1 started=$SECONDS verdict=passed priority=5
  [[ " $timed " == *" $part "* ]] && priority=0
  echo "== $part: started"
  nice -n $priority make --no-print-directory "$part" >"$results/$part.log" 2>&1 </dev/null || verdict=FAILED
  printf '%-26s %s (%d s)\n' "$part" "$verdict" $((SECONDS - started)) >"$results/$part.result"
  { echo "== $part"; cat "$results/$part.log" "$results/$part.result"; } >"$results/$part.block"
  cat "$results/$part.block"
}

# A lane takes the parts that no other has taken: creating a directory succeeds once.
run_lane() {
  for part in $parts; do
    if mkdir "$results/$part.taken" 2>/dev/null; then run_part "$part"; fi
  done
}

for ((lane = 0; lane < ${LANES:-3}; lane++)); do run_lane & done
wait

printf '\n== summary\n'
for part in $parts; do
  cat "$results/$part.result" 2>/dev/null || printf '%-26s FAILED (did not run)\n' "$part" | tee "$results/$part.result"
done
failed=$(cat "$results"/*.result | grep -c FAILED)
echo "all parts                  ($SECONDS s)"
echo "$(($(wc -w <<<"$parts") - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
