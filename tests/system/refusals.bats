#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What cannot be done is refused: with the right exit code, with words, at once, and with nothing changed.

load common

# refused CODE ARGUMENTS…: fails with the code, says something, and leaves the rules alone.
refused() {
	local code=$1 before after
	shift
	before=$(generation)
	run --separate-stderr -"$code" "$@"
	[ -n "$stderr$output" ]
	[[ $stderr != *"Sanitizer"* ]]
	after=$(generation)
	[ "$before" = "$after" ]
}

teardown() {
	[ -z "${READABLE:-}" ] || rm -rf "$READABLE"
	netns_cleanup
}

quickly() {
	timeout 10 ip netns exec "$NS" "$SOCKGATE" "$@"
}

@test "without root: the kernel's side is refused with what to do, check works" {
	web_policy
	chmod 0755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" 2>/dev/null || true
	READABLE=$(mktemp -d /run/sgt-policy-XXXXXX) # bats's own folders are for root alone
	chmod 0755 "$READABLE"
	cp policy.yaml "$READABLE"
	as_nobody() { ip netns exec "$NS" setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
	for verb in apply verify diff status "clear --force" "show --kernel" "explain 22/tcp --kernel"; do
		refused 3 as_nobody "$SOCKGATE" -f "$READABLE/policy.yaml" $verb
		[[ $stderr == *root* && $stderr == *CAP_NET_ADMIN* ]]
	done
	run -0 as_nobody "$SOCKGATE" -f "$READABLE/policy.yaml" check
	run -0 as_nobody "$SOCKGATE" -f "$READABLE/policy.yaml" explain 22/tcp --from 192.0.2.1
	run -0 as_nobody "$SOCKGATE" -f "$READABLE/policy.yaml" show
	run -0 as_nobody "$SOCKGATE" -f "$READABLE/policy.yaml" listening
}

@test "root without CAP_NET_ADMIN is told so" {
	web_policy
	for verb in apply verify diff; do
		refused 3 ip netns exec "$NS" setpriv --bounding-set -net_admin --inh-caps -net_admin \
			"$SOCKGATE" -f policy.yaml $verb
		[[ $stderr == *CAP_NET_ADMIN* ]]
	done
}

@test "a table that another process owns is not a question of rights" {
	web_policy
	mkfifo commands
	inside nft -i <commands >owner 2>&1 3>&- &
	owner=$!
	exec 8>commands
	echo 'add table inet sockgate { flags owner; }' >&8
	for _ in {1..100}; do
		[ -z "$(inside nft list tables)" ] || break
		sleep 0.05
	done
	for verb in apply "clear --force"; do
		refused 3 gate -f policy.yaml $verb
		[[ $stderr == *"another process owns the table inet sockgate (netlink port "* && $stderr != *root* ]]
	done
	run -1 gate -f policy.yaml status
	[[ $output == *"owner:   another process owns the table (netlink port "* ]]
	run -1 gate -j -f policy.yaml status
	jq -e '.kernel.owner > 0' <<<"$output"
	exec 8>&-
	wait "$owner" || true
	run -0 gate -f policy.yaml apply
}

@test "a kernel without nf_tables is told apart" {
	web_policy
	for verb in apply verify diff; do
		refused 3 ip netns exec "$NS" "$TOP/tests/system/without_nftables.py" "$SOCKGATE" -f policy.yaml $verb
		[[ $stderr == *nf_tables* ]]
	done
	run -0 ip netns exec "$NS" "$TOP/tests/system/without_nftables.py" "$SOCKGATE" -f policy.yaml check
}

@test "a policy that is a directory, FIFO, device, socket, or a symlink to one" {
	mkdir directory
	mkfifo fifo
	ln -s fifo to-fifo
	ln -s /dev/zero to-device
	ln -s directory to-directory
	for file in directory fifo /dev/zero /dev/full to-fifo to-device to-directory; do
		for verb in check apply; do
			refused 2 quickly -f "$file" $verb
		done
	done
}

@test "a policy that is missing or a dangling symlink" {
	ln -s nowhere dangling
	for file in missing.yaml dangling policy/there.yaml; do
		refused 3 quickly -f "$file" apply
		[[ $stderr == *"$file"* ]]
	done
}

@test "a policy that is empty, not UTF-8, has a NUL, or is cut short" {
	web_policy
	: >empty.yaml
	printf 'allow:\n  tcp: [22] # \xff\xfe\n' >latin.yaml
	printf 'allow:\n  tcp: [22]\n\0' >nul.yaml
	printf '\xff\xfea\0l\0l\0o\0w\0:\0\n\0' >utf16.yaml
	printf 'allow:\n  tcp: [22, {port: 80' >cut.yaml
	printf 'just words\n' >words.yaml
	printf 'allow: &a\n  tcp: [22]\nblock: *a\n' >alias.yaml
	printf -- '---\nallow: {tcp: 22}\n---\nallow: {tcp: 23}\n' >two.yaml
	printf 'allow: {tcp: 022}\n' >octal.yaml
	for file in empty latin nul utf16 cut words alias two octal; do
		refused 2 quickly -f $file.yaml check
		refused 2 quickly -f $file.yaml apply
		[[ $stderr == *"$file.yaml"* ]]
	done
}

@test "CRLF line ends and a byte order mark are read as if they were not there" {
	web_policy
	sed 's/$/\r/' policy.yaml >crlf.yaml
	{ printf '\xef\xbb\xbf'; cat policy.yaml; } >bom.yaml
	gate -f policy.yaml apply
	run -0 gate -f crlf.yaml diff
	run -0 gate -f bom.yaml diff
}

@test "faults in a list file are shown at their line in the list file" {
	cat >policy.yaml <<-'END'
		groups:
		  many: {file: list.txt}
		allow:
		  tcp: [{port: 443, from: many}]
	END
	refused 2 quickly -f policy.yaml apply
	[[ $stderr == *policy.yaml:2* ]]
	printf '192.0.2.1\n192.0.2.0/33\n192.0.2.1/24\nhello\n' >list.txt
	refused 2 quickly -f policy.yaml apply
	[[ $stderr == *list.txt:2* && $stderr == *list.txt:3* && $stderr == *list.txt:4* ]]
	rm list.txt
	mkfifo list.txt
	refused 2 quickly -f policy.yaml apply
	rm list.txt
	mkdir list.txt
	refused 2 quickly -f policy.yaml apply
}

@test "a policy or list that others may write is refused to root, unless it is said to be meant" {
	web_policy
	chmod 0666 policy.yaml
	refused 2 quickly -f policy.yaml apply
	chmod 0660 policy.yaml
	refused 2 quickly -f policy.yaml apply
	run -0 gate --insecure-permissions -f policy.yaml apply
}

@test "no folder on the way to a file, and no symlink of a folder, may be another user's to turn" {
	mkdir strict lax theirs
	echo 'allow: {tcp: [22]}' >strict/p.yaml
	echo 'default: accept' >lax/p.yaml
	ln -s ../strict theirs/current
	ln -s theirs/current way
	chown -h 65534:65534 theirs/current theirs
	printf 'include: theirs/current/p.yaml\n' >includes.yaml
	printf 'include: theirs/current/*.yaml\n' >matches.yaml
	printf 'groups: {a: {file: theirs/current/list}}\n' >lists.yaml
	echo 192.0.2.1 >strict/list
	for file in theirs/current/p.yaml way/p.yaml "$PWD/theirs/current/p.yaml" theirs/../strict/p.yaml includes.yaml \
		matches.yaml lists.yaml; do
		refused 2 quickly -f "$file" apply
		[[ $stderr == *"/theirs' belongs to another user ('chown root $PWD/theirs' mends it)"* ]]
		refused 2 quickly -f "$file" check
	done
	# the folder is root's, the symlink in it is not; and a folder that others may write in
	chown 0:0 theirs
	refused 2 quickly -f theirs/current/p.yaml apply
	[[ $stderr == *"symlink"*"belongs to another user"* ]]
	chown -h 0:0 theirs/current
	chmod 0777 theirs
	refused 2 quickly -f theirs/current/p.yaml apply
	[[ $stderr == *"('chmod go-w $PWD/theirs' mends it)"* ]]
	chmod 0755 theirs
	run -0 gate -f theirs/current/p.yaml apply
	gate clear --force
}

@test "a symlink that another user turns all the time leads nowhere" {
	mkdir strict lax sticky
	echo 'allow: {tcp: [22]}' >strict/p.yaml
	echo 'default: accept' >lax/p.yaml
	ln -s "$PWD/strict" sticky/root
	chmod 1777 sticky
	# the name is now his symlink, now a hard link of root's symlink if the kernel lets him, now a folder of his own
	(cd sticky && exec timeout 60 setpriv --reuid 65534 --regid 65534 --clear-groups bash -c 'while :; do
		ln -sfn ../lax new && mv -T new current; sleep 0.01; rm -rf current
		ln root current 2>/dev/null; rm -f current; mkdir current; ln -s ../../lax/p.yaml current/p.yaml
		sleep 0.01; rm -rf current
	done') 3>&- &
	turner=$!
	led=0
	for _ in $(seq 60); do
		run quickly -f sticky/current/p.yaml apply
		[ "$status" -eq 2 ] || [ "$status" -eq 3 ]
		# the control: whoever trusts it is led there
		quickly --insecure-permissions -f sticky/current/p.yaml check && led=$((led + 1))
	done
	kill "$turner"
	[ "$led" -gt 5 ]
	[ -z "$(inside nft list tables)" ]
}

@test "what the kernel makes up is no policy, and is not waited for" {
	ln -s /proc/kmsg kernel.yaml
	printf 'include: /proc/kmsg\n' >includes.yaml
	printf 'include: kernel.yaml\n' >links.yaml
	printf 'groups: {a: {file: /proc/kmsg}}\n' >lists.yaml
	printf 'include: /dev/fd/5\n' >inherits.yaml
	for file in /proc/kmsg kernel.yaml includes.yaml links.yaml lists.yaml /proc/self/status /sys/kernel/uevent_seqnum; do
		for more in "" --insecure-permissions; do
			refused 2 quickly $more -f "$file" check
			[[ $stderr$output == *"made up by the kernel"* ]]
		done
	done
	refused 2 quickly -f /dev/stdin check </proc/kmsg
	refused 2 quickly -f inherits.yaml check 5</proc/kmsg
}

@test "a file that gives no answer ends the run after ten seconds" {
	[ -c /dev/fuse ] || skip "no FUSE here"
	mkdir stuck
	stuck() {
		timeout 60 unshare -m "$TOP/tests/lib/stuck_files.py" "$PWD/stuck" "$@"
	}
	printf 'include: stuck/policy.yaml\n' >includes.yaml
	printf 'groups: {a: {file: stuck/policy.yaml}}\n' >lists.yaml
	# the control: it answers
	run -0 stuck none "$SOCKGATE" -f stuck/policy.yaml check
	run -0 stuck none "$SOCKGATE" -f includes.yaml check
	stuck lookup "$SOCKGATE" -f stuck/policy.yaml check 2>lookup 3>&- &
	stuck open "$SOCKGATE" --insecure-permissions -f includes.yaml check 2>open 3>&- &
	stuck read "$SOCKGATE" -f lists.yaml check 2>read 3>&- &
	stuck read "$SOCKGATE" -f stuck/policy.yaml -j check >json 2>both 3>&- &
	for job in $(jobs -p); do
		code=0
		wait "$job" || code=$?
		[ "$code" -eq 3 ]
	done
	for step in lookup open read both; do
		[[ $(cat $step) == *"stuck/policy.yaml: reading it takes more than 10 seconds" ]]
	done
	jq -e '.error.message | contains("more than 10 seconds")' json
	# but whoever writes into a pipe may take his time
	{ sleep 11; echo 'allow: {tcp: [22]}'; } | run -0 gate -f - check
}

@test "a list of 1,000,000 lines is read" {
	/usr/bin/python3 -c 'import sys
sys.stdout.writelines("%d.%d.%d.0/25\n" % (10 + (n >> 16), n >> 8 & 255, n & 255) for n in range(1000000))' >list.txt
	cat >policy.yaml <<-'END'
		groups:
		  many: {file: list.txt}
		allow:
		  tcp: [{port: 443, from: many}]
		tests:
		  - {expect: allow, tcp: 443, from: 10.0.7.0/25}
		  - {expect: block, tcp: 443, from: 10.0.7.128/25}
	END
	run -0 gate -f policy.yaml check
}

@test "the policy can come from standard input" {
	web_policy
	gate -f - apply <policy.yaml
	run -0 gate -f policy.yaml diff
	refused 2 quickly -f - check </dev/null
}

@test "output that cannot be written is never success" {
	web_policy
	gate -f policy.yaml apply
	for verb in check verify diff status listening show "show --kernel" "explain 22/tcp" --help --version; do
		run -3 bash -c '"$0" "$@" >/dev/full' ip netns exec "$NS" "$SOCKGATE" -f policy.yaml $verb
		run -3 bash -c '"$0" "$@" >&-' ip netns exec "$NS" "$SOCKGATE" -f policy.yaml $verb
	done
	run bash -c '{ sleep 0.3; "$0" "$@" 2>/dev/null; echo $? >code; } | true' \
		ip netns exec "$NS" "$SOCKGATE" -f policy.yaml show
	[ "$(cat code)" -eq 3 ]
}

@test "verbs of later releases say that they are not there" {
	web_policy
	for verb in confirm rollback import "open 80/tcp --for 1h" watch; do
		refused 2 quickly -f policy.yaml $verb
	done
}

@test "an apply that would cut the SSH connection it came by is refused and says which line" {
	cat >policy.yaml <<-'END'
		allow:
		  tcp: [80]
		block:
		  tcp: [{port: 22, from: 192.0.2.0/24}]
	END
	netns_new CLIENT
	netns_pair "$CLIENT" "$NS"
	before=$(generation)
	run --separate-stderr -1 env SSH_CONNECTION="192.0.2.9 50000 192.0.2.2 22" ip netns exec "$NS" "$SOCKGATE" -f policy.yaml apply
	[[ $stderr$output == *policy.yaml:4* ]]
	[ "$(generation)" = "$before" ]
	run -0 env SSH_CONNECTION="192.0.2.9 50000 192.0.2.2 22" ip netns exec "$NS" "$SOCKGATE" -f policy.yaml apply --force
	gate clear --force
	run -0 env SSH_CONNECTION="198.51.100.9 50000 192.0.2.2 80" ip netns exec "$NS" "$SOCKGATE" -f policy.yaml apply
	run -0 env SSH_CONNECTION="nonsense" ip netns exec "$NS" "$SOCKGATE" -f policy.yaml apply
}
