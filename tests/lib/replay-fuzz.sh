#!/bin/bash
# replay-fuzz.sh   gives each fuzz target the inputs kept for it; a target is one test. Prints the end of what a broken
# one said, with the input that broke it, and a line for those that pass. RESULTS_DIR, when set, gets fuzz.tsv.
set -u
build=${BUILD:-build}
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 TZ='' LC_ALL=C
passed=0 failed=0
for source in tests/fuzz/fuzz_*.c; do
    target=$(basename "$source" .c)
    if output=$("$build/replay/$target" "tests/fuzz/corpus/${target#fuzz_}" 2>&1); then
        passed=$((passed + 1)) result=ok
        echo "ok   $target ($(printf '%s\n' "$output" | wc -l) inputs)"
    else
        failed=$((failed + 1)) result=FAIL
        broken_by=$(printf '%s\n' "$output" | grep '^tests/fuzz/corpus/' | tail -n 1)
        printf '%s\n' "$output" | grep -v '^tests/fuzz/corpus/' | head -n 60
        echo "FAIL $target: ${broken_by:-no input}"
    fi
    [ -z "${RESULTS_DIR:-}" ] || printf 'fuzz\t%s\t%s\n' "$target" $result >>"$RESULTS_DIR/fuzz.tsv"
done
echo "fuzz corpora: $passed targets passed, $failed failed"
[ -z "${REPLAY_COUNT_FILE:-}" ] || echo "$passed $failed" >"$REPLAY_COUNT_FILE"
[ $failed = 0 ]
