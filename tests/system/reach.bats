#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Who reaches a socket, with real packets: $NS is the host (192.0.2.2, 2001:db8::2 on eth0), OUTER its neighbour (192.0.2.1, 2001:db8::1).

load common

ask() {
	ip netns exec "$OUTER" /usr/bin/python3 "$TOP/tests/lib/talk.py" ask "$@"
}

# Listening sockets on the host.
serve() {
	coproc SERVED { inside /usr/bin/python3 "$TOP/tests/lib/talk.py" serve "$@"; }
	read -r -t 10 line <&"${SERVED[0]}"
	[ "$line" = ready ]
}

neighbour() {
	netns_new OUTER
	netns_pair "$OUTER" "$NS"
}

policy() {
	cat >policy.yaml
	chmod 0644 policy.yaml
}

# Where the socket on a port is reachable from, as `listening` says it.
reach_of() {
	gate listening --json | jq -c --argjson port "$1" '[.listeners[] | select(.port == $port)][0] | [.scope, .reach.verdict]'
}

@test "route_localnet: a neighbour that reaches 127.0.0.1 is shown, and only then" {
	neighbour
	policy <<-'END'
		allow:
		  tcp: [{port: 8080, on-demand: true}, {port: 8081, from: 192.0.2.1, interface: eth0, on-demand: true}, {port: 8082, interface: eth9, on-demand: true}]
	END
	gate apply -f policy.yaml
	serve tcp/127.0.0.1/8080 tcp/127.0.0.1/8081 tcp/127.0.0.1/8082 tcp/127.0.0.1/8083 tcp/::1/8084
	ip netns exec "$OUTER" sysctl -qw net.ipv4.conf.all.route_localnet=1
	ip -n "$OUTER" addr del 127.0.0.1/8 dev lo
	ip -n "$OUTER" route add 127.0.0.0/8 via 192.0.2.2 dev out0 src 192.0.2.1

	[ "$(ask tcp/127.0.0.1/8080)" = silent ]
	[ "$(reach_of 8080)" = '["loopback","drop"]' ]
	run gate -f policy.yaml verify
	[ "$status" -eq 0 ]

	inside sysctl -qw net.ipv4.conf.eth0.route_localnet=1
	[ "$(ask tcp/127.0.0.1/8080)" = answered ]
	[ "$(ask tcp/127.0.0.1/8081)" = answered ]
	[ "$(ask tcp/127.0.0.1/8082)" = silent ]
	[ "$(ask tcp/127.0.0.1/8083)" = silent ]
	[ "$(reach_of 8080)" = '["others","accept"]' ]
	[ "$(reach_of 8081)" = '["others","depends"]' ]
	[ "$(reach_of 8082)" = '["others","drop"]' ]
	[ "$(reach_of 8083)" = '["others","drop"]' ]
	[ "$(reach_of 8084)" = '["loopback","drop"]' ]
	run gate listening
	[[ $output == *"127.0.0.0/8 is reached from other hosts through eth0 (route_localnet is 1)"* ]]
	run gate -f policy.yaml verify
	[ "$status" -eq 1 ]
	[ "$(grep -c 'listener/localnet: .*net.ipv4.conf.eth0.route_localnet is 1' <<<"$output")" -eq 2 ]

	inside sysctl -qw net.ipv4.conf.eth0.route_localnet=0 net.ipv4.conf.all.route_localnet=1
	[ "$(ask tcp/127.0.0.1/8080)" = answered ]
	[ "$(reach_of 8080)" = '["others","accept"]' ]
	# of an interface that may come
	[ "$(reach_of 8082)" = '["others","depends"]' ]
	run gate -f policy.yaml verify
	[ "$status" -eq 1 ]
	[[ $output == *"listener/localnet: python3 (pid "*") on tcp 8080 has a loopback address, but others reach it: net.ipv4.conf.all.route_localnet is 1"* ]]
}

@test "route_localnet is read in the namespace that is asked about" {
	neighbour
	serve tcp/127.0.0.1/8080
	inside sysctl -qw net.ipv4.conf.all.route_localnet=1
	run timeout 60 ip netns exec "$OUTER" "$SOCKGATE" --netns "$NS" listening --json
	[ "$status" -eq 0 ]
	jq -e '.listeners[0].scope == "others"' <<<"$output"
	inside sysctl -qw net.ipv4.conf.all.route_localnet=0
	ip netns exec "$OUTER" sysctl -qw net.ipv4.conf.all.route_localnet=1
	run timeout 60 ip netns exec "$OUTER" "$SOCKGATE" --netns "$NS" listening --json
	jq -e '.listeners[0].scope == "loopback"' <<<"$output"
}

