#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What decides packets beside our table, with real packets: each kind is named, and nothing is called proven beside it. BPF
# programs on netfilter hooks, which the kernel does not tell apart by network namespace, are tried in tests/alone.

load common
load outside

setup() {
	outside_setup
}

teardown() {
	outside_teardown
}

legacy() {
	command -v "$1" >/dev/null || skip "no $1 here"
	inside "$@" || skip "this kernel has no tables for $1"
}

@test "iptables-legacy: a rule that drops" {
	# a table without rules and with policies to accept decides nothing
	for table in filter mangle raw nat; do
		legacy iptables-legacy -w -t "$table" -nL >/dev/null
	done
	grep -q filter <(inside cat /proc/net/ip_tables_names)
	alone
	inside iptables-legacy -w -N UNUSED
	inside iptables-legacy -w -A UNUSED -j DROP
	alone
	inside iptables-legacy -w -A INPUT -p tcp --dport 8080 -j DROP
	[ "$(ask 8080)" = silent ]
	beside legacy-table "iptables-legacy table 'filter' has 2 rules"
	inside iptables-legacy -w -F
	alone
}

@test "iptables-legacy: a policy to drop" {
	legacy iptables-legacy -w -P INPUT DROP
	[ "$(ask 8080)" = silent ]
	beside legacy-table "iptables-legacy table 'filter' has a chain whose policy is to drop"
}

@test "iptables-legacy: a blocked port is open by way of a redirection" {
	legacy iptables-legacy -w -t nat -A PREROUTING -p tcp --dport 5432 -j REDIRECT --to-ports 8080
	[ "$(ask 5432)" = answered ]
	beside legacy-table "iptables-legacy table 'nat' has 1 rule"
	run -4 gate explain 5432/tcp --from 192.0.2.1 --kernel
	[[ $output == *"our table alone says drop"* ]]
}

@test "ip6tables-legacy: IPv6 alone is refused" {
	legacy ip6tables-legacy -w -A INPUT -p tcp --dport 8080 -j DROP
	[ "$(ask 8080 2001:db8::2)" = silent ]
	[ "$(ask 8080)" = answered ]
	beside legacy-table "ip6tables-legacy table 'filter' has 1 rule"
	inside ip6tables-legacy -w -F
	alone
}

@test "arptables-legacy: nobody finds the host" {
	legacy arptables-legacy -nL >/dev/null
	alone
	inside arptables-legacy -A INPUT -j DROP
	ip -n "$CLIENT" neigh flush all
	[ "$(ask 8080)" != answered ]
	beside legacy-table "arptables-legacy table 'filter' has 1 rule"
}

@test "asking makes no legacy table" {
	before=$(inside cat /proc/net/ip_tables_names /proc/net/ip6_tables_names /proc/net/arp_tables_names)
	alone
	[ "$(inside cat /proc/net/ip_tables_names /proc/net/ip6_tables_names /proc/net/arp_tables_names)" = "$before" ]
}

@test "XDP" {
	attach xdp eth0
	[ "$(ask 8080)" = silent ]
	beside xdp "on eth0"
	detach
	alone
}

@test "traffic control: filters of clsact, incoming and outgoing" {
	inside tc qdisc add dev eth0 clsact || skip "this kernel has no clsact"
	# a discipline without filters lets all pass
	alone
	inside tc filter add dev eth0 ingress bpf da bytecode '1,6 0 0 2,' || skip "this kernel has no filter of BPF"
	[ "$(ask 8080)" = silent ]
	beside tc "bpf filter on eth0, incoming"
	inside tc filter del dev eth0 ingress
	inside tc filter add dev eth0 egress bpf da bytecode '1,6 0 0 2,'
	[ "$(ask 8080)" = silent ]
	beside tc "bpf filter on eth0, outgoing"
	inside tc qdisc del dev eth0 clsact
	alone
	inside tc qdisc add dev eth0 ingress
	inside tc filter add dev eth0 ingress bpf da bytecode '1,6 0 0 2,'
	beside tc "bpf filter on eth0, incoming"
	# it has no filters of outgoing packets
	[ "$(gate -f policy.yaml -j verify | jq '.outside | length')" -eq 1 ]
}

@test "traffic control: a filter below another discipline, and one that loses packets" {
	inside tc qdisc add dev eth0 root handle 1: htb || skip "this kernel has no htb"
	alone
	inside tc filter add dev eth0 parent 1: bpf da bytecode '1,6 0 0 2,'
	beside tc "bpf filter on eth0, outgoing"
	inside tc qdisc del dev eth0 root
	# of a class alone: packets with the priority of the class meet it
	inside tc qdisc add dev eth0 root handle 1: htb
	inside tc class add dev eth0 parent 1: classid 1:1 htb rate 1gbit
	inside tc class add dev eth0 parent 1:1 classid 1:2 htb rate 1gbit
	alone
	inside tc filter add dev eth0 parent 1:1 bpf da bytecode '1,6 0 0 2,'
	beside tc "bpf filter on eth0, outgoing"
	inside tc qdisc del dev eth0 root
	inside tc qdisc add dev eth0 root tbf rate 1gbit burst 1mb latency 1s
	alone
	inside tc qdisc del dev eth0 root
	inside tc qdisc add dev eth0 root blackhole || skip "this kernel has no blackhole"
	[ "$(ask 8080)" = silent ]
	beside tc "blackhole on eth0"
}

