#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A policy goes into a kernel, is read back, changed, taken away; nothing else is touched.

load common

@test "a policy is applied, and the kernel then proves equal to it" {
	web_policy
	run -0 gate -f policy.yaml apply
	run -0 gate -f policy.yaml diff
	run -0 --separate-stderr gate -f policy.yaml -j diff
	jq -e '.equal == true and .changes == []' <<<"$output"
	run gate -f policy.yaml -j verify
	jq -e '.kernel_equals_policy == "proven"' <<<"$output"
}

@test "a host that is as its policy says conforms" {
	printf 'allow:\n  tcp: [{port: 22, on-demand: true}]\n' >policy.yaml
	chmod 0644 policy.yaml
	gate -f policy.yaml apply
	run -0 gate -f policy.yaml -j verify
	jq -e '.conforms == true and .findings == [] and .undecided == []' <<<"$output"
}

@test "nft prints the table as a person reads it, without raw payload expressions" {
	web_policy
	gate -f policy.yaml apply
	run -0 inside nft list ruleset
	[[ $output == *"table inet sockgate"* ]]
	[[ $output == *"type filter hook input priority filter; policy drop;"* ]]
	[[ $output != *"@th,"* && $output != *"@nh,"* && $output != *"@ll,"* ]]
	[[ $output == *"ct state"* ]]
}

@test "the listing that show prints loads into another namespace and proves there" {
	web_policy
	gate -f policy.yaml show --format nft >rules.nft
	inside nft -c -f rules.nft
	inside nft -f rules.nft
	run gate -f policy.yaml -j verify
	jq -e '.kernel_equals_policy == "proven"' <<<"$output"
	run -0 gate -f policy.yaml diff
}

@test "what show prints of the kernel loads into another namespace and proves there" {
	web_policy
	gate -f policy.yaml apply
	gate show --kernel --format nft >rules.nft
	netns_new NS
	inside nft -f rules.nft
	run -0 gate -f policy.yaml diff
}

@test "applied twice: the second time nothing is sent" {
	web_policy
	gate -f policy.yaml apply
	before=$(generation)
	listing=$(inside nft -a list ruleset)
	run -0 gate -f policy.yaml apply
	[[ $output == *unchanged* ]]
	[ "$(generation)" = "$before" ]
	[ "$(inside nft -a list ruleset)" = "$listing" ]
}

@test "a dry run says what would change and sends nothing" {
	web_policy
	before=$(generation)
	run -1 gate -f policy.yaml apply --dry-run
	[ "$(generation)" = "$before" ]
	[ -z "$(inside nft list ruleset)" ]
	gate -f policy.yaml apply
	run -0 gate -f policy.yaml apply -n
}

@test "foreign tables stay byte-identical through apply, change, verify, diff and clear" {
	inside iptables-nft -A INPUT -p tcp --dport 5432 -j DROP
	inside iptables-nft -A INPUT -m conntrack --ctstate NEW -m comment --comment hello -j ACCEPT
	inside ip6tables-nft -A INPUT -p udp -m multiport --dports 53,123 -j ACCEPT
	inside nft -f - <<-'END'
		table inet filter {
			set seen { type ipv4_addr; flags dynamic, timeout; timeout 1h; }
			chain input { type filter hook input priority 10; policy accept; tcp dport 99 drop; }
		}
		table ip nat {
			chain pre { type nat hook prerouting priority dstnat; tcp dport 8081 dnat to 127.0.0.1:80; }
		}
	END
	foreign >before
	[ -s before ]
	web_policy
	gate -f policy.yaml apply
	foreign | cmp - before
	run gate -f policy.yaml verify
	run gate -f policy.yaml diff
	sed -i 's/ 80$/ 81/' policy.yaml
	gate -f policy.yaml apply
	foreign | cmp - before
	gate clear --force
	foreign | cmp - before
	run -1 inside nft list table inet sockgate
}

@test "clear takes the table away and asks first" {
	web_policy
	gate -f policy.yaml apply
	run ! gate clear </dev/null
	inside nft list table inet sockgate >/dev/null
	run -0 gate clear --force
	[ -z "$(inside nft list ruleset)" ]
	run gate -f policy.yaml status
	[[ ${lines[0]} == "not enforcing"* ]]
}

@test "a rule that someone adds is drift: diff and verify say so, apply mends it" {
	web_policy
	gate -f policy.yaml apply
	inside nft insert rule inet sockgate input tcp dport 5432 accept
	run -1 gate -f policy.yaml diff
	[[ $output == *5432* ]]
	run -1 gate -f policy.yaml -j verify
	jq -e '.kernel_equals_policy == "refuted" and any(.findings[]; .id == "kernel/differs")' <<<"$output"
	gate -f policy.yaml apply
	run -0 gate -f policy.yaml diff
	run -1 grep -q 5432 <(inside nft list ruleset)
}

@test "an element that someone takes away is drift" {
	web_policy
	gate -f policy.yaml apply
	inside nft list map inet sockgate in_ports | grep -q 'tcp . 443'
	inside nft delete element inet sockgate in_ports '{ tcp . 443 }'
	run -1 gate -f policy.yaml diff
	gate -f policy.yaml apply
	run -0 gate -f policy.yaml diff
}

