#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# diff of two files.

load common

@test "the same meaning in other words is no difference" {
	web_policy
	sed 's/- https/- 443/; s/port: 9100, from: office, except: 192.0.2.66/from: [192.0.2.0-192.0.2.65, 192.0.2.67-192.0.2.255, "2001:db8:10::\/48"], port: 9100/' \
		policy.yaml >other.yaml
	run ! cmp -s policy.yaml other.yaml
	run -0 --separate-stderr gate diff policy.yaml other.yaml
	[ "$output" = "no difference: policy.yaml and other.yaml decide alike" ]
	[ -z "$stderr" ]
	run -0 gate -j diff policy.yaml other.yaml
	json '. == {format_version: "1.0", verb: "diff", equal: true, changes: [], listeners_affected: [], connections_cut: []}'
	run -0 gate -q diff policy.yaml other.yaml
	[ -z "$output" ]
}

@test "what opens, closes, and answers otherwise, and the sum" {
	printf 'allow: {tcp: [22, 80], udp: 53}\nblock: {tcp: [{port: 113, answer: reject}]}\n' >old.yaml
	printf 'allow:\n  tcp: [22, 8443, {port: 80, from: 192.0.2.0/24}]\n  udp: 53\nblock: {tcp: 113}\n' >new.yaml
	run -1 --separate-stderr gate diff old.yaml new.yaml
	[ -z "$stderr" ]
	cat >expected <<-'END'
		+ tcp 8443 from anywhere, also published
		    before: default: drop
		    after:  new.yaml:2 allow.tcp[1]
		- tcp 80 from anywhere except 192.0.2.0/24, also published
		    before: old.yaml:1 allow.tcp[1]
		    after:  default: drop
		~ tcp 113 from anywhere, also published: reject -> drop
		    before: old.yaml:2 block.tcp[0]
		    after:  new.yaml:4 block.tcp
		3 changes: 1 opened, 1 closed, 1 answered otherwise (1 port opened, 1 port closed), from old.yaml to new.yaml
	END
	diff expected - <<<"$output"
	run -1 gate -v diff old.yaml new.yaml
	[[ $output == *"for example: tcp 8443 from "* ]]
	run -1 gate -q diff old.yaml new.yaml
	[ -z "$output" ]
}

@test "JSON as documented" {
	printf 'allow: {tcp: 22}\n' >old.yaml
	printf 'allow: {tcp: [22, 8443]}\n' >new.yaml
	run -1 gate -j diff old.yaml new.yaml
	json 'keys_unsorted == ["format_version", "verb", "equal", "changes", "listeners_affected", "connections_cut"]'
	json '.equal == false and (.changes | length) == 2'
	json '.changes[0] | .direction == "in" and .from_verdict == "drop" and .to_verdict == "accept"
		and .where.protocol == "tcp" and .where.ports == [{first: 8443, last: 8443}]
		and .where.sources == ["0.0.0.0/0", "::/0"] and .where.destinations == null and .where.interfaces == null
		and ([.lines[] | select(.file == "new.yaml").line] == [1]) and .witness.protocol == "tcp" and .witness.port == 8443
		and (.witness.from | length) > 0'
	# text tells both at once
	json '(.changes | map(.direction)) == ["in", "published"] and .changes[0].where.states == ["new", "untracked"]
		and (.changes | map(del(.direction, .where.states)) | unique | length) == 1'
	run -1 gate -j diff new.yaml old.yaml
	json '.changes[0].from_verdict == "accept" and .changes[0].to_verdict == "drop"'
}

@test "a baseline that is switched off shows in the other states of a connection" {
	printf 'allow: {tcp: 22}\n' >old.yaml
	printf 'allow: {tcp: 22}\nbaseline: {established: false}\n' >new.yaml
	run -1 gate -j diff old.yaml new.yaml
	json 'any(.changes[]; .where.states | index("established"))'
	run -1 gate --all diff old.yaml new.yaml
	[[ $output == *"(established"* ]]
	run -1 gate diff old.yaml new.yaml
	cat >expected <<-'END'
		- all that these decide, also published: accept -> drop (10 sets, --all shows them)
		    before: baseline.established
		    after:  default: drop
		10 changes: 10 of other traffic, from old.yaml to new.yaml
	END
	diff expected - <<<"$output"
}