@test "tcx, incoming and outgoing" {
	attach tcx eth0 ingress
	[ "$(ask 8080)" = silent ]
	beside tc "BPF program of tcx (incoming) on eth0"
	detach
	alone
	attach tcx eth0 egress
	[ "$(ask 8080)" = silent ]
	beside tc "BPF program of tcx (outgoing) on eth0"
}

@test "a program that chooses sockets" {
	attach sk-lookup
	[ "$(ask 8080)" = refused ]
	beside bpf-sk-lookup "1 BPF program chooses the sockets of packets"
}

# Serves port 8081 from a control group.
serve_from() {
	hold served2 ready nsenter --net="/run/netns/$NS" bash -c 'echo $BASHPID >"$1/cgroup.procs"; shift; exec "$@"' sh "$1" \
		/usr/bin/python3 "$TOP/tests/lib/talk.py" serve tcp/::/8081
}

# The groups are hidden below `ip netns exec`: not for who attaches a program to one.
attach_to() {
	hold attached attached /usr/bin/python3 "$TOP/tests/lib/bpf_attach.py" cgroup "$@"
}

@test "a program of a listener's control group, or of one above it" {
	mount=$(findmnt -nt cgroup2 -o TARGET | head -n 1)
	[ -n "$mount" ] || skip "no control groups of version 2 here"
	group=$mount/sgt-$$-outside
	group_new "$group" || skip "control groups cannot be made here"
	group_new "$group/inner"
	group_new "$group/other"
	printf 'allow:\n  tcp: [8080, 8081, {port: 5432, from: 203.0.113.9, on-demand: true}]\n' >policy.yaml
	gate -q -f policy.yaml apply
	serve_from "$group/inner"
	alone
	for direction in ingress egress; do
		# where nobody listens
		attach_to "$group/other" "$direction"
		[ "$(ask 8081)" = answered ]
		alone
		detach
		for place in "$group/inner" "$group"; do
			attach_to "$place" "$direction"
			[ "$(ask 8081)" = silent ]
			beside bpf-cgroup "/sgt-$$-outside/inner"
			detach
			alone
		done
	done
}

@test "IPsec: policies that refuse, and those that demand a transformation" {
	inside ip xfrm policy add src 192.0.2.1/32 dst 192.0.2.2/32 dir in action block || skip "this kernel has no IPsec"
	[ "$(ask 8080)" = silent ]
	beside xfrm "1 IPsec policy refuses packets"
	inside ip xfrm policy flush
	alone
	inside ip xfrm policy add src 192.0.2.1/32 dst 192.0.2.2/32 dir in tmpl proto esp mode transport
	[ "$(ask 8080)" = silent ]
	beside xfrm "1 IPsec policy lets only transformed packets pass"
	inside ip xfrm policy flush
	inside ip xfrm policy add src 192.0.2.1/32 dst 192.0.2.2/32 dir in action allow
	[ "$(ask 8080)" = answered ]
	alone
	inside ip xfrm policy setdefault in block || skip "this kernel has no default of IPsec"
	inside ip xfrm policy flush
	beside xfrm "IPsec refuses packets that no policy of it names"
}

# table FAMILY CHAIN: a table of another's with one base chain; undecided with a rule or a policy to drop, else not there.
table() {
	local family=$1 hook=$2
	inside nft -f - <<<"table $family other { chain c { type filter $hook; policy accept; }; }" || return 1
	alone
	inside nft "add rule $family other c counter drop"
	foreign_table "$family"
	inside nft "delete table $family other"
	inside nft -f - <<<"table $family other { chain c { type filter $hook; policy drop; }; }"
	foreign_table "$family"
	inside nft "delete table $family other"
	alone
}

foreign_table() {
	run -4 gate -f policy.yaml verify
	[[ $output == *"kernel/undecided: '$1 other' is not sockgate's"* ]]
	run -4 gate -f policy.yaml -j verify
	jq -e --arg family "$1" 'any(.undecided[]; .family == $family and .table == "other") and .outside == []' <<<"$output"
	named "table $1 other"
	run -0 gate -f policy.yaml -j diff
	jq -e --arg family "$1" '.equal and any(.not_reckoned_with[]; .family == $family)' <<<"$output"
	run -0 gate -f policy.yaml -j apply
	jq -e --arg family "$1" 'any(.not_reckoned_with[]; .family == $family)' <<<"$output"
}

