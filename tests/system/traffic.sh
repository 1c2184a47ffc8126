#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real packets: every port against the oracle; limits, ends and logs of lines; changes under flood; several appliers at once. TAP.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=${SOCKGATE_BUILD:-$here/../../build/dev}
program=${SOCKGATE:-$build/sockgate}
export PYTHONDONTWRITEBYTECODE=1
policies=3 changes=8 limit_changes=15 appliers=4 times=12
if [ "${SOCKGATE_FULL:-0}" = 1 ]; then
	policies=50 changes=300 limit_changes=375 appliers=8 times=100
fi
status=0
/usr/bin/python3 "$here/ports.py" "$program" "$build/tests/prober" $policies "${SOCKGATE_SEED:-1}" || status=1
/usr/bin/python3 "$here/flood.py" "$program" "$build/tests/flood" $changes "${SOCKGATE_SEED:-1}" || status=1
/usr/bin/python3 "$here/limits.py" "$program" "$build/tests/flood" $limit_changes || status=1
/usr/bin/python3 "$here/until.py" "$program" || status=1
/usr/bin/python3 "$here/log.py" "$program" || status=1
/usr/bin/python3 "$here/together.py" "$program" $appliers $times || status=1
exit $status
