#!/bin/bash
# check.sh [UNIT_PROGRAM...]   runs the unit programs, the replays of the fuzz corpora, the models, the simulated years with
# and without planted bugs, the integration tests and the short forms of the torture tests and of those that lack memory;
# without programs only the integration tests. BUILD names the build folder. The last line is always "N passed, M failed",
# over all kinds of tests. The result of each test stays in BUILD/results, where contract.py reads it. The time-outs are for
# what hangs, on a machine however busy.
set -u
cd "$(dirname "$0")/../.." || exit 1
export BUILD=${BUILD:-build}
rm -rf "$BUILD/results" && mkdir -p "$BUILD/results" || exit 1
RESULTS_DIR=$(cd "$BUILD/results" && pwd) && export RESULTS_DIR || exit 1

counts=$(mktemp -d) || exit 1
trap 'rm -rf "$counts"' EXIT
passed=0 failed=0 status=0

# add FILE: "PASSED FAILED" as a runner left it; a runner that left nothing has failed.
add() {
    local p=0 f=1
    [ ! -s "$1" ] || read -r p f <"$1"
    passed=$((passed + p)) failed=$((failed + f))
}

if [ $# -gt 0 ]; then
    echo "== unit tests"
    UNIT_COUNT_FILE=$counts/unit tests/lib/run-unit.sh "$@" || status=1
    add "$counts/unit"

    echo "== fuzz corpora"
    REPLAY_COUNT_FILE=$counts/replay tests/lib/replay-fuzz.sh || status=1
    add "$counts/replay"

    echo "== models"
    MODEL_COUNT_FILE=$counts/model tests/model/run.sh || status=1
    add "$counts/model"

    echo "== simulated years"
    SIM_COUNT_FILE=$counts/sim timeout -k 10 1800 tests/sim/run.sh check || status=1
    add "$counts/sim"

    echo "== bugs planted into the daemon"
    SIM_COUNT_FILE=$counts/bugs timeout -k 10 1800 tests/sim/bugs.sh || status=1
    add "$counts/bugs"
fi

echo "== integration tests"
# The interpreter of Debian's python3-pytest, whatever other python3 comes first in PATH.
# -B and no cache: the tests leave nothing in the source tree.
PYTEST_COUNT_FILE=$counts/pytest timeout -k 10 2700 \
    /usr/bin/python3 -B -m pytest -p no:cacheprovider -q -rs --durations=5 --junit-xml="$RESULTS_DIR/pytest.xml" \
    tests/integration || status=1
add "$counts/pytest"

if [ $# -gt 0 ]; then
    echo "== torture, the short form"
    TORTURE_COUNT_FILE=$counts/torture timeout -k 10 1800 tests/torture/run.sh short || status=1
    add "$counts/torture"

    echo "== out of memory, the short form"
    OOM_COUNT_FILE=$counts/oom timeout -k 10 600 /usr/bin/python3 -B tests/oom/run.py --short 15 || status=1
    add "$counts/oom"

    # The table is for the reader: the tests behind it are counted above.
    echo "== delivery contract"
    tests/lib/contract.py table || true
fi

[ "$failed" = 0 ] || status=1
echo "$passed passed, $failed failed"
exit $status
