#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots systemd in a container over this machine's own files (an overlay that is thrown away) with the units that are
# shipped. Looks at the rules at the moment when network-pre.target is reached; then, in a second kind of boot, at what becomes
# of them while the host runs, with a client outside that tries a blocked port without pause. TAP.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${SOCKGATE_BUILD:-$top/build/dev}
program=${SOCKGATE:-$build/sockgate}
work=$(mktemp -d)
network=sgboot$$
failed=0
client=
had_nspawn=0
[ ! -e /run/systemd/nspawn ] || had_nspawn=1
cleanup() {
	[ -z "$client" ] || kill "$client" 2>/dev/null
	umount "$work/tmp/root" 2>/dev/null
	umount "$work/tmp" 2>/dev/null
	ip netns del "$network" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
mkdir "$work/tmp" "$work/out"

result() {
	if [ "$1" -eq 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		sed 's/^/# /' "$work/probe" "$work/console" | tail -n 60
		failed=1
	fi
}

# tree SCRIPT: makes $root, in which the script runs as probe.service when network-pre.target is reached.
tree() {
	mount -t tmpfs -o size=256m tmpfs "$work/tmp" || return 1
	mkdir "$work/tmp/upper" "$work/tmp/work" "$work/tmp/root"
	root=$work/tmp/root
	mount -t overlay overlay -o "lowerdir=/,upperdir=$work/tmp/upper,workdir=$work/tmp/work" "$root" || return 1
	units=$root/etc/systemd/system
	sbin=$root$(sed -n 's|^ExecReload=\(.*\)/sockgate .*|\1|p' "$build/systemd/sockgate.service")
	mkdir -p "$units" "$root/etc/sockgate" "$sbin" "$root/out"
	install -m 0755 "$program" "$sbin/sockgate"
	cp -r "$build"/systemd/. "$units/"
	printf 'allow:\n  tcp: [22, 8080]\n' >"$root/etc/sockgate/policy.yaml"
	chmod 0644 "$root/etc/sockgate/policy.yaml"
	cat >"$units/probe.service" <<-'END'
		[Unit]
		DefaultDependencies=no
		Wants=network-pre.target
		After=network-pre.target
		[Service]
		Type=oneshot
		ExecStart=/usr/local/sbin/probe
		TimeoutStartSec=60
		StandardOutput=append:/out/probe
		StandardError=append:/out/probe
		ExecStopPost=/bin/systemctl --no-block --force poweroff
	END
	install -m 0755 "$1" "$root/usr/local/sbin/probe"
	printf '[Unit]\nRequires=sysinit.target\nWants=sockgate.service probe.service\n' >"$units/test.target"
}

# start COMMAND…: boots the tree, the nspawn command following what is given; leaves $work/probe and $work/console.
start() {
	: >"$work/out/probe"
	timeout -k 5 90 "$@" systemd-nspawn --quiet --boot --register=no --keep-unit -D "$root" --bind="$work/out:/out" \
		"${network_option[@]}" systemd.unit=test.target </dev/null >"$work/console" 2>&1
	cp "$work/out/probe" "$work/probe"
	umount "$root" && umount "$work/tmp"
}

# boot PREPARE: boots once, after the function PREPARE had its way in the tree $root.
boot() {
	tree "$here/at_boot.sh" || return 1
	"$1"
	network_option=(--private-network)
	start env
}

good() { :; }
late() {
	# the control: a unit that comes after the network has to be noticed
	sed -i '/^Before=/s/network-pre.target//; /^Wants=network-pre/d; s/^After=.*/After=network-pre.target probe.service/' \
		"$units/sockgate.service"
}
invalid() { echo 'alow: {tcp: 22}' >"$root/etc/sockgate/policy.yaml"; }
missing() { rm "$root/etc/sockgate/policy.yaml"; }
empty() { : >"$root/etc/sockgate/policy.yaml"; }
crashing() {
	# the program is killed when it loads the policy; the lockdown has to do without what it could have said
	mkdir "$units/sockgate.service.d"
	printf '[Service]\nExecStart=\nExecStart=/bin/sh -c "kill -9 $$$$"\n' >"$units/sockgate.service.d/crash.conf"
}
no_mount() {
	# a mount that the policy needs fails, so that sockgate.service is not even tried
	printf '[Unit]\nDefaultDependencies=no\n[Mount]\nWhat=/dev/none\nWhere=/etc/sockgate\nType=ext4\n' >"$units/etc-sockgate.mount"
}
blocked() {
	# the confinement of both units keeps the program from loading anything
	for unit in sockgate sockgate-lockdown; do
		mkdir "$units/$unit.service.d"
		printf '[Service]\nCapabilityBoundingSet=\nCapabilityBoundingSet=CAP_CHOWN\n' >"$units/$unit.service.d/blocked.conf"
	done
}
no_run() {
	# nothing can be written below /run/sockgate, and it is no folder
	mkdir "$units/sockgate.service.d"
	printf '[Service]\nExecStartPre=+/bin/touch /run/sockgate\n' >"$units/sockgate.service.d/run.conf"
	invalid
}

boot good
grep -q '^table inet sockgate' "$work/probe" && grep -q '^proven before network-pre.target' "$work/probe" &&
	grep -q '^sockgate: active' "$work/probe"
result $? "a good policy is in force when network-pre.target is reached"
boot late
! grep -q 'table inet sockgate' "$work/probe" && grep -q '^sockgate: inactive' "$work/probe"
result $? "control: a unit that is ordered after the network is noticed"
for policy in invalid missing empty crashing no_mount blocked no_run; do
	case $policy in
	invalid | no_run) reason="/etc/sockgate/policy.yaml:1:1: unknown key 'alow'" ;;
	missing) reason='/etc/sockgate/policy.yaml: cannot open: No such file or directory' ;;
	empty) reason='/etc/sockgate/policy.yaml: the file says nothing' ;;
	crashing) reason='sockgate.service failed: signal KILL' ;;
	blocked) reason='sockgate.service failed: exit-code 3' ;;
	no_mount) reason='sockgate.service could not be started' ;;
	esac
	boot $policy
	! grep -q '^sockgate: active' "$work/probe" && grep -q 'policy drop' "$work/probe" && grep -q 'tcp . 22' "$work/probe" &&
		! grep -q '8080' "$work/probe"
	result $? "with a policy that is $policy, nothing but SSH comes in when network-pre.target is reached"
	grep -qF "locked down: only SSH (the policy could not be loaded: $reason" "$work/probe" && grep -q '^status exits with 6' "$work/probe"
	result $? "with a policy that is $policy, status says so: $reason"
