#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Nobody is locked out by apply: sessions by real sockets and processes, and the rules that let them in or do not.

load common
. "$BATS_TEST_DIRNAME/../lib/netns.sh"

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	[ "$(id -u)" -eq 0 ] || skip "only root makes network namespaces"
	netns_new NS
	netns_new PEER
	netns_pair "$PEER" "$NS"
	ip -n "$PEER" addr add 192.0.2.9/24 dev out0
	printf 'allow: {tcp: [22, 80, 2222], udp: [60001]}\n' >open.yaml
	printf 'allow: {tcp: 80}\n' >closed.yaml
	printf 'allow: {tcp: [80, {port: 22, from: 192.0.2.9}]}\n' >office.yaml
	ip netns exec "$NS" "$SOCKGATE" -f open.yaml apply -q
}

teardown() {
	netns_cleanup
}

# login CODE [OPTION…] -- ARGUMENT…: the program in a session, with this exit code
login() {
	local code=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	run -"$code" --separate-stderr timeout 60 /usr/bin/python3 "$TOP/tests/lib/logins.py" "$NS" "$PEER" "${options[@]}" -- "$SOCKGATE" "${@:2}"
}

is_open() {
	ip netns exec "$NS" "$SOCKGATE" -f open.yaml diff -q
}

@test "the session is found by the process above that holds it, whatever the environment says" {
	for variable in - "192.0.2.9 5555 192.0.2.2 22" nonsense; do
		login 1 --from 192.0.2.1 --variable "$variable" -- -f office.yaml apply
		[ "$stderr" = "sockgate: error: not applied: the SSH connection from 192.0.2.1 to 192.0.2.2 port 22 would be refused by default: drop
(office.yaml:1 allow.tcp[1] allows port 22, but not from 192.0.2.1: add it to its 'from', or give --force)" ]
		is_open
	done
	login 1 --port 2222 --variable - -- -f closed.yaml apply
	[[ $stderr == *" to 192.0.2.2 port 2222 would be refused by default: drop"$'\n'"(allow port 2222 in the policy, or give --force)" ]]
	login 1 --to 2001:db8::2 --variable - -- -f closed.yaml -j apply
	json '.applied == false and (.connections_cut[0] | .session and .session_certain and .remote.address == "2001:db8::1"
		and .owner.process == "sshd-session")'
	# … and only that: another's session is no reason to refuse
	login 0 --from 192.0.2.9 --other 192.0.2.1 -- -f office.yaml apply
	[[ $stderr == "sockgate: warning: cuts off 1 connection when it reconnects"* ]]
}

@test "without a session above, all that may be the caller's are judged when an environment speaks of one" {
	ended="192.0.2.9 5555 192.0.2.2 22"
	login 1 --how orphan --from 192.0.2.1 --variable "$ended" -- -f office.yaml apply
	[[ $stderr == *"the SSH connection from 192.0.2.1 to 192.0.2.2 port 22 would be refused by default: drop, and may be yours"* ]]
	is_open
	login 0 --how orphan --from 192.0.2.9 --variable "$ended" -- -f office.yaml apply
	[ -z "$stderr" ]
	ip netns exec "$NS" "$SOCKGATE" -f open.yaml apply -q
	# a live one may be another's, too: tmux is attached to from elsewhere
	login 1 --how orphan --from 192.0.2.9 --other 192.0.2.1 -- -f office.yaml apply
	[[ $stderr == *"the SSH connection from 192.0.2.1 "*", and may be yours: which of 2 sessions is yours is not known"* ]]
	login 1 --how orphan --from 192.0.2.9 --other 192.0.2.1 -- -f office.yaml -j apply
	json '.connections_cut[0] | .session and .session_certain == false'
	# other ports than 22, by the variable and by who listens
	login 1 --how orphan --port 2222 --variable "192.0.2.9 5555 192.0.2.2 2222" -- -f closed.yaml apply
	[[ $stderr == *" port 2222 would be refused by default: drop, and may be yours"* ]]
	login 1 --how orphan --port 2222 --variable "$ended" -- -f closed.yaml apply
	[[ $stderr == *" port 2222 would be refused by default: drop, and may be yours"* ]]
	is_open
	login 0 --how orphan --variable "$ended" -- -f closed.yaml apply --force
	[[ $stderr == *"warning: the SSH connection from 192.0.2."*" would be refused by default: drop, and may be yours"* ]]
}

