#!/bin/bash
# run.sh short|long   the real daemon under real faults: every file test_*.py here, a few of them at a time, and then a
# table of what was measured. The long form takes about an hour.
#
# BUILD names the build folder; DEADLINED_TEST_SEED repeats a run. Needs root, or sudo without a password: all of it runs in
# a mount namespace of its own, where the tests mount small disks. The last line is "N passed, M failed";
# TORTURE_COUNT_FILE, when set, gets the two numbers, and RESULTS_DIR each test's result.
set -u
cd "$(dirname "$0")/../.." || exit 1
export BUILD=${BUILD:-build} TORTURE=${1-short}
export DEADLINED_TEST_SEED=${DEADLINED_TEST_SEED:-$RANDOM$RANDOM}
side_by_side=3 # most of them wait most of the time

if [ "${TORTURE_IS_INSIDE:-}" = "" ]; then
    kept=BUILD,TORTURE,DEADLINED_TEST_SEED,TORTURE_COUNT_FILE,RESULTS_DIR
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo -n --preserve-env="$kept")
    exec "${as_root[@]}" unshare -m env TORTURE_IS_INSIDE=yes "$0" "$TORTURE"
fi

out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
export out TORTURE_FIGURES=$out/figures
: >"$TORTURE_FIGURES"

# One file: its output is shown when it has ended, so that those of others do not mix with it.
run_one() {
    local name=${1##*/}
    name=${name%.py}
    PYTEST_COUNT_FILE=$out/$name.count /usr/bin/python3 -B -m pytest -p no:cacheprovider -q -rs --durations=3 \
        ${RESULTS_DIR:+--junit-xml="$RESULTS_DIR/torture-$name.xml"} "$1" >"$out/$name.log" 2>&1
    cat "$out/$name.log"
}
export -f run_one

echo "torture, $TORTURE form: DEADLINED_TEST_SEED=$DEADLINED_TEST_SEED"
# The one that takes longest first; it is also the one whose pace is of no account.
files=(tests/torture/test_kill.py)
for file in tests/torture/test_*.py; do
    [ "$file" = "${files[0]}" ] || files+=("$file")
done
printf '%s\0' "${files[@]}" | xargs -0 -P $side_by_side -n 1 bash -c "run_one \"\$0\""

passed=0 failed=0
for file in "${files[@]}"; do
    name=${file##*/}
    p=0 f=1 # a file that left no counts has failed
    [ ! -s "$out/${name%.py}.count" ] || read -r p f <"$out/${name%.py}.count"
    passed=$((passed + p)) failed=$((failed + f))
done

echo "measured in $SECONDS s, seed $DEADLINED_TEST_SEED:"
sort "$TORTURE_FIGURES" | sed 's/^/  /'
[ -z "${TORTURE_COUNT_FILE:-}" ] || echo "$passed $failed" >"$TORTURE_COUNT_FILE"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
