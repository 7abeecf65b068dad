#!/bin/bash
# run.sh   brings the programs named in package.json into BUILD/smoke with npm, and tries the daemon against them.
set -eu
cd "$(dirname "$0")/../.."
export BUILD=${BUILD:-build}
modules=$BUILD/smoke
mkdir -p "$modules"
cp tests/smoke/package.json "$modules/"
npm --prefix "$modules" install --silent --no-package-lock --no-audit --no-fund
SMOKE_MODULES=$(cd "$modules/node_modules" && pwd) && export SMOKE_MODULES
exec /usr/bin/python3 -B -m pytest -p no:cacheprovider -q tests/smoke
