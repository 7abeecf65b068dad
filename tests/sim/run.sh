#!/bin/bash
# run.sh check     the seeds that once broke something, two seeds twice, and 200 more, a plan year each: the same in every
#                  run, so that a change is judged by what it does and not by chance
# run.sh MINUTES   fresh seeds for that long: these find what is new
#
# A process for each processor. BUILD names the build folder. Prints what broke, with the seed that repeats it; the last
# line is "N passed, M failed". SIM_COUNT_FILE, when set, gets the two numbers, and RESULTS_DIR sim.tsv.
set -u
cd "$(dirname "$0")/../.." || exit 1
sim=${BUILD:-build}/sim/sim
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
processes=$(nproc)
known=200
base=1001
[ "${1:-}" = check ] || base=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')

# start NAME ARGUMENT...   in the background.
start() {
    local name=$1
    shift
    nice "$sim" "$@" >"$out/$name" 2>&1 &
}

# Seed and years of each line of tests/sim/seeds; what follows says what it found.
kept() {
    grep -v '^#' tests/sim/seeds | while read -r seed years _; do
        nice "$sim" --seed "$seed" --years "${years:-1}"
    done
}

echo "base seed $base: $sim --seed N repeats the story of a seed"
if [ "${1:-}" = check ]; then
    share=$(((known + processes - 1) / processes))
    for ((i = 0; i < processes; i++)); do start "known$i" --seed $((base + i * share)) --seeds $share; done
    kept >"$out/kept" 2>&1 &
    start twice --seed "$base" --seeds 2 --twice
else
    for ((i = 0; i < processes; i++)); do
        start "fresh$i" --seed $((base + i * 1000000)) --seconds $((${1:?minutes} * 60))
    done
fi
wait

passed=0 failed=0
for log in "$out"/*; do
    grep -av '^seed=.* ok ' "$log"
    # A program that died has no last line.
    p=$(sed -n 's/^sim: .*: \([0-9]*\) passed, \([0-9]*\) failed; .*/\1/p' "$log" | awk '{s += $1} END {print s + 0}')
    f=$(sed -n 's/^sim: .*: \([0-9]*\) passed, \([0-9]*\) failed; .*/\2/p' "$log" | awk '{s += $1} END {print s + 0}')
    if [ "$(basename "$log")" != kept ] && ! grep -aq '^sim: ' "$log"; then f=$((f + 1)); fi
    passed=$((passed + p)) failed=$((failed + f))
done
echo "simulated world: $passed seeds passed, $failed failed"
[ -z "${SIM_COUNT_FILE:-}" ] || echo "$passed $failed" >"$SIM_COUNT_FILE"
result=FAIL
[ $failed != 0 ] || [ $passed = 0 ] || result=ok
[ -z "${RESULTS_DIR:-}" ] || printf 'sim\tseeds\t%s\n' $result >"$RESULTS_DIR/sim.tsv"
[ $result = ok ]
