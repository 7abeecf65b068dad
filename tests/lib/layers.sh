#!/bin/bash
# layers.sh LAYER...   lowest first: a file in daemon/LAYER may include only headers of its own and of lower layers.
set -u
declare -A floor
n=0
for layer in "$@"; do floor[$layer]=$((n++)); done

status=0
files=0
for file in daemon/*/*.[ch]; do
    layer=$(basename "$(dirname "$file")")
    files=$((files + 1))
    [ -n "${floor[$layer]+x}" ] || { echo "$file: folder $layer is no layer" >&2; status=1; continue; }
    while IFS=: read -r line include; do
        other=${include%%/*}
        if [ -z "${floor[$other]+x}" ]; then
            echo "$file:$line: includes \"$include\", which names no layer" >&2; status=1
        elif [ "${floor[$other]}" -gt "${floor[$layer]}" ]; then
            echo "$file:$line: includes \"$include\" of the higher layer $other" >&2; status=1
        fi
    done < <(sed -n 's/^#include "\(.*\)".*/\1/;T;=;p' "$file" | paste -d: - -)
done

# Each library has one room (PROTOCOLS: only these files know it).
only() {
    local header=$1 allowed=$2 hits
    hits=$(grep -lE "^#include <$header>" -r daemon | grep -vE "$allowed")
    for file in $hits; do
        echo "$file: includes <$header>, which belongs to $allowed" >&2
        status=1
    done
}
only 'sqlite3\.h' '^daemon/store/'
only 'ini\.h' '^daemon/conf/ini\.c'
only 'libical/.*' '^daemon/(plan/|message/mail_calendar)'
only 'unicode/.*' '^daemon/message/language'
only 'curl/.*' '^daemon/channel/'
only 'systemd/.*' '^daemon/service/'

[ $status = 0 ] && echo "layers: $files files, every include goes down or stays level"
exit $status
