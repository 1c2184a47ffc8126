#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody edits the table by hand: what verify then says of it is true, and apply puts it right.

load common

setup() {
	netns_new NS
	cd "$BATS_TEST_TMPDIR" || return 1
	chmod 0755 .
	printf 'allow:\n  tcp: [22, {port: 80, from: [192.0.2.0/24, 198.51.100.1]}]\n  udp: [{port: 7000-7100}]\n' >policy.yaml
	chmod 0644 policy.yaml
	gate -f policy.yaml apply
}

# after TITLE ANSWER: standard input goes to nft; ANSWER is what verify says then. Afterwards apply mends it.
after() {
	local title=$1 answer=$2 said
	inside nft -f - || { echo "nft refuses: $title"; return 1; }
	run gate -f policy.yaml -j verify
	said=$(jq -r .kernel_equals_policy <<<"$output")
	[ "$said" = "$answer" ] || { echo "$title: verify says $said instead of $answer"; return 1; }
	case $answer in
	proven) run -0 gate -f policy.yaml diff ;;
	refuted) run -1 gate -f policy.yaml diff ;;
	undecided) run -4 gate -f policy.yaml diff ;;
	esac
	gate -q -f policy.yaml apply || { echo "$title: cannot be mended"; return 1; }
	run -0 gate -f policy.yaml diff
}

# rules TITLE ANSWER COMMAND…: rules of the input chain, one command each.
rules() {
	local title=$1 answer=$2
	shift 2
	printf '%s\n' "$@" | after "$title" "$answer"
}

front() {
	rules "$2" "$1" "insert rule inet sockgate input $2"
}

back() {
	rules "$2, at the end" "$1" "add rule inet sockgate input $2"
}

@test "what decides nothing changes nothing" {
	front proven 'log prefix "x"'
	front proven 'counter'
	front proven 'limit rate 1/second'
	front proven 'counter comment "hello"'
	back proven 'tcp dport 22 accept'
	back proven 'tcp dport != 22 drop'
	back proven 'return'
	back proven 'meta l4proto vmap { icmp : drop, tcp : continue }'
	rules 'things that nothing refers to' proven \
		'add set inet sockgate s { type ipv4_addr; flags timeout; }' \
		'add chain inet sockgate unused' \
		'add rule inet sockgate unused accept' \
		'add counter inet sockgate c'
	rules 'a chain that returns' proven \
		'add chain inet sockgate c' \
		'add rule inet sockgate c tcp dport 5432 return' \
		'insert rule inet sockgate input jump c'
}

@test "what decides otherwise is refuted" {
	front refuted 'tcp dport 5432 accept'
	front refuted 'tcp dport 22 drop'
	front refuted 'tcp dport 1-65535 reject'
	front refuted 'tcp dport != 22 drop'
	front refuted 'ip saddr 203.0.113.9 accept'
	front refuted 'tcp dport 22 accept'
	front refuted 'iifname "eth*" accept'
	front refuted 'ct state != established accept'
	front refuted 'return'
	front refuted 'meta nfproto ipv6 accept'
	front refuted 'udp dport vmap { 5353 : accept }'
	back refuted 'reject with icmpx port-unreachable'
	back refuted 'meta l4proto tcp reject with tcp reset'
	rules 'a policy that accepts' refuted 'chain inet sockgate input { policy accept; }'
	rules 'a table that sleeps' refuted 'table inet sockgate { flags dormant; }'
	rules 'one port more' refuted 'add element inet sockgate in_ports { tcp . 25 : accept }'
	rules 'a range less' refuted 'delete element inet sockgate in_ranges { 7000-7100 . udp }'
	rules 'an address more' refuted 'add element inet sockgate tcp_80_from4 { 203.0.113.7 }'
	rules 'a chain before ours' refuted \
		'add chain inet sockgate c { type filter hook input priority -5; }' \
		'add rule inet sockgate c tcp dport 22 drop'
	rules 'a chain behind ours' refuted \
		'add chain inet sockgate c { type filter hook input priority 5; }' \
		'add rule inet sockgate c tcp dport 22 reject'
	rules 'rules for what leaves' refuted \
		'add chain inet sockgate c { type filter hook output priority 0; policy drop; }'
	rules 'rules for what is forwarded' refuted \
		'add chain inet sockgate c { type filter hook forward priority 0; policy drop; }'
	rules 'a goto past the rest' refuted \
		'add chain inet sockgate c' \
		'add rule inet sockgate c tcp dport 5432 return' \
		'insert rule inet sockgate input tcp dport 22 goto c'
}

