#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs in the container: what others do to the rules while a client outside tries port 5432, which the policy blocks. Writes
# the time of each phase to /out/phases, and what is in force behind it to /out/after.
exec 2>&1
export DPKG_MAINTSCRIPT_PACKAGE=nftables
units=/etc/systemd/system

now() {
	/usr/bin/python3 -c 'import time; print(time.monotonic())'
}

# phase NAME COMMAND…: the phase lasts longer than the command, so that what stays open is seen to.
# Waits until no lockdown unit of an earlier failure is at work: it would write its own reason over a later one's.
settle() {
	for _ in {1..200}; do
		[ -n "$(systemctl list-jobs --no-legend sockgate-lockdown.service)" ] || break
		sleep 0.05
	done
}
phase() {
	local name=$1 start ready
	shift
	settle
	systemctl reset-failed nftables.service # or systemd refuses its sixth start in ten seconds
	start=$(now)
	"$@"
	echo "$name exited with $?" >>/out/after
	ready=$(now)
	sleep 0.3
	echo "$name $start $ready $(now)" >>/out/phases
	sockgate status | sed "1!d; s/^/$name: /" >>/out/after
}

ip addr add 10.99.0.2/24 dev host0
ip link set host0 up
ip link set lo up
/usr/bin/python3 /usr/local/sbin/listen.py /run/listening 22 5432 8080 &
for _ in {1..200}; do
	[ -e /run/listening ] && [ -n "$(ss -Htn state established 'sport = :22')" ] && break
	sleep 0.05
done
cp /etc/sockgate/policy.yaml /run/good.yaml
: >/out/phases
: >/out/after
phase idle true
phase start systemctl start nftables
phase restart systemctl restart nftables
phase reload systemctl reload nftables
phase stop systemctl stop nftables
systemctl start nftables
# what the package runs behind an upgrade
before=$(systemctl show -P InvocationID nftables)
phase upgrade /var/lib/dpkg/info/nftables.postinst configure 1.0.6-1
[ "$before" = "$(systemctl show -P InvocationID nftables)" ] || echo "upgrade restarted nftables" >>/out/after
cp /etc/nftables.conf /run/nftables.conf
echo 'table nonsense' >/etc/nftables.conf
phase broken-conf systemctl restart nftables
cp /run/nftables.conf /etc/nftables.conf
systemctl restart nftables
# a policy that went bad: a start keeps the rules that are there, a flush leaves the lockdown
echo 'alow: {tcp: 22}' >/etc/sockgate/policy.yaml
phase bad-reload systemctl reload sockgate
phase bad-restart systemctl restart sockgate
phase bad-again systemctl restart sockgate
phase bad-flushed systemctl restart nftables
cp /run/good.yaml /etc/sockgate/policy.yaml
phase mended systemctl restart sockgate
# a second failing start in one boot, of rules that somebody took away (the port is open until then)
echo 'alow: {tcp: 22}' >/etc/sockgate/policy.yaml
for start in first second third; do
	settle
	nft flush ruleset
	systemctl restart sockgate
	phase "$start-failure" true
done
for _ in {1..12}; do systemctl restart sockgate; done # more than systemd starts of a unit in ten seconds, unless told otherwise
settle
nft flush ruleset
systemctl restart sockgate
phase many-failures true
cp /run/good.yaml /etc/sockgate/policy.yaml
phase mended-again systemctl restart sockgate
# a policy that keeps SSH out, while somebody is logged in: neither a reload nor a restart takes it
printf 'allow:\n  tcp: [8080]\n' >/etc/sockgate/policy.yaml
phase shut-reload systemctl reload sockgate
phase shut-restart systemctl restart sockgate
journalctl --sync
journalctl -b --no-pager -o cat -u sockgate.service | grep 'not applied' | sed 's/^/shut: /' >>/out/after
cp /run/good.yaml /etc/sockgate/policy.yaml
phase shut-mended systemctl restart sockgate
# a reload says what is wrong in the journal, and that it is quiet silences nothing
printf 'allow:\n  tcp: [22, 8080, {port: 5433, unit: no-such-unit.service}]\n' >/etc/sockgate/policy.yaml
systemctl reload sockgate
echo "warned exited with $?" >>/out/after
journalctl --sync
journalctl -b --no-pager -o cat -u sockgate.service | grep -A99 'Reloading' | sed 's/^/journal: /' | tail -n 25 >>/out/after
cp /run/good.yaml /etc/sockgate/policy.yaml
systemctl reload sockgate
# what systemd knows nothing of, and the control: without the drop-in nothing brings the policy back
phase by-hand nft flush ruleset
systemctl restart sockgate
# a policy that is in force while sockgate.service is inactive: stopped, cleared, applied by hand, and from another file
systemctl stop sockgate
phase stopped systemctl restart nftables
sockgate -q clear --force
phase cleared systemctl restart nftables
sockgate -q apply
phase applied systemctl restart nftables
mkdir -p /root/tried
printf 'allow:\n  tcp: [22, 999]\n' >/root/tried/other.yaml
chmod 0644 /root/tried/other.yaml
(cd /root && sockgate -q -f tried/other.yaml apply)
phase applied-other systemctl restart nftables
systemctl start sockgate
rm -r "$units/nftables.service.d"
systemctl daemon-reload
phase without-drop-in systemctl restart nftables
systemctl restart sockgate
phase without-again systemctl stop nftables
