# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Throwaway network namespaces; sourced, not run. Every name begins with sgt-PID-, so that two runs never meet.

NETNS_MADE=()

# netns_new VARIABLE: makes a namespace with its loopback up and puts its name into the variable.
netns_new() {
	local netns_name="sgt-$$-${#NETNS_MADE[@]}-$RANDOM"
	ip netns add "$netns_name" || return 1
	NETNS_MADE+=("$netns_name")
	ip -n "$netns_name" link set lo up || return 1
	printf -v "$1" %s "$netns_name"
}

# netns_pair OUTER INNER: a veth from out0 in one namespace to eth0 in the other, IPv4 and IPv6, ready to use at once.
netns_pair() {
	local outer=$1 inner=$2
	ip -n "$outer" link add out0 type veth peer name eth0 netns "$inner" || return 1
	ip netns exec "$outer" sysctl -qw net.ipv6.conf.out0.accept_dad=0
	ip netns exec "$inner" sysctl -qw net.ipv6.conf.eth0.accept_dad=0
	ip -n "$outer" addr add 192.0.2.1/24 dev out0
	ip -n "$outer" addr add 2001:db8::1/64 dev out0 nodad
	ip -n "$inner" addr add 192.0.2.2/24 dev eth0
	ip -n "$inner" addr add 2001:db8::2/64 dev eth0 nodad
	ip -n "$outer" link set out0 up
	ip -n "$inner" link set eth0 up
}

netns_cleanup() {
	local name
	for name in "${NETNS_MADE[@]}"; do
		ip netns del "$name" 2>/dev/null
	done
	NETNS_MADE=()
}
