# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests of what decides packets beside our table: a host ($NS, 192.0.2.2 on eth0) with a policy that is proven to be in
# force, whose port 8080 somebody serves and 5432 nobody may reach, and a client (192.0.2.1 in $CLIENT).

. "$TOP/tests/lib/netns.sh"

outside_setup() {
	netns_new NS
	netns_new CLIENT
	netns_pair "$CLIENT" "$NS"
	cd "$BATS_TEST_TMPDIR" || return 1
	chmod 0755 .
	printf 'allow:\n  tcp: [8080, {port: 5432, from: 203.0.113.9, on-demand: true}]\n' >policy.yaml
	chmod 0644 policy.yaml
	gate -q -f policy.yaml apply
	hold served ready inside /usr/bin/python3 "$TOP/tests/lib/talk.py" serve tcp/::/8080 tcp/::/5432
	alone
	[ "$(ask 8080)" = answered ]
	[ "$(ask 5432)" = silent ]
}

outside_teardown() {
	local name
	for name in "${!HELD[@]}"; do release "$name"; done
	for name in "${GROUPS_MADE[@]}"; do group_remove "$name"; done
	netns_cleanup
}

# What the client gets from a port: answered, refused or silent.
ask() {
	ip netns exec "$CLIENT" /usr/bin/python3 "$TOP/tests/lib/talk.py" ask "tcp/${2:-192.0.2.2}/$1"
}

# Nothing else decides: the answers are as sure as they can be.
alone() {
	run -0 gate -f policy.yaml verify
	[[ $output == *"conforms: the kernel is proven to decide as policy.yaml"* ]]
	run -0 gate -f policy.yaml -j verify
	jq -e '.outside == [] and .undecided == [] and .kernel_equals_policy == "proven"' <<<"$output"
	run -0 gate -f policy.yaml diff
	[ "$output" = "no difference: sockgate's table in the kernel and policy.yaml decide alike" ]
	run -0 gate -f policy.yaml status
	[[ ${lines[0]} == "enforcing policy.yaml (digest "*")" ]]
	[[ $output != *beside* ]]
	run -0 gate explain 8080/tcp --from 192.0.2.1 --kernel
	[ "${lines[0]}" = "accept tcp 8080 from 192.0.2.1, by the kernel's rules" ]
}

# beside KIND TEXT: each answer names a thing of that kind with that text, and is undecided or speaks of our table alone.
beside() {
	local kind=$1 text=$2
	run -4 gate -f policy.yaml verify
	[[ $output == *"kernel/outside-proof: "*"$text"* ]]
	[[ $output == *"undecided whether the kernel decides as policy.yaml"* ]]
	[[ $output != *conforms* ]]
	run -4 gate -f policy.yaml -j verify
	jq -e --arg kind "$kind" --arg text "$text" 'any(.outside[]; .kind == $kind and (.name | contains($text)))
		and .kernel_equals_policy == "undecided" and .conforms == false
		and any(.findings[]; .id == "kernel/outside-proof")' <<<"$output"
	named "$text"
}

# named TEXT: the other verbs have the text, and claim nothing beyond our table.
named() {
	local text=$1
	run -0 gate -f policy.yaml status
	[[ ${lines[0]} == "enforcing policy.yaml (digest "*"), but "*"else decides packets" || ${lines[0]} == *", but other things decide packets too" ]]
	[[ $output == *"$text"* ]]
	run -0 gate -f policy.yaml diff
	[[ $output == *"sockgate's table in the kernel and policy.yaml decide alike"*"$text"* ]]
	run -0 gate -f policy.yaml apply
	[[ $output == *"unchanged, proven for its own table ("*"$text"* ]]
	run -0 gate -f policy.yaml apply --dry-run
	[[ $output == *"$text"* ]]
	run -0 gate listening
	[[ $output == *"$text"* ]]
	run -4 gate explain 8080/tcp --from 192.0.2.1 --kernel
	[[ ${lines[0]} == undecided* && $output == *"$text"*"our table alone says accept"* ]]
}

# hold NAME WORD COMMAND…: a process that has said WORD, and ends with its standard input, which `release NAME` closes. When it
# ends before, its exit code is returned.
declare -A HELD=() HELD_INPUT=()
hold() {
	local name=$1 word=$2 status input other
	shift 2
	mkfifo "$name.in"
	(
		for other in "${HELD_INPUT[@]}"; do exec {other}>&-; done
		"$@"
	) <"$name.in" >"$name.out" 3>&- &
	HELD[$name]=$!
	exec {input}>"$name.in"
	HELD_INPUT[$name]=$input
	until grep -q "$word" "$name.out"; do
		if ! kill -0 "${HELD[$name]}" 2>/dev/null; then
			wait "${HELD[$name]}" && status=1 || status=$?
			release "$name"
			return "$status"
		fi
		sleep 0.02
	done
}

release() {
	local name=$1 input
	[ -n "${HELD[$name]:-}" ] || return 0
	input=${HELD_INPUT[$name]}
	exec {input}>&-
	wait "${HELD[$name]}" 2>/dev/null || true
	unset "HELD[$name]" "HELD_INPUT[$name]"
	rm -f "$name.in" "$name.out"
}

# group_new FOLDER: a control group that is removed at the end, which may take a while after its last process.
GROUPS_MADE=()
group_new() {
	mkdir "$1" && GROUPS_MADE=("$1" "${GROUPS_MADE[@]}")
}

group_remove() {
	for _ in {1..200}; do
		rmdir "$1" 2>/dev/null && return 0
		sleep 0.05
	done
}

# attach PLACE …: a BPF program that refuses all packets (tests/lib/bpf_attach.py), in $NS, until `detach`.
attach() {
	local status=0
	hold attached attached inside /usr/bin/python3 "$TOP/tests/lib/bpf_attach.py" "$@" || status=$?
	[ "$status" -ne 3 ] || skip "this kernel has no $1 programs"
	return "$status"
}

# Until the program is gone from the kernel, too, which lets go of it after its holder has ended.
detach() {
	release attached
	for _ in {1..200}; do
		[ "$(gate -f policy.yaml -j verify | jq -c .outside)" != '[]' ] || return 0
		sleep 0.05
	done
	return 1
}