@test "a table without our rules is not enforcing" {
	web_policy
	gate -f policy.yaml apply
	inside nft flush chain inet sockgate input
	run -1 gate -f policy.yaml verify
	inside nft delete table inet sockgate
	run -1 gate -f policy.yaml -j verify
	jq -e 'any(.findings[]; .id == "kernel/not-loaded")' <<<"$output"
}

@test "a foreign table with a rule makes verify undecided about the host, never proven fine" {
	printf 'allow:\n  tcp: [{port: 22, on-demand: true}]\n' >policy.yaml
	chmod 0644 policy.yaml
	gate -f policy.yaml apply
	inside nft add table inet other
	inside nft add chain inet other input '{ type filter hook input priority 10; }'
	# no rule, and a policy to accept: each packet passes
	run -0 gate -f policy.yaml verify
	inside nft add rule inet other input tcp dport 22 drop
	run -4 gate -f policy.yaml -j verify
	jq -e 'any(.findings[]; .id == "kernel/undecided")' <<<"$output"
}

@test "status begins with the one thing that matters" {
	web_policy
	run gate -f policy.yaml status
	[[ ${lines[0]} == "not enforcing"* ]]
	gate -f policy.yaml apply
	run -0 gate -f policy.yaml status
	[[ ${lines[0]} == "enforcing policy.yaml"* ]]
}

@test "changes of every kind prove: lines, groups, classes, default, back again" {
	web_policy
	cp policy.yaml first.yaml
	gate -f policy.yaml apply
	for change in 's/ 80$/ 81/' 's/192.0.2.0/192.0.3.0/' 's/interface: eth1/interface: eth2/' 's/^name:/default: reject\nname:/' \
		's/203.0.113.0/203.0.113.128/;s,/24}\],/25}],' '/except/d' 's/8000-8099/8000-48099/' '/block:/,$d'; do
		sed -i "$change" policy.yaml
		gate -f policy.yaml apply
		run -0 gate -f policy.yaml diff
		run -1 gate -f first.yaml diff
	done
	gate -f first.yaml apply
	run -0 gate -f first.yaml diff
	gate -f first.yaml show --format nft >rules.nft
	netns_new NS
	inside nft -f rules.nft
	run -0 gate -f first.yaml diff
}

@test "100,000 prefixes from a list file are applied and proven" {
	/usr/bin/python3 -c 'import random
random.seed(7)
for n in random.sample(range(2**20), 100000):
    print("10.%d.%d.%d/32" % (n >> 12 & 255, n >> 4 & 255, n * 16 & 255))' >list.txt
	cat >policy.yaml <<-'END'
		groups:
		  many: {file: list.txt}
		allow:
		  tcp: [{port: 443, from: many}]
	END
	run -0 gate -f policy.yaml apply
	run -0 gate -f policy.yaml diff
	printf '192.0.2.1\n' >>list.txt
	run -1 gate -f policy.yaml -j diff
	jq -e '[.changes[] | .direction, .where.sources[]] == ["in", "192.0.2.1", "published", "192.0.2.1"]' <<<"$output"
	run -0 gate -f policy.yaml apply
	run -0 gate -f policy.yaml diff
}

@test "the namespace can be named instead of entered" {
	web_policy
	"$SOCKGATE" --netns "$NS" -f policy.yaml apply
	run -0 gate -f policy.yaml diff
	run -0 "$SOCKGATE" --netns "/run/netns/$NS" -f policy.yaml diff
}

@test "a set that is larger than what the kernel takes at once loads in parts" {
	command -v unshare || skip "no unshare"
	# more than the kernel gives a process without rights over the machine, whose send buffer is twice this
	count=$(($(cat /proc/sys/net/core/wmem_max) * 2 / 28 + 20000))
	[ "$count" -le 400000 ] || skip "net.core.wmem_max is $(cat /proc/sys/net/core/wmem_max)"
	awk -v count="$count" 'BEGIN {for (i = 0; i < count; i++) printf "2001:db8:%x:%x::1\n", int(i / 32768), i % 32768 * 2}' >many.txt
	printf 'groups: {many: {file: many.txt}}\nallow:\n  tcp: [{port: 22, from: many}]\n' >policy.yaml
	chmod 0644 policy.yaml many.txt
	run -0 unshare --user --map-root-user --net --mount bash -c '
		mount -t tmpfs none /run
		strace -f -o trace -e trace=sendto "$SOCKGATE" --insecure-permissions -f policy.yaml apply
		"$SOCKGATE" --insecure-permissions -f policy.yaml apply'
	# what is beside the table may not be looked at there
	[[ $output == *"applied"*" proven"*"unchanged"*" proven"* ]]
	# no send failed, and there were several that were about as long as the buffer
	! grep -q 'sendto.*EMSGSIZE' trace
	[ "$(grep -cE 'sendto\(.* = [0-9]{5,}$' trace)" -ge 2 ]
}
