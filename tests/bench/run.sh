#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the release preset and the tools, measures, and prints the table of docs/benchmarks.md:
#
#     sudo tests/bench/run.sh [loading] [checking] [growing] [listening] [packets] [starting]
set -u
cd "$(dirname "$0")/../.." || exit 1
exec </dev/null
. tests/lib/packages.sh
packages_install "${PACKAGES_BUILD[@]}" "${PACKAGES_DEMO[@]}" "${PACKAGES_TEST[@]}" || exit 1
mkdir -p build
{ cmake --preset release && cmake --build --preset release; } >build/bench.log 2>&1 || { cat build/bench.log >&2; exit 1; }
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
gcc -std=gnu17 -D_GNU_SOURCE -O2 -o "$tools/replay" tests/bench/replay.c || exit 1
gcc -std=gnu17 -D_GNU_SOURCE -O2 -o "$tools/packets" tests/bench/packets.c tests/system/frame.c || exit 1
echo "Linux $(uname -r), $(nproc) cores, nft $(nft --version | sed -E 's/.* v([0-9.]+).*/\1/'), $(date -I)"
echo
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/bench/bench.py "$PWD/build/release/sockgate" "$tools" "$@"
