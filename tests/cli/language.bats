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

@test "check --explain: what a key says, where it stands, what it takes" {
	run -0 gate check --explain ping
	[ "$output" = $'ping: echo requests pass\n  stands   under \'baseline\'\n  takes    one value: true, false\n  unset    true\n  example  ping: false' ]
	run -0 gate check --explain baseline.ping
	[ "${lines[0]}" = "ping: echo requests pass" ]
	run -0 gate check --explain from
	[[ $output == *"in a line of"*"in a test"*"example  from: ["* ]]
	run -0 gate check --explain unit
	[[ $output == *"the systemd unit that must hold the socket"*"example  unit: nginx.service" ]]
	run -0 gate check --explain group
	[[ $output == *"stands   under 'log'"*"under 'log-blocked'"*"unset    the kernel's log"* ]]
	run -0 gate -j check --explain default
	json '.verb == "check" and .key.name == "default" and .key.choices == "drop|reject|accept" and (.key.stands | length) == 2'
	run -2 gate check --explain fro
	[ "$output" = "sockgate: error: unknown key 'fro', did you mean 'from'?" ]
	run -2 gate check --explain xyzzy
	run -2 gate check --explain from policy.yaml
	[[ $output == *"read no file"* ]]
	run -2 gate check --explain from --schema
}

@test "the manual names every lint" {
	gate check --list-lints >lints
	[ "$(wc -l <lints)" -ge 10 ]
	while read -r id _; do
		grep -qxF ".B ${id//-/\\-}" "$TOP/docs/sockgate.yaml.5" || { echo "sockgate.yaml.5 does not have $id"; return 1; }
	done <lints
}

@test "check --schema: a JSON Schema that takes what is a policy, and refuses what has another form" {
	/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || skip "no python3-jsonschema"
	gate check --schema >schema.json
	/usr/bin/python3 -B "$TOP/tests/lib/schema.py" schema.json "$TOP/tests/golden/policy" "$TOP"/policies/*.yaml
	# what editors show
	jq -e '.properties.allow.description and .["$defs"].baseline.properties.ping.default == true' schema.json
}

@test "every shipped policy names the schema where it is installed" {
	for policy in "$TOP"/policies/*.yaml; do
		[ "$(head -n 1 "$policy")" = "# yaml-language-server: \$schema=/usr/share/sockgate/policy.schema.json" ]
	done
	[ ! -e "$SOCKGATE_BUILD/policy.schema.json" ] || cmp "$SOCKGATE_BUILD/policy.schema.json" <(gate check --schema)
}

@test "check --sarif: what is wrong, for code forges" {
	mkdir "a b"
	printf 'allow:\n  tcp: [22, ssj]\n' >"a b/x.yaml"
	printf 'allow: {tcp: [22, 3306]}\n' >y.yaml
	run -2 gate check --sarif "a b/x.yaml" y.yaml
	json '.version == "2.1.0" and .runs[0].tool.driver.name == "sockgate" and .runs[0].columnKind == "unicodeCodePoints"'
	json '[.runs[0].tool.driver.rules[].id] == ["policy/unknown-name", "policy/wide-open"]'
	json '.runs[0].results[0] | .ruleId == "policy/unknown-name" and .level == "error" and (.message.text | contains("did you mean")) and
		.locations == [{physicalLocation: {artifactLocation: {uri: "a%20b/x.yaml"}, region: {startLine: 2, startColumn: 13, endColumn: 16}}}]'
	json '.runs[0].results[1] | .level == "warning" and .locations[0].physicalLocation.artifactLocation.uri == "y.yaml"'
	run -2 gate check --sarif "$PWD/a b/x.yaml"
	json '.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri | startswith("file:///")'
	printf 'allow: {tcp: [22]}\n' >y.yaml
	run -0 gate check --sarif y.yaml
	json '.runs[0].results == []'
	run -3 --separate-stderr gate check --sarif none.yaml
	[ -z "$output" ]
	run -2 gate -j check --sarif y.yaml
	[[ $stderr$output == *"two forms of the answer"* ]]
}
