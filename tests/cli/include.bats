#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A policy of many files.

load common

@test "included files are one policy, and each line keeps its file" {
	mkdir policy.d
	printf 'include: policy.d/*.yaml\ngroups: {office: [192.0.2.0/24]}\nallow: {tcp: [443]}\n' >policy.yaml
	printf 'allow: {tcp: [{port: 22, from: office}]}\n' >policy.d/more.yaml
	printf 'nonsense\n' >policy.d/.more.yaml.swp
	printf 'nonsense\n' >policy.d/more.yaml~
	run -0 gate check policy.yaml
	[ "$output" = "policy.yaml: ok, 2 lines" ]
	run -0 gate -f policy.yaml -j explain 22/tcp --from 192.0.2.9
	json '.because == [{file: "policy.d/more.yaml", line: 1, rule: "allow.tcp[0]"}]'
	# a lint speaks of lines of two files
	printf 'block: {tcp: [22]}\n' >policy.d/no-more.yaml
	run gate check policy.yaml
	[[ $output == *"policy.d/more.yaml:1:"*"policy.d/no-more.yaml:1 (block.tcp"* ]]
	# the same name twice: both places
	printf 'groups: {office: [198.51.100.0/24]}\n' >policy.d/zz.yaml
	run -2 gate check policy.yaml
	[[ $output == *"policy.d/zz.yaml:1:10: error: duplicate key 'office'"* ]]
	[[ $output == *"it is given at policy.yaml:2:10 already"* ]]
	run -2 gate -j check policy.yaml
	json '.diagnostics[0] | .file == "policy.d/zz.yaml" and .line == 1'
}

@test "the default policy has its policy.d, another one does not" {
	unshare -rm true || skip "no namespaces here"
	cat >inside <<-'END'
		set -e
		mount -t tmpfs none /etc
		mkdir -p /etc/sockgate/policy.d
		printf 'allow: {tcp: [22]}\n' >/etc/sockgate/policy.yaml
		"$1" check
		printf 'allow: {tcp: [8443]}\n' >/etc/sockgate/policy.d/more.yaml
		printf 'allow: {udp: [123]}\n' >/etc/sockgate/policy.d/Web.yaml
		"$1" check
		"$1" explain 8443/tcp
		"$1" -f /etc/sockgate/policy.yaml check
		cp -r /etc/sockgate /etc/other
		"$1" -f /etc/other/policy.yaml check
		printf 'allow: {tcp: [0]}\n' >/etc/sockgate/policy.d/more.yaml
		"$1" check || true
		rm /etc/sockgate/policy.d/*.yaml
		touch /etc/sockgate/policy.d/{a.yml,B.YAML,c.yaml.disabled,d.yml~,.e.yml,README}
		"$1" check
	END
	run -0 unshare -rm bash inside "$SOCKGATE"
	[ "${lines[0]}" = "/etc/sockgate/policy.yaml: ok, 1 line" ]
	[ "${lines[1]}" = "/etc/sockgate/policy.yaml: ok, 3 lines" ]
	[ "${lines[2]}" = "accept tcp 8443" ]
	[ "${lines[3]}" = "  because /etc/sockgate/policy.d/more.yaml:1 allow.tcp[0]" ]
	[ "${lines[4]}" = "/etc/sockgate/policy.yaml: ok, 3 lines" ]
	[ "${lines[5]}" = "/etc/other/policy.yaml: ok, 1 line" ]
	[[ ${lines[6]} == "/etc/sockgate/policy.d/more.yaml:1:15: error:"* ]]
	[[ $output == *"warning: '/etc/sockgate/policy.d/B.YAML' is not read"*"rename it to 'B.yaml'"*"/a.yml' is not read"*"rename it to 'a.yaml'"*": ok, 1 line, 2 warnings" ]]
}

@test "with --verbose the files that were read are listed, in order" {
	mkdir policy.d
	printf 'include: policy.d/*.yaml\ngroups: {a: {file: list.txt}}\nallow: {tcp: [{port: 22, from: a}]}\n' >policy.yaml
	printf 'allow: {tcp: [1]}\n' >policy.d/b.yaml
	printf 'allow: {tcp: [2]}\n' >policy.d/a.yaml
	echo 192.0.2.1 >list.txt
	cp policy.d/a.yaml other.yaml
	run -0 gate -v check policy.yaml other.yaml
	[ "$(grep '^  read' <<<"$output")" = "  read policy.yaml, $(stat -c %s policy.yaml) bytes
  read policy.d/a.yaml, 18 bytes
  read policy.d/b.yaml, 18 bytes
  read list.txt, 10 bytes
  read other.yaml, 18 bytes" ]
	run -0 gate -v -j check policy.yaml other.yaml
	json '.files | map(.name) == ["policy.yaml", "policy.d/a.yaml", "policy.d/b.yaml", "list.txt", "other.yaml"] and .[3].bytes == 10'
	run -0 gate -j check policy.yaml
	json 'has("files") | not'
}

@test "who has no policy is told of learn, of the examples, and of a file of nearly the same name" {
	run -3 gate -f policy.yaml check
	[[ $output == *"No such file or directory ('sockgate learn' drafts a policy, and /"*"/doc/sockgate/examples has examples)"* ]]
	echo 'allow: {tcp: [22]}' >policy.yml
	run -3 gate -f policy.yaml check
	[[ $output == *"No such file or directory (but 'policy.yml' is there)"* ]]
	mv policy.yml policy.yaml
	run -3 gate check policy.yml
	[[ $output == *"(but 'policy.yaml' is there)"* ]]
}

@test "a symlink of /proc into another mount namespace is refused, and nothing of ours is read instead" {
	[ "$(id -u)" -eq 0 ] || skip "only root makes mount namespaces"
	mkdir -p there own
	printf 'allow: {tcp: 1}\n' >there/p.yaml
	printf 'allow: {tcp: 2}\n' >own/p.yaml
	chmod 0755 there own
	mkfifo ready
	unshare -m --propagation private sh -c 'mount -t tmpfs none there && printf "allow: {tcp: 99}\n" >there/p.yaml && cd there && exec 7<p.yaml && echo ready >../ready && exec sleep 60' 3>&- &
	other=$!
	read -r -t 20 line <ready
	[ "$line" = ready ]
	for path in "/proc/$other/cwd/p.yaml" "/proc/$other/root$PWD/there/p.yaml" "/proc/$other/fd/7" "/proc/$other/root$PWD/own/p.yaml"; do
		run -2 --separate-stderr "$SOCKGATE" check -f "$path"
		[[ $stderr == *"error: $path: the symlink '/proc/$other/"*"' leads to another place than the '/"* ]]
		printf 'include: %s\n' "$path" >including.yaml
		run -2 "$SOCKGATE" check -f including.yaml
		[[ $output == *"leads to another place than"* ]]
	done
	kill "$other"
	for path in "/proc/$$/root$PWD/own/p.yaml" "/proc/self/cwd/own/p.yaml"; do
		run -0 "$SOCKGATE" check -f "$path"
	done
	exec 8<own
	run -0 "$SOCKGATE" check -f /proc/self/fd/8/p.yaml
}
