#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The program's answers against the oracle's, on random policies. TAP. SOCKGATE_FULL=1 does 1,000 policies.
set -u
here=$(cd "$(dirname "$0")" && pwd)
program=${SOCKGATE:-$here/../../build/dev/sockgate}
export PYTHONDONTWRITEBYTECODE=1
policies=200 kernels=100 pairs=100
[ "${SOCKGATE_FULL:-0}" = 1 ] && policies=1000 kernels=1000 pairs=1000
status=0
# one of the units that policies name runs, where control groups can be made; the others do not
groups=$(findmnt -nt cgroup2 -o TARGET | head -n 1)
slice=$groups/sgt$$.slice
if [ -n "$groups" ] && mkdir -p "$slice/nginx.service" 2>/dev/null; then
	trap 'rmdir "$slice/nginx.service" "$slice"' EXIT
fi
/usr/bin/python3 "$here/selftest.py" || status=1
/usr/bin/python3 "$here/compare.py" "$program" policy $policies 1000 "${SOCKGATE_SEED:-1}" || status=1
/usr/bin/python3 "$here/compare.py" "$program" kernel $kernels 1000 "${SOCKGATE_SEED:-1}" || status=1
/usr/bin/python3 "$here/compare.py" "$program" diff $pairs 1000 "${SOCKGATE_SEED:-1}" || status=1
exit $status
