#!/bin/bash
# lint.sh   every static check of the project, all of them even when one fails. Leaves its builds in BUILD/lint.
set -u
cd "$(dirname "$0")/../.." || exit 1
out=${BUILD:-build}/lint
mkdir -p "$out"
jobs=$(nproc)

mapfile -t c_files < <(git ls-files 'daemon/*.[ch]' 'tests/*.[ch]')
mapfile -t headers < <(git ls-files 'daemon/*.h')
mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
mapfile -t manuals < <(git ls-files 'man/*.[158]')

# Programs and tests, without sanitizers because only the warnings matter here.
compile_with() {
    make -sk -j"$jobs" --no-print-directory BUILD="$out/$1" CC="$1" CFLAGS="-O2 -Werror" LDFLAGS= SANITIZE="-O0 -Werror" \
        all unit-programs test-programs replay-programs bench-programs
}
gcc_warnings() { compile_with gcc; }
clang_warnings() { compile_with clang; }

# gcc's path-sensitive analyzer; it needs a real object file to say anything.
gcc_analyzer() {
    make -sk -j"$jobs" --no-print-directory BUILD="$out/analyzer" CC=gcc LDFLAGS= \
        CFLAGS="-O1 -g -Werror -fanalyzer" all
}

# clang's analyzer among many other checks, see .clang-tidy; what has not changed since it passed is not looked at again.
clang_tidy() { make -sk -j"$jobs" --no-print-directory BUILD="$out" tidy; }

cppcheck_files() {
    cppcheck --quiet --std=c11 --language=c -j "$jobs" --enable=warning,performance,portability --inline-suppr \
        --suppress=missingIncludeSystem --error-exitcode=1 -Idaemon '-DPRINTF(a,b)=' -DMUSTCHECK= daemon
}

# Calls that cut, guess, block or hide the clock. Numbers are read in base/num.c and the time only in base/clock.c.
# Comments and strings are blanked first, so that words in them do not count.
banned_functions() {
    local file hits status=0
    local words='atoi|atol|strtoll?|strtoull?|sprintf|vsprintf|strcpy|strcat|strtok|gets|localtime|gmtime|mktime|time'
    words="$words|gettimeofday|clock_gettime|sleep|usleep|nanosleep|exit"
    while IFS= read -r file; do
        case $file in daemon/base/clock.c | daemon/base/num.c | daemon/main.c | daemon/ctl/*) continue ;; esac
        hits=$(perl -0pe 's{/\*.*?\*/|"(?:\\.|[^"\\\n])*"}{ (my $blank = $&) =~ s/[^\n]/ /g; $blank }gse' "$file" |
            grep -nE "(^|[^A-Za-z0-9_>.])($words) *\(")
        [ -z "$hits" ] || { printf '%s\n' "$hits" | sed "s|^|$file:|"; status=1; }
    done < <(git ls-files 'daemon/*.c')
    return "$status"
}

formatting() {
    local file status=0
    for file in "${c_files[@]}"; do
        clang-format "$file" | cmp -s - "$file" || { echo "$file: make format would change it"; status=1; }
    done
    return "$status"
}

# What clang-format leaves alone: it wraps no comment.
line_length() {
    perl -CSD -ne '
        1 while s/^([^\t]*)\t/$1 . " " x (8 - length($1) % 8)/e;
        chomp;
        if (length > 120) { printf "%s:%d: %d columns, not 120\n", $ARGV, $., length; $status = 1 }
        close ARGV if eof;
        END { exit $status // 0 }' "${headers[@]}"
}

# SC2317 takes functions that are called by a name in a variable, like those here, for unreachable.
shell_scripts() { shellcheck --exclude=SC2317 "${scripts[@]}"; }

python_files() {
    git ls-files '*.py' | /usr/bin/python3 -B -c '
import ast, sys
for name in sys.stdin.read().split():
    ast.parse(open(name, encoding="utf-8").read(), name)'
}

# Every fault of the delivery contract names a test, and every test that it names is there.
contract_names() { tests/lib/contract.py names; }

# verify wants the program of ExecStart= to exist, so it is shown the one just built.
unit_file() {
    local copy=$out/deadlined.service
    sed "s|^ExecStart=.*|ExecStart=$PWD/$out/gcc/deadlined|" systemd/deadlined.service >"$copy"
    systemd-analyze verify --man=no "$copy" &&
        systemd-analyze security --offline=yes --threshold=15 --no-pager systemd/deadlined.service
}

manual_pages() { mandoc -T lint -W warning "${manuals[@]}"; }

failed=()
check() {
    local log=$out/$1.log
    if "$1" >"$log" 2>&1; then
        echo "ok   ${1//_/ }"
    else
        echo "FAIL ${1//_/ }:"
        tail -n 60 "$log" | sed 's/^/     /'
        failed+=("${1//_/ }")
    fi
}

check gcc_warnings
check clang_warnings
check gcc_analyzer
check clang_tidy
check cppcheck_files
check banned_functions
check formatting
check line_length
check shell_scripts
check python_files
check contract_names
check unit_file
[ ${#manuals[@]} = 0 ] || check manual_pages

[ ${#failed[@]} = 0 ] && { echo "lint: all passed"; exit 0; }
echo "lint: failed: $(printf '%s, ' "${failed[@]}" | sed 's/, $//')"
exit 1
