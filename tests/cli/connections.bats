#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The live connections that a policy would cut off: told by diff and apply, and true.

load common
. "$BATS_TEST_DIRNAME/../lib/netns.sh"

teardown() {
	[ -z "${HOLDER:-}" ] || { exec 8>&- 9<&-; wait "$HOLDER"; } || true
	netns_cleanup
}

# Connections of a host (NS, eth0 192.0.2.2) with another one (PEER, 192.0.2.1): hold NAME=in|out/TO/PORT[/LISTEN]…
hold() {
	[ "$(id -u)" -eq 0 ] || skip "only root makes network namespaces"
	netns_new NS
	netns_new PEER
	netns_pair "$PEER" "$NS"
	mkfifo orders answers
	/usr/bin/python3 "$TOP/tests/lib/connections.py" "$NS" "$PEER" "$@" <orders >answers 2>errors 3>&- &
	HOLDER=$!
	exec 8>orders 9<answers
	read -r -t 20 -u 9 line && [ "$line" = ready ] || { cat errors; return 1; }
}

# say "there web": the holder's answer is put into $said.
say() {
	echo "$1" >&8
	read -r -t 10 -u 9 said
}

# cuts [FILTER]: what apply --dry-run tells of the connections
cuts() {
	run -1 gate --netns "$NS" -f "$1" -j apply --dry-run
	jq -c '.connections_cut[] | [.direction, .local.port, .remote.port, .when, .verdict, (.because[0] | .line, .rule)]' <<<"$output" |
		sed -E 's/,[0-9]{5},/,*,/' >got
}

@test "before the kernel tracks connections, one that is not allowed ends with the other side's next packet" {
	hold ssh=in/192.0.2.2/22/0.0.0.0 web=in/192.0.2.2/80 old=in/192.0.2.2/8080/:: mail=out/192.0.2.1/25 inner=in/192.0.2.2/80
	printf 'allow:\n  tcp: [22, 443]\nblock:\n  tcp: 80\n' >policy.yaml
	cuts policy.yaml
	cat >expected <<-'END'
		["in",80,*,"next_packet","drop",4,"block.tcp"]
		["in",80,*,"next_packet","drop",4,"block.tcp"]
		["in",8080,*,"next_packet","drop",null,"default"]
		["out",*,25,"next_packet","drop",null,"default"]
	END
	diff expected got
	json '.connections_cut[0] | .protocol == "tcp" and .local == {address: "192.0.2.2", port: 80} and .remote.address == "192.0.2.1"
		and .interface == null and .owner.process == "python3" and .owner.pid == '"$HOLDER"' and .session == false'
	run -1 gate --netns "$NS" -f policy.yaml diff
	grep -A99 '^connections cut' <<<"$output" | head -n 7 >got
	cat >expected <<-END
		connections cut:      2 to tcp 80 as soon as the other side sends, by policy.yaml:4 block.tcp
		                        from 192.0.2.1 (2), held by python3[$HOLDER]
		                      1 to tcp 8080 as soon as the other side sends, by default: drop
		                        from 192.0.2.1, held by python3[$HOLDER]
		                      1 outbound to tcp 25 as soon as the other side sends, by default: drop
		                        to 192.0.2.1, held by python3[$HOLDER]
		                      (the kernel tracks no connections yet; one lives on if this host sends first)
	END
	diff expected got
	run -0 --separate-stderr gate --netns "$NS" -f policy.yaml apply -q
	[ -z "$output" ]
	[[ $stderr == "sockgate: warning: cuts off 4 connections"* ]]
	say "there ssh"; [ "$said" = "ssh alive" ]
	say "there web"; [ "$said" = "web dead" ]
	say "there old"; [ "$said" = "old dead" ]
	say "there mail"; [ "$said" = "mail dead" ]
	say "here inner"; [ "$said" = "inner alive" ]
	say "again web"; [ "$said" = "web shut" ]
	say "again ssh"; [ "$said" = "ssh open" ]
}

