#!/bin/bash
# run.sh   checks the models of the delivery state machine with spin; each model's own comment says what it shows.
#
# Each line of the table below is one check. "holds": spin tried every order of steps and found nothing wrong. Any other
# word is what this variant, which does something in a wrong way, must be found to break: an assertion, named by a part
# of its text, or the "promise"; then the check passes when spin has found it.
#
# BUILD names the build folder. The last line is "N passed, M failed"; MODEL_COUNT_FILE, when set, gets the two numbers,
# and RESULTS_DIR model.tsv.
set -u
cd "$(dirname "$0")/../.." || exit 1
models=$PWD/tests/model
out=${BUILD:-build}/model
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1

checks() {
    cat <<'CHECKS'
delivery                                  holds
delivery -DMARKFIRST                      promise
delivery -DSENDFIRST                      disk.is_attempt_open
delivery -DLOSTISNO                       copies<=
delivery -DNORECOVER                      promise
delivery -DNORMALSYNC                     copies<=
delivery -DNOREFUND                       tx.n_attempts<=
delivery -DREOPEN                         tx.state==disk.state
delivery -DBOUND=1                        copies<=
full                                      holds
full     -DRESEND                         copies<=
full     -DDROP                           promise
full     -DANYWAY                         disk.is_attempt_open
two                                       holds
two      -DNOLOCK                         tx.n_crashes<=
two      -DLEASE                          copies<=
two      -DLEASE -DEXTRA=n_takeovers -DKILLS=0 -DREFUSALS=0 -DUNKNOWN_MAX=2 holds
CHECKS
}

# What the checker's program said: "holds", or what it found broken: "assertion violated (copies<=1) (at depth 38)".
verdict() {
    if grep -q 'search depth too small' "$1" || ! grep -q 'errors: [01]$' "$1"; then
        echo "was not searched to the end"
    elif grep -q 'errors: 0$' "$1"; then
        echo holds
    else
        # To spin, a promise that is never kept is a walk that goes round for ever: an acceptance cycle.
        sed -n 's/^pan:1: //p' "$1" | sed 's/^acceptance cycle/promise not kept/'
    fi
}

# check_model DIR EXPECTED MODEL [DEFINE...]   has spin write the checker's program in DIR, runs and judges it.
check_model() {
    local dir=$1 expected=$2 model=$3 name="${*:3}" found
    shift 3
    rm -rf "$dir" && mkdir "$dir" && cd "$dir" || return 1
    if ! { spin -a "$@" "$models/$model.pml" && gcc -O0 -w -o pan pan.c; } >build.log 2>&1; then
        echo "FAIL $name: does not compile"
        cat build.log
        return 1
    fi
    # -a: look for walks that never keep the promise, too. -m: steps of the longest walk.
    timeout 120 ./pan -a -m100000 >pan.log 2>&1
    found=$(verdict pan.log)
    case $found in
    holds) found="holds in all $(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' pan.log) states" ;;
    esac
    if [[ $found == *"$expected"* ]]; then
        echo "ok   $name: $found"
        return 0
    fi
    echo "FAIL $name: $found; expected: $expected"
    [ ! -e "$model.pml.trail" ] || ./pan -r "$model.pml.trail" | grep -v '^MSC:' | tail -n 70 # the end of the way there
    return 1
}

# The moves of the models are the arrows at the top of outbox.c.
check_arrows() {
    local moves arrows
    moves=$(sed -n 's/.*tx.state == \([a-z]*\) && event == ev_\([a-z]*\) -> tx.state = \([a-z]*\)$/\1 --\2--> \3/p' \
        "$models/outbox.pml" | sort)
    arrows=$(sed -n 's/^ \*  *\([a-z]* --[a-z]*--> [a-z]*\).*/\1/p' daemon/remind/outbox.c | sort)
    if [ -n "$moves" ] && [ "$moves" = "$arrows" ]; then
        echo "ok   arrows: the models move as outbox.c does"
        return 0
    fi
    echo "FAIL arrows: < the models, > outbox.c"
    diff <(echo "$moves") <(echo "$arrows")
    return 1
}

work=$(mktemp -d "$out/run.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

# report N COMMAND...   leaves what the command says, and whether it passed.
report() {
    local n=$1
    shift
    if "$@" >"$work/$n.txt"; then : >"$work/$n.passed"; fi
}

report 0 check_arrows
n=0
while read -r -a words; do
    n=$((n + 1))
    expected=${words[-1]}
    [ "$expected" != promise ] || expected="promise not kept"
    [ "$(jobs -rp | wc -l)" -lt "$(nproc)" ] || wait -n
    report $n check_model "$work/$n" "$expected" "${words[@]:0:${#words[@]}-1}" &
done < <(checks)
wait

passed=0
for i in $(seq 0 $n); do
    cat "$work/$i.txt"
    [ ! -e "$work/$i.passed" ] || passed=$((passed + 1))
done
failed=$((n + 1 - passed))
echo "$passed passed, $failed failed"
[ -z "${RESULTS_DIR:-}" ] ||
    sed -n 's/^\(ok\|FAIL\)  *\([^:]*\): .*/model\t\2\t\1/p' "$work"/*.txt >"$RESULTS_DIR/model.tsv"
[ -z "${MODEL_COUNT_FILE:-}" ] || echo "$passed $failed" >"$MODEL_COUNT_FILE"
[ $failed = 0 ]
