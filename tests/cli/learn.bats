#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# learn: where the draft goes. What it says of which sockets is tested in namespaces, by tests/system/learn.bats.

load common

@test "the draft is a policy in which every line has an effect, whatever listens here" {
	gate learn >policy.yaml
	run -0 gate -j check policy.yaml
	json '.ok and all(.diagnostics[]; .severity != "error" and .id != "policy/no-effect")'
	grep -qx 'default: drop' policy.yaml
	[[ $(head -n 1 policy.yaml) == "# A draft by 'sockgate learn': "*" UTC, "*" socket"* ]]
}

@test "anyone may ask" {
	run -0 setpriv --reuid 65534 --regid 65534 --clear-groups "$SOCKGATE" learn
	[[ $output == *"default: drop"* ]]
}

@test "as JSON: the text, the sockets it allows, those it leaves out" {
	run -0 --separate-stderr gate learn --json
	[ -z "$stderr" ]
	json 'keys_unsorted == ["format_version", "verb", "policy", "listeners", "left_out"] and .verb == "learn"'
	json 'all(.left_out[]; .reason | IN("ephemeral", "loopback", "connected", "baseline", "raw", "interface"))'
	json 'all(.listeners[]; has("reason") | not)'
	jq -r .policy <<<"$output" | gate check - >/dev/null
}

@test "a new file is written, one that is there stays" {
	run -0 --separate-stderr gate learn -o policy.yaml
	[ -z "$output" ]
	[[ $stderr == "policy.yaml: drafted, "*"sockgate check policy.yaml" ]]
	[ "$(stat -c %a policy.yaml)" = 644 ]
	gate -q check policy.yaml
	echo 'allow: {tcp: [22]}' >policy.yaml
	run -2 gate learn --output policy.yaml
	[ "$output" = "sockgate: error: 'policy.yaml' is there already; --force replaces it" ]
	[ "$(cat policy.yaml)" = 'allow: {tcp: [22]}' ]
	run -0 gate learn -q --output policy.yaml --force
	[ -z "$output" ]
	grep -qx 'default: drop' policy.yaml
	[ -z "$(find . -name "policy.yaml?*")" ]
	# with --json the answer comes all the same
	run -0 gate learn -j -o second.yaml
	json '.verb == "learn"'
	cmp second.yaml <(jq -j .policy <<<"$output")
	# - is standard output
	run -0 gate learn -o -
	[[ $output == *"default: drop"* ]]
	[ ! -e ./- ]
}

@test "nothing but a file is written over" {
	mkdir folder
	mkfifo pipe
	ln -s nowhere link
	ln -s folder/file good
	echo kept >folder/file
	for path in folder pipe link good /dev/null; do
		run -2 gate learn -o $path
		[[ $output == *"'$path' is there already"* ]]
		run -2 gate learn -o $path --force
		[[ $output == *"'$path' is not a regular file"* ]]
	done
	[ -p pipe ] && [ -L link ] && [ ! -e nowhere ] && [ -c /dev/null ] && [ "$(cat folder/file)" = kept ]
	run -3 gate learn -o missing/policy.yaml
	[[ $output == *"cannot write 'missing/policy.yaml'"*"No such file or directory"* ]]
	run -3 gate learn -o missing/policy.yaml --force
	[[ $output == *"cannot write 'missing/policy.yaml'"* ]]
	run -2 --separate-stderr gate -j learn -o folder
	json '.verb == "learn" and .error.kind == "input"'
}

@test "what could not be written whole does not stay" {
	run -3 bash -c 'ulimit -f 0; "$1" learn -o policy.yaml' - "$SOCKGATE"
	[[ $output == *"cannot write 'policy.yaml'"*"File too large"* ]]
	[ ! -e policy.yaml ]
	echo old >policy.yaml
	run -3 bash -c 'ulimit -f 0; "$1" learn -o policy.yaml --force' - "$SOCKGATE"
	[ "$(cat policy.yaml)" = old ]
	[ -z "$(find . -name "policy.yaml?*")" ]
	run -3 bash -c '"$1" learn >/dev/full' - "$SOCKGATE"
	[[ $output == *"cannot write the answer"* ]]
}

@test "it takes no arguments, and its help shows how to go on" {
	run -2 gate learn policy.yaml
	[[ $output == *"'learn' does not take 'policy.yaml'"* ]]
	run -0 gate learn --help
	[[ $output == *"-o, --output FILE"*"sockgate learn -o policy.yaml"* ]]
}
