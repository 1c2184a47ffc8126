#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# --netns: by name, process id and path; what is none. And the SSH session that a program is run from.

load common
. "$BATS_TEST_DIRNAME/../lib/netns.sh"

teardown() {
	netns_cleanup
}

root() {
	[ "$(id -u)" -eq 0 ] || skip "only root makes network namespaces"
}

@test "what is no network namespace is refused, and never waited for" {
	root
	mkfifo fifo
	: >file
	run -3 timeout 5 "$SOCKGATE" --netns sgt-no-such-namespace listening
	[[ $output == *"/run/netns/sgt-no-such-namespace': No such file or directory" ]]
	run -3 timeout 5 "$SOCKGATE" --netns 2147483647 listening
	[[ $output == *"/proc/2147483647/ns/net"* ]]
	for name in ./fifo ./file "" . .. /proc/self/ns/uts; do
		run -2 timeout 5 "$SOCKGATE" --netns "$name" listening
		[[ $output == *"no network namespace"* || $output == *"no name of a network namespace"* ]]
	done
	run -3 --separate-stderr gate --netns sgt-no-such-namespace -j listening
	json '.error.kind == "system"'
}

@test "the sockets of the namespace are listed, by name, process id and path" {
	root
	netns_new NS
	mkfifo end
	ip netns exec "$NS" /usr/bin/python3 "$TOP/tests/lib/listen.py" tcp/0.0.0.0/22 tcp/::/8080 udp/127.0.0.1/53 \
		tcp/::1/631 <end >ready 3>&- &
	holder=$!
	exec 9>end
	for _ in $(seq 100); do
		grep -q ready ready && break
		sleep 0.05
	done
	for name in "$NS" "$holder" "/run/netns/$NS" "/proc/$holder/ns/net"; do
		run -0 gate --netns "$name" -j listening
		json '[.listeners[] | [.protocol, .address, .port]] == [["tcp", "0.0.0.0", 22], ["tcp", "::1", 631],
			["tcp", "::", 8080], ["udp", "127.0.0.1", 53]]'
	done
	json 'all(.listeners[]; .owner.process == "python3" and .owner.pid == '"$holder"' and .uid == 0)'
	json '[.listeners[].scope] == ["others", "loopback", "others", "loopback"]'
	json '.enforcing == false and .listeners[0].reach == {verdict: "accept", from: ["0.0.0.0/0"]}'
	json '.listeners[2].reach.from == ["0.0.0.0/0", "::/0"] and .listeners[1].reach == {verdict: "drop", from: []}'
	json '.listeners[0] | keys_unsorted[0:9] == ["protocol", "family", "address", "port", "v6only", "interface", "uid",
		"owner", "reach"]'
	run -0 gate --netns "$NS" listening
	[[ ${lines[0]} =~ ^PROTOCOL\ +ADDRESS\ +PORT\ +PROCESS\ +UNIT\ +REACHABLE\ FROM$ ]]
	[[ $output == *"*          8080  python3[$holder]"*"anywhere"* ]]
	[[ $output == *"not enforcing: no sockgate table in the kernel"* ]]
	exec 9>&-
	wait "$holder"
}

