#!/bin/bash
# run-unit.sh PROGRAM...   runs cmocka programs, as many at once as there are processors; prints the whole output of those
# that fail, a line for those that pass. RESULTS_DIR, when set, gets unit.tsv: a line for each case of each program.
set -u
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 TZ='' LC_ALL=C
results=$(mktemp -d) || exit 1
trap 'rm -rf "$results"' EXIT
export results

# One program: its output and, when it passed, an empty file beside it.
run_one() {
    local name=${1#*/unit/}
    local output=$results/${name//\//.}
    "$1" >"$output" 2>&1 && : >"$output.passed"
}
export -f run_one
printf '%s\0' "$@" | xargs -0 -r -P "$(nproc)" -n 1 bash -c "run_one \"\$0\"" || true # who failed is told below

# keep_results NAME OUTPUT: when a program fails and blames no case (it crashed, or lost memory), all of its cases failed.
keep_results() {
    [ -n "${RESULTS_DIR:-}" ] || return 0
    awk -v program="$1" -v passed="$([ -e "$2.passed" ] && echo yes)" '
        /^\[ RUN      \] / { is_run[$4] = 1 }
        /^\[       OK \] / { is_ok[$4] = 1 }
        /^\[  FAILED  \] [a-z]/ { is_blamed = 1; is_failed[$4] = 1 }
        END {
            for (name in is_run) {
                result = name in is_ok && !(name in is_failed) && (passed || is_blamed) ? "ok" : "FAIL"
                printf "unit\t%s %s\t%s\n", program, name, result
            }
        }' "$2" >>"$RESULTS_DIR/unit.tsv"
}

passed=0 failed=0
for program in "$@"; do
    name=${program#*/unit/}
    output=$results/${name//\//.}
    keep_results "$name" "$output"
    if [ -e "$output.passed" ]; then
        n=$(sed -n 's/.*PASSED  *\] *\([0-9]*\) test(s).*/\1/p' "$output" | awk '{s+=$1} END {print s+0}')
        passed=$((passed + n))
        echo "ok   $name ($n)"
    else
        failed=$((failed + 1))
        cat "$output"
        echo "FAIL $name"
    fi
done
echo "unit: $passed tests passed, $failed programs failed"
[ -z "${UNIT_COUNT_FILE:-}" ] || echo "$passed $failed" >"$UNIT_COUNT_FILE"
[ $failed = 0 ]
