#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Ports that are published by DNAT, with real packets: $NS is the host (192.0.2.2 and .9 on eth0, 198.51.100.2 on eth1), OUTER all
# others (192.0.2.1, 198.51.100.1), BOX a container behind the host's docker0 (172.17.0.2). The host's ports 8080 and 8443 of TCP are the
# container's 80, 5353 of UDP is its 53; 9090 is 9090 there.

load common

talk() {
	ip netns exec "$OUTER" /usr/bin/python3 "$TOP/tests/lib/talk.py" "$@"
}

hosts() {
	netns_new OUTER
	netns_new BOX
	netns_pair "$OUTER" "$NS"
	ip -n "$NS" addr add 192.0.2.9/24 dev eth0
	ip -n "$OUTER" link add out1 type veth peer name eth1 netns "$NS"
	ip -n "$OUTER" addr add 198.51.100.1/24 dev out1
	ip -n "$NS" addr add 198.51.100.2/24 dev eth1
	ip -n "$NS" link add docker0 type veth peer name eth0 netns "$BOX"
	inside sysctl -qw net.ipv6.conf.docker0.accept_dad=0 net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip netns exec "$BOX" sysctl -qw net.ipv6.conf.eth0.accept_dad=0
	ip -n "$NS" addr add 172.17.0.1/16 dev docker0
	ip -n "$NS" addr add fd00:17::1/64 dev docker0 nodad
	ip -n "$BOX" addr add 172.17.0.2/16 dev eth0
	ip -n "$BOX" addr add fd00:17::2/64 dev eth0 nodad
	ip -n "$OUTER" link set out1 up
	ip -n "$NS" link set eth1 up
	ip -n "$NS" link set docker0 up
	ip -n "$BOX" link set eth0 up
	ip -n "$BOX" route add default via 172.17.0.1
	ip -n "$BOX" -6 route add default via fd00:17::1
	coproc BOXED { ip netns exec "$BOX" /usr/bin/python3 "$TOP/tests/lib/talk.py" serve tcp/172.17.0.2/80 tcp/fd00:17::2/80 \
		udp/172.17.0.2/53 udp/fd00:17::2/53 tcp/172.17.0.2/9090 tcp/fd00:17::2/9090; }
	read -r -t 10 line <&"${BOXED[0]}"
	[ "$line" = ready ]
}

# As somebody writes it by hand.
by_hand() {
	inside nft -f - <<-'END'
		table inet nat {
			chain prerouting {
				type nat hook prerouting priority dstnat;
				iifname != "docker0" meta nfproto ipv4 tcp dport { 8080, 8443 } dnat ip to 172.17.0.2:80
				iifname != "docker0" meta nfproto ipv4 udp dport 5353 dnat ip to 172.17.0.2:53
				iifname != "docker0" meta nfproto ipv4 tcp dport 9090 dnat ip to 172.17.0.2
				iifname != "docker0" meta nfproto ipv6 tcp dport { 8080, 8443 } dnat ip6 to [fd00:17::2]:80
				iifname != "docker0" meta nfproto ipv6 udp dport 5353 dnat ip6 to [fd00:17::2]:53
				iifname != "docker0" meta nfproto ipv6 tcp dport 9090 dnat ip6 to fd00:17::2
			}
			chain postrouting {
				type nat hook postrouting priority srcnat;
				ip saddr 172.17.0.0/16 oifname != "docker0" masquerade
				ip6 saddr fd00:17::/64 oifname != "docker0" masquerade
			}
		}
	END
}

# As Docker does it with iptables: by_iptables COMMAND NET CONTAINER BRACKETED
by_iptables() {
	local command=$1 net=$2 box=$3 bracketed=$4 published protocol from to
	inside "$command-restore" <<-END
		*nat
		:PREROUTING ACCEPT
		:POSTROUTING ACCEPT
		:DOCKER -
		-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
		-A POSTROUTING -s $net ! -o docker0 -j MASQUERADE
		COMMIT
		*filter
		:FORWARD DROP
		:DOCKER -
		:DOCKER-BRIDGE -
		:DOCKER-CT -
		:DOCKER-FORWARD -
		:DOCKER-USER -
		-A FORWARD -j DOCKER-USER
		-A FORWARD -j DOCKER-FORWARD
		-A DOCKER-FORWARD -j DOCKER-CT
		-A DOCKER-FORWARD -j DOCKER-BRIDGE
		-A DOCKER-FORWARD -i docker0 -j ACCEPT
		-A DOCKER-BRIDGE -o docker0 -j DOCKER
		-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		-A DOCKER ! -i docker0 -o docker0 -j DROP
		COMMIT
	END
	for published in tcp/8080/80 tcp/8443/80 udp/5353/53 tcp/9090/9090; do
		IFS=/ read -r protocol from to <<<"$published"
		inside "$command" -t nat -A DOCKER ! -i docker0 -p "$protocol" --dport "$from" -j DNAT --to-destination "$bracketed:$to"
		inside "$command" -I DOCKER -d "$box" ! -i docker0 -o docker0 -p "$protocol" --dport "$to" -j ACCEPT
	done
}