@test "the kernel's rules beside those of others are not called certain" {
	root
	netns_new NS
	web_policy
	run -0 gate --netns "$NS" -f policy.yaml apply -q
	run -0 gate --netns "$NS" explain 443/tcp --kernel --from 198.51.100.7
	[ "${lines[0]}" = "accept tcp 443 from 198.51.100.7, by the kernel's rules" ]
	run -0 gate --netns "$NS" -j explain 443/tcp --kernel --from 198.51.100.7
	json '.against == "kernel" and .verdict == "accept" and .because[0].table == "sockgate" and .because[0].family == "inet"'
	ip netns exec "$NS" nft add table ip other
	ip netns exec "$NS" nft add chain ip other input '{ type filter hook input priority 0; }'
	run -0 gate --netns "$NS" -j explain 443/tcp --kernel --from 198.51.100.7
	json '.verdict == "accept" and (has("not_reckoned_with") | not)'
	ip netns exec "$NS" nft add rule ip other input tcp dport 443 drop
	run -4 gate --netns "$NS" -j explain 443/tcp --kernel --from 198.51.100.7
	json '.verdict == "undecided" and .our_verdict == "accept" and .not_reckoned_with[0].table == "other"'
	run -4 gate --netns "$NS" explain 443/tcp --kernel --from 198.51.100.7
	[[ ${lines[0]} == "undecided tcp 443"* && $output == *"table ip other"* ]]
	run -0 gate --netns "$NS" -f policy.yaml status
	[[ ${lines[0]} == "enforcing policy.yaml (digest "* && $output == *"table ip other"* ]]
	run -0 gate --netns "$NS" -f policy.yaml -j status
	json '.enforcing and .kernel.loaded and .kernel.digest == .policy.digest and .kernel.policy == "policy.yaml"'
	json '.policy.name == "edge web server" and (.kernel.applied | test("^20..-..-..T..:..:..Z$"))'
	printf '# edited\n' >>policy.yaml
	run -0 gate --netns "$NS" -f policy.yaml status
	[[ $output == *"its meaning is the same"* ]]
	printf 'allow: {tcp: 22}\n' >policy.yaml
	run -1 gate --netns "$NS" -f policy.yaml status
	[[ ${lines[0]} == "enforcing policy.yaml as applied at "*" UTC; it was edited since: "*" changes not applied"* ]]
	printf 'allow: {tcp: 0}\n' >policy.yaml
	run -2 gate --netns "$NS" -f policy.yaml status
	[[ ${lines[0]} == "not known: "*"policy.yaml is not valid"* ]]
	run -3 gate --netns "$NS" -f missing.yaml status
	[[ ${lines[0]} == "not known: "*"No such file"* ]]
}

@test "an SSH session is found behind sudo, and its interface is the one that has the address" {
	root
	netns_new NS
	netns_new CLIENT
	netns_pair "$CLIENT" "$NS"
	printf 'allow:\n  tcp: [{port: 22, interface: eth0, from: 192.0.2.0/24}]\n' >policy.yaml
	# as sudo does: the variable is gone, the process above still has it
	behind_sudo() {
		env SSH_CONNECTION="$1" bash -c 'env -u SSH_CONNECTION "$@"; exit $?' - "$SOCKGATE" --netns "$NS" -f policy.yaml "${@:2}"
	}
	run -1 behind_sudo "192.0.2.1 40000 192.0.2.2 22" -j apply -n
	json '.connections_cut == []'
	run -1 --separate-stderr behind_sudo "192.0.2.1 40000 192.0.2.2 80" apply
	[[ $stderr == *"not applied: the SSH connection from 192.0.2.1 to 192.0.2.2 port 80 would be refused by default: drop"* ]]
	run -1 --separate-stderr behind_sudo "198.51.100.1 40000 192.0.2.2 22" -j apply
	json '.applied == false and (.connections_cut[0] | .session and .remote.address == "198.51.100.1"
		and .remote.port == 40000 and .local == {address: "192.0.2.2", port: 22} and .when == "reconnect" and .verdict == "drop")'
	run -1 behind_sudo "198.51.100.1 40000 192.0.2.2 22" -j diff
	json '.connections_cut | length == 1'
	run -1 ip netns exec "$NS" nft list table inet sockgate
	# an address that is not of this namespace is not judged by its rules; nonsense is no session
	for session in "192.0.2.1 40000 203.0.113.9 80" "nonsense" "192.0.2.1 1 192.0.2.2" "192.0.2.1 1 ::1 22"; do
		run -0 behind_sudo "$session" apply -q
	done
	run -0 behind_sudo "192.0.2.1 40000 192.0.2.2 22" apply -q
	run -0 behind_sudo "::ffff:192.0.2.1 40000 ::ffff:192.0.2.2 22" apply -q
	run -1 behind_sudo "::ffff:198.51.100.1 40000 ::ffff:192.0.2.2 22" apply -q
	run -0 behind_sudo "198.51.100.1 40000 192.0.2.2 22" apply -q --force
	# an address of lo is reached through other interfaces: `from` decides, not that lo is open
	ip -n "$NS" addr add 192.0.2.50/32 dev lo
	run -1 behind_sudo "198.51.100.1 40000 192.0.2.50 22" apply -q
}
