#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Lines with limits, units, dates and logs: what is said of them without a kernel.

load common

limited_policy() {
	cat >policy.yaml <<-'END'
		allow:
		  tcp:
		    - {port: 80, limit: 20/minute per source, connections: 50, log: web, comment: the site}
		    - {port: 81, unit: nginx.service}
		    - {port: 82, until: 2099-12-31T18:00Z}
		outbound:
		  allow:
		    tcp: [{port: 25, limit: 5/hour per destination}]
		  default: drop
	END
}

@test "explain names the conditions of the line that allows" {
	limited_policy
	run -0 gate -f policy.yaml explain 80/tcp
	[ "${lines[1]}" = "  because policy.yaml:3 allow.tcp[0], at most 20/minute per source, at most 50 connections, logged as 'web' (the site)" ]
	run -0 gate -f policy.yaml explain 81/tcp
	[ "${lines[1]}" = "  because policy.yaml:4 allow.tcp[1], only for nginx.service" ]
	run -0 gate -f policy.yaml explain 82/tcp
	[ "${lines[1]}" = "  because policy.yaml:5 allow.tcp[2], until 2099-12-31T18:00Z" ]
	run -0 gate -f policy.yaml explain 25/tcp --outbound
	[ "${lines[1]}" = "  because policy.yaml:8 outbound.allow.tcp[0], at most 5/hour per destination" ]
}

@test "and as JSON, where a line is given" {
	limited_policy
	run -0 gate -f policy.yaml -j explain 80/tcp
	json '.verdict == "accept" and (.because[0] | keys_unsorted == ["file", "line", "rule", "conditions"])'
	json '.because[0].conditions == {limit: {count: 20, seconds: 60, per: "source"}, connections: {count: 50, per: null},
		log: {label: "web", count: 10, seconds: 60, group: null}}'
	run -0 gate -f policy.yaml -j explain 81/tcp
	json '.because[0].conditions == {unit: "nginx.service"}'
	run -0 gate -f policy.yaml -j explain 82/tcp
	json '.because[0].conditions == {until: "2099-12-31T18:00Z"}'
	# a line without any has no such key
	printf 'allow: {tcp: 80}\n' >policy.yaml
	run -0 gate -f policy.yaml -j explain 80/tcp
	json '.because[0] | keys_unsorted == ["file", "line", "rule"]'
}

@test "tests are proven for packets that meet the conditions" {
	limited_policy
	printf 'tests:\n  - {expect: allow, tcp: [80, 81, 82]}\n  - {expect: block, tcp: 83}\n' >>policy.yaml
	run -0 gate check policy.yaml
	[[ ${lines[-1]} == *"2 tests proven"* ]]
}

@test "a date that has passed is an error to who writes the policy, and to nobody else" {
	printf 'allow: {tcp: [22, {port: 80, until: 2020-01-01T00:00Z}]}\n' >policy.yaml
	run -2 gate check policy.yaml
	[[ $output == *"2020-01-01T00:00Z"* ]]
	run -2 gate diff policy.yaml policy.yaml
	run -2 gate -f policy.yaml apply
	run -1 gate -f policy.yaml explain 80/tcp
	[[ ${lines[0]} == "drop tcp 80" && ${lines[1]} == *"default: drop" ]]
	run -0 gate -f policy.yaml explain 22/tcp
	run -0 --separate-stderr gate -f policy.yaml show
	[ -z "$stderr" ]
}

@test "other limits, dates and units are differences, with both sides" {
	cat >old.yaml <<-'END'
		allow:
		  tcp:
		    - {port: 22, limit: 20/minute}
		    - {port: 80, unit: a.service}
		    - {port: 443, until: 2098-01-01T00:00Z}
		    - {port: 25, limit: 5/hour}
		    - {port: 26, limit: 5/hour}
	END
	cat >new.yaml <<-'END'
		allow:
		  tcp:
		    - {port: 22, limit: 30/minute}
		    - {port: 80, unit: b.service}
		    - {port: 443, until: 2099-01-01T00:00Z}
		    - {port: [25, 26], limit: 5/hour}
	END
	run -1 gate diff old.yaml new.yaml
	cat >expected <<-'END'
		~ tcp 22 from anywhere, also published: accept on other conditions
		    before: at most 20/minute, else drop, by old.yaml:3 allow.tcp[0]
		    after:  at most 30/minute, else drop, by new.yaml:3 allow.tcp[0]
		~ tcp 26 from anywhere, also published: accept on other conditions
		    before: at most 5/hour (limit_tcp_26), else drop, by old.yaml:7 allow.tcp[4]
		    after:  at most 5/hour (limit_tcp_25), else drop, by new.yaml:6 allow.tcp[3]
		~ tcp 80 from anywhere: accept on other conditions
		    before: only for a.service, else drop, by old.yaml:4 allow.tcp[1]
		    after:  only for b.service, else drop, by new.yaml:4 allow.tcp[1]
		~ tcp 443 from anywhere, also published: accept on other conditions
		    before: until 2098-01-01T00:00Z, else drop, by old.yaml:5 allow.tcp[2]
		    after:  until 2099-01-01T00:00Z, else drop, by new.yaml:5 allow.tcp[2]
		4 changes: 4 of conditions or logs, from old.yaml to new.yaml
	END
	diff expected - <<<"$output"
	run -1 gate -j diff old.yaml new.yaml
	json '.equal == false and (.changes | length) == 7'
	json '.changes[0] | .from_verdict == "accept" and .to_verdict == "accept"
		and .from_conditions == [{limit: {count: 20, seconds: 60, per: null, meter: "limit_tcp_22"}}]
		and .to_conditions == [{limit: {count: 30, seconds: 60, per: null, meter: "limit_tcp_22"}}]
		and .from_log == [] and .to_log == []'
	json '.changes[2].from_conditions == [{unit: "a.service"}]'
	json '.changes[3].to_conditions == [{until: "2099-01-01T00:00Z"}]'
	# what is told otherwise has no such keys
	printf 'allow: {tcp: 22}\n' >old.yaml
	printf 'allow: {tcp: 23}\n' >new.yaml
	run -1 gate -j diff old.yaml new.yaml
	json 'all(.changes[]; has("from_conditions") | not)'
}