# As Docker does it with nftables: by_docker FAMILY NET CONTAINER BRACKETED
by_docker() {
	local family=$1 net=$2 box=$3 bracketed=$4
	inside nft -f - <<-END
		table $family docker-bridges {
			map filter-forward-in-jumps {
				type ifname : verdict
				elements = { "docker0" : jump filter-forward-in__docker0 }
			}
			map filter-forward-out-jumps {
				type ifname : verdict
				elements = { "docker0" : jump filter-forward-out__docker0 }
			}
			chain filter-FORWARD {
				type filter hook forward priority filter; policy drop;
				oifname vmap @filter-forward-in-jumps
				iifname vmap @filter-forward-out-jumps
			}
			chain filter-forward-in__docker0 {
				ct state established,related counter accept
				iifname "docker0" counter accept comment "ICC"
				$family daddr $box tcp dport { 80, 9090 } counter accept
				$family daddr $box udp dport 53 counter accept
				counter drop comment "UNPUBLISHED PORT DROP"
			}
			chain filter-forward-out__docker0 {
				counter accept comment "OUTGOING"
			}
			chain nat-PREROUTING {
				type nat hook prerouting priority dstnat; policy accept;
				fib daddr type local counter jump nat-prerouting-and-output
			}
			chain nat-prerouting-and-output {
				iifname != "docker0" tcp dport 8080 counter dnat to $bracketed:80 comment "DNAT"
				iifname != "docker0" tcp dport 8443 counter dnat to $bracketed:80 comment "DNAT"
				iifname != "docker0" tcp dport 9090 counter dnat to $bracketed:9090 comment "DNAT"
				iifname != "docker0" udp dport 5353 counter dnat to $bracketed:53 comment "DNAT"
			}
			chain nat-POSTROUTING {
				type nat hook postrouting priority srcnat; policy accept;
				oifname != "docker0" $family saddr $net counter masquerade comment "MASQUERADE"
			}
			chain raw-PREROUTING {
				type filter hook prerouting priority raw; policy accept;
				iifname != "docker0" $family daddr $box counter drop comment "DROP DIRECT ACCESS"
			}
		}
	END
}

apply() {
	cat >policy.yaml
	gate -q -f policy.yaml apply
	gate -q -f policy.yaml diff
}

asked() {
	local expected=$1 target
	shift
	for target; do
		run -0 talk ask "$target"
		[ "$output" = "$expected" ] || { echo "$target: $output, not $expected"; return 1; }
	done
}

# What the policy makes of published ports, whoever publishes them.
ports_of_the_host_count() {
	local four=192.0.2.2 six=2001:db8::2
	asked answered tcp/$four/8080 tcp/$six/8080 tcp/$four/8443 tcp/$six/8443 udp/$four/5353 udp/$six/5353 tcp/$four/9090
	coproc KEPT { talk keep tcp/$four/8443; }
	read -r -t 10 line <&"${KEPT[0]}"
	[ "$line" = connected ]
	apply <<<'{allow: {tcp: [22, 8080], udp: [5353]}}'
	asked answered tcp/$four/8080 tcp/$six/8080 udp/$four/5353 udp/$six/5353
	asked silent tcp/$four/8443 tcp/$six/8443 tcp/$four/9090 tcp/$six/9090
	# what was there before goes on
	echo >&"${KEPT[1]}"
	read -r -t 10 line <&"${KEPT[0]}"
	[ "$line" = answered ]
	# the container's own ports open nothing
	apply <<<'{published: enforce, allow: {tcp: [80, 9090], udp: [53]}}'
	asked silent tcp/$four/8080 tcp/$six/8080 udp/$four/5353 udp/$six/5353
	asked answered tcp/$four/9090 tcp/$six/9090
	apply <<<'{published: ignore, allow: {tcp: [22]}}'
	asked answered tcp/$four/8080 tcp/$six/8080 tcp/$four/8443 udp/$four/5353 udp/$six/5353
	run -0 inside nft list table inet sockgate
	[[ $output != *"hook forward"* ]]
}

