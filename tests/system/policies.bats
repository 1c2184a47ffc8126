#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Every policy that is shipped is one that works.

load common

@test "every shipped policy is checked without a warning, applied, proven, and listed well" {
	count=0
	netns_new EMPTY
	for policy in "$TOP"/policies/*.yaml; do
		echo "$policy"
		run -0 gate --insecure-permissions -f "$policy" -j check
		jq -e '.ok and (.diagnostics | length == 0) and .tests.proven > 0 and .tests.failed == 0' <<<"$output"
		gate --insecure-permissions -f "$policy" apply
		run -0 gate --insecure-permissions -f "$policy" diff
		run -0 inside nft list ruleset
		[[ $output != *"@th,"* && $output != *"@nh,"* ]]
		gate --insecure-permissions -f "$policy" show >rules.nft
		ip netns exec "$EMPTY" nft -c -f rules.nft
		count=$((count + 1))
	done
	[ $count -ge 10 ]
}

@test "any shipped policy can follow any other" {
	for first in "$TOP"/policies/*.yaml; do
		for second in "$TOP"/policies/*.yaml; do
			gate --insecure-permissions -f "$first" -q apply
			gate --insecure-permissions -f "$second" -q apply
			gate --insecure-permissions -f "$second" -q diff
		done
	done
}