@test "tables of all families, with and without something to decide" {
	for hook in prerouting input forward output postrouting; do
		for family in ip ip6 inet; do
			table "$family" "hook $hook priority 0"
		done
	done
	table arp 'hook input priority 0'
	table arp 'hook output priority 0'
	table bridge 'hook input priority 0' || skip "this kernel has no tables of bridges"
	table netdev 'hook ingress device eth0 priority 0'
	table inet 'hook ingress device eth0 priority 0'
}

@test "tables without a base chain decide nothing; a flowtable does" {
	inside nft -f - <<-'END'
		table inet other {
			set s { type ipv4_addr; elements = { 192.0.2.1 }; }
			chain c { drop; }
		}
		table arp empty { }
	END
	alone
	inside nft 'add flowtable inet other f { hook ingress priority 0; devices = { eth0 }; }' || skip "no flowtables here"
	foreign_table inet
}

# other RULES [RULES]: a table of another's whose base chain has the first rules, and whose chain `on` has the second.
other() {
	inside nft -f - <<-END
		table inet other
		delete table inet other
		table inet other {
			counter seen { }
			quota large { over 1 mbytes; }
			set some { type ipv4_addr; elements = { 192.0.2.1 }; }
			set filled { type ipv4_addr; size 9; flags dynamic; }
			map fates { type ipv4_addr : verdict; elements = { 192.0.2.1 : drop }; }
			chain on {
				${2:-}
			}
			chain c { type filter hook input priority 0; policy accept;
				$1
			}
		}
	END
}

@test "rules that match, count, log and accept decide nothing" {
	other 'counter; counter name seen; quota name large counter'
	alone
	other 'tcp dport 22 ip saddr @some limit rate 5/second log prefix "x" group 3; ct state new iifname "eth0" accept; fib saddr type local return'
	alone
	other 'tcp dport 8080 jump on; goto on' 'counter accept'
	alone
	# nothing leads there
	other 'counter' 'drop'
	alone
	inside nft -f - <<-'END'
		delete table inet other
		table ip sleeping { flags dormant; chain c { type filter hook input priority 0; policy drop; }; }
	END
	alone
	inside nft 'delete table ip sleeping'
	inside iptables-nft -A INPUT -p tcp --dport 8080 -j ACCEPT
	alone
}

@test "rules that do more than to match, count, log and accept are named" {
	for rule in 'tcp dport 8080 jump on' 'goto on' 'ip saddr vmap @fates' 'ip saddr vmap { 192.0.2.1 : drop }' 'reject' 'meta mark set 7' \
		'ct mark set 7' 'ip ttl set 9' 'tcp dport set 22' 'add @filled { ip saddr }' 'log; drop' \
		'reset tcp option sack-perm'; do
		other "$rule" 'counter drop' || { echo "nft refuses: $rule"; return 1; }
		foreign_table inet || { echo "passed over: $rule"; return 1; }
	done
	inside nft -f - <<-'END'
		delete table inet other
		table inet other { chain c { type filter hook prerouting priority -300; notrack; }; }
	END
	foreign_table inet
	inside nft -f - <<-'END'
		delete table inet other
		table inet other { chain c { type nat hook prerouting priority -100; tcp dport 8080 redirect to :5432; }; }
	END
	foreign_table inet
	inside nft -f - <<-'END'
		delete table inet other
		table inet other { flags dormant; chain c { type filter hook input priority 0; policy drop; }; }
	END
	alone
	inside nft 'table inet other { }' # without the flag, it wakes
	foreign_table inet
}

@test "clear says what else decides" {
	run -0 gate clear --force
	[ "$output" = "cleared: no policy is enforced any more, everything is open now" ]
	run -1 gate -f policy.yaml diff
	[ "${lines[0]}" = "no sockgate table in the kernel: everything is open now" ]
	gate -q -f policy.yaml apply
	inside nft -f - <<<'table ip filter { chain i { type filter hook input priority 0; policy drop; }; }'
	run -0 gate clear --force
	[ "$output" = "cleared: no policy is enforced any more; sockgate's rules are gone
also deciding here: table ip filter" ]
	run -1 gate -f policy.yaml diff
	[[ $output != *"everything is open now"* && $output == *"not reckoned with: table ip filter"* ]]
	run -0 gate -j clear --force
	jq -e '.changed == false and .not_reckoned_with[0].table == "filter" and .outside == []' <<<"$output"
}

@test "what may not be looked at is said, and nothing is proven" {
	# CAP_NET_ADMIN alone, as the unit has it: rules can be read, lists of BPF programs not
	run -4 inside setpriv --bounding-set=-all,+net_admin "$SOCKGATE" -f policy.yaml -j verify
	jq -e '.kernel_equals_policy == "undecided" and any(.outside[]; .kind == "bpf-netfilter" and .known == false
		and (.name | contains("not permitted")))' <<<"$output"
	# no /proc: no list of legacy tables, and no sign of IPsec
	run -0 inside unshare -m sh -c 'mount -t tmpfs none /proc && exec "$@"' sh "$SOCKGATE" -f policy.yaml -j status
	jq -e '[.outside[] | select(.known == false) | .kind] | contains(["legacy-table", "xfrm", "ipvs"])' <<<"$output"
}