@test "an inner session is followed to the outer one" {
	login 1 --how inner --from 192.0.2.1 -- -f office.yaml apply
	[[ $stderr == *"the SSH connection from 192.0.2.1 to 192.0.2.2 port 22 would be refused by default: drop"$'\n'* ]]
	login 0 --how inner --from 192.0.2.9 --other 192.0.2.1 -- -f office.yaml apply
	ip netns exec "$NS" "$SOCKGATE" -f open.yaml apply -q
	printf 'baseline: {loopback: false}\nallow: {tcp: [{port: 22, from: 192.0.2.0/24}]}\n' >inner.yaml
	login 1 --how inner -- -f inner.yaml apply
	[[ $stderr == *"the SSH connection from 127.0.0.1 to 127.0.0.1 port 22 would be refused by default: drop"* ]]
	# one that ended: whose it was is not known
	login 1 --how orphan --from 192.0.2.1 --variable "127.0.0.1 5555 127.0.0.1 22" -- -f office.yaml apply
	[[ $stderr == *"the SSH connection from 192.0.2.1 "*", and may be yours"* ]]
	is_open
}

@test "local routes for all addresses, as transparent proxies have them, make no session an inner one" {
	for family in -4 -6; do
		ip "$family" -n "$NS" route add local default dev lo table 100
		ip "$family" -n "$NS" rule add fwmark 1 lookup 100
	done
	printf 'allow: {tcp: [{port: 22, from: 192.0.2.9}]}\nbaseline: {established: false}\n' >cut.yaml
	login 1 --how none --other 192.0.2.1 -- -f cut.yaml apply
	[[ $stderr == *"not applied: 1 SSH session would be cut off"* ]]
	login 1 --how none --other 192.0.2.1 -- -f office.yaml -j diff
	json '[.connections_cut[] | [.remote.address, .when]] == [["192.0.2.1", "reconnect"]]'
	login 1 --from 192.0.2.1 -- -f office.yaml apply
	[[ $stderr == *"from 192.0.2.1 to 192.0.2.2 port 22 would be refused by default: drop"$'\n'* ]]
	is_open
	# … nor another's session the caller's
	login 0 --from 192.0.2.9 --other 192.0.2.1 -- -f office.yaml apply
	[[ $stderr == "sockgate: warning: cuts off 1 connection when it reconnects"* ]]
}

@test "a session that came by an address of a local route alone, and one of another namespace" {
	ip -n "$NS" route add local 203.0.113.0/24 dev lo
	ip -n "$PEER" route add 203.0.113.0/24 via 192.0.2.2
	login 1 --to 203.0.113.77 -- -f closed.yaml apply
	[[ $stderr == *"from 192.0.2.1 to 203.0.113.77 port 22 would be refused by default: drop"* ]]
	run -1 --separate-stderr env SSH_CONNECTION="192.0.2.1 5555 203.0.113.78 22" ip netns exec "$NS" "$SOCKGATE" -f closed.yaml apply
	[[ $stderr == *" to 203.0.113.78 port 22 would be refused"* ]]
	is_open
	run -0 env SSH_CONNECTION="192.0.2.1 5555 198.51.100.78 22" ip netns exec "$NS" "$SOCKGATE" -f closed.yaml apply -q
}

