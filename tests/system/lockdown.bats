#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What is in force when a policy cannot be loaded: the former rules, where they are as they were proven, or the lockdown.

load common

setup() {
	netns_new NS
	cd "$BATS_TEST_TMPDIR" || return 1
	chmod 0755 .
	printf 'groups: {office: [192.0.2.0/24, 198.51.100.0/25, 198.51.100.192/26, 10.1.0.0/16, 10.3.0.0/16, 2001:db8::/32]}\n' >good.yaml
	printf 'allow: {tcp: [22, {port: 8080, from: office}, 9000-9100, {port: 25, limit: 3/minute per source}]}\n' >>good.yaml
	echo 'alow: {tcp: 22}' >bad.yaml
}

gate() {
	timeout 60 "$SOCKGATE" --netns "$NS" "$@"
}

first_status() {
	run gate -f good.yaml status
	first=${lines[0]}
}

LOCKED="locked down: only SSH (the policy could not be loaded: bad.yaml:1:1: unknown key 'alow')"

@test "without rules of ours, a policy that cannot be loaded leaves SSH alone open, and status, verify and diff say why" {
	run -2 --separate-stderr gate -q -f bad.yaml apply --boot
	[[ $stderr == *"warning: locked down: only SSH is let in (the policy could not be loaded: bad.yaml:1:1: unknown key 'alow')"* ]]
	run -6 gate -f bad.yaml status
	[ "${lines[0]}" = "$LOCKED" ]
	run -6 gate -f good.yaml status
	[ "${lines[0]}" = "$LOCKED" ]
	run -6 gate -q -f good.yaml status
	[ "${lines[0]}" = "$LOCKED" ]
	run -6 gate -j -f bad.yaml status
	jq -e '.enforcing == false and .locked_down == "bad.yaml:1:1: unknown key '"'alow'"'" and .kernel.policy == null' <<<"$output"
	run -1 --separate-stderr gate -f good.yaml verify
	[[ $stderr == *"warning: locked down"* ]]
	run -2 --separate-stderr gate -f bad.yaml verify
	[[ $stderr == *"warning: locked down"* ]]
	run -1 --separate-stderr gate -f good.yaml diff
	[[ $stderr == *"warning: locked down"* ]]
	run -0 gate explain 22/tcp --kernel
	[[ ${lines[0]} == accept* ]]
	run -1 gate explain 25/tcp --kernel
	# and a policy that can be loaded takes its place
	run -0 gate -f good.yaml apply
	first_status
	[[ $first == "enforcing good.yaml"* ]]
	run gate -j -f good.yaml status
	jq -e '.locked_down == null' <<<"$output"
}

@test "a former policy's rules stay when a start fails, also after they were changed in place" {
	gate -f good.yaml apply
	sed 's/10.3.0.0/10.5.0.0/; s/9100/9200, 5432/' good.yaml >next.yaml
	gate -f next.yaml apply
	run -2 --separate-stderr gate -q -f bad.yaml apply --boot
	[[ $stderr == *"warning: the rules that were applied from next.yaml before stay in force"* ]]
	run -0 gate -f next.yaml status
	# nor does the unit of last resort touch them
	run -0 gate apply --lockdown
	run -0 gate -f next.yaml status
	# a failure of apply without --boot locks nothing
	run -2 gate -f bad.yaml apply
	run -0 gate -f next.yaml status
}

@test "JSON says what standard error says of a failed start" {
	gate clear --force
	run -2 --separate-stderr gate -j -f bad.yaml apply --boot
	[[ $stderr == *"warning: locked down: only SSH is let in"* ]]
	jq -e '[.diagnostics[] | select(.severity == "warning") | .message] | any(startswith("locked down: only SSH"))' <<<"$output"
	jq -e '.diagnostics | any(.severity == "error")' <<<"$output"
	for verb in verify diff; do
		run -2 --separate-stderr gate -j -f bad.yaml $verb
		[[ $stderr == *"warning: locked down: only SSH is let in"* ]]
		jq -e '.diagnostics[0].message | startswith("locked down: only SSH")' <<<"$output"
	done
	run -0 --separate-stderr gate -j apply --lockdown
	jq -e '.verb == "apply" and .applied == false and .locked_down' <<<"$output"
	jq -e '.diagnostics[0].message | startswith("locked down: only SSH")' <<<"$output"
	gate -f good.yaml apply
	run -0 --separate-stderr gate -j apply --lockdown
	jq -e '.locked_down == false and (.diagnostics[0].message | startswith("the rules that were applied from good.yaml"))' <<<"$output"
}

