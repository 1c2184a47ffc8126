#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Where an answer goes and what becomes of it: full disks, closed pipes and descriptors, odd environments.

load common

@test "an answer that cannot be written is an error" {
	web_policy
	printf 'tcp 443\n' >packets
	for words in "--help" "--version" "--completion bash" "check --help" "check policy.yaml" "-j check policy.yaml" \
		"-f policy.yaml explain 443/tcp" "-f policy.yaml explain --stdin" "-j diff policy.yaml policy.yaml"; do
		# a full disk
		# shellcheck disable=SC2086
		run -3 bash -c '"$@" >/dev/full <packets' - "$SOCKGATE" $words
		[[ $output == *"error: cannot write the answer"*"No space left on device" ]]
		# nobody there
		# shellcheck disable=SC2086
		run -3 bash -c '"$@" >&- <packets' - "$SOCKGATE" $words
		[[ $output == *"error: cannot write the answer"* ]]
		# a reader that went away
		# shellcheck disable=SC2086
		run -3 bash -c 'rm -f gone code
			{ until [ -e gone ]; do sleep 0.05; done; "$@" <packets; echo $? >code.new; mv code.new code; } |
				{ exec <&-; touch gone; until [ -e code ]; do sleep 0.05; done; }
			exit "$(cat code)"' - "$SOCKGATE" $words
		[[ $output == *"Broken pipe" ]]
		# no room for files
		# shellcheck disable=SC2086
		run -3 bash -c 'ulimit -f 0; "$@" >file <packets' - "$SOCKGATE" $words
		[[ $output == *"File too large" ]]
	done
}

@test "an error in an answer that cannot be written is still an error of the system" {
	run -3 bash -c '"$1" -j check missing.yaml >/dev/full' - "$SOCKGATE"
}

@test "what has nothing to say needs nowhere to say it" {
	web_policy
	run -0 bash -c '"$1" -q check policy.yaml >&-' - "$SOCKGATE"
	run -0 bash -c '"$1" -q check policy.yaml >/dev/full' - "$SOCKGATE"
}

@test "closed descriptors are not taken for files" {
	web_policy
	run -0 bash -c '"$1" check policy.yaml <&- 2>&-' - "$SOCKGATE"
	[ "$output" = "policy.yaml: ok, 8 lines, 2 tests proven" ]
	bash -c '"$1" check policy.yaml <&- >&- 2>&-' - "$SOCKGATE" && code=0 || code=$?
	[ "$code" -eq 3 ]
	run -2 bash -c '"$1" chekc <&- >&- 2>&-' - "$SOCKGATE"
	# no standard input is no empty policy
	run bash -c '"$1" check - <&-' - "$SOCKGATE"
	[ "$status" -ge 2 ]
	run -3 bash -c '"$1" -f policy.yaml explain --stdin <&-' - "$SOCKGATE"
	cmp <(gate check policy.yaml) - <<<"policy.yaml: ok, 8 lines, 2 tests proven"
}

@test "standard input that is no text" {
	web_policy
	run -3 gate -f policy.yaml explain --stdin </
	[[ $output == *"cannot read standard input"* ]]
	run -2 gate check - </dev/null
}

@test "a large answer goes through a slow pipe whole" {
	{ echo "allow:"; echo "  tcp:"; for i in $(seq 1 2 20000); do echo "    - {port: $i, from: 192.0.2.0/24}"; done; } >new.yaml
	printf 'allow: {tcp: 1}\n' >old.yaml
	"$SOCKGATE" -j diff old.yaml new.yaml >direct && code=0 || code=$?
	[ $code -eq 1 ]
	[ "$(wc -c <direct)" -gt 200000 ]
	{ "$SOCKGATE" -j diff old.yaml new.yaml || true; } | { sleep 0.3; cat; } | cmp - direct
	# a pipe that does not block
	{ "$SOCKGATE" -j diff old.yaml new.yaml || true; } | /usr/bin/python3 -c 'import os, sys, time
os.set_blocking(0, False)
time.sleep(0.2)
while True:
    try:
        data = os.read(0, 4096)
    except BlockingIOError:
        time.sleep(0.01)
        continue
    if not data:
        break
    sys.stdout.buffer.write(data)' | cmp - direct
}

@test "the environment changes nothing" {
	web_policy
	gate check policy.yaml >expected
	env -i "$SOCKGATE" check policy.yaml | cmp - expected
	env LC_ALL=tr_TR.UTF-8 LANG=nonsense LANGUAGE=%n TZ=:/dev/zero TERM=%s COLUMNS=-5 LINES=x POSIXLY_CORRECT=1 \
		SSH_CONNECTION='%n%n' "$SOCKGATE" check policy.yaml | cmp - expected
	env PATH=/nonexistent:. TMPDIR=/nonexistent HOME=/nonexistent "$SOCKGATE" check policy.yaml | cmp - expected
	(ulimit -n 8; gate check policy.yaml) | cmp - expected
	(ulimit -s 128; gate check policy.yaml) | cmp - expected
	(ulimit -c 0; umask 777; gate check policy.yaml) | cmp - expected
	(cd / && gate check "$OLDPWD/policy.yaml") | sed "s,^.*/policy,policy," | cmp - expected
}

@test "too little memory is said, not crashed on" {
	[ -z "$(nm "$SOCKGATE" | grep -m1 __asan_init)" ] || skip "the sanitizer wants all the address space"
	{ echo "groups:"; echo "  many: {file: list.txt}"; echo "allow:"; echo "  any: [{from: many}]"; } >policy.yaml
	/usr/bin/python3 -c 'for i in range(400000): print("10.%d.%d.%d" % (i >> 15, i >> 7 & 255, i << 1 & 255))' >list.txt
	gate -q check policy.yaml
	refused=0
	for size in 8000 12000 16000 24000 32000 48000 64000; do
		run bash -c "ulimit -v $size; exec \"\$1\" -q check policy.yaml" - "$SOCKGATE"
		# 127: not even the libraries could be loaded
		case $status in
		0 | 127) ;;
		3) [[ $output == *"memory"* ]] && refused=$((refused + 1)) ;;
		*) echo "$size: $status $output"; false ;;
		esac
	done
	[ $refused -gt 0 ]
}

@test "what standard error is told, the answer in JSON has, too" {
	printf 'allow:\n  tcp:\n    - {port: 80, unit: nope.service}\n    - 22\ngroups: {a: [192.0.2.1]}\n' >policy.yaml
	run --separate-stderr -0 gate -j -f policy.yaml show
	json '.diagnostics | length == 1 and (.[0] | .severity == "warning" and (.id | startswith("unit/")) and .file == "policy.yaml" and .line == 3 and .column == 7)'
	[[ $stderr == *"policy.yaml:3:7: warning:"* ]]
	# nothing to say: the answer is as it was
	printf 'allow: {tcp: [22]}\n' >policy.yaml
	for arguments in show "explain 22/tcp --from 192.0.2.1" "diff policy.yaml policy.yaml" listening; do
		run -0 gate -j -f policy.yaml $arguments
		json 'has("diagnostics") | not'
	done
	printf 'allow: {tcp: [0]}\n' >bad.yaml
	run --separate-stderr -2 gate -j -f bad.yaml show
	json '.diagnostics | length == 1'
	# other texts stay as they are
	run -0 gate -j check --schema
	json 'has("diagnostics") | not'
}
