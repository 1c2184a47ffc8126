#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The first line of status says whether the policy is in force, and why not, of whatever happened since it was applied.

load common

first() {
	run gate -f "$1" status
	first=${lines[0]}
}

@test "a file that was edited: the former rules are enforced, and so many changes are not" {
	web_policy
	gate -f policy.yaml apply
	sed -i 's/- 80/- 81/; s/udp: \[443\]/udp: [443, 53]/' policy.yaml
	first policy.yaml
	[ "$status" -eq 1 ]
	[[ $first == "enforcing policy.yaml as applied at 20"*" UTC; it was edited since: 3 changes not applied ("* ]]
	run -1 gate -f policy.yaml -j status
	jq -e '.enforcing == false and .changes == 3 and .kernel.unchanged and .kernel.same_file' <<<"$output"
	# the same file by another path, and from another folder
	ln -s policy.yaml link.yaml
	mkdir sub
	(cd sub && first ../link.yaml && [[ $first == "enforcing ../link.yaml as applied at "*"3 changes"* ]])
	# edited, and the rules were changed, too
	inside nft add rule inet sockgate input tcp dport 4 accept
	first policy.yaml
	[ "$status" -eq 1 ]
	[[ $first == "not enforcing policy.yaml: it was edited and the rules in the kernel were changed since it was applied"* ]]
}

@test "another file than the one that was applied is not called edited" {
	web_policy
	cp policy.yaml alike.yaml
	echo 'allow: {tcp: [22]}' >other.yaml
	gate -f policy.yaml apply
	first other.yaml
	[ "$status" -eq 1 ]
	[[ $first == "not enforcing other.yaml: policy.yaml is applied, and decides otherwise"* && $output != *edited* ]]
	first alike.yaml
	[ "$status" -eq 0 ]
	[[ $first == "enforcing alike.yaml (digest "* && $output == *"alike.yaml itself is not applied; it decides alike"* ]]
	run -1 gate -f other.yaml -j status
	jq -e '.kernel.same_file == false and .kernel.unchanged and .kernel.policy == "policy.yaml"' <<<"$output"
	# a file of the same name in another folder
	mkdir sub
	cp other.yaml sub/policy.yaml
	cd sub
	first policy.yaml
	[[ $first == "not enforcing policy.yaml: policy.yaml is applied, and decides otherwise"* && $output != *edited* ]]
	inside nft add rule inet sockgate input tcp dport 4 accept
	first policy.yaml
	[[ $first == *"policy.yaml was applied, the rules were changed since, and decide otherwise"* ]]
}

@test "rules that somebody put before the note, after it, and in its place" {
	web_policy
	gate -f policy.yaml apply
	inside nft insert rule inet sockgate input counter
	first policy.yaml
	[ "$status" -eq 0 ]
	[[ $first == "enforcing policy.yaml"* && $output == *"applied: 20"*", from policy.yaml"* ]]
	inside nft insert rule inet sockgate input tcp dport 5432 accept
	first policy.yaml
	[ "$status" -eq 1 ]
	[[ $first == "not enforcing policy.yaml: the rules in the kernel were changed since it was applied"* ]]
	[[ $output == *"applied: 20"*", from policy.yaml"* ]]
	inside nft flush chain inet sockgate input
	first policy.yaml
	[[ $first == "not enforcing policy.yaml: the table in the kernel decides otherwise"* ]]
	[[ $output == *"the table has no note of 'sockgate apply'"* ]]
	gate -f policy.yaml apply
	first policy.yaml
	[ "$status" -eq 0 ]
}

@test "standard input has no place: its name is all there is" {
	web_policy
	gate -f - apply <policy.yaml
	run -0 gate -f - status <policy.yaml
	[[ ${lines[0]} == "enforcing -"* && $output != *"itself is not applied"* ]]
	run -0 gate -f policy.yaml status
	[[ $output == *"policy.yaml itself is not applied; it decides alike"* ]]
}

@test "with --verbose apply and status list the files that were read" {
	printf 'groups: {a: {file: list.txt}}\nallow: {tcp: [{port: 22, from: a}]}\n' >policy.yaml
	echo 192.0.2.1 >list.txt
	run -0 gate -v -f policy.yaml apply
	[[ $output == *"  read policy.yaml, "*" bytes"*"  read list.txt, 10 bytes"* ]]
	run -0 gate -v -f policy.yaml status
	[[ $output == *"  read policy.yaml, "*" bytes"*"  read list.txt, 10 bytes"* ]]
	run -0 gate -v -j -f policy.yaml apply
	jq -e '.files | map(.name) == ["policy.yaml", "list.txt"]' <<<"$output"
	run -0 gate -v -j -f policy.yaml status
	jq -e '.files | map(.name) == ["policy.yaml", "list.txt"]' <<<"$output"
}

@test "what was known of network namespaces that are gone is forgotten" {
	web_policy
	# shellcheck disable=SC2016
	run -0 inside unshare -m bash -ec 'mount -t tmpfs none /run
		mkdir /run/sockgate
		touch -d "2 days ago" /run/sockgate/contents-1
		for i in $(seq 20); do touch /run/sockgate/contents-a$i; done
		touch -d "2 days ago" /run/sockgate/other
		"$0" -f policy.yaml apply
		echo /run/sockgate/*' "$SOCKGATE"
	[[ $output == *"/run/sockgate/other" && $output != *contents-1" "* ]]
	[ "$(grep -o contents- <<<"$output" | wc -l)" -eq 8 ]
}