@test "ports that are published by hand" {
	hosts
	by_hand
	ports_of_the_host_count
}

@test "ports that Docker publishes with iptables" {
	hosts
	by_iptables iptables-nft 172.17.0.0/16 172.17.0.2 172.17.0.2
	by_iptables ip6tables-nft fd00:17::/64 fd00:17::2 "[fd00:17::2]"
	ports_of_the_host_count
}

@test "ports that Docker publishes with nftables" {
	hosts
	by_docker ip 172.17.0.0/16 172.17.0.2 172.17.0.2
	by_docker ip6 fd00:17::/64 fd00:17::2 "[fd00:17::2]"
	ports_of_the_host_count
}

@test "a policy that is learned lets in what a container engine's proxy holds a socket for, and verify knows" {
	hosts
	by_iptables iptables-nft 172.17.0.0/16 172.17.0.2 172.17.0.2
	by_iptables ip6tables-nft fd00:17::/64 fd00:17::2 "[fd00:17::2]"
	coproc PROXY { inside /usr/bin/python3 "$TOP/tests/lib/talk.py" serve tcp/::/8080 udp/0.0.0.0/5353; }
	read -r -t 10 line <&"${PROXY[0]}"
	gate learn >learned.yaml
	apply <learned.yaml
	# but for the container engine's tables, which are outside the proof
	run -4 gate -f policy.yaml -j verify
	jq -e '.findings | map(.id) == ["kernel/undecided"]' <<<"$output"
	asked answered tcp/192.0.2.2/8080 tcp/2001:db8::2/8080 udp/192.0.2.2/5353
	# nobody holds a socket for it
	asked silent tcp/192.0.2.2/9090
	# what nobody can reach by the lines is not reached past them either
	apply <<<'{allow: {tcp: [8080]}}'
	run -4 gate -f policy.yaml -j verify
	jq -e '.findings | map(.id) | sort == ["kernel/undecided", "listener/undeclared"]' <<<"$output"
	asked silent udp/192.0.2.2/5353
	asked answered tcp/192.0.2.2/8080
}

@test "from, except, to, interface and blocks hold for published ports" {
	hosts
	by_hand
	apply <<-'END'
		published: enforce
		groups: {near: [192.0.2.0/24, 198.51.100.0/24, 2001:db8::/64]}
		allow:
		  tcp:
		    - {port: 8080, from: near, except: 198.51.100.1}
		    - {port: 8443, to: [192.0.2.9, "2001:db8::2"]}
		    - {port: 9090, interface: eth1}
		  udp: [{port: 5353, from: 198.51.100.0/24}]
	END
	asked answered tcp/192.0.2.2/8080 tcp/2001:db8::2/8080
	asked silent tcp/198.51.100.2/8080
	asked silent tcp/192.0.2.2/8443
	asked answered tcp/192.0.2.9/8443 tcp/2001:db8::2/8443
	asked silent tcp/192.0.2.2/9090 tcp/2001:db8::2/9090
	asked answered tcp/198.51.100.2/9090
	asked silent udp/192.0.2.2/5353
	asked answered udp/198.51.100.2/5353
	apply <<-'END'
		published: enforce
		allow:
		  any: {from: 0.0.0.0/0}
		block:
		  tcp: [8443, {port: 9090, answer: reject}]
		  any: [{from: 198.51.100.1}]
	END
	asked answered tcp/192.0.2.2/8080
	asked silent tcp/192.0.2.2/8443 tcp/198.51.100.2/8080
	# the answer comes from the address and the port that were asked
	asked refused tcp/192.0.2.2/9090
	asked silent tcp/2001:db8::2/8080
	apply <<<'{published: enforce, default: reject}'
	asked refused tcp/192.0.2.2/8080 tcp/2001:db8::2/8080 udp/192.0.2.2/5353
}