@test "a local route makes a prefix the host's own, over IPv4 and IPv6, in any table" {
	neighbour
	policy <<-'END'
		allow:
		  tcp:
		    - {port: 8080, to: 203.0.113.0/24, on-demand: true}
		    - {port: 8081, to: "2001:db8:77::/48", on-demand: true}
		    - {port: 8082, to: 198.51.100.0/24, on-demand: true}
	END
	gate apply -f policy.yaml
	serve tcp/0.0.0.0/8080 tcp/::/8081 tcp/0.0.0.0/8082
	ip -n "$OUTER" route add 203.0.113.0/24 via 192.0.2.2
	ip -n "$OUTER" route add 198.51.100.0/24 via 192.0.2.2
	ip -n "$OUTER" route add 2001:db8:77::/48 via 2001:db8::2
	[ "$(reach_of 8080)" = '["others","drop"]' ]
	[ "$(reach_of 8081)" = '["others","drop"]' ]
	ip -n "$NS" route add local 203.0.113.0/24 dev lo
	ip -n "$NS" -6 route add local 2001:db8:77::/48 dev lo
	ip -n "$NS" route add local 198.51.100.0/24 dev lo table 77
	ip -n "$NS" rule add to 198.51.100.9 table 77
	# the first packet is taken in by way of any table; the kernel answers from addresses of the table `local` alone
	inside nft 'table inet seen { chain input { type filter hook input priority -1; ip daddr 198.51.100.9 tcp dport 8082 counter; }; }'
	ask tcp/198.51.100.9/8082
	inside nft list chain inet seen input | grep 'packets [1-9]'
	inside nft delete table inet seen
	[ "$(ask tcp/203.0.113.77/8080)" = answered ]
	[ "$(ask tcp/2001:db8:77::5/8081)" = answered ]
	[ "$(ask tcp/192.0.2.2/8080)" = silent ]
	for port in 8080 8081 8082; do
		[ "$(reach_of $port)" = '["others","depends"]' ]
	done
	run gate listening
	[[ $output != *nobody* ]]
	# whoever the change concerns is named
	cat >none.yaml <<-'END'
		allow: {tcp: [22]}
	END
	run gate diff none.yaml
	[ "$(grep -c -- '(in part) -> nobody' <<<"$output")" -eq 3 ]
}

# Findings of `verify`, one a line: id and severity.
findings() {
	gate -f policy.yaml verify --json | jq -r '.findings[] | "\(.id) \(.severity)"' | grep "^interface/" | sort
}