done

# ---- Ports that are a unit's ----

tree "$here/unit_restart.sh"
install -m 0755 "$here/listen.py" "$root/usr/local/sbin/listen.py"
printf 'allow:\n  tcp:\n    - 22\n    - {port: 8081, unit: one.service}\n    - {port: 8082, unit: two.service}\n' \
	>"$root/etc/sockgate/policy.yaml"
drop_in=$("$program" check "$root/etc/sockgate/policy.yaml" | sed -n '/\[Service\]/,/ExecStartPost/{s/^ *//;p}' | head -n 2)
port=8081
for unit in one two; do
	mkdir "$units/$unit.service.d"
	echo "$drop_in" >"$units/$unit.service.d/sockgate.conf"
	cat >"$units/$unit.service" <<-END
		[Unit]
		DefaultDependencies=no
		After=network-pre.target
		StartLimitIntervalSec=0
		[Service]
		ExecStart=/usr/bin/python3 /usr/local/sbin/listen.py /dev/null $port
		User=daemon
		ProtectSystem=strict
	END
	port=$((port + 1))
done
sed -i 's/^After=.*/& one.service two.service/' "$units/probe.service"
sed -i 's/^Wants=.*/& one.service two.service/' "$units/test.target"
network_option=(--private-network)
start env SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
cp "$work/out/after" "$work/units"

# so TEXT: the container found it so.
so() {
	grep -qxF "$1" "$work/units"
}
if grep -q '^journal: .*unit/not-enforced' "$work/units"; then
	echo "ok - ports of units # SKIP $(sed -n 's/^journal: .*alone: //p' "$work/units" | head -n 1)"
else
	so "boot: both" && so "boot: proven" && grep -q '^journal: .*unit/not-running' "$work/units"
	result $? "two units that start at once, behind the policy, open their ports; the journal warned before"
	so "no warning where the drop-in is"
	result $? "check does not warn of a unit that has the drop-in"
	so "restarted: both" && so "restarted: proven"
	result $? "a unit that is restarted opens its port by the drop-in"
	[ "$(grep -c '^together [0-9]*: both$' "$work/units")" -eq 10 ]
	result $? "two units that are restarted at once do not fail each other"
	so "a failing apply is none of the unit's" && so "mended: both"
	result $? "an apply that fails does not fail the unit"
	so "without: closed" && grep -q '^without: .*kernel/stale-unit' "$work/units" && grep -q '^without: .*unit/restart' "$work/units"
	result $? "control: without the drop-in the port closes, and verify and check say so"
fi

# ---- While the host runs ----

