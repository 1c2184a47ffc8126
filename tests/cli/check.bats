#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# check: good policies, bad policies, files that are none.

load common

@test "a good policy, in one line" {
	web_policy
	run -0 --separate-stderr gate check policy.yaml
	[ "$output" = "policy.yaml: ok, 8 lines, 2 tests proven" ]
	[ -z "$stderr" ]
	[ "$(gate -f policy.yaml check)" = "$output" ]
	run -0 gate -f policy.yaml check -v
	[ "${lines[1]}" = "  default drop, 6 allow lines, 2 block lines, 1 group" ]
	run -0 gate -q check policy.yaml
	[ -z "$output" ]
}

@test "a good policy as JSON, in the documented order" {
	web_policy
	run -0 gate -j check policy.yaml
	json '. == {format_version: "1.0", verb: "check", ok: true, diagnostics: [], tests: {proven: 2, failed: 0}}'
	json -r 'keys_unsorted == ["format_version", "verb", "ok", "diagnostics", "tests"]'
}

@test "all errors at once, each with its line and a caret" {
	printf 'allow:\n\ttcp: 1\n' >tab.yaml
	cat >bad.yaml <<-'END'
		nmae: x
		allow:
		  tcp:
		    - {port: 443, fron: office}
		    - 70000
		  udp: [53, 9000-8000]
	END
	run -2 --separate-stderr gate check bad.yaml
	[ -z "$stderr" ]
	cat >expected <<-'END'
		bad.yaml:1:1: error: unknown key 'nmae' [policy/unknown-key]
		    1 | nmae: x
		      | ^~~~
		      = did you mean 'name'?
		bad.yaml:4:19: error: unknown key 'fron' [policy/unknown-key]
		    4 |     - {port: 443, fron: office}
		      |                   ^~~~
		      = did you mean 'from'?
		bad.yaml:5:7: error: port '70000' is not within 1 to 65535 [policy/bad-port]
		    5 |     - 70000
		      |       ^~~~~
		bad.yaml:6:13: error: the range '9000-8000' ends before it begins [policy/reversed-range]
		    6 |   udp: [53, 9000-8000]
		      |             ^~~~~~~~~
		      = did you mean '8000-9000'?
		bad.yaml: not valid, 4 errors
	END
	diff expected - <<<"$output"
	run -2 gate -q check bad.yaml
	diff expected - <<<"$output"
	run -2 gate check tab.yaml
	[[ $output == "tab.yaml:2:"* ]]
}

@test "errors as JSON: severity, id, place, message, hint" {
	printf 'nmae: x\nallow: {tcp: 70000}\n' >bad.yaml
	run -2 --separate-stderr gate -j check bad.yaml
	[ -z "$stderr" ]
	json '.ok == false and (.diagnostics | length) == 2'
	json '.diagnostics[0] == {severity: "error", id: "policy/unknown-key", file: "bad.yaml", line: 1, column: 1,
		message: "unknown key '"'nmae'"'", hint: "did you mean '"'name'"'?"}'
	json '.diagnostics[0] | keys_unsorted == ["severity", "id", "file", "line", "column", "message", "hint"]'
	json '.diagnostics[1].line == 2 and .diagnostics[1].column == 14'
}

@test "a test that fails is exit code 1, and names a packet and the line that decides" {
	printf 'allow: {tcp: 22}\ntests:\n  - {expect: block, tcp: 22}\n  - {expect: block, tcp: 23}\n' >policy.yaml
	run -1 gate check policy.yaml
	[[ $output == *"policy.yaml:3:"*"error:"*"[policy/test-failed]"* ]]
	[[ $output == *"policy.yaml:1 (allow.tcp"* ]]
	[ "${lines[-1]}" = "policy.yaml: not ok, 1 of 2 tests failed" ]
	run -1 gate -j check policy.yaml
	json '.ok == false and .tests == {proven: 1, failed: 1} and .diagnostics[0].id == "policy/test-failed"'
}

@test "a line without effect is a warning, and the policy is good all the same" {
	printf 'allow: {tcp: [20-22, 22]}\n' >policy.yaml
	run -0 gate check policy.yaml
	[[ $output == *"policy.yaml:1:22: warning:"*"[policy/no-effect]"* ]]
	[ "${lines[-1]}" = "policy.yaml: ok, 2 lines, 1 warning" ]
	run -0 gate -j check policy.yaml
	json '.ok and .diagnostics[0].severity == "warning"'
	# --quiet drops what is well, and no warning
	run -0 gate -q check policy.yaml
	[[ $output == *"[policy/no-effect]"* && $output != *": ok"* ]]
}

@test "what may well be meant is a note, and no warning" {
	printf 'allow: {tcp: 80}\n' >policy.yaml
	run -0 gate check policy.yaml
	[ "${lines[0]}" = "policy.yaml: note: no one can reach SSH (port 22) under this policy [policy/no-ssh]" ]
	[ "${lines[-1]}" = "policy.yaml: ok, 1 line" ]
}

@test "the lints can be listed, and every id that check says is one of them" {
	run -0 gate check --list-lints
	[ "${#lines[@]}" -ge 8 ]
	for line in "${lines[@]}"; do
		[[ $line =~ ^(policy|unit)/[a-z-]+\ +(warning|note)\ +[^\ ].*$ ]]
	done
	run -0 gate -j check --list-lints
	json '.verb == "check" and (.lints | map(.id) | index("policy/no-effect") != null)'
	json '[.lints[] | keys_unsorted == ["id", "severity", "summary"]] | all'
	gate -j check --list-lints | jq -r '.lints[].id' >known
	printf 'groups: {lost: 192.0.2.1}\nallow: {tcp: [1-100, 90-110, 95, {port: 3306, from: 0.0.0.0}]}\n' >policy.yaml
	gate -j check policy.yaml | jq -r '.diagnostics[].id' | sort -u >said
	[ "$(wc -l <said)" = 5 ]
	[ -z "$(grep -vxFf known said)" ]
}

