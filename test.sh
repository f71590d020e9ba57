#!/usr/bin/env bash
# Installs what is missing, builds, runs every test. The last line is the summary.
set -eu
cd "$(dirname "$0")"

tools/install-deps.sh
cmake --preset release >/dev/null
cmake --build build

log=$(mktemp)
trap 'rm -f "$log"' EXIT
set -o pipefail
status=0
build/tests/burin_tests --gtest_brief=1 2>&1 | tee "$log" || status=1
scripts_passed=0
scripts_failed=0
for script in "tools/check_structure.py ." tests/bench/*_test.py; do
  if python3 $script; then scripts_passed=$((scripts_passed + 1)); else scripts_failed=$((scripts_failed + 1)); fi
done

count() { grep -oE "\[ +$1 +\] [0-9]+ test" "$log" | grep -oE '[0-9]+' | tail -n 1 || true; }
passed=$(count PASSED)
failed=$(grep -cE '^\[  FAILED  \] .* \([0-9]+ ms\)$' "$log" || true)
skipped=$(count SKIPPED)
passed=${passed:-0} failed=${failed:-0} skipped=${skipped:-0}
if [ $status -ne 0 ] && [ "$failed" = 0 ]; then failed=1; fi  # the binary died
passed=$((passed + scripts_passed)) failed=$((failed + scripts_failed))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