# outside: gives the host's side of the container's link its address, and tries the blocked port.
outside() {
	local i
	for i in {1..400}; do
		ip -n "$network" link show ve-root >/dev/null 2>&1 && break
		sleep 0.05
	done
	ip -n "$network" addr add 10.99.0.1/24 dev ve-root
	ip -n "$network" link set ve-root up
	nsenter --net="/run/netns/$network" /usr/bin/python3 "$here/client.py" hold 10.99.0.2 22 &
	echo $! >"$work/session"
	exec nsenter --net="/run/netns/$network" /usr/bin/python3 "$here/client.py" try 10.99.0.2 5432 "$work/tries"
}

tree "$here/in_service.sh"
install -m 0755 "$here/listen.py" "$root/usr/local/sbin/listen.py"
rm -f "$root/usr/sbin/policy-rc.d" # which keeps packages from restarting their services in images of containers
ip netns add "$network"
network_option=(--network-veth)
outside &
client=$!
start nsenter --net="/run/netns/$network"
kill "$client" "$(cat "$work/session")" 2>/dev/null
wait "$client" 2>/dev/null
client=
/usr/bin/python3 "$here/client.py" spans "$work/tries" "$work/out/phases" >"$work/spans"
cat "$work/out/after" "$work/spans" >>"$work/probe"
echo "# phase: tries of a blocked port, answers, longest time open in ms; tries and answers behind the command"
sed 's/^/# /' "$work/spans"

# closed PHASE: tries behind the phase's command, and none was answered. open PHASE: they were.
closed() {
	awk -v name="$1" '$1 == name && $5 >= 3 && $6 == 0 {found = 1} END {exit !found}' "$work/spans"
}
open() {
	awk -v name="$1" '$1 == name && $6 >= 3 {found = 1} END {exit !found}' "$work/spans"
}
# says PHASE TEXT: status said so behind the phase. exits PHASE CODE.
says() {
	grep -qF "$1: $2" "$work/out/after"
}
exits() {
	grep -qx "$1 exited with $2" "$work/out/after"
}

closed idle && says idle enforcing
result $? "the client outside is refused, without pause"
for phase in start restart reload stop broken-conf; do
	closed $phase && says $phase 'enforcing /etc/sockgate/policy.yaml'
	result $? "nftables.service, $phase: the policy is back when systemctl returns"
done
closed upgrade && says upgrade 'enforcing /etc/sockgate/policy.yaml' && grep -qx 'upgrade restarted nftables' "$work/out/after"
result $? "an upgrade of the nftables package: the policy is back"
for phase in bad-reload bad-restart bad-again; do
	closed $phase && exits $phase 1 && ! says $phase 'locked down'
	result $? "a policy that went bad, $phase: it fails, and the rules in force stay"
done
for phase in bad-flushed first-failure second-failure third-failure many-failures; do
	closed $phase && says $phase "locked down: only SSH (the policy could not be loaded: /etc/sockgate/policy.yaml:1:1: unknown key 'alow')"
	result $? "a policy that went bad, and the rules were flushed, $phase: locked down"
done
for phase in mended mended-again; do
	closed $phase && says $phase enforcing
	result $? "the policy was put right, $phase: it is in force"
done
exits shut-reload 1 && says shut-reload 'enforcing /etc/sockgate/policy.yaml as applied at' && grep -q '^shut: .*every new SSH connection' "$work/out/after"
result $? "a reload does not take a policy that keeps SSH out"
exits shut-restart 1 && says shut-restart 'enforcing /etc/sockgate/policy.yaml as applied at' && says shut-mended enforcing
result $? "nor does a restart while somebody is logged in, and the former rules stay"
grep -q '^journal: Reloading' "$work/out/after" && exits warned 0 && grep -q '^journal: .*unit/not-' "$work/out/after"
result $? "a reload warns in the journal"
open by-hand && says by-hand 'not enforcing'
result $? "control: rules that are flushed by hand stay away, and the client notices"
for phase in stopped applied; do
	exits $phase 0 && closed $phase && says $phase enforcing
	result $? "sockgate.service is inactive and the policy in force, $phase: it comes back behind nftables.service"
done
exits applied-other 0 && closed applied-other && says applied-other 'not enforcing /etc/sockgate/policy.yaml: /root/tried/other.yaml is applied'
result $? "what comes back is the policy that was applied last, wherever its file is"
open cleared && says cleared 'not enforcing'
result $? "what was cleared stays away"
for phase in without-drop-in without-again; do
	open $phase && says $phase 'not enforcing'
	result $? "control: without the drop-in for nftables.service, $phase: the client notices"
done
[ "$had_nspawn" -eq 1 ] || rm -rf /run/systemd/nspawn # systemd-nspawn makes it; other containers may use it
exit $failed