@test "bridge ports, alternative names and absent interfaces are named, and the rules really do not match them" {
	neighbour
	ip -n "$NS" link add br0 type bridge
	ip -n "$NS" link set eth0 master br0
	ip -n "$NS" link set br0 up
	inside sysctl -qw net.ipv6.conf.br0.accept_dad=0
	ip -n "$NS" addr del 192.0.2.2/24 dev eth0
	ip -n "$NS" addr add 192.0.2.2/24 dev br0
	ip -n "$NS" link property add dev br0 altname enp3s0
	policy <<-'END'
		allow:
		  tcp:
		    - {port: 8080, interface: eth0, on-demand: true}
		    - {port: 8081, interface: enp3s0, on-demand: true}
		    - {port: 8082, interface: [br0, eth7], on-demand: true}
		    - {port: 8083, interface: "et*", on-demand: true}
		    - {port: 8084, interface: "enp*", on-demand: true}
		    - {port: 8085, interface: "b*", on-demand: true}
		    - {port: 8086, interface: "wg*", on-demand: true}
	END
	run gate -f policy.yaml check
	[ "$status" -eq 0 ]
	[[ $output != *interface/* ]]
	run --separate-stderr gate -f policy.yaml apply
	[ "$status" -eq 0 ]
	[ "$(grep -c "warning: 'eth0' is a port of the bridge 'br0', which its packets belong to: .* never matches them \[interface/port\]" <<<"$stderr")" -eq 2 ]
	[ "$(grep -c "warning: 'enp3s0' is an alternative name of 'br0', and rules match that name only: .* \[interface/altname\]" <<<"$stderr")" -eq 2 ]
	[[ $stderr == *"policy.yaml:5:"*"note: there is no interface 'eth7' now [interface/absent]"* ]]
	[[ $stderr == *"policy.yaml:9:"*"note: no interface has a name like 'wg*' now [interface/absent]"* ]]
	[ "$(grep -c 'interface/' <<<"$stderr")" -eq 6 ]
	run --separate-stderr gate -q -f policy.yaml apply
	[[ $stderr != *interface/absent* ]]
	[[ $stderr == *interface/port* ]]
	run --separate-stderr gate -f policy.yaml apply --dry-run
	[[ $stderr == *interface/port*  ]]
	serve tcp/0.0.0.0/8080 tcp/0.0.0.0/8081 tcp/0.0.0.0/8082 tcp/0.0.0.0/8083 tcp/0.0.0.0/8084 tcp/0.0.0.0/8085
	[ "$(ask tcp/192.0.2.2/8082)" = answered ]
	[ "$(ask tcp/192.0.2.2/8085)" = answered ]
	for port in 8080 8081 8083 8084; do
		[ "$(ask tcp/192.0.2.2/$port)" = silent ]
	done
	run findings
	[ "$output" = "$(printf 'interface/%s\n' 'absent note' 'absent note' 'altname medium' 'altname medium' 'port medium' 'port medium')" ]
	gate -f policy.yaml verify --json | jq -e 'any(.findings[]; .id == "interface/port" and .lines[0].line == 3)'
}

@test "a macvlan hands packets over under its own name" {
	neighbour
	ip -n "$NS" link add link eth0 name mv0 type macvlan mode bridge
	ip -n "$NS" addr add 203.0.113.2/24 dev mv0
	ip -n "$OUTER" addr add 203.0.113.1/24 dev out0
	# the address of the macvlan is its own alone
	inside sysctl -qw net.ipv4.conf.all.arp_ignore=1
	ip -n "$NS" link set mv0 up
	policy <<-'END'
		allow:
		  tcp: [{port: 8080, interface: eth0, on-demand: true}, {port: 8081, interface: mv0, on-demand: true}]
	END
	gate -f policy.yaml apply
	serve tcp/0.0.0.0/8080 tcp/0.0.0.0/8081
	[ "$(ask tcp/192.0.2.2/8080)" = answered ]
	[ "$(ask tcp/192.0.2.2/8081)" = silent ]
	[ "$(ask tcp/203.0.113.2/8081)" = answered ]
	[ "$(ask tcp/203.0.113.2/8080)" = silent ]
	run findings
	[ "$output" = "" ]
}

@test "an interface that took the name lo lets everybody in, and that is said" {
	neighbour
	policy <<-'END'
		allow:
		  tcp: [22]
	END
	gate -f policy.yaml apply
	serve tcp/0.0.0.0/8080
	[ "$(ask tcp/192.0.2.2/8080)" = silent ]
	ip -n "$NS" link set lo down
	ip -n "$NS" link set lo name inner
	ip -n "$NS" link set inner up
	run findings
	[ "$output" = "interface/loopback-renamed medium" ]
	ip -n "$NS" link set eth0 down
	ip -n "$NS" link set eth0 name lo
	ip -n "$NS" link set lo up
	[ "$(ask tcp/192.0.2.2/8080)" = answered ]
	[ "$(reach_of 8080 | jq -c '.[0]')" = '"others"' ]
	[ "$(reach_of 8080 | jq -c '.[1]')" != '"drop"' ]
	run findings
	[ "$output" = "$(printf 'interface/%s\n' 'loopback high' 'loopback-renamed medium')" ]
	run gate -f policy.yaml verify
	[ "$status" -eq 1 ]
	[[ $output == *"interface/loopback: 'lo' is not the loopback device: everything that comes in through it passes"* ]]
	run gate -f policy.yaml apply
	[ "$status" -eq 3 ]
	[[ $output == *"not applied: 'lo' is not the loopback device"*"(rename it, or give --force)"* ]]
	run gate -f policy.yaml apply --force
	[ "$status" -eq 0 ]
	[[ $output == *"warning: 'lo' is not the loopback device"* ]]
	# a baseline that does not let it pass is not concerned
	printf 'baseline: {loopback: false}\n' >>policy.yaml
	gate -f policy.yaml apply
	[ "$(ask tcp/192.0.2.2/8080)" = silent ]
	run findings
	[ "$output" = "" ]
}

@test "the kernel takes the names that a policy may have, and none that it calls impossible" {
	local name
	for name in all default 'a%x' 'a/b' 'a:b' 'a b' . ..; do
		run ip -n "$NS" link add name "$name" type bridge
		[ "$status" -ne 0 ]
		printf 'allow: {tcp: [{port: 22, interface: "%s"}]}\n' "$name" | run ! gate -f - check
	done
	for name in br-lan eth0.10 wg_0 7 'x=y' 'veth#1'; do
		ip -n "$NS" link add name "$name" type bridge
		printf 'allow: {tcp: [{port: 22, interface: "%s"}]}\n' "$name" >policy.yaml
		gate -f policy.yaml check
	done
}
