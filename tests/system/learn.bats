#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# learn: what is drafted from the sockets of a host, once applied to that host, is what verify wants.

load common

# hold WORD…: sockets, see learn_sockets.py, until the test ends.
hold() {
	local line
	coproc HELD { exec ip netns exec "$NS" /usr/bin/python3 "$TOP/tests/system/learn_sockets.py" "$@" 3>&-; }
	while read -r -t 30 -u "${HELD[0]}" line; do
		[ "$line" != ready ] || return 0
		LACKS+=" ${line#lacks }"
	done
	return 1
}

let_go() {
	local end=${HELD[1]} pid=$HELD_PID
	exec {end}>&-
	wait "$pid"
}

teardown() {
	[ -z "${HELD_PID:-}" ] || let_go
	netns_cleanup
}

# Two links to nowhere, with addresses of their own.
links() {
	local number=0 name
	for name in eth0 on; do
		ip -n "$NS" link add "$name" type veth peer name "peer$number"
		inside sysctl -qw "net.ipv6.conf.$name.accept_dad=0" "net.ipv6.conf.$name.addr_gen_mode=1"
		ip -n "$NS" link set "$name" up
		ip -n "$NS" link set "peer$number" up
		number=$((number + 1))
		ip -n "$NS" addr add "192.0.2.$number/24" dev "$name"
		ip -n "$NS" addr add "2001:db8::$number/64" dev "$name" nodad
		ip -n "$NS" addr add "fe80::$number/64" dev "$name" nodad
	done
}

# Drafts, checks, applies; the host must conform then, with nothing found but notes.
conforms() {
	gate learn >policy.yaml
	chmod 0644 policy.yaml
	cat policy.yaml
	run -0 gate -j check policy.yaml
	jq -e '.ok and all(.diagnostics[]; .severity != "error" and .id != "policy/no-effect")' <<<"$output"
	gate -f policy.yaml apply
	run -0 gate -f policy.yaml -j verify
	jq -e '.conforms and .kernel_equals_policy == "proven" and all(.findings[]; .severity == "note")' <<<"$output"
}

# says LINE…: lines of the draft, as they stand in it.
says() {
	local line
	for line; do
		grep -qxF -- "$line" policy.yaml || { echo "missing: $line"; return 1; }
	done
}

@test "sockets of every kind: the host conforms to its own draft" {
	links
	hold tcp/0.0.0.0/22 tcp/::/22,v6only tcp/::/80 tcp/0.0.0.0/81 tcp/::/82,v6only udp/::/53 tcp/::/53 \
		tcp/192.0.2.1/5432 tcp/192.0.2.2/5432 tcp/2001:db8::1/5432 tcp/::ffff:192.0.2.1/5433 \
		tcp/fe80::1%eth0/8443 udp/fe80::2%on/547 udp/0.0.0.0/67,dev=eth0 tcp/::/9001,dev=on tcp/0.0.0.0/9001,dev=eth0 \
		udp/0.0.0.0/5353 udp/192.0.2.1/5000 udp/::/40000 udp/0.0.0.0/40002,connect=192.0.2.9 udplite/::/5000 \
		tcp/127.0.0.1/25 tcp/::1/25 tcp/::ffff:127.0.0.1/26 udp/0.0.0.0/27,dev=lo tcp/192.0.2.2/80 \
		raw/0.0.0.0/89 raw/0.0.0.0/112 raw/::/112 raw/::/58 raw/0.0.0.0/6
	conforms
	says '    - port: [ssh, http]' '    - {port: 81, family: ipv4}' '    - {port: 82, family: ipv6}' '    - domain' \
		'    - {port: postgresql, to: [192.0.2.2, 2001:db8::1]}' '    - {port: pcsync-https, to: fe80::1, interface: eth0}' \
		'    - {port: dhcpv6-server, to: fe80::2, interface: "on"}' '    - {port: bootps, interface: eth0, family: ipv4}' \
		'    - {port: 9001, interface: "on"}' '    - {port: 9001, interface: eth0, family: ipv4}' \
		'    - {port: mdns, family: ipv4}' '    # - 40000' '  vrrp:' '    - {family: ipv4}' \
		'#   4 on loopback, for this host alone' '#   1 connected, for one peer alone'
	[[ $LACKS == *udplite* ]] || says '  udplite:' '    - 5000'
	run -1 grep -nE '\b(25|26|27|40002)\b' policy.yaml
	# the resolver's port is not allowed, and only noted
	run -1 gate -f policy.yaml explain 40000/udp
	run -0 gate -f policy.yaml -j verify
	jq -e '[.findings[] | .id] | unique == ["listener/undeclared"]' <<<"$output"
	# taken out of its comment it is
	sed -i 's/^    # - 40000$/    - 40000/' policy.yaml
	gate -f policy.yaml apply
	run -0 gate -f policy.yaml -j verify
	jq -e '.findings == []' <<<"$output"
	run -0 gate -f policy.yaml explain 40000/udp
}

