#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The systemd units say what they mean. TAP.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${SOCKGATE_BUILD:-$top/build/dev}
program=${SOCKGATE:-$build/sockgate}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

result() {
	if [ "$1" -eq 0 ]; then echo "ok - $2"; else echo "not ok - $2"; failed=1; fi
}

# systemd-analyze looks whether the program is there: give it the one that is.
sbin=$(sed -n 's|^ExecReload=\(.*\)/sockgate .*|\1|p' "$build/systemd/sockgate.service")
[ -n "$sbin" ] && grep -qx "RequiresMountsFor=/etc/sockgate $sbin" "$build/systemd/sockgate.service" &&
	grep -qx "RequiresMountsFor=$sbin" "$build/systemd/sockgate-lockdown.service"
result $? "the units wait for the mount that the program is on: ${sbin:-unknown}"
cp -r "$build"/systemd/. "$work/"
find "$work" -type f -exec sed -i "s|$sbin/sockgate|$program|g; /^RequiresMountsFor=/s|$sbin|$(dirname "$program")|" {} +
for unit in "$work"/*.service; do
	name=$(basename "$unit")
	SYSTEMD_UNIT_PATH="$work:" systemd-analyze verify --man=no "$unit" >"$work/out" 2>&1
	sed 's/^/# /' "$work/out"
	[ ! -s "$work/out" ]
	result $? "systemd-analyze verify has nothing to say about $name"
	! grep -qE '^(ExecStop|ExecStopPost|PrivateNetwork|PrivateDevices|PrivateTmp|ConditionPathExists)=' "$unit"
	result $? "$name has nothing that opens the host, skips the rules or fails while the machine starts"
	grep -qE '^Before=.*network-pre.target' "$unit" && grep -q '^DefaultDependencies=no' "$unit"
	result $? "$name comes before network-pre.target"
done
echo 'Nonsense=1' >>"$work/sockgate.service"
SYSTEMD_UNIT_PATH="$work:" systemd-analyze verify --man=no "$work/sockgate.service" >"$work/out" 2>&1
[ -s "$work/out" ]
result $? "a key that systemd does not know would be noticed"
cp "$build/systemd/sockgate.service" "$work/sockgate.service"
for unit in sockgate sockgate-lockdown; do
	exposure=$(systemd-analyze security --offline=yes "$work/$unit.service" 2>/dev/null |
		sed -nE 's/.*exposure level for .*: ([0-9.]+) .*/\1/p')
	awk -v level="${exposure:-10}" 'BEGIN {exit !(level <= 2.0)}'
	result $? "$unit.service is confined: exposure ${exposure:-unknown}, at most 2.0"
done

# The drop-in for nftables.service, on the unit of its package: one command more for each way in which rules are flushed.
cp /lib/systemd/system/nftables.service "$work/nftables.service"
SYSTEMD_UNIT_PATH="$work:" systemd-analyze verify --man=no "$work/nftables.service" >"$work/out" 2>&1
sed 's/^/# /' "$work/out"
[ ! -s "$work/out" ] && [ "$(grep -cE "^Exec(StartPost|Reload|StopPost)=-\\+/bin/sh .*exec $program -q -f \"[\$]+policy\" apply --boot --force'$" \
	"$work/nftables.service.d/sockgate.conf")" -eq 3 ]
result $? "systemd-analyze verify has nothing to say about nftables.service with the drop-in"
exit $failed
