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
	run -0 env MONITOR_SERVICE_RESULT=success timeout 60 "$SOCKGATE" --netns "$NS" -q apply --lockdown
	first_status
	[ "$first" = "locked down: only SSH (the policy could not be loaded: sockgate.service could not be started)" ]
	for wrong in "--lockdown --boot" "--lockdown --dry-run" "--boot --dry-run"; do
		# shellcheck disable=SC2086
		run -2 gate -f good.yaml apply $wrong
	done
}
