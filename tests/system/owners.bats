#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A port that is a unit's: who holds it gets packets or does not, and verify says so. Control groups that are made here are
# named like units; nothing else of systemd is needed.

load common

setup() {
	netns_new NS
	netns_new OUT
	netns_pair "$OUT" "$NS"
	cd "$BATS_TEST_TMPDIR" || return 1
	chmod 0755 .
	MOUNT=$(findmnt -nt cgroup2 -o TARGET | head -n 1)
	SLICE=$MOUNT/sgt$$.slice
	HELD=()
	if [ -z "$MOUNT" ] || ! mkdir "$SLICE" 2>/dev/null; then
		skip "no control groups to work with"
	fi
}

teardown() {
	local pid folder
	for pid in "${HELD[@]}"; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	netns_cleanup
	for folder in "$SLICE"/*/ "$SLICE"; do
		[ ! -d "$folder" ] || rmdir "$folder" 2>/dev/null || { sleep 0.2; rmdir "$folder"; }
	done
}

# ip netns exec mounts /sys anew, without the control groups in it.
gate() {
	timeout 60 nsenter --net="/run/netns/$NS" "$SOCKGATE" "$@"
}

# hold GROUP WORD: somebody in the control group (of the slice; "" for none) listens.
hold() {
	local group=$1 word=$2 pid
	[ -z "$group" ] || mkdir -p "$SLICE/$group"
	mkfifo "end${#HELD[@]}"
	# shellcheck disable=SC2016
	nsenter --net="/run/netns/$NS" bash -c '[ -z "$1" ] || echo $BASHPID >"$1/cgroup.procs" || exit 1
		exec /usr/bin/python3 "$2" "$3" <>"$4"' - "${group:+$SLICE/$group}" "$TOP/tests/lib/listen.py" "$word" \
		"end${#HELD[@]}" >"ready${#HELD[@]}" 3>&- &
	pid=$!
	for _ in {1..100}; do
		if grep -qs ready "ready${#HELD[@]}"; then
			HELD+=("$pid")
			return 0
		fi
		sleep 0.05
	done
	return 1
}

let_go() {
	kill "${HELD[-1]}"
	wait "${HELD[-1]}" 2>/dev/null || true
}

# Whether a connection to the port comes about.
reaches() {
	ip netns exec "$OUT" timeout 5 /usr/bin/python3 - "$1" "$2" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
		s.settimeout(2.5)
		s.connect((sys.argv[1], int(sys.argv[2])))
	END
}

# finding ID FILTER
finding() {
	jq -e --arg id "$1" ".findings[] | select(.id == \$id) | $2" <<<"$output" >/dev/null || {
		echo "no $1 with $2: $output"
		return 1
	}
}

policy() {
	printf 'allow:\n  tcp:\n    - 22\n    - {port: 80, unit: sgt-web.service, lint-ignore: unit/restart}\n' >policy.yaml
	chmod 0644 policy.yaml
}

@test "the unit's own socket gets packets; the kernel is proven to do as the policy" {
	policy
	hold sgt-web.service tcp/::/80
	run -0 --separate-stderr gate -f policy.yaml apply
	[ -z "$stderr" ]
	reaches 192.0.2.2 80
	reaches 2001:db8::2 80
	run gate -f policy.yaml -j verify
	jq -e '.kernel_equals_policy == "proven" and all(.findings[]; .id == "allow/unused")' <<<"$output"
	jq -e '.listeners[0] | .reach.verdict == "accept" and .policy.verdict == "accept"' <<<"$output"
	run -0 gate -f policy.yaml diff
	run -0 gate -f policy.yaml status
	run -0 gate -j listening
	jq -e '.listeners[0].reach.verdict == "accept"' <<<"$output"
}

@test "a socket of the unit's socket unit is the unit's" {
	policy
	mkdir "$SLICE/sgt-web.service"
	hold sgt-web.socket tcp/0.0.0.0/80
	run -0 --separate-stderr gate -f policy.yaml apply
	[ -z "$stderr" ]
	reaches 192.0.2.2 80
	run gate -f policy.yaml -j verify
	jq -e '.kernel_equals_policy == "proven" and all(.findings[]; .id == "allow/unused")' <<<"$output"
}

@test "who squats on the port gets no packet, and is named" {
	policy
	mkdir "$SLICE/sgt-web.service"
	hold "" tcp/0.0.0.0/80
	hold "" tcp/0.0.0.0/22
	gate -q -f policy.yaml apply
	run ! reaches 192.0.2.2 80
	reaches 192.0.2.2 22
	run -1 gate -f policy.yaml -j verify
	jq -e '.conforms == false and .kernel_equals_policy == "proven"' <<<"$output"
	finding listener/wrong-owner '.severity == "high" and .lines[0].line == 4
		and .lines[0].conditions.unit == "sgt-web.service" and .listener == 1'
	jq -e '.listeners[1] | .port == 80 and .reach.verdict == "drop" and .policy.verdict == "drop"' <<<"$output"
	run -1 gate -f policy.yaml verify
	[[ ${lines[0]} == "high    listener/wrong-owner: python3 (pid "*") "*"holds tcp 80, which the policy gives to sgt-web.service; the kernel keeps others from it" ]]
	# another unit's socket is no better
	let_go
	hold sgt-other.service tcp/0.0.0.0/81
	printf '    - {port: 81, unit: sgt-web.service}\n' >>policy.yaml
	gate -q -f policy.yaml apply
	run ! reaches 192.0.2.2 81
	run -1 gate -f policy.yaml -j verify
	finding listener/wrong-owner '.message | contains("of sgt-other.service holds tcp 81")'
}

@test "a unit that does not run: closed, with a warning at its line" {
	policy
	hold "" tcp/0.0.0.0/80
	run -0 --separate-stderr gate -f policy.yaml apply
	[[ $stderr == *"policy.yaml:4:7: warning: 'sgt-web.service' does not run: the port is closed until it does and the policy is applied again [unit/not-running]"* ]]
	run ! reaches 192.0.2.2 80
	run -1 gate -f policy.yaml -j verify
	jq -e '.kernel_equals_policy == "proven"' <<<"$output"
	finding listener/wrong-owner .
}

@test "a unit that is started again has another control group: told, and put right by apply" {
	policy
	hold sgt-web.service tcp/0.0.0.0/80
	gate -q -f policy.yaml apply
	reaches 192.0.2.2 80
	let_go
	for _ in {1..20}; do
		rmdir "$SLICE/sgt-web.service" 2>/dev/null && break
		sleep 0.1
	done
	# the number of a group that is gone may be the next one's
	mkdir "$SLICE/sgt-between.service"
	hold sgt-web.service tcp/0.0.0.0/80
	run ! reaches 192.0.2.2 80
	run -1 gate -f policy.yaml -j verify
	jq -e '.kernel_equals_policy == "refuted"' <<<"$output"
	finding kernel/differs .
	finding listener/blocked '.listener == 0'
	finding kernel/stale-unit '.severity == "high" and (.message | test("not \\(any more\\) that of sgt-web.service")) and (.lines | length) == 1'
	run -1 gate -f policy.yaml diff
	[[ ${lines[0]} == "~ tcp 80 from anywhere: accept on other conditions" ]]
	[[ ${lines[1]} == "    before: only for control group "*" at depth 2, else drop, by inet sockgate, "* ]]
	[[ ${lines[2]} == "    after:  only for sgt-web.service, else drop, by policy.yaml:4 allow.tcp[1]" ]]
	run -1 gate -f policy.yaml status
	[[ ${lines[0]} == "not enforcing policy.yaml: sgt-web.service was started or restarted since it was applied; its ports are closed until 'sockgate apply'"* ]]
	run -1 gate -f policy.yaml -j status
	jq -e '.units_to_apply == [{unit: "sgt-web.service", runs: true}] and .kernel.unchanged' <<<"$output"
	gate -q -f policy.yaml apply
	run -0 gate -f policy.yaml -j status
	jq -e '.units_to_apply == []' <<<"$output"
	reaches 192.0.2.2 80
	run -0 gate -f policy.yaml diff
}

@test "status says which unit stopped since the policy was applied" {
	policy
	hold sgt-web.service tcp/0.0.0.0/80
	gate -q -f policy.yaml apply
	let_go
	for _ in {1..20}; do
		rmdir "$SLICE/sgt-web.service" 2>/dev/null && break
		sleep 0.1
	done
	run -1 gate -f policy.yaml status
	[[ ${lines[0]} == "not enforcing policy.yaml: sgt-web.service does not run; its ports are closed until 'sockgate apply'"* ]]
	gate -q -f policy.yaml apply
	run -0 gate -f policy.yaml -j status
	jq -e '.units_to_apply == []' <<<"$output"
}

@test "who is connected by SSH is asked about, by who listens there" {
	printf 'allow: {tcp: [{port: 80, unit: sgt-web.service}]}\n' >policy.yaml
	chmod 0644 policy.yaml
	mkdir "$SLICE/sgt-web.service"
	hold "" tcp/0.0.0.0/80
	SSH_CONNECTION="192.0.2.1 50000 192.0.2.2 80" run -1 gate -f policy.yaml apply
	[[ $output == *"not applied: the SSH connection from 192.0.2.1 to 192.0.2.2 port 80 would be refused by policy.yaml:1 allow.tcp[0]"* ]]
	let_go
	hold sgt-web.service tcp/0.0.0.0/80
	SSH_CONNECTION="192.0.2.1 50000 192.0.2.2 80" run -0 gate -f policy.yaml apply
}
