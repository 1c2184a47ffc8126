#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The systemd units say what they mean. TAP.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
program=${SOCKGATE:-$top/build/dev/sockgate}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

result() {
	if [ "$1" -eq 0 ]; then echo "ok - $2"; else echo "not ok - $2"; failed=1; fi
}

# systemd-analyze looks the program up: give it one where it looks first, by a path of its own.
for unit in "$top"/systemd/*.service; do
	sed -E "s|^(Exec[A-Za-z]+=)sockgate |\1$program |" "$unit" >"$work/$(basename "$unit")"
done
for unit in "$work"/*.service; do
	name=$(basename "$unit")
	SYSTEMD_UNIT_PATH="$work:" systemd-analyze verify --man=no "$unit" >"$work/out" 2>&1
	sed 's/^/# /' "$work/out"
	[ ! -s "$work/out" ]
	result $? "systemd-analyze verify has nothing to say about $name"
	! grep -qE '^(ExecStop|ExecStopPost|PrivateNetwork|ConditionPathExists)=' "$unit"
	result $? "$name has nothing that opens the host or skips the rules"
	grep -qE '^Before=.*network-pre.target' "$unit" && grep -q '^DefaultDependencies=no' "$unit"
	result $? "$name comes before network-pre.target"
done
echo 'Nonsense=1' >>"$work/sockgate.service"
SYSTEMD_UNIT_PATH="$work:" systemd-analyze verify --man=no "$work/sockgate.service" >"$work/out" 2>&1
[ -s "$work/out" ]
result $? "a key that systemd does not know would be noticed"
exposure=$(systemd-analyze security --offline=yes "$top/systemd/sockgate.service" 2>/dev/null |
	sed -nE 's/.*exposure level for .*: ([0-9.]+) .*/\1/p')
awk -v level="${exposure:-10}" 'BEGIN {exit !(level <= 2.5)}'
result $? "sockgate.service is confined: exposure ${exposure:-unknown}, at most 2.5"
exit $failed
