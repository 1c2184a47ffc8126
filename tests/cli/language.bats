#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the policy language says about itself, and what it keeps to itself when asked.

load common

@test "a warning that is meant is silenced, of its line or of the policy" {
	printf 'allow:\n  tcp: [22, %s, %s]\n' 3306 6379 >policy.yaml
	run -0 gate check policy.yaml
	[ "$(grep -c 'warning: .*policy/wide-open' <<<"$output")" -eq 2 ]
	printf 'allow:\n  tcp: [22, %s, %s]\n' '{port: 3306, lint-ignore: policy/wide-open}' 6379 >policy.yaml
	run -0 gate check policy.yaml
	[ "$(grep -c 'warning: .*policy/wide-open' <<<"$output")" -eq 1 ]
	[[ $output == *"policy.yaml:2:58: "* ]]
	printf 'lint-ignore: [policy/wide-open]\nallow:\n  tcp: [22, %s, %s]\n' 3306 6379 >policy.yaml
	run -0 gate check policy.yaml
	[ "$output" = "policy.yaml: ok, 3 lines" ]
	# what is not known is refused: a slip would silence nothing
	printf 'lint-ignore: [policy/wide-opn]\nallow: {tcp: [22]}\n' >policy.yaml
	run -2 gate check policy.yaml
	[[ $output == *"unknown lint 'policy/wide-opn'"*"did you mean 'policy/wide-open'?"* ]]
}