@test "what a default decides is said at once, by who decides it; and set by set with --all" {
	printf 'allow:\n  tcp: [22, {port: 80, from: 192.0.2.0/24}]\nblock:\n  any: [{from: 203.0.113.0/24}]\n  tcp: [{port: 113, answer: drop}]\n' >old.yaml
	{ cat old.yaml; printf 'default: reject\n'; } >new.yaml
	run -1 --separate-stderr gate diff old.yaml new.yaml
	cat >expected <<-'END'
		~ all that these decide, also published: drop -> reject (12 sets, --all shows them)
		    before: old.yaml:4 block.any[0], default: drop
		    after:  new.yaml:4 block.any[0], new.yaml:6 default: reject
		12 changes: 12 answered otherwise, from old.yaml to new.yaml
	END
	diff expected - <<<"$output"
	run -1 gate --all diff old.yaml new.yaml
	[ "$(grep -c '^~' <<<"$output")" -eq 12 ]
	[[ $output != *"all that these"* && $output == *"~ tcp 80 from anywhere except 192.0.2.0/24, also published: drop -> reject"* ]]
	run -1 gate -j diff old.yaml new.yaml
	json '.changes | map(select(.direction == "in")) | length == 11'
	json '.changes | map(select(.direction == "published")) | length > 1'
	# what lines change beside it stays by itself
	sed -i 's/port: 113, answer: drop/port: 113, answer: reject/; s/from: 192.0.2.0/from: 198.51.100.0/' new.yaml
	printf 'outbound: {block: {tcp: 25}}\n' >>new.yaml
	run -1 gate diff old.yaml new.yaml
	[[ $output == *"~ all that these decide, also published: drop -> reject (1"*" sets, --all shows them)"* ]]
	[[ $output == *"+ tcp 80 from 198.51.100.0/24"* && $output == *"- tcp 80 from 192.0.2.0/24"* ]]
	[[ $output == *"outbound tcp 25"* ]]
	# few sets are worth their lines
	printf 'default: accept\nblock: {any: [{from: 192.0.2.0/24, interface: eth0}]}\n' >old.yaml
	printf 'default: accept\nblock: {any: [{from: 192.0.2.0/24, interface: eth0, family: ipv4}, {from: 198.51.100.7}]}\n' >new.yaml
	run -1 gate diff old.yaml new.yaml
	[[ $output == *"198.51.100.7"* && $output != *"all that these"* ]]
}

@test "long lists of addresses are folded, and not with --all" {
	printf 'allow: {tcp: 22}\n' >old.yaml
	{ printf 'allow:\n  tcp:\n    - 22\n    - port: 80\n      from:\n'; for i in $(seq 2 2 60); do echo "        - 192.0.2.$i"; done; } >new.yaml
	run -1 gate diff old.yaml new.yaml
	[[ ${lines[0]} == "+ tcp 80 from 192.0.2.2, "*", … and 22 more, also published" ]]
	run -1 gate --all diff old.yaml new.yaml
	[[ ${lines[0]} == *"192.0.2.60, also published" && ${lines[0]} != *…* ]]
	run -1 gate -j diff old.yaml new.yaml
	json '.changes[0].where.sources | length == 30'
}

@test "what comes in and what is published are told at once where they change alike, and apart where they do not" {
	printf '{published: ignore, allow: {tcp: 22}}\n' >ignore.yaml
	printf 'allow: {tcp: 22}\n' >enforce.yaml
	# what was left alone is judged now
	run -1 gate diff ignore.yaml enforce.yaml
	[ "${lines[0]}" = "- published, all that these decide: accept -> drop (6 sets, --all shows them)" ]
	[ "${lines[1]}" = "    after:  default: drop" ]
	[[ ${lines[2]} == "6 changes: 6 closed ("*" ports closed), from ignore.yaml to enforce.yaml" ]]
	run -1 gate --all diff enforce.yaml ignore.yaml
	[ "$(grep -c '^+ published ' <<<"$output")" -eq 6 ]
	# nobody holds the socket of a published port
	printf 'allow: {tcp: [22, {port: 80, from: 192.0.2.0/24, unit: a.service}, 443]}\n' >new.yaml
	run -1 gate diff enforce.yaml new.yaml
	cat >expected <<-'END'
		+ tcp 80 from 192.0.2.0/24
		    before: default: drop
		    after:  new.yaml:1 allow.tcp[1]
		+ tcp 443 from anywhere, also published
		    before: default: drop
		    after:  new.yaml:1 allow.tcp[2]
		2 changes: 2 opened (2 ports opened), from enforce.yaml to new.yaml
	END
	diff expected - <<<"$output"
	# one of few sets that is alike, beside a whole that is not
	run -1 gate diff ignore.yaml new.yaml
	[[ ${lines[0]} == "+ tcp 80 from 192.0.2.0/24" && $output == *$'\n- published, all that these decide: accept -> drop ('* ]]
	[[ $output != *"also published"* ]]
}

@test "one side from standard input, not both" {
	printf 'allow: {tcp: 22}\n' >old.yaml
	run -1 gate diff old.yaml - <<<'allow: {tcp: 23}'
	[[ $output == *"+ tcp 23"* ]]
	run -2 gate diff - - </dev/null
	[[ $output == *"both policies"* ]]
}

@test "a file that is not valid is reported, whichever it is" {
	printf 'allow: {tcp: 22}\n' >old.yaml
	printf 'allow: {tcp: 0}\n' >bad.yaml
	run -2 --separate-stderr gate diff old.yaml bad.yaml
	[[ $stderr == "bad.yaml:1:14: error:"* && -z $output ]]
	run -2 gate diff bad.yaml old.yaml
	run -3 gate diff old.yaml missing.yaml
	run -2 --separate-stderr gate -j diff old.yaml bad.yaml
	json '.verb == "diff" and .ok == false and .diagnostics[0].file == "bad.yaml"'
}

@test "two files need no rights" {
	[ "$(id -u)" -eq 0 ] || skip "only root can be someone else"
	printf 'allow: {tcp: 22}\n' >old.yaml
	printf 'allow: {tcp: 23}\n' >new.yaml
	chmod 755 . "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/test
	run -1 setpriv --reuid 65534 --regid 65534 --clear-groups "$SOCKGATE" diff old.yaml new.yaml
	[[ $output == *"+ tcp 23"* ]]
}
