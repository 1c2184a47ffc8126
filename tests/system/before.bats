#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What diff says of the old side, when that is the kernel: lines of the policy that was applied, or rules, each once.

load common

setup() {
	netns_new NS
	cd "$BATS_TEST_TMPDIR" || return 1
	chmod 0755 .
	cat >old.yaml <<-'END'
		groups: {office: [192.0.2.0/24]}
		allow:
		  tcp: [22, {port: 80, from: office}, {port: 9000-9010, from: office}]
	END
	printf 'allow:\n  tcp: [22]\n' >new.yaml
	chmod 0644 old.yaml new.yaml
	gate -f old.yaml apply
}

serve() {
	coproc SERVED { inside /usr/bin/python3 "$TOP/tests/lib/talk.py" serve "$@"; }
	read -r -t 10 line <&"${SERVED[0]}"
	[ "$line" = ready ]
}

@test "the lines of the policy that was applied, while its file says what the kernel decides" {
	run -1 --separate-stderr gate diff new.yaml
	[ "${lines[0]}" = "- tcp 80, 9000-9010 from 192.0.2.0/24, also published" ]
	[ "${lines[1]}" = "    before: old.yaml:3 allow.tcp[1], old.yaml:3 allow.tcp[2]" ]
	[ "${lines[2]}" = "    after:  default: drop" ]
	# the JSON has them beside the rules
	run -1 --separate-stderr gate -j diff new.yaml
	jq -e '.changes[0] | [.lines[] | select(.file == "old.yaml").rule] == ["allow.tcp[1]", "allow.tcp[2]"]' <<<"$output"
	jq -e '.changes[0].rules | length > 0 and length == (unique | length)' <<<"$output"
	run -1 --separate-stderr gate -f new.yaml apply --dry-run
	[ "${lines[1]}" = "    before: old.yaml:3 allow.tcp[1], old.yaml:3 allow.tcp[2]" ]
}

@test "rules, each once, where the file says something else by now, is gone, or the kernel was changed" {
	rules_only() {
		run -1 --separate-stderr gate diff new.yaml
		[[ $output != *old.yaml* ]]
		[[ $output == *"before: inet sockgate, chain "* ]]
		# one rule is evaluated for what comes in and for published ports: it is named once
		while read -r line; do
			[ -z "$(grep -oE 'chain [^,]+, rule [0-9]+' <<<"$line" | sort | uniq -d)" ]
		done < <(grep 'before:' <<<"$output")
	}
	cp old.yaml kept.yaml
	sed -i 's/9000-9010/9000-9011/' old.yaml
	rules_only
	# edited in place: the line that was is not known
	run -1 --separate-stderr gate -f old.yaml diff
	[[ $output != *"before: old.yaml"* ]]
	rm old.yaml
	rules_only
	printf 'nonsense: [\n' >old.yaml
	rules_only
	[[ $stderr != *nonsense* ]]
	cp kept.yaml old.yaml
	run -1 --separate-stderr gate diff new.yaml
	[[ $output == *"before: old.yaml:3 allow.tcp[1]"* ]]
	inside nft insert rule inet sockgate input tcp dport 5432 accept
	rules_only
	# another file of that name, elsewhere
	gate -f old.yaml apply
	mkdir other
	printf 'allow:\n  tcp: [22]\n' >other/new.yaml
	cp old.yaml other/old.yaml
	chmod 0644 other/*.yaml
	cd other
	rules_only
}

@test "listeners are affected when who reaches them changes, not when they are refused in another way" {
	serve tcp/0.0.0.0/5432 tcp/0.0.0.0/80
	printf 'default: reject\nallow:\n  tcp: [22]\n' >new.yaml
	run -1 --separate-stderr gate diff new.yaml
	[[ $output != *"nobody -> nobody"* ]]
	[[ $output != *"port 5432"* ]]
	[[ $output == *"listeners affected:   tcp 0.0.0.0 port 80 python3["*"]: 192.0.2.0/24 -> nobody"* ]]
	run -1 --separate-stderr gate -j diff new.yaml
	jq -e '.listeners_affected | map(.port) == [80]' <<<"$output"
	# the same senders, by another interface
	printf 'allow:\n  tcp: [22, {port: 80, interface: eth0}]\n' >eth0.yaml
	printf 'allow:\n  tcp: [22, {port: 80, interface: eth1}]\n' >eth1.yaml
	chmod 0644 ./*.yaml
	gate -f eth0.yaml apply
	run -1 --separate-stderr gate diff eth1.yaml
	[[ $output == *"any IPv4 address (in part) -> any IPv4 address (in part), by other interfaces or to other addresses"* ]]
}

@test "a terminal gets lines that are broken at spaces" {
	run -1 gate diff new.yaml
	plain=$output
	[ "$(wc -L <<<"$plain")" -gt 60 ]
	run script -qec "stty cols 60; ip netns exec $NS $SOCKGATE --color=never diff new.yaml" /dev/null
	[ "$(tr -d '\r' <<<"$output" | wc -L)" -le 60 ]
	# the same words
	[ "$(tr -d '\r' <<<"$output" | tr -s ' \n' '\n\n' | grep -v '^Session\|^Script')" = "$(tr -s ' \n' '\n\n' <<<"$plain")" ]
}