@test "every shipped policy is known again in the kernel" {
	for policy in "$TOP"/policies/*.yaml; do
		cp "$policy" policy.yaml
		cp -r "$TOP"/policies/*/ . 2>/dev/null || true
		run gate -f policy.yaml --insecure-permissions apply --boot --force
		[ "$status" -eq 0 ] || { echo "$policy: $output"; false; }
		run -2 --separate-stderr gate -q -f bad.yaml apply --boot
		[[ $stderr == *"applied from policy.yaml before stay in force"* ]] || { echo "$policy: $stderr"; false; }
	done
}

# What is done to the rules, and then a start fails: they are not a policy's any more.
changed() {
	run gate clear --force # so that names are without versions
	run -0 gate -f good.yaml apply
	ip netns exec "$NS" nft "$@"
	run -2 gate -q -f bad.yaml apply --boot
	first_status
	[ "$first" = "$LOCKED" ] || { echo "after $*: $first"; false; }
	# the lockdown is whole, whatever was there
	run -1 gate explain 9000/tcp --kernel
	run -0 gate explain 22/tcp --kernel
}

@test "rules that are gone, flushed or changed are not kept" {
	changed flush ruleset
	changed delete table inet sockgate
	changed flush table inet sockgate
	changed flush chain inet sockgate input
	changed add rule inet sockgate input accept
	changed insert rule inet sockgate input accept
	changed add element inet sockgate g_office4 '{ 203.0.113.0/24 }'
	changed add element inet sockgate in_ports '{ tcp . 5432 : accept }'
	changed delete element inet sockgate in_ports '{ tcp . 22 }'
	changed 'add table inet sockgate { flags dormant; }'
	changed 'add chain inet sockgate early { type filter hook input priority -5; policy accept; }'
	changed 'chain inet sockgate input { policy accept; }'
	changed 'flush ruleset; add table inet sockgate'
}

@test "the lockdown is not a policy: when it is changed it is loaded again" {
	run -2 gate -q -f bad.yaml apply --boot
	ip netns exec "$NS" nft insert rule inet sockgate input accept
	run -0 gate apply --lockdown
	run -1 gate explain 9000/tcp --kernel
}

@test "a policy file that gives no answer at boot leads to the lockdown" {
	[ -c /dev/fuse ] || skip "no FUSE here"
	mkdir stuck
	run -3 --separate-stderr timeout 60 unshare -m "$TOP/tests/lib/stuck_files.py" "$PWD/stuck" read \
		"$SOCKGATE" --netns "$NS" -q -f stuck/policy.yaml apply --boot
	[[ $stderr == *"stuck/policy.yaml: reading it takes more than 10 seconds"*"locked down: only SSH is let in"* ]]
	first_status
	[[ $first == "locked down: only SSH (the policy could not be loaded: stuck/policy.yaml: reading it takes"* ]] || { echo "$first"; false; }
}

