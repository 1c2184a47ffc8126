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