@test "so are other logs, but not their place in the file" {
	printf 'allow: {tcp: [{port: 22, log: x}, 80]}\n' >old.yaml
	printf '# a line more\nallow: {tcp: [{port: 22, log: x}, 80]}\n' >new.yaml
	run -0 gate diff old.yaml new.yaml
	printf 'allow: {tcp: [{port: 22, log: z}, 80]}\n' >new.yaml
	run -1 gate diff old.yaml new.yaml
	[ "${lines[0]}" = "~ tcp 22 from anywhere, also published: accept, logged otherwise" ]
	[ "${lines[1]}" = "    before: logged as 'sockgate old.yaml:1 x', 10/minute, by old.yaml:1 allow.tcp[0]" ]
	run -1 gate -j diff old.yaml new.yaml
	json '.changes[0].to_log == [{prefix: "sockgate new.yaml:1 z", count: 10, seconds: 60, group: null}]'
	# what the default logs are many sets: told once
	printf 'allow: {tcp: [{port: 22, log: x}, 80]}\nlog-blocked: 10/minute\n' >new.yaml
	run -1 gate diff old.yaml new.yaml
	[[ ${lines[0]} == "~ "*" sets of packets (--all shows them): drop, logged otherwise" ]]
	[ ${#lines[@]} -eq 4 ]
	run -1 gate --all diff old.yaml new.yaml
	[ ${#lines[@]} -gt 20 ]
}

@test "units that cannot be told are said where the rules are shown" {
	printf 'allow: {tcp: [{port: 80, unit: no-such-unit-of-any-host.service}]}\n' >policy.yaml
	run -0 --separate-stderr gate -f policy.yaml show
	[[ $stderr == *"policy.yaml:1:15: warning: "*"[unit/not-running]"* || $stderr == *"[unit/not-enforced]"* ]]
	# --quiet drops success alone: that the port is shut, or open to all, is none
	run -0 --separate-stderr gate -q -f policy.yaml show
	[[ $stderr == *"[unit/not-running]"* || $stderr == *"[unit/not-enforced]"* ]]
}

@test "a unit's restart closes its port: check and apply warn with the drop-in, unless the unit has it" {
	printf 'allow: {tcp: [22, {port: 80, unit: a.service}]}\n' >policy.yaml
	chmod 0644 policy.yaml
	run -0 gate check policy.yaml
	[[ $output == *"policy.yaml:1:19: warning: 'allow.tcp[1]' closes whenever 'a.service' starts anew, until the policy is applied again [unit/restart]"* ]]
	[[ $output == *"      = let the unit apply it, by /etc/systemd/system/a.service.d/sockgate.conf:
        [Service]
        ExecStartPost=-+/"*"/sockgate -q apply"* ]]
	# what the warning says is a file that cures it, and others do not
	grep -A1 -F '[Service]' <<<"$output" | sed 's/^ *//' >drop-in
	cat >try <<-'END'
		#!/bin/bash
		# try FOLDER FILE TEXT-FILE: with that drop-in, in mounts of its own
		mount -t tmpfs tmpfs /run/systemd && mount -t tmpfs tmpfs /etc/systemd && mkdir -p "$1/a.service.d" &&
			cp "$3" "$1/a.service.d/$2" && exec "$SOCKGATE" check policy.yaml
	END
	chmod +x try
	export SOCKGATE
	for folder in /etc/systemd/system /run/systemd/system; do
		run -0 unshare -m ./try "$folder" sockgate.conf drop-in
		[ "$output" = "policy.yaml: ok, 2 lines" ]
	done
	run -0 unshare -m ./try /run/systemd/system other.conf drop-in
	[[ $output == *"[unit/restart]"* ]]
	for text in '[Service]' 'ExecStartPost=-+/usr/sbin/sockgate -q check' '#ExecStartPost=sockgate -q apply' \
		$'ExecStartPost=-+sockgate -q apply\nExecStartPost='; do
		echo "$text" >wrong
		run -0 unshare -m ./try /etc/systemd/system sockgate.conf wrong
		[[ $output == *"[unit/restart]"* ]] || { echo "$text: $output"; false; }
	done
	# one in /etc masks one in /run
	run -0 unshare -m bash -c 'mount -t tmpfs tmpfs /run/systemd; mount -t tmpfs tmpfs /etc/systemd
		mkdir -p /etc/systemd/system/a.service.d /run/systemd/system/a.service.d
		cp drop-in /run/systemd/system/a.service.d/sockgate.conf
		ln -s /dev/null /etc/systemd/system/a.service.d/sockgate.conf
		exec "$SOCKGATE" check policy.yaml'
	[[ $output == *"[unit/restart]"* ]]
	sed -i 's/a.service/a.service, lint-ignore: unit\/restart/' policy.yaml
	run -0 gate check policy.yaml
	[ "$output" = "policy.yaml: ok, 2 lines" ]
}
