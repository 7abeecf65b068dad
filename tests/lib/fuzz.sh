#!/bin/bash
# fuzz.sh SECONDS PROGRAM...   runs libFuzzer on each target for its part of the seconds, from the inputs kept in
# tests/fuzz/corpus and those found before (BUILD/fuzz-found). An input that breaks a target stays in BUILD/fuzz-broken.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
seconds=$1
shift
if ! [ "$seconds" -gt 0 ] 2>/dev/null || [ $# = 0 ]; then
    echo "usage: fuzz.sh SECONDS PROGRAM..." >&2
    exit 64
fi
each=$((seconds / $#))
[ $each -gt 0 ] || each=1
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 TZ='' LC_ALL=C
status=0
for program in "$@"; do
    target=$(basename "$program" | sed 's/^fuzz_//')
    found=$build/fuzz-found/$target broken=$build/fuzz-broken/$target
    mkdir -p "$found" "$broken"
    if "$program" -max_total_time=$each -max_len=4096 -timeout=10 -rss_limit_mb=1024 -verbosity=0 -print_final_stats=1 \
        -artifact_prefix="$broken/" "$found" "tests/fuzz/corpus/$target" >"$broken.log" 2>&1; then
        echo "ok   $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$broken.log") inputs in $each s"
    else
        tail -n 60 "$broken.log"
        echo "FAIL $target: once it is mended, keep the input in tests/fuzz/corpus/$target/"
        status=1
    fi
done
exit $status
