#!/bin/bash
# run-unit.sh PROGRAM...   runs cmocka programs; prints the whole output of those that fail, a line for those that pass.
set -u
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 TZ='' LC_ALL=C
passed=0 failed=0
for program in "$@"; do
    if output=$("$program" 2>&1); then
        n=$(printf '%s\n' "$output" | sed -n 's/.*PASSED  *\] *\([0-9]*\) test(s).*/\1/p' | awk '{s+=$1} END {print s+0}')
        passed=$((passed + n))
        echo "ok   ${program#*/unit/} ($n)"
    else
        failed=$((failed + 1))
        printf '%s\n' "$output"
        echo "FAIL ${program#*/unit/}"
    fi
done
echo "unit: $passed tests passed, $failed programs failed"
[ -z "${UNIT_COUNT_FILE:-}" ] || echo "$passed $failed" >"$UNIT_COUNT_FILE"
[ $failed = 0 ]