@test "a session to a container's server is judged as what comes to the published port" {
	netns_new INNER
	ip -n "$INNER" link add k0 type veth peer name d0 netns "$NS"
	ip -n "$INNER" addr add 10.9.0.2/24 dev k0
	ip -n "$INNER" link set k0 up
	ip -n "$NS" addr add 10.9.0.1/24 dev d0
	ip -n "$NS" link set d0 up
	ip -n "$INNER" route add default via 10.9.0.1
	ip netns exec "$NS" sysctl -qw net.ipv4.ip_forward=1
	ip netns exec "$NS" nft 'table ip published { chain in { type nat hook prerouting priority -100; tcp dport 2022 dnat to 10.9.0.2:22; }; }'
	printf 'allow: {tcp: [22, 80, 2022]}\n' >published.yaml
	printf 'allow: {tcp: [22, {port: 2022, from: 192.0.2.9}]}\n' >some.yaml
	printf 'allow: {tcp: 22}\npublished: ignore\n' >ignored.yaml
	ip netns exec "$NS" "$SOCKGATE" -f published.yaml apply -q
	cat >container.py <<-'END'
		import ctypes, os, socket, subprocess, sys
		host, there, inner, source, *command = sys.argv[1:]
		def enter(netns):
		    with open("/run/netns/" + netns) as place:
		        assert ctypes.CDLL(None).setns(place.fileno(), 0x40000000) == 0
		enter(inner)
		listener = socket.create_server(("10.9.0.2", 22))
		enter(there)
		client = socket.create_connection(("192.0.2.2", 2022), timeout=15, source_address=(source, 0))
		held, peer = listener.accept()
		enter(host)
		os.environ["SSH_CONNECTION"] = f"{peer[0]} {peer[1]} 10.9.0.2 22"
		sys.exit(subprocess.run(command).returncode)
	END
	enter() {
		local code=$1
		run -"$code" --separate-stderr timeout 60 /usr/bin/python3 container.py "$NS" "$PEER" "$INNER" "${@:2}"
	}
	enter 1 192.0.2.1 "$SOCKGATE" -f closed.yaml apply
	[[ $stderr == *"not applied: the SSH connection from 192.0.2.1 to 192.0.2.2 port 2022 would be refused by default: drop"* ]]
	enter 1 192.0.2.1 "$SOCKGATE" -f some.yaml apply
	[[ $stderr == *"from 192.0.2.1 to 192.0.2.2 port 2022 would be refused by default: drop"*"allows port 2022, but not from 192.0.2.1"* ]]
	ip netns exec "$NS" "$SOCKGATE" -f published.yaml diff -q
	enter 0 192.0.2.9 "$SOCKGATE" -f some.yaml apply
	enter 0 192.0.2.9 "$SOCKGATE" -f ignored.yaml apply
}

@test "packets are taken to come by the way of the replies, and it is said where that decides" {
	ip -n "$NS" link add d0 type veth peer name d1
	ip -n "$NS" addr add 198.51.100.1/32 dev d0
	ip -n "$NS" link set d1 up
	ip -n "$NS" link set d0 up
	ip -n "$PEER" route add 198.51.100.1 via 192.0.2.2
	printf 'allow: {tcp: [{port: 22, interface: d0}]}\n' >d0.yaml
	printf 'allow: {tcp: [{port: 22, interface: eth0}]}\n' >eth0.yaml
	login 1 --to 198.51.100.1 -- -f d0.yaml apply
	[[ $stderr == *"would be refused by default: drop, if its packets come in by eth0, by which the replies leave; by d0 they would be accepted"* ]]
	[[ $stderr == *"(d0.yaml:1 allow.tcp[0] allows port 22, but not by eth0: add eth0 to its 'interface', or give --force)"* ]]
	login 0 --to 198.51.100.1 -- -f eth0.yaml apply
	[[ $stderr == *"warning: the SSH connection from 192.0.2.1 to 198.51.100.1 port 22 stays if its packets come in by eth0, by which the replies leave; by d"* ]]
}