@test "the unit of last resort says what systemd says, and does not take the place of what is better known" {
	run -2 gate -q -f bad.yaml apply --boot
	MONITOR_UNIT=sockgate.service MONITOR_SERVICE_RESULT=exit-code MONITOR_EXIT_STATUS=2 run -0 gate apply --lockdown
	first_status
	[ "$first" = "$LOCKED" ]
	for case in "exit-code 226" "signal KILL" "timeout TERM" "start-limit-hit "; do
		read -r result exit_status <<<"$case"
		run -0 env MONITOR_UNIT=sockgate.service MONITOR_SERVICE_RESULT="$result" MONITOR_EXIT_STATUS="$exit_status" \
			timeout 60 "$SOCKGATE" --netns "$NS" -q apply --lockdown
		first_status
		[[ $first == "locked down: only SSH (the policy could not be loaded: sockgate.service failed: $result"* ]]
	done
	# what systemd does not know replaces nothing
	run -0 env MONITOR_SERVICE_RESULT=success timeout 60 "$SOCKGATE" --netns "$NS" -q apply --lockdown
	first_status
	[[ $first == *"failed: start-limit-hit"* ]]
	ip netns exec "$NS" nft flush ruleset
	run -0 env MONITOR_SERVICE_RESULT=success timeout 60 "$SOCKGATE" --netns "$NS" -q apply --lockdown
	first_status
	[ "$first" = "locked down: only SSH (the policy could not be loaded: sockgate.service could not be started)" ]
	for wrong in "--lockdown --boot" "--lockdown --dry-run" "--boot --dry-run"; do
		# shellcheck disable=SC2086
		run -2 gate -f good.yaml apply $wrong
	done
}

# locked_with: loads the lockdown where /etc/ssh has what is in ./ssh, and says which TCP ports it opens.
locked_with() {
	mkdir -p upper/ssh work
	[ -d upper/mounted ] || { mkdir upper/mounted && mount -t tmpfs tmpfs upper/mounted; }
	rm -rf upper/mounted/etc upper/mounted/work
	mkdir upper/mounted/etc upper/mounted/work
	cp -a ssh upper/mounted/etc/
	run gate clear --force
	# shellcheck disable=SC2016
	run -0 unshare -m bash -ec 'mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/etc,workdir=$1/work" /etc
		shift; "$@"' bash "$PWD/upper/mounted" timeout 60 "$SOCKGATE" --netns "$NS" -q apply --lockdown
	ip netns exec "$NS" nft -j list map inet sockgate in_ports >ports.json
	opened=$(jq -r '[.nftables[].map.elem? // [] | .[] | .[0].concat | select(.[0] == "tcp")[1]] | sort | join(" ")' ports.json)
}

teardown() {
	[ ! -d upper/mounted ] || umount upper/mounted
	netns_cleanup
}

@test "the lockdown opens the ports that the SSH server's configuration names" {
	mkdir -p ssh/sshd_config.d
	locked_with
	[ "$opened" = 22 ] || { echo "opened $opened"; cat ports.json; false; }
	printf '# Port 1\nport 2222\nListenAddress 192.0.2.1:2022\n' >ssh/sshd_config
	locked_with
	[ "$opened" = "22 2022 2222" ] || { echo "opened $opened"; false; }
	first_status
	[[ $first == "locked down: only SSH"* ]]
	# each form, what is no port, and another file
	printf '%s\r\n' 'PORT = 2223' 'Port "2224" # that' 'Ports 9' 'Port' 'Port 0' 'Port 70000' 'Port x' 'Port 2225x' 'AddressFamily any' \
		'ListenAddress [2001:db8::1]:2226' 'ListenAddress 2001:db8::2' 'ListenAddress 192.0.2.1' 'ListenAddress host:2227' '' 'Port 22' \
		'Port=2223' >ssh/sshd_config
	printf 'Port 2228' >ssh/sshd_config.d/10-port.conf
	echo 'Port 9' >ssh/sshd_config.d/not-read
	locked_with
	[ "$opened" = "22 2223 2224 2226 2227 2228" ] || { echo "opened $opened"; false; }
	# what others may write opens nothing
	chmod 0666 ssh/sshd_config.d/10-port.conf
	mkfifo ssh/sshd_config.d/20-pipe.conf
	locked_with
	[ "$opened" = "22 2223 2224 2226 2227" ] || { echo "opened $opened"; false; }
	# more than there is room for
	seq -f 'Port %.0f' 3000 4000 >ssh/sshd_config
	locked_with
	[ "$(wc -w <<<"$opened")" -eq 17 ] || { echo "opened $opened"; false; }
	run -1 gate explain 9/tcp --kernel
}