@test "several files: the worst decides, JSON has them all" {
	web_policy
	printf 'allow: {tcp: 0}\n' >bad.yaml
	printf 'allow: {tcp: 22}\ntests: [{expect: block, tcp: 22}]\n' >failing.yaml
	run -2 gate check policy.yaml bad.yaml failing.yaml
	[[ $output == *"policy.yaml: ok"*"bad.yaml: not valid"*"failing.yaml: not ok"* ]]
	run -1 gate check policy.yaml failing.yaml
	run -2 gate -j check policy.yaml bad.yaml failing.yaml
	json '[.diagnostics[].file] == ["bad.yaml", "failing.yaml"] and .tests == {proven: 2, failed: 1} and (.ok | not)'
	run -0 gate -j check policy.yaml policy.yaml
	json '.ok and .tests.proven == 4'
}

@test "standard input is a policy" {
	web_policy
	run -0 gate check - <policy.yaml
	[ "$output" = "-: ok, 8 lines, 2 tests proven" ]
	run -0 gate -f - check <policy.yaml
	run -0 bash -c "cat policy.yaml | '$SOCKGATE' check -"
	run -2 gate check - <<<'nonsense: 1'
	[[ $output == "-:1:1: error:"* ]]
}

@test "what is no file with a policy is refused, and named" {
	mkdir folder
	mkfifo fifo
	: >empty.yaml
	printf 'allow:\0' >nul.yaml
	printf 'allow: \377\n' >latin.yaml
	ln -s /dev/zero zero.yaml
	run -3 gate check missing.yaml
	[[ $output == "sockgate: error: missing.yaml: "*"No such file or directory" ]]
	for file in folder fifo zero.yaml /dev/null; do
		run -2 timeout 5 "$SOCKGATE" check $file
		[[ $output == *"error: $file"* ]]
	done
	for file in empty.yaml nul.yaml latin.yaml; do
		run -2 gate check $file
		[[ $output == "$file:"*"error:"* ]]
	done
	run -3 --separate-stderr gate -j check missing.yaml
	json '.error.kind == "system" and (.error.message | test("missing.yaml"))'
	# the others are looked at all the same
	web_policy
	run -3 gate check missing.yaml policy.yaml
	[[ $output == *"policy.yaml: ok"* ]]
}

@test "another user checks a policy too" {
	[ "$(id -u)" -eq 0 ] || skip "only root can be someone else"
	web_policy
	run -0 setpriv --reuid 65534 --regid 65534 --clear-groups "$SOCKGATE" check - <policy.yaml
	chmod 600 policy.yaml
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR"/.. || true
	run -3 setpriv --reuid 65534 --regid 65534 --clear-groups "$SOCKGATE" check policy.yaml
	[[ $output == *"Permission denied" ]]
}

@test "root does not trust a file that others may write, unless told to" {
	[ "$(id -u)" -eq 0 ] || skip "only root is that careful"
	web_policy
	chmod 666 policy.yaml
	run -2 gate check policy.yaml
	[[ $output == *"policy.yaml"* ]]
	run -0 gate check --insecure-permissions policy.yaml
}

@test "hostile text reaches the terminal as text" {
	printf 'na\\x1b[31mme: x\n# \033[2J\n"\xe2\x80\xae\033]0;x\007": 1\n' >bad.yaml
	run -2 gate check bad.yaml
	run ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80\xae' <<<"$output"
	printf '"%%n%%s%%99999$x": 1\n' >format.yaml
	run -2 gate check format.yaml
	[[ $output == *"%n%s%99999\$x"* ]]
}

@test "colours only where they are wanted" {
	printf 'nmae: x\n' >bad.yaml
	run -2 gate check bad.yaml
	run ! grep -q $'\033' <<<"$output"
	run -2 gate --color=always check bad.yaml
	grep -q $'\033\\[1;31merror:' <<<"$output"
	run -2 env NO_COLOR=1 "$SOCKGATE" --color=always check bad.yaml
	grep -q $'\033' <<<"$output"
	# on a terminal
	command -v script >/dev/null || skip "no script(1)"
	run env TERM=xterm script -qec "$SOCKGATE check bad.yaml" /dev/null </dev/null
	grep -q $'\033\\[1;31merror:' <<<"$output"
	run env TERM=xterm NO_COLOR=1 script -qec "$SOCKGATE check bad.yaml" /dev/null </dev/null
	run ! grep -q $'\033' <<<"$output"
	run env TERM=dumb script -qec "$SOCKGATE check bad.yaml" /dev/null </dev/null
	run ! grep -q $'\033' <<<"$output"
}

@test "very many errors are folded, and shown with --all" {
	{ echo "allow:"; echo "  tcp:"; for i in $(seq 70001 70300); do echo "    - $i"; done; } >bad.yaml
	run -2 gate check bad.yaml
	[ "$(grep -c 'error: port' <<<"$output")" -eq 100 ]
	[[ $output == *"… and 200 more diagnostics"* ]]
	[ "${lines[-1]}" = "bad.yaml: not valid, 300 errors" ]
	run -2 gate check --all bad.yaml
	[ "$(grep -c 'error: port' <<<"$output")" -eq 300 ]
	run -2 gate -j check bad.yaml
	json '.diagnostics | length == 300'
}