@test "a session over IPv6 needs neighbour discovery" {
	printf 'allow: {tcp: 22}\nbaseline: {neighbour-discovery: false}\n' >off.yaml
	printf 'allow: {tcp: 22, icmp: [nd-neighbor-solicit, nd-neighbor-advert]}\nbaseline: {neighbour-discovery: false}\n' >by-hand.yaml
	printf 'allow: {tcp: 22}\noutbound: {default: drop}\nbaseline: {neighbour-discovery: false}\n' >out.yaml
	login 1 --to 2001:db8::2 -- -f off.yaml apply
	[[ $stderr == *"the SSH connection from 2001:db8::1 to 2001:db8::2 port 22 would end within minutes: IPv6 neighbour solicitations that come in would be refused by default: drop"* ]]
	[[ $stderr == *"'neighbour-discovery'"* ]]
	# over link-local addresses, live or by name alone
	near=$(ip -n "$PEER" -6 -o addr show dev out0 scope link | awk '{sub("/.*", "", $4); print $4; exit}')
	own=$(ip -n "$NS" -6 -o addr show dev eth0 scope link | awk '{sub("/.*", "", $4); print $4; exit}')
	run -1 --separate-stderr env SSH_CONNECTION="$near%eth0 5555 $own%eth0 22" ip netns exec "$NS" "$SOCKGATE" -f off.yaml apply
	[[ $stderr == *"the SSH connection from fe80::"*" would end within minutes"* ]]
	# by a router, whose link address has to be found as well
	ip -n "$NS" route add 2001:db8:7::/48 via fe80::1 dev eth0
	ip -n "$PEER" addr add fe80::1/64 dev out0 nodad
	ip -n "$PEER" addr add 2001:db8:7::7/128 dev out0 nodad
	login 1 --to 2001:db8::2 --from 2001:db8:7::7 -- -f off.yaml apply
	[[ $stderr == *"from 2001:db8:7::7 to 2001:db8::2 port 22 would end within minutes"* ]]
	login 1 --to 2001:db8::2 -- -f out.yaml apply
	is_open
	login 0 --to 2001:db8::2 -- -f by-hand.yaml apply -q
	ip netns exec "$NS" "$SOCKGATE" -f open.yaml apply -q
	login 0 -- -f off.yaml apply
	# a link without link addresses has no neighbours to discover
	ip netns exec "$NS" "$SOCKGATE" -f open.yaml apply -q
	ip -n "$NS" link set eth0 address 02:00:00:00:00:01 arp off
	ip -n "$PEER" link set out0 address 02:00:00:00:00:01 arp off
	login 0 --to 2001:db8::2 -- -f off.yaml apply
}

@test "mosh is the caller's session when its server is above" {
	login 1 --how mosh -- -f closed.yaml apply
	[[ $stderr == *"the mosh session from 192.0.2.1 to 192.0.2.2 UDP port 60001 would be refused by default: drop"$'\n'"(allow UDP port 60001 in the policy, or give --force)" ]]
	printf 'allow: {tcp: 22}\n' >tcp.yaml
	login 1 --how mosh -- -f tcp.yaml -j apply
	json '.connections_cut[0] | .session and .protocol == "udp" and .local.port == 60001'
	is_open
	printf 'allow: {udp: 60000-61000}\n' >udp.yaml
	login 0 --how mosh -- -f udp.yaml apply
	ip netns exec "$NS" "$SOCKGATE" -f open.yaml apply -q
	# without its start's address it may be anywhere
	printf 'allow: {tcp: 22, udp: [{port: 60001, from: 192.0.2.0/24}]}\n' >some.yaml
	login 1 --how mosh --variable - -- -f some.yaml apply
	[[ $stderr == *"the mosh session to 192.0.2.2 UDP port 60001 would be refused"*"where you are is not known"* ]]
	login 0 --how mosh -- -f some.yaml apply
}