@test "a tracked connection lives on and cannot come again; without baseline.established it ends at once" {
	hold ssh=in/192.0.2.2/22/:: web=in/192.0.2.2/80 mail=out/192.0.2.1/25 six=in/2001:db8::2/22/::
	printf 'allow:\n  tcp: [22, 80]\n' >open.yaml
	printf 'allow:\n  tcp: [{port: 22, from: 192.0.2.0/24}]\n' >closed.yaml
	printf 'allow:\n  tcp: [22, 443]\nbaseline: {established: false}\n' >cut.yaml
	run -0 gate --netns "$NS" -f open.yaml apply -q
	for name in ssh web mail six; do say "here $name"; [ "$said" = "$name alive" ]; done
	cuts closed.yaml
	cat >expected <<-'END'
		["in",22,*,"reconnect","drop",null,"default"]
		["in",80,*,"reconnect","drop",null,"default"]
	END
	diff expected got
	run -0 --separate-stderr gate --netns "$NS" -f closed.yaml apply
	[ "$stderr" = "sockgate: warning: cuts off 2 connections when they reconnect (--verbose lists them)
sockgate: warning: SSH sessions among them: 1; whether this runs in one is not known" ]
	for name in ssh web mail six; do say "there $name"; [ "$said" = "$name alive" ]; done
	say "again web"; [ "$said" = "web shut" ]
	say "again six"; [ "$said" = "six shut" ]
	say "again ssh"; [ "$said" = "ssh open" ]
	# what is refused already is not cut off again
	run -0 --separate-stderr gate --netns "$NS" -f closed.yaml apply
	[ -z "$stderr" ]
	cuts cut.yaml
	cat >expected <<-'END'
		["in",80,*,"at_once","drop",null,"default"]
		["out",*,25,"at_once","drop",null,"default"]
	END
	diff expected got
	run -0 --separate-stderr gate --netns "$NS" -f cut.yaml apply -v
	[[ $stderr == "sockgate: warning: cuts off 2 connections at once"$'\n'"connections cut:      1 to tcp 80 at once, by default: drop"* ]]
	say "there web"; [ "$said" = "web dead" ]
	say "there mail"; [ "$said" = "mail dead" ]
	say "there ssh"; [ "$said" = "ssh alive" ]
}

@test "the session that asks is told apart, and refused for; the rest are counted" {
	hold ssh=in/192.0.2.2/22/0.0.0.0 web=in/192.0.2.2/80
	printf 'allow: {tcp: 443}\n' >policy.yaml
	port=$(ip netns exec "$NS" ss -Htn state established sport = 22 | sed -E 's/.*:([0-9]+) *$/\1/')
	export SSH_CONNECTION="192.0.2.1 $port 192.0.2.2 22"
	run -1 gate --netns "$NS" -f policy.yaml -j diff
	json '[.connections_cut[] | [.session, .local.port, .remote.port == '"$port"', .owner.process]]
		== [[true, 22, true, "python3"], [false, 80, false, "python3"]]'
	run -1 gate --netns "$NS" -f policy.yaml diff
	[[ $output == *"would be cut off:     the SSH connection from 192.0.2.1 to 192.0.2.2 port 22 would be refused by default: drop"* ]]
	[[ $output == *"connections cut:      1 to tcp 80 "* ]]
	run -1 --separate-stderr gate --netns "$NS" -f policy.yaml apply
	[[ $stderr == *"not applied: the SSH connection from 192.0.2.1"* && -z $output ]]
	run -1 ip netns exec "$NS" nft list table inet sockgate
	run -0 --separate-stderr gate --netns "$NS" -f policy.yaml -j apply --force
	[[ $stderr == *"warning: the SSH connection from 192.0.2.1 to 192.0.2.2 port 22 would be refused by default: drop"* ]]
	[[ $stderr == *"warning: cuts off 1 connection as soon as the other side sends"* && $stderr != *"whether this runs"* ]]
	json '.applied and [.connections_cut[].session] == [true, false]'
}

@test "one end of a connection inside of the host is not judged, nor a policy that lets all come again" {
	hold inner=in/192.0.2.2/80
	ip netns exec "$NS" /usr/bin/python3 -c '
import socket, sys
a = socket.create_server(("192.0.2.2", 5432)); b = socket.create_connection(("192.0.2.2", 5432)); c = a.accept()
d = socket.create_server(("127.0.0.1", 5433)); e = socket.create_connection(("127.0.0.1", 5433)); f = d.accept()
print("ready", flush=True); sys.stdin.read()' <orders >ready 3>&- 8>&- 9<&- &
	inside=$!
	for _ in $(seq 100); do grep -q ready ready && break; sleep 0.05; done
	printf 'allow: {tcp: [22, 80]}\n' >policy.yaml
	run -1 gate --netns "$NS" -f policy.yaml -j diff
	json '.connections_cut == []'
	run -0 --separate-stderr gate --netns "$NS" -f policy.yaml -j apply
	json '.connections_cut == []'
	[ -z "$stderr" ]
	exec 8>&-
	wait "$inside"
}

@test "long lists are folded, and not with --all" {
	hold $(for i in $(seq 12); do echo "c$i=in/192.0.2.2/$((8000 + i))"; done)
	printf 'allow: {tcp: 22}\n' >policy.yaml
	run -1 gate --netns "$NS" -f policy.yaml diff
	[[ $output == *"… and 2 more (--all shows them)"* && $output != *"tcp 8011"* ]]
	run -1 gate --netns "$NS" -f policy.yaml --all diff
	[ "$(grep -c "from 192.0.2.1 port [0-9]* to 192.0.2.2 port 80.., held by python3\[$HOLDER\]" <<<"$output")" -eq 12 ]
	run -1 gate --netns "$NS" -f policy.yaml -j diff
	json '.connections_cut | length == 12'
}