@test "as JSON every socket is in one list or in the other" {
	links
	hold tcp/::/22 tcp/127.0.0.1/25 udp/::/40000 udp/0.0.0.0/40002,connect=192.0.2.9 raw/::/58 raw/0.0.0.0/6
	run -0 gate -j learn
	jq -e '[.listeners[].port] == [22]' <<<"$output"
	jq -e '[.left_out[].reason] | sort == ["baseline", "connected", "ephemeral", "loopback", "raw"]' <<<"$output"
	jq -e '.left_out[] | select(.reason == "ephemeral") | .protocol == "udp" and .port == 40000' <<<"$output"
	jq -e '.listeners[0] | .owner.process == "python3" and .family == "ipv6" and .v6only == false' <<<"$output"
}

@test "many ports become ranges only where they are neighbours" {
	links
	hold tcp/0.0.0.0/8000-8099 tcp/::/20000-20499,v6only udp/0.0.0.0/6000-6099 tcp/192.0.2.1/30000
	conforms
	says '    - {port: 8000-8099, family: ipv4}' '    - {port: 20000-20499, family: ipv6}' \
		'    - {port: 6000-6099, family: ipv4}' '    - {port: 30000, to: 192.0.2.1}'
	run -1 gate -f policy.yaml explain 8100/tcp
	[ "$(gate -f policy.yaml -j explain 8100/tcp | jq -r .verdict)" = drop ]
}

@test "whatever processes are called, the draft stays what it is" {
	hold 'tcp/::/7001,name="#: [' 'tcp/::/7002,name=\x0aallow: b' 'tcp/::/7003,name=\xff\xfe\xc0\xaf' \
		'tcp/::/7004,name=- {port: 1}' 'tcp/::/7005,name=\xe2\x80\xae' 'tcp/::/7006,name=a\x0d\x0ab\x09c\x1b[1m' \
		"tcp/::/7007,name='" 'tcp/::/7008,name=caf\xc3\xa9'
	conforms
	[ "$(grep -c '^    - ' policy.yaml)" -eq 8 ]
	says '    # process "#: [' '    # process \x0aallow: b' '    # process \xff\xfe\xc0\xaf' '    # process - {port: 1}' \
		'    # process \xe2\x80\xae' '    # process a\x0d\x0ab\x09c\x1b[1m' "    # process '" '    # process café'
	run -0 gate -j learn
	jq -e '.listeners | length == 8' <<<"$output"
}

@test "whatever interfaces are called: a line, or none where no policy can hold the name" {
	local number=0 name
	for name in 'y"#' 'null' 'a*' '[b{}]' $'c\xff' 'eth+'; do
		ip -n "$NS" link add "$name" type veth peer name "peer$number"
		number=$((number + 1))
	done
	hold 'tcp/::/7011,dev=y"#' 'tcp/::/7012,dev=null' 'tcp/::/7013,dev=a*' 'tcp/::/7014,dev=[b{}]' $'tcp/::/7015,dev=c\xff' tcp/::/7016,dev=eth+
	conforms
	says '    - {port: 7011, interface: "y\"#"}' '    - {port: 7012, interface: "null"}' \
		'#   4 bound to an interface that is gone, or that no policy can name'
	run -1 grep -nE '701[3456]' policy.yaml
}

@test "a socket whose interface went away gets no line" {
	ip -n "$NS" link add gone type veth peer name other
	hold tcp/::/7011,dev=gone tcp/::/7012
	ip -n "$NS" link del gone
	conforms
	says '    - 7012' '#   1 bound to an interface that is gone, or that no policy can name'
	run -1 grep -n 7011 policy.yaml
}

@test "the ports that the namespace hands out are its own" {
	hold udp/::/7011 udp/::/40000
	inside sysctl -qw net.ipv4.ip_local_port_range='7000 7999'
	conforms
	says '    - 40000' '    # - 7011'
	# also when the namespace is only named
	"$SOCKGATE" --netns "$NS" learn >named.yaml
	cmp <(grep -v '^#' policy.yaml) <(grep -v '^#' named.yaml)
}

@test "a host on which nothing listens" {
	conforms
	[ "$(grep -v '^#' policy.yaml | tr -d '\n')" = 'default: drop' ]
}