@test "where nobody is known to ask, a policy that refuses every new SSH connection is refused, and asked about at a terminal" {
	login 1 --how none -- -f closed.yaml apply
	[ "$stderr" = "sockgate: error: not applied: every new SSH connection (port 22 of sshd) would be refused, and it is not known that you can log in otherwise
(allow SSH in the policy, or give --force)" ]
	login 1 --how none --port 2222 -- -f closed.yaml apply -q
	[[ $stderr == *"(port 2222 of sshd)"* ]]
	is_open
	login 1 --how none -- -f closed.yaml -j apply
	json '.applied == false and .connections_cut == []'
	# some can log in still
	login 0 --how none -- -f office.yaml apply
	ip netns exec "$NS" "$SOCKGATE" -f open.yaml apply -q
	login 0 --how none -- -f closed.yaml apply --boot
	[ -z "$stderr" ]
	# nobody could before: that is no loss
	login 0 --how none -- -f closed.yaml apply
	ip netns exec "$NS" "$SOCKGATE" -f open.yaml apply -q
	login 0 --how none -- -f closed.yaml apply --force
	[[ $stderr == *"warning: every new SSH connection (port 22 of sshd) would be refused"* ]]
	ip netns exec "$NS" "$SOCKGATE" -f open.yaml apply -q
	at_terminal() {
		run -"$1" /usr/bin/python3 "$TOP/tests/lib/logins.py" "$NS" "$PEER" --how none -- /usr/bin/python3 "$TOP/tests/lib/terminal.py" "$2" "$SOCKGATE" -f closed.yaml apply
	}
	at_terminal 1 n
	[[ $output == *"with this policy every new SSH connection (port 22 of sshd) would be refused. Apply it anyway? [y/N] "*"nothing was changed"* ]]
	at_terminal 1 ""
	is_open
	at_terminal 0 y
	[[ $output == *"applied and proven"* ]]
}

@test "where nobody is known to ask, others' sessions that end at once are refused for" {
	printf 'allow: {tcp: [{port: 22, from: 192.0.2.9}]}\nbaseline: {established: false}\n' >cut.yaml
	login 1 --how none --other 192.0.2.1 -- -f cut.yaml apply
	[[ $stderr == *"not applied: 1 SSH session would be cut off"* ]]
	is_open
	login 0 --how none --other 192.0.2.9 -- -f cut.yaml apply
	ip netns exec "$NS" "$SOCKGATE" -f open.yaml apply -q
	# without neighbour discovery one over IPv6 ends, too
	printf 'allow: {tcp: 22}\nbaseline: {neighbour-discovery: false}\n' >off.yaml
	login 1 --how none --to 2001:db8::2 --other 2001:db8::1 -- -f off.yaml apply
	[[ $stderr == *"not applied: 1 SSH session would be cut off"* ]]
	is_open
	login 0 --how none --to 2001:db8::2 --other 2001:db8::1 -- -f off.yaml apply --force
	login 0 --how none --other 192.0.2.1 -- -f off.yaml apply
}

@test "a session that stays is told of limits and dates that keep a new one out" {
	printf 'allow: {tcp: [{port: 22, limit: 1/hour per source}]}\n' >limit.yaml
	printf 'allow: {tcp: [{port: 22, connections: 1 per source}]}\n' >one.yaml
	printf 'allow: {tcp: [{port: 22, until: %s}]}\n' "$(date -u -d '+2 hours' +%Y-%m-%dT%H:%MZ)" >date.yaml
	login 0 -- -f limit.yaml apply
	[[ $stderr == *"a new SSH connection like yours may be refused: limit.yaml:1 allow.tcp[0] takes 1 in 60 minutes from one address"* ]]
	login 0 -- -f one.yaml apply
	[[ $stderr == *"one.yaml:1 allow.tcp[0] takes 1 at once from one address"* ]]
	login 0 -- -f date.yaml apply
	[[ $stderr == *"allowed until 20"*" only, by date.yaml:1 allow.tcp[0]"* ]]
}

@test "established UDP sessions that are cut off are named" {
	printf 'allow: {tcp: 22}\n' >tcp.yaml
	printf 'allow: {tcp: 22, udp: [{port: 60001, from: 192.0.2.1}]}\n' >udp.yaml
	printf 'allow: {tcp: 22}\nbaseline: {established: false}\n' >cut.yaml
	mkfifo orders
	/usr/bin/python3 "$TOP/tests/lib/datagrams.py" "$NS" "$PEER" 192.0.2.2 60001 <orders 3>&- &
	talking=$!
	exec 8>orders
	# conntrack knows it for one that lives on when both sides went on for a while
	for _ in $(seq 200); do
		ip netns exec "$NS" conntrack -L -p udp 2>/dev/null | grep -q 'dport=60001.*ASSURED' && break
		sleep 0.1
	done
	run -1 gate --netns "$NS" -f tcp.yaml -j diff
	json '[.connections_cut[] | [.protocol, .direction, .local.port, .remote.address, .when, .owner.process]]
		== [["udp", "in", 60001, "192.0.2.1", "reconnect", "mosh-server"]]'
	run -1 gate --netns "$NS" -f cut.yaml diff
	[[ $output == *"1 to udp 60001 at once, by default: drop"*"from 192.0.2.1, held by mosh-server"* ]]
	run -1 gate --netns "$NS" -f udp.yaml -j diff
	json '.connections_cut == []'
	run -0 --separate-stderr gate --netns "$NS" -f tcp.yaml apply
	[[ $stderr == "sockgate: warning: cuts off 1 connection when it reconnects (--verbose lists them)"* ]]
	ip netns exec "$NS" "$SOCKGATE" -f open.yaml apply -q
	# a mosh session of somebody else that ends at once is refused for, as one of SSH
	run -1 --separate-stderr ip netns exec "$NS" "$SOCKGATE" -f cut.yaml apply
	[[ $stderr == *"1 SSH session would be cut off"* ]]
	# before the kernel tracks anything, nothing tells who is there
	ip netns exec "$NS" nft flush ruleset
	ip netns exec "$NS" conntrack -F
	run -0 --separate-stderr gate --netns "$NS" -f tcp.yaml apply
	[[ $stderr == *"cuts off whoever uses UDP port 60001 (mosh-server), as soon as the other side sends"* ]]
	exec 8>&-
	wait "$talking"
}

@test "every port to log in at is named, though one begins with the digits of another" {
	ip netns exec "$NS" nft flush ruleset # everyone may come in now
	ln -s /usr/bin/python3 sshd
	# whatever order the kernel lists them in, one that begins with 3000 comes before 3000
	ip netns exec "$NS" ./sshd "$TOP/tests/boot/listen.py" "$PWD/listening" 3000 3000{0..9} 3>&- &
	listening=$!
	for _ in $(seq 200); do
		[ -e listening ] && break
		sleep 0.05
	done
	login 1 --how none -- -f closed.yaml apply
	kill "$listening"
	for port in 22 3000 3000{0..9}; do
		[[ $stderr == *"port $port of sshd"* ]] || { echo "$port: $stderr"; false; }
	done
}

@test "UDP sockets that are connected are told with their peer before the kernel tracks anything" {
	printf 'allow: {tcp: 22}\n' >tcp.yaml
	ip netns exec "$NS" nft flush ruleset
	mkfifo orders
	/usr/bin/python3 "$TOP/tests/lib/datagrams.py" "$NS" "$PEER" 192.0.2.2 60001 connected <orders 3>&- >ready &
	talking=$!
	exec 8>orders
	for _ in $(seq 200); do
		grep -q ready ready && break
		sleep 0.1
	done
	ip netns exec "$NS" conntrack -F 2>/dev/null || true
	run -1 gate --netns "$NS" -f tcp.yaml -j diff
	json '[.connections_cut[] | [.protocol, .remote.address, .when]] == [["udp", "192.0.2.1", "next_packet"]]'
	exec 8>&-
	wait "$talking"
}

@test "connections that are there go on at the first load, also where the host sends first and outbound lines refuse" {
	printf 'allow: {tcp: [22, 2222]}\noutbound: {default: drop}\n' >first.yaml
	printf 'allow: {tcp: [22, {port: 2222, from: 192.0.2.9}]}\noutbound: {default: drop}\n' >other.yaml
	cat >first.py <<-'END'
		import ctypes, os, socket, subprocess, sys
		here, there, to, how, policy = sys.argv[1:]
		family = socket.AF_INET6 if ":" in to else socket.AF_INET
		def enter(netns):
		    with open("/run/netns/" + netns) as place:
		        assert ctypes.CDLL(None).setns(place.fileno(), 0x40000000) == 0
		enter(here)
		listener = socket.create_server((to, 2222), family=family)
		enter(there)
		client = socket.create_connection((to, 2222), timeout=15)
		enter(here)
		held = listener.accept()[0]
		held.sendall(b"before")
		assert client.recv(6) == b"before"
		command = [os.environ["SOCKGATE"], "-f", policy, "apply", "-q", "--force"]
		if how == "others":    # the process above holds no connection
		    if not os.fork():
		        os.setsid()
		        pid = os.fork()
		        if pid:
		            os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
		        listener.close(), held.close()
		        os.execvp(command[0], command)
		    assert os.wait()[1] == 0
		else:
		    subprocess.run(command, check=True)
		held.sendall(b"first")
		client.settimeout(2)
		try:
		    print(client.recv(5).decode())
		except TimeoutError:
		    print("silent")
	END
	first() {
		ip netns exec "$NS" nft flush ruleset
		ip netns exec "$NS" conntrack -F
		[ "$(ip netns exec "$NS" cat /proc/sys/net/netfilter/nf_conntrack_count)" -eq 0 ]
		run -0 --separate-stderr timeout 60 /usr/bin/python3 first.py "$NS" "$PEER" "$@"
	}
	for to in 192.0.2.2 2001:db8::2; do
		for how in caller others; do
			first "$to" "$how" first.yaml
			[ "$output" = first ]
			[[ $stderr != *"stand still"* ]]
		done
	done
	# what the policy cuts off stays cut off
	first 192.0.2.2 others other.yaml
	[ "$output" = silent ]
	first 192.0.2.2 caller other.yaml
	[ "$output" = silent ]
}

@test "the way of the replies decides for others' connections, too" {
	ip -n "$NS" link add d0 type veth peer name d1
	ip -n "$NS" addr add 198.51.100.1/32 dev d0
	ip -n "$NS" link set d1 up
	ip -n "$NS" link set d0 up
	ip -n "$PEER" route add 198.51.100.1 via 192.0.2.2
	printf 'allow: {tcp: [{port: 22, interface: d0}, {port: 2222, from: 192.0.2.0/24}]}\n' >d0.yaml
	printf 'allow: {tcp: [{port: 22, interface: eth0}, {port: 2222, from: 192.0.2.0/24}]}\n' >eth0.yaml
	login 1 --to 198.51.100.1 --other 192.0.2.9 --how none -- -f d0.yaml -j apply -n
	json '[.connections_cut[] | [.local.port, .when, .verdict]] == [[22, "reconnect", "drop"]]'
	login 1 --to 198.51.100.1 --other 192.0.2.9 --how none -- -f eth0.yaml -j apply -n
	json '.connections_cut == []'
}

@test "without rights to look into processes, as in a reload of the unit" {
	limited=(setpriv --bounding-set=-all,+net_admin --inh-caps=-all,+net_admin)
	# that sshd is above can be seen, and not which connection it holds
	run -1 --separate-stderr /usr/bin/python3 "$TOP/tests/lib/logins.py" "$NS" "$PEER" --how direct --variable - -- \
		"${limited[@]}" "$SOCKGATE" -f closed.yaml -q apply
	[[ $stderr == *"the SSH connection from 192.0.2.1 to 192.0.2.2 port 22 would be refused"* ]]
	for how in orphan none; do
		run -1 --separate-stderr /usr/bin/python3 "$TOP/tests/lib/logins.py" "$NS" "$PEER" --how "$how" --variable - -- \
			"${limited[@]}" "$SOCKGATE" -f closed.yaml -q apply
		[[ $stderr == *"not applied: every new SSH connection (port 22) would be refused"* ]] || { echo "$how: $stderr"; false; }
	done
	run -1 --separate-stderr /usr/bin/python3 "$TOP/tests/lib/logins.py" "$NS" "$PEER" -- "${limited[@]}" "$SOCKGATE" -f closed.yaml apply
	[[ $stderr == *"the SSH connection from 192.0.2.1 to 192.0.2.2 port 22 would be refused"* ]]
	is_open
}

@test "from tmux the session that is attached is judged, not the one that started it" {
	command -v tmux || skip "no tmux"
	# shellcheck disable=SC2016
	run -1 --separate-stderr timeout 60 /usr/bin/python3 "$TOP/tests/lib/logins.py" "$NS" "$PEER" --from 192.0.2.9 --other 192.0.2.1 -- bash -c '
		tmux -S "$PWD/tmux" -f /dev/null new-session -d "\"$SOCKGATE\" -f office.yaml apply >said 2>&1; echo \$? >code; tmux -S \"$PWD/tmux\" wait-for -S done"
		tmux -S "$PWD/tmux" wait-for done
		exit "$(cat code)"'
	[[ $(cat said) == *"the SSH connection from 192.0.2.1 "*", and may be yours: which of 2 sessions is yours is not known"* ]]
	is_open
}
