#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What leaves a host, with real packets: $NS is the host (192.0.2.2), OUTER all others (192.0.2.1, 192.0.2.25 …).

load common

talk() {
	inside /usr/bin/python3 "$TOP/tests/lib/talk.py" "$@"
}

# Others: a mail server, the relay, a resolver, a web server; and their way to the host.
others() {
	netns_new OUTER
	netns_pair "$OUTER" "$NS"
	for address in 192.0.2.25/24 192.0.2.53/24; do
		ip -n "$OUTER" addr add "$address" dev out0
	done
	ip -n "$NS" addr add 192.0.2.9/24 dev eth0
	coproc OTHERS { ip netns exec "$OUTER" /usr/bin/python3 "$TOP/tests/lib/talk.py" serve tcp/192.0.2.1/25 tcp/192.0.2.25/25 \
		udp/192.0.2.53/53 udp/192.0.2.1/53 tcp/192.0.2.1/443 tcp/2001:db8::1/443 udp/2001:db8::1/53; }
	read -r -t 10 line <&"${OTHERS[0]}"
	[ "$line" = ready ]
}

asked() {
	local expected=$1
	shift
	run -0 talk ask "$@"
	[ "$output" = "$expected" ] || { echo "$*: $output, not $expected"; return 1; }
}

@test "mail goes by the relay alone" {
	others
	cat >policy.yaml <<-'END'
		allow: {tcp: [22]}
		outbound:
		  block:
		    tcp: [{port: 25, except: 192.0.2.25, answer: reject}]
	END
	asked answered tcp/192.0.2.1/25
	run -1 gate -f policy.yaml diff
	[[ $output == *"- outbound tcp 25 to "* ]]
	gate -f policy.yaml apply
	run -0 gate -f policy.yaml diff
	asked refused tcp/192.0.2.1/25
	asked answered tcp/192.0.2.25/25
	asked answered tcp/192.0.2.1/443
	asked answered tcp/2001:db8::1/443
	# and as the kernel is read
	run -1 gate -f policy.yaml explain --kernel --outbound 25/tcp --to 192.0.2.1
	[[ $output == reject* ]]
	run -0 gate -f policy.yaml explain --kernel --outbound 25/tcp --to 192.0.2.25
	# without the outbound part there is no rule for what leaves
	printf 'allow: {tcp: [22]}\n' >policy.yaml
	gate -f policy.yaml apply
	asked answered tcp/192.0.2.1/25
	run -0 inside nft list ruleset
	[[ $output != *"hook output"* ]]
}

@test "only one address of the host may send mail" {
	others
	cat >policy.yaml <<-'END'
		outbound:
		  block:
		    tcp: [{port: 25, from: [0.0.0.0-192.0.2.8, 192.0.2.10-255.255.255.255, "::/0"]}]
	END
	gate -f policy.yaml apply
	asked silent tcp/192.0.2.1/25 192.0.2.2
	asked answered tcp/192.0.2.1/25 192.0.2.9
}

@test "locked down: what is allowed leaves, replies leave, nothing else does" {
	others
	coproc HOST { inside /usr/bin/python3 "$TOP/tests/lib/talk.py" serve tcp/192.0.2.2/22 udp/192.0.2.2/53 tcp/192.0.2.2/8080; }
	read -r -t 10 line <&"${HOST[0]}"
	printf 'allow: {tcp: [22], udp: [53]}\n' >policy.yaml
	gate -f policy.yaml apply
	# open before the lock-down, from within, and tracked: no line allows it, and it stays
	coproc KEPT { inside /usr/bin/python3 "$TOP/tests/lib/talk.py" keep tcp/192.0.2.1/443; }
	read -r -t 10 line <&"${KEPT[0]}"
	[ "$line" = connected ]
	cat >policy.yaml <<-'END'
		groups: {resolver: [192.0.2.53, "2001:db8::1"]}
		allow: {tcp: [22], udp: [53]}
		outbound:
		  default: drop
		  allow:
		    udp: [{port: domain, to: resolver}]
		  block:
		    udp: [{port: domain, from: 192.0.2.9, answer: reject}]
	END
	gate -f policy.yaml apply
	run -0 gate -f policy.yaml verify --json
	echo go >&"${KEPT[1]}"
	read -r -t 10 line <&"${KEPT[0]}"
	[ "$line" = answered ]
	asked answered udp/192.0.2.53/53
	asked answered udp/2001:db8::1/53
	asked refused udp/192.0.2.53/53 192.0.2.9
	# who sends a datagram is told of a drop too (EPERM), by the host's own kernel
	asked refused udp/192.0.2.1/53
	asked silent tcp/192.0.2.1/443
	asked silent tcp/2001:db8::1/443
	asked refused tcp/127.0.0.1/1
	# others ask the host: its answers are replies
	for word in tcp/192.0.2.2/22 udp/192.0.2.2/53; do
		run -0 ip netns exec "$OUTER" /usr/bin/python3 "$TOP/tests/lib/talk.py" ask $word
		[ "$output" = answered ]
	done
	run -0 ip netns exec "$OUTER" /usr/bin/python3 "$TOP/tests/lib/talk.py" ask tcp/192.0.2.2/8080
	[ "$output" = silent ]
	# IPv6 finds its neighbours by the baseline
	inside ip neigh flush dev eth0
	asked answered udp/2001:db8::1/53
}

@test "what is rejected is refused at once, and the verdicts are the policy's" {
	others
	cp "$TOP/policies/egress-lockdown.yaml" policy.yaml
	gate --insecure-permissions -f policy.yaml apply
	asked answered udp/192.0.2.53/53
	asked refused udp/192.0.2.1/53
	asked answered tcp/192.0.2.25/25
	asked refused tcp/192.0.2.1/25
	asked refused tcp/2001:db8::1/443
	run -0 gate --insecure-permissions -f policy.yaml diff
}
