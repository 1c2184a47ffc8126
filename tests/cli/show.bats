#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# show: the rules that a policy becomes.

load common

@test "the listing names the groups and has the policy's comments" {
	web_policy
	run -0 --separate-stderr gate -f policy.yaml show
	[ -z "$stderr" ]
	[[ ${lines[0]} == "table inet sockgate {" && ${lines[-1]} == "}" ]]
	[[ $output == *"tcp . 443 : accept"* && $output == *"node exporter"* && $output != *"@th,"* ]]
	[ "$(gate -f policy.yaml show --format nft)" = "$output" ]
	[ "$(gate -f policy.yaml show --format=nft)" = "$output" ]
}

@test "as JSON: what the table has, and its text" {
	web_policy
	run -0 gate -f policy.yaml show --format json
	json '.verb == "show" and .source == "policy" and .table.family == "inet" and .table.name == "sockgate"'
	json 'any(.table.chains[]; .name == "input" and .hook == "input" and .policy == "drop" and .rules > 0)'
	json 'any(.table.sets[]; .map and .elements >= 4)'
	[ "$(jq -r .nft <<<"$output")" = "$(gate -f policy.yaml show)" ]
	gate -f policy.yaml -j show | cmp - <(printf '%s\n' "$output")
}

@test "as a summary" {
	web_policy
	run -0 gate -f policy.yaml show --format summary
	[ "${lines[0]}" = "table inet sockgate" ]
	[[ $output == *"  chain input: "*" rules, hook input, priority 0, policy drop"* ]]
	run -2 gate -f policy.yaml show --format xml
}

@test "the listing is the same every time" {
	web_policy
	gate -f policy.yaml show >first
	gate -f policy.yaml show | cmp - first
}
