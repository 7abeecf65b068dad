#!/bin/bash
# analyze.sh valgrind|tsan   runs the programs where mistakes are seen that make check cannot see.
#
# valgrind: the unit programs, built without sanitizers, and a daemon that delivers: values that were never set, memory
# that is lost. Programs that try thousands of cases run out of their time here; make check runs them under ASan.
# tsan: that daemon, built with ThreadSanitizer, and its unit tests. Two threads are ours, those of service/upkeep and
# store/store_sync; libcurl makes another for each name it resolves.
set -u
cd "$(dirname "$0")/../.." || exit 1
tool=${1-}
out=${BUILD:-build}/$tool
mkdir -p "$out/unit.log" && out=$(cd "$out" && pwd) || exit 1
jobs=$(nproc)
status=0

build() { make -sk -j"$jobs" --no-print-directory BUILD="$out" "$@"; }

# daemon_sessions COMMAND   integration tests with a deadlined that COMMAND starts and that writes what is wrong with it
# into reports. It is slow then, so these are tests that wait for events and measure no time.
daemon_sessions() {
    local programs=$out/programs reports=$out/reports
    rm -rf "$programs" "$reports" && mkdir -p "$programs" "$reports" || return 1
    # The tests hand no environment on, so it is told here.
    printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$1" "$out/deadlined" >"$programs/deadlined"
    chmod +x "$programs/deadlined"
    ln -s "$out/deadlinectl" "$programs/deadlinectl"
    local daemon=tests/integration/test_daemon.py smtp=tests/integration/test_smtp_faults.py
    local http=tests/integration/test_webhook.py telegram=tests/integration/test_telegram.py
    BUILD=$programs /usr/bin/python3 -B -m pytest -p no:cacheprovider -q \
        $daemon::test_a_task_added_before_the_start_is_delivered \
        $daemon::test_a_reload_takes_the_new_configuration \
        $daemon::test_a_reload_with_any_error_keeps_the_old_configuration \
        $daemon::test_signals_to_end_it_exit_0 \
        "$smtp::test_nothing_leaves_unless_the_server_proves_itself_and_lets_us_in[expired]" \
        "$smtp::test_a_server_that_does_gets_the_message[starttls-PLAIN]" \
        $smtp::test_one_refused_recipient_among_many \
        $telegram::test_the_token_is_told_nowhere \
        $http::test_nobody_listens \
        $http::test_connections_are_kept || status=1
    if [ -n "$(find "$reports" -type f -size +0)" ]; then
        cat "$reports"/* | head -n 120
        status=1
    fi
}

# unit_program PROGRAM   under $UNDER, for at most two minutes.
unit_program() {
    local name=${1#*/unit/}
    local log=$OUT/unit.log/${name//\//.}
    # shellcheck disable=SC2086 # words
    timeout 120 $UNDER "$1" >"$log" 2>&1
    case $? in
    0) echo "ok   $name" ;;
    124) echo "slow $name" ;;
    *) echo "FAIL $name: see $log" ;;
    esac
}

# unit_programs UNDER PROGRAM...
unit_programs() {
    export OUT=$out UNDER=$1
    export -f unit_program
    shift
    printf '%s\0' "$@" | TZ='' LC_ALL=C xargs -0 -P "$jobs" -n 1 bash -c "unit_program \"\$0\"" | tee "$out/unit.txt"
    echo "unit programs under $tool: $(grep -c ^ok "$out/unit.txt") passed," \
        "$(grep -c ^slow "$out/unit.txt") ran out of time, $(grep -c ^FAIL "$out/unit.txt") failed"
    ! grep -q ^FAIL "$out/unit.txt" || status=1
}

case $tool in
valgrind)
    memcheck="valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite"
    memcheck="$memcheck --errors-for-leak-kinds=definite --num-callers=20"
    build SANITIZE="-O1 -g" all unit-programs || exit 1
    daemon_sessions "$memcheck --log-file=$out/reports/%p"
    mapfile -t programs < <(find "$out/unit" -type f -executable -name 'test_*' | sort)
    unit_programs "$memcheck" "${programs[@]}"
    ;;
tsan)
    build CFLAGS="-O1 -g -fsanitize=thread" LDFLAGS=-fsanitize=thread all || exit 1
    daemon_sessions "env TSAN_OPTIONS=log_path=$out/reports/daemon"
    mapfile -t programs < <(grep -lwE 'upkeep.h|store_sync.h' tests/unit/*/test_*.c | sed "s|tests/\(.*\)\.c|$out/\1|")
    [ ${#programs[@]} = 0 ] || {
        build SANITIZE="-O1 -g -fsanitize=thread" "${programs[@]}" || exit 1
        unit_programs "env TSAN_OPTIONS=halt_on_error=1" "${programs[@]}"
    }
    ;;
*)
    echo "usage: analyze.sh valgrind|tsan" >&2
    exit 64
    ;;
esac
[ $status = 0 ] && echo "$tool: nothing found"
exit $status
