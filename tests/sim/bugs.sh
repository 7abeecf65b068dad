#!/bin/bash
# bugs.sh   shows that the simulated world finds what it is there to find: each bug of tests/sim/bugs is planted into the
# daemon, and must be found within SEEDS seeds, by one of the invariants that the first line of its patch names. Two at a
# time.
#
# BUILD names the build folder. SIM_COUNT_FILE, when set, gets the numbers of bugs that were found and that were not,
# and RESULTS_DIR bugs.tsv.
set -u
cd "$(dirname "$0")/../.." || exit 1
export BUILD=${BUILD:-build} SEEDS=${SEEDS:-200}
results=$(mktemp -d) || exit 1
trap 'rm -rf "$results"' EXIT
export results

# One bug: what was found, and an empty file beside it when it was.
find_bug() {
    local name=$1 output=$results/$1 program=$BUILD/sim/bugs/$1/sim expected
    if [ ! -x "$program" ]; then
        echo "does not build: the patch does not follow the code" >"$output"
        return
    fi
    nice timeout -k 5 300 "$program" --seed 1 --seeds "$SEEDS" --first >"$output.log" 2>&1
    grep -a -m 1 '^seed=.* BROKEN ' "$output.log" >"$output" || tail -n 1 "$output.log" >"$output"
    expected=$(sed -n '1s/: .*//p' "tests/sim/bugs/$name.patch")
    if grep -aqE "BROKEN (${expected// /|}):" "$output"; then : >"$output.found"; fi
}
export -f find_bug

names=() programs=()
for patch in tests/sim/bugs/*.patch; do
    names+=("$(basename "$patch" .patch)")
    programs+=("$BUILD/sim/bugs/$(basename "$patch" .patch)/sim")
done
# One that does not build must not keep the others from it.
make -k -s -j2 --no-print-directory BUILD="$BUILD" "${programs[@]}" >"$results/make.log" 2>&1
printf '%s\0' "${names[@]}" | xargs -0 -P 2 -n 1 bash -c "find_bug \"\$0\""

found=0 missed=0
for name in "${names[@]}"; do
    if [ -e "$results/$name.found" ]; then
        found=$((found + 1)) result=ok
        echo "ok   $name: $(cut -c1-150 "$results/$name")"
    else
        missed=$((missed + 1)) result=FAIL
        echo "FAIL $name is not found: $(cat "$results/$name")"
    fi
    [ -z "${RESULTS_DIR:-}" ] || printf 'bug\t%s\t%s\n' "$name" $result >>"$RESULTS_DIR/bugs.tsv"
done
echo "planted bugs: $found found, $missed not found"
[ -z "${SIM_COUNT_FILE:-}" ] || echo "$found $missed" >"$SIM_COUNT_FILE"
[ $missed = 0 ]
