#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs in the container behind the start of two units whose ports are theirs alone, and that have the drop-in which
# `sockgate check` prints. Writes what is true to /out/after.
exec 2>&1
ip link set lo up
ip netns add outside
ip link add host0 type veth peer name out0 netns outside
ip addr add 10.99.0.2/24 dev host0
ip link set host0 up
ip -n outside addr add 10.99.0.1/24 dev out0
ip -n outside link set out0 up

# reaches PORT: from another namespace, by a packet.
reaches() {
	ip netns exec outside /usr/bin/python3 -c 'import socket, sys; socket.create_connection(("10.99.0.2", int(sys.argv[1])), 1)' "$1" \
		2>/dev/null
}
# say TEXT COMMAND…: whether it is so.
say() {
	local text=$1
	shift
	"$@" && echo "$text" >>/out/after
	return 0
}
# The listener has its socket soon behind the start of its unit.
ready() {
	local i
	for i in {1..100}; do
		ss -Hltn "sport = :8081" | grep -q . && ss -Hltn "sport = :8082" | grep -q . && return
		sleep 0.05
	done
}
both() {
	ready
	reaches 8081 && reaches 8082 && systemctl -q is-active one.service two.service
}

: >/out/after
say "boot: both" both
say "boot: proven" sockgate -q diff
say "no warning where the drop-in is" test "$(sockgate check)" = "/etc/sockgate/policy.yaml: ok, 3 lines"
journalctl --sync
journalctl -b --no-pager -o cat -u sockgate.service | sed 's/^/journal: /' >>/out/after
systemctl restart one.service
say "restarted: both" both
say "restarted: proven" sockgate -q diff
for i in {1..10}; do
	systemctl restart one.service two.service
	say "together $i: both" both
done
cp /etc/sockgate/policy.yaml /run/good.yaml
echo 'alow: {tcp: 22}' >/etc/sockgate/policy.yaml
systemctl restart one.service
say "a failing apply is none of the unit's" systemctl -q is-active one.service
cp /run/good.yaml /etc/sockgate/policy.yaml
systemctl restart one.service
say "mended: both" both
# the control: without the drop-in the port is closed behind a restart
rm -r /etc/systemd/system/one.service.d
systemctl daemon-reload
systemctl restart one.service
ready
reaches 8081 || echo "without: closed" >>/out/after
sockgate verify | sed 's/^/without: /' >>/out/after
sockgate check | sed 's/^/without: /' >>/out/after
systemctl status --no-pager one.service two.service
cat /out/after
