#!/bin/bash
# demo.sh: the office's year 2025, rehearsed with the live code on a virtual clock. Called by `make demo`.
# BUILD = folder of the programs, DEMO_DIR = where the database and the mails go; both may be relative.
set -u
die() { echo "make demo: $*" >&2; exit 1; }

build=$(realpath "${BUILD:-build}") || die "there is no folder $BUILD"
config=$(realpath "$(dirname "$0")/..")
mkdir -p "${DEMO_DIR:-$build/demo}" || die "cannot make the folder ${DEMO_DIR:-$build/demo}"
dir=$(realpath "${DEMO_DIR:-$build/demo}")
ini=$dir/demo.ini

# Decodes =?UTF-8?B?...?= in headers, joining neighbours, and the body by its transfer encoding: for reading by eye.
show_mail() {
    local encoding line word
    encoding=$(sed -n '/^\r*$/q; s/^Content-Transfer-Encoding: *\([^\r]*\).*/\1/p' "$1")
    sed '/^\r*$/q' "$1" | tr -d '\r' | sed -e ':join;N;$!b join;s/?=\n =?UTF-8?B?//g;s/\n / /g' | while IFS= read -r line; do
        while [[ $line =~ =\?UTF-8\?B\?([A-Za-z0-9+/=]*)\?= ]]; do
            word=$(base64 -d <<<"${BASH_REMATCH[1]}")
            line=${line/"${BASH_REMATCH[0]}"/"$word"}
        done
        printf '    %s\n' "$line"
    done
    sed '1,/^\r*$/d' "$1" | tr -d '\r' | case $encoding in
        base64) base64 -d ;;
        quoted-printable) printf '%b' "$(sed -e ':join;/=$/{N;s/=\n//;b join;}' -e 's/\\/\\\\/g; s/=\([0-9A-F][0-9A-F]\)/\\x\1/g')" ;;
        *) cat ;;
    esac | sed 's/^/    /'
    echo
}

rm -rf "$dir/maildir" "$dir/deadlined.db" "$dir"/deadlined.db-* || die "cannot empty $dir"
sed -e "s|@DIR@|$dir|g" -e "s|@CONFIG@|$config|g" "$config/examples/demo.ini" >"$ini" || die "cannot write $ini"
(umask 077 && echo "0:a-rehearsal-needs-no-real-token" >"$dir/telegram-token") || die "cannot write into $dir"

"$build/deadlined" -c "$ini" --check 2>/dev/null || die "the demo's configuration has the errors above"
echo "Importing the example plan ..."
"$build/deadlinectl" -c "$ini" import "$config/examples/people-2025.csv" "$config/examples/plan-2025.csv" ||
    die "the import failed"
echo
echo "Rehearsing 2025 ..."
"$build/deadlined" -c "$ini" --rehearse 2025-01-01..2025-12-31 --deliver >"$dir/rehearsal.txt" ||
    die "the rehearsal failed"
echo
cat "$dir/rehearsal.txt"

mail=$(grep -l '^To:.*press@example.org' "$dir"/maildir/new/* 2>/dev/null | head -n 1)
[ -n "$mail" ] || die "the rehearsal wrote no mail into $dir/maildir/new"
printf '\nOne of the mails in full, decoded for reading (%s):\n\n' "$mail"
show_mail "$mail"

cat <<NEXT
Where to look next
    $dir/maildir/new/     every mail, $(find "$dir/maildir/new" -type f | wc -l) of them; mutt -f $dir/maildir reads them
    $dir/rehearsal.txt    the table above
    $ini                  the configuration: change a policy, run make demo again
    config/examples/      the plan and the people as CSV
    build/deadlinectl -c $ini list        the plan as the daemon understands it
    README.md             five minutes to real reminders under systemd
NEXT