@test "a limit is one for the host's own ports and published ones" {
	hosts
	by_hand
	apply <<<'{published: enforce, allow: {tcp: [{port: [8080, 2222], limit: 2/hour}]}}'
	coproc OWN { inside /usr/bin/python3 "$TOP/tests/lib/talk.py" serve tcp/192.0.2.2/2222; }
	read -r -t 10 line <&"${OWN[0]}"
	asked answered tcp/192.0.2.2/2222 tcp/192.0.2.2/8080
	asked silent tcp/192.0.2.2/8080 tcp/192.0.2.2/2222
}

@test "what is forwarded and not published is left alone" {
	hosts
	by_hand
	ip -n "$OUTER" route add 172.17.0.0/16 via 192.0.2.2
	ip -n "$OUTER" route add fd00:17::/64 via 2001:db8::2
	coproc OTHERS { ip netns exec "$OUTER" /usr/bin/python3 "$TOP/tests/lib/talk.py" serve tcp/192.0.2.1/443 udp/2001:db8::1/443; }
	read -r -t 10 line <&"${OTHERS[0]}"
	apply <<<'{published: enforce}'
	asked silent tcp/192.0.2.2/8080
	# to the container itself, by a route
	asked answered tcp/172.17.0.2/80 udp/172.17.0.2/53 tcp/fd00:17::2/80
	# from the container, whose source is rewritten
	for target in tcp/192.0.2.1/443 udp/2001:db8::1/443; do
		run -0 ip netns exec "$BOX" /usr/bin/python3 "$TOP/tests/lib/talk.py" ask "$target"
		[ "$output" = answered ]
	done
}

# The objects of a listing in JSON, sorted and without their handles. Rules of one chain keep their order.
objects() {
	jq '[.nftables[] | del(.[].handle)] | group_by(.rule.chain // "") | map(if .[0].rule then . else sort end)'
}

@test "what is said of published ports" {
	hosts
	printf '{published: ignore, allow: {tcp: [22]}}' >before.yaml
	printf '{published: enforce, allow: {tcp: [22, {port: 8080, from: 192.0.2.0/24}]}}' >policy.yaml
	run -1 gate diff before.yaml policy.yaml
	[[ $output == *"- published, all that these decide: accept -> drop ("*"default: drop"* ]]
	run -1 gate --all diff before.yaml policy.yaml
	[[ $output == *"- published tcp 0-21, 23-8079, 8081-65535"*" from anywhere"* ]]
	run -1 gate -j diff before.yaml policy.yaml
	[ "$(jq '[.changes[] | select(.direction == "published")] | length > 3' <<<"$output")" = true ]
	gate -q -f policy.yaml apply
	for kernel in "" --kernel; do
		# shellcheck disable=SC2086
		run -1 gate -f policy.yaml explain $kernel --published 8080/tcp
		[[ $output == "depends published tcp 8080"*"accept    from 192.0.2.0/24"* ]]
		# shellcheck disable=SC2086
		run -0 gate -f policy.yaml -j explain $kernel --published 8080/tcp --from 192.0.2.1 --to 192.0.2.2 --interface eth0
		[ "$(jq -r '.packet.direction + " " + .verdict' <<<"$output")" = "published accept" ]
		# shellcheck disable=SC2086
		run -0 gate -f policy.yaml explain $kernel --stdin <<<$'published tcp 22\npublished tcp 23 from 192.0.2.1'
		[[ ${lines[0]} == "accept published tcp 22"* ]]
		[[ ${lines[1]} == "drop published tcp 23 from 192.0.2.1"* ]]
	done
	run -2 gate -f policy.yaml explain --outbound --published 22/tcp
	# nft loads what show prints, and lists the same objects as after apply; their order is that of their creation
	gate -f policy.yaml show >shown
	netns_new OTHER
	ip netns exec "$OTHER" nft -f shown
	diff <(inside nft -j list ruleset | objects) <(ip netns exec "$OTHER" nft -j list ruleset | objects)
	# rules that let packets to the container's port reach it are noticed
	inside nft insert rule inet sockgate published tcp dport 80 accept
	run -4 gate -f policy.yaml diff
	[[ $output == *"? published tcp"* ]]
	inside nft insert rule inet sockgate published meta l4proto tcp ct original proto-dst 8081 accept
	run -1 gate -f policy.yaml diff
	[[ $output == *"published tcp 8081"* ]]
}
