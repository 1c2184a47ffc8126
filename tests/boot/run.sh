#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots systemd in a container over this machine's own files (an overlay that is thrown away) with the units that are
# shipped, and looks at the rules at the moment when network-pre.target is reached. TAP.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
program=${SOCKGATE:-$top/build/dev/sockgate}
work=$(mktemp -d)
failed=0
cleanup() {
	umount "$work/tmp/root" 2>/dev/null
	umount "$work/tmp" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
mkdir "$work/tmp"

result() {
	if [ "$1" -eq 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		sed 's/^/# /' "$work/probe" "$work/console" | tail -n 40
		failed=1
	fi
}

# boot PREPARE: boots once, after the function PREPARE had its way in the tree $root; leaves $work/probe and $work/console.
boot() {
	mount -t tmpfs -o size=256m tmpfs "$work/tmp" || return 1
	mkdir "$work/tmp/upper" "$work/tmp/work" "$work/tmp/root"
	root=$work/tmp/root
	mount -t overlay overlay -o "lowerdir=/,upperdir=$work/tmp/upper,workdir=$work/tmp/work" "$root" || return 1
	mkdir -p "$root/etc/systemd/system" "$root/etc/sockgate" "$root/usr/local/sbin"
	install -m 0755 "$program" "$root/usr/local/sbin/sockgate"
	install -m 0644 "$top"/systemd/*.service "$root/etc/systemd/system/"
	printf 'allow:\n  tcp: [22, 8080]\n' >"$root/etc/sockgate/policy.yaml"
	chmod 0644 "$root/etc/sockgate/policy.yaml"
	cat >"$root/etc/systemd/system/probe.service" <<-'END'
		[Unit]
		DefaultDependencies=no
		Wants=network-pre.target
		After=network-pre.target
		[Service]
		Type=oneshot
		ExecStart=/usr/local/sbin/probe
		StandardOutput=append:/probe.out
		StandardError=append:/probe.out
		ExecStopPost=/bin/systemctl --no-block --force poweroff
	END
	cat >"$root/usr/local/sbin/probe" <<-'END'
		#!/bin/sh
		nft list ruleset
		sockgate -q diff && echo "proven before network-pre.target"
		systemctl show -P ActiveState sockgate.service | sed 's/^/sockgate: /'
		systemctl show -P ActiveState sockgate-lockdown.service | sed 's/^/lockdown: /'
		systemctl status --no-pager sockgate.service sockgate-lockdown.service
		echo "== restarted with a policy that went bad"
		[ -e /etc/sockgate/goes-bad ] || exit 0
		echo 'alow: {tcp: 22}' >/etc/sockgate/policy.yaml
		systemctl restart sockgate.service
		for i in 1 2 3 4 5 6 7 8 9 10; do
			[ "$(systemctl show -P ActiveState sockgate-lockdown.service)" = activating ] || break
			sleep 0.1
		done
		nft list ruleset
		systemctl show -P ActiveState sockgate.service | sed 's/^/sockgate: /'
	END
	chmod 0755 "$root/usr/local/sbin/probe"
	printf '[Unit]\nRequires=sysinit.target\nWants=sockgate.service probe.service\n' >"$root/etc/systemd/system/test.target"
	"$1"
	timeout -k 5 90 systemd-nspawn --quiet --boot --private-network --register=no --keep-unit -D "$root" \
		systemd.unit=test.target </dev/null >"$work/console" 2>&1
	cp "$root/probe.out" "$work/probe" 2>/dev/null || : >"$work/probe"
	umount "$root" && umount "$work/tmp"
}

good() { :; }
goes_bad() { touch "$root/etc/sockgate/goes-bad"; }
late() {
	# the control: a unit that comes after the network has to be noticed
	sed -i '/^Before=/s/network-pre.target//; /^Wants=network-pre/d; s/^After=.*/After=network-pre.target probe.service/' \
		"$root/etc/systemd/system/sockgate.service"
}
invalid() { echo 'alow: {tcp: 22}' >"$root/etc/sockgate/policy.yaml"; }
missing() { rm "$root/etc/sockgate/policy.yaml"; }
empty() { : >"$root/etc/sockgate/policy.yaml"; }

boot good
grep -q '^table inet sockgate' "$work/probe" && grep -q '^proven before network-pre.target' "$work/probe" && grep -q '^sockgate: active' "$work/probe"
result $? "a good policy is in force when network-pre.target is reached"
boot goes_bad
sed '1,/^== restarted/d' "$work/probe" >"$work/later"
grep -q '^sockgate: failed' "$work/later" && grep -q 'tcp . 8080' "$work/later"
result $? "a restart with a policy that went bad leaves the rules that are in force"
boot late
! grep -q 'table inet sockgate' "$work/probe" && grep -q '^sockgate: inactive' "$work/probe"
result $? "control: a unit that is ordered after the network is noticed"
for policy in invalid missing empty; do
	boot $policy
	grep -q '^sockgate: failed' "$work/probe" && grep -q '^lockdown: active' "$work/probe" &&
		grep -q 'policy drop' "$work/probe" && grep -q '22' "$work/probe" && ! grep -q '8080' "$work/probe"
	result $? "with a policy that is $policy, nothing but SSH comes in when network-pre.target is reached"
done
rm -rf /run/systemd/nspawn
exit $failed
