#!/bin/bash
# uninstall.sh DESTDIR PREFIX SYSCONFDIR   removes the files that install.sh of this version puts, and the folders of ours that
# are empty then. Configuration, secrets and data stay.
set -eu
[ $# = 3 ] || { echo "usage: uninstall.sh DESTDIR PREFIX SYSCONFDIR" >&2; exit 64; }
root=$1 prefix=$2 etc=$3/deadlined

# Installed anew into an empty folder, with empty files for the programs: so there is one list of what belongs to us.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir "$copy/build" "$copy/root"
touch "$copy/build/deadlined" "$copy/build/deadlinectl"
"$(dirname "$0")/install.sh" "$copy/build" "$copy/root" "$prefix" "$3"

find "$copy/root" -type f ! -path "$copy/root$etc/*" -printf '%P\n' | while IFS= read -r file; do
    rm -f "$root/$file"
done
[ ! -d "$root$prefix/share/deadlined" ] || find "$root$prefix/share/deadlined" -depth -type d -exec rmdir --ignore-fail-on-non-empty {} +
echo "removed; $root$etc and the database stay"