@test "what cannot be known is not claimed" {
	front undecided 'limit rate 1/second accept'
	front undecided 'meta mark 1 accept'
	front undecided 'meta mark set 1'
	front undecided 'ip ttl 255 accept'
	front undecided 'tcp sport 53 accept'
	front undecided 'tcp flags syn accept'
	front undecided 'tcp dport & 1 == 1 drop'
	front undecided 'ip saddr & 0.0.0.255 == 9 drop'
	front undecided 'ct mark 7 drop'
	front undecided 'meta skuid 0 drop'
	front undecided 'ether saddr 02:00:00:00:00:01 accept'
	front undecided 'numgen random mod 2 vmap { 0 : accept, 1 : continue }'
	front undecided 'tcp dport 8080 tcp dport set 22'
	front undecided 'fib saddr . iif oif missing drop'
	front undecided 'ct count over 5 drop'
	front undecided '@th,0,32 0x00010002 accept'
	rules 'elements that expire' undecided \
		'add set inet sockgate s { type ipv4_addr; flags timeout; }' \
		'add element inet sockgate s { 203.0.113.7 timeout 1h }' \
		'insert rule inet sockgate input ip saddr @s accept'
	rules 'a chain of the same priority' undecided \
		'add chain inet sockgate c { type filter hook input priority 0; }' \
		'add rule inet sockgate c iifname != "lo" ct state new tcp dport 5432 reject'
	rules 'a packet that is changed on its way' undecided \
		'add chain inet sockgate c { type filter hook input priority -5; }' \
		'add rule inet sockgate c tcp dport 8080 tcp dport set 22'
	rules 'another hook' undecided \
		'add chain inet sockgate c { type filter hook prerouting priority 0; }'
	rules 'another type of chain' undecided \
		'add chain inet sockgate c { type nat hook input priority 0; }'
}

@test "a set that packets fill says nothing of who is in it" {
	# made apart: the set is not flagged as one that packets may fill
	inside nft add set inet sockgate knock '{ type ipv4_addr; }'
	inside nft insert rule inet sockgate input ip saddr @knock accept
	inside nft insert rule inet sockgate input udp dport 9 add @knock '{ ip saddr }' drop
	run -4 gate -j explain --kernel 5432/tcp --from 192.0.2.9
	jq -e '.verdict == "undecided"' <<<"$output"
	gate -f policy.yaml apply
	run -0 gate -f policy.yaml diff
}

@test "who is let out of a limit by hand is noticed, and limited again" {
	printf 'allow:\n  tcp:\n    - {port: 22, limit: 3/hour per source}\n    - {port: 80, connections: 2 per source}\n' >policy.yaml
	gate -q -f policy.yaml apply --force
	after 'an element as packets make it' proven \
		<<<'add element inet sockgate connections_tcp_80_4 { 203.0.113.8 ct count 2 }'
	after 'an element without a limit' undecided \
		<<<'add element inet sockgate limit_tcp_22_4 { 203.0.113.9 }'
	after 'an element with another limit' undecided \
		<<<'add element inet sockgate limit_tcp_22_6 { 2001:db8:1:: limit rate 9/second burst 9 packets }'
	after 'an element with another count' undecided \
		<<<'add element inet sockgate connections_tcp_80_4 { 203.0.113.9 ct count 900 }'
}

@test "a limit that others use up is not taken for the limit" {
	printf 'allow:\n  tcp:\n    - {port: 22, limit: 3/hour}\n' >policy.yaml
	gate -q -f policy.yaml apply --force
	rules 'forwarded packets count' undecided \
		'insert rule inet sockgate forward jump limit_tcp_22'
	# what is asked of a packet's port is not what is known of a published one
	printf 'published: ignore\nallow:\n  tcp:\n    - {port: 22, limit: 3/hour}\n' >policy.yaml
	gate -q -f policy.yaml apply --force
	rules 'forwarded packets count, and nothing else is done to them' undecided \
		'add chain inet sockgate forward { type filter hook forward priority 0; }' \
		'add rule inet sockgate forward jump limit_tcp_22'
	rules 'each counts two times' undecided \
		'add chain inet sockgate again { type filter hook input priority 1; }' \
		'add rule inet sockgate again tcp dport 22 jump limit_tcp_22'
	rules 'packets to other ports count' undecided \
		'flush chain inet sockgate limit_tcp_22' \
		'add rule inet sockgate limit_tcp_22 limit rate 3/hour burst 3 packets tcp dport 22 accept' \
		'insert rule inet sockgate input jump limit_tcp_22'
	gate -q clear --force
	gate -q -f policy.yaml apply --force
	rules 'those count that are to' proven \
		'flush chain inet sockgate limit_tcp_22' \
		'add rule inet sockgate limit_tcp_22 tcp dport 22 limit rate 3/hour burst 3 packets accept' \
		'add rule inet sockgate input jump limit_tcp_22'
}

@test "a large set goes with the table that held it" {
	for list in a b; do
		{
			printf 'groups:\n  many:\n'
			[ $list = a ] || echo '    - 203.0.113.77'
			for i in $(seq 0 4999); do echo "    - 10.0.$((i / 128)).$((i % 128 * 2))"; done
			printf 'allow:\n  tcp: [{port: 22, from: many}]\n'
		} >$list.yaml
		chmod 0644 $list.yaml
	done
	gate -f a.yaml apply
	inside nft add chain inet sockgate extra '{ type filter hook input priority 10; }'
	run -0 gate -f a.yaml diff
	run -0 gate -f b.yaml apply
	run -0 gate -f b.yaml diff
	run -1 gate -f a.yaml diff
}
