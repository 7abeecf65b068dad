#!/bin/sh
# plant.sh PATCH FILE   makes FILE, a copy of the one source file that the patch names, with the bug in it. A patch that
# does not apply is an error: it must follow the code.
set -eu
source=$(sed -n 's|^+++ b/||p' "$1")
[ -f "$source" ] || { echo "$1: names no file of the source tree" >&2; exit 1; }
mkdir -p "$(dirname "$2")"
patch -s -F 2 -o "$2" "$source" "$1"
