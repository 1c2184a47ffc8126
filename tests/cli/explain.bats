#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# explain against a policy: one packet, many packets, bad questions.

load common

@test "accepted, dropped, rejected: the verdict first, then the line" {
	web_policy
	run -0 gate -f policy.yaml explain https/tcp --from 198.51.100.7
	[ "${lines[0]}" = "accept tcp 443 from 198.51.100.7" ]
	[ "${lines[1]}" = "  because policy.yaml:6 allow.tcp[0]" ]
	run -1 gate -f policy.yaml explain 5432/tcp --from 198.51.100.7
	[ "$output" = $'drop tcp 5432 from 198.51.100.7\n  because default: drop' ]
	run -1 gate -f policy.yaml explain 113/tcp --from 198.51.100.7 --to 192.0.2.2 --interface eth0
	[ "${lines[0]}" = "reject tcp 113 from 198.51.100.7 to 192.0.2.2 interface eth0" ]
	run -0 gate -f policy.yaml explain 9100/tcp --from 2001:db8:10::9
	[[ $output == *"allow.tcp[2] (node exporter)"* ]]
	run -0 gate -f policy.yaml explain 5432/tcp --interface lo
	[[ $output == *"because baseline.loopback"* ]]
	run -0 gate -f policy.yaml explain echo-request/icmp --from 198.51.100.7
	[ "${lines[0]}" = "accept icmp echo-request from 198.51.100.7" ]
	run -0 gate -f policy.yaml explain 128/icmpv6
	[ "${lines[0]}" = "accept icmpv6 echo-request" ]
	run -0 gate -f policy.yaml explain esp --from 192.0.2.1
	run -1 gate -q -f policy.yaml explain 5432/tcp
	[ -z "$output" ]
}

@test "where it depends, exactly on what" {
	web_policy
	run -1 gate -f policy.yaml explain 22/tcp
	[ "${lines[0]}" = "depends tcp 22" ]
	[ "${lines[1]}" = "  accept    from 192.0.2.0/24, 2001:db8:10::/48" ]
	[[ ${lines[2]} == "  drop      from anywhere except 192.0.2.0/24, 2001:db8:10::/48" ]]
	run -1 gate -f policy.yaml -j explain 25/tcp
	json '.verdict == "depends" and ([.boxes[] | select(.verdict == "accept").where.interfaces] == [["eth1"]])'
	# the boxes are disjoint and whole: every IPv4 source through eth1 is in one of them
	json '[.boxes[] | select(.where.interfaces_except == null and (.where.interfaces == null or .where.interfaces == ["eth1"]))
		.where.sources[] | select(contains(":") | not) | (split("/")[1] // "32" | tonumber) as $n | pow(2; 32 - $n)] |
		add == 4294967296'
}

@test "JSON as documented" {
	web_policy
	run -0 gate -f policy.yaml -j explain 9100/tcp --from 192.0.2.9
	json '. == {format_version: "1.0", verb: "explain", against: "policy",
		packet: {direction: "in", protocol: "tcp", port: 9100, from: "192.0.2.9", to: null, interface: null},
		verdict: "accept", because: [{file: "policy.yaml", line: 8, rule: "allow.tcp[2]"}]}'
	json 'keys_unsorted == ["format_version", "verb", "against", "packet", "verdict", "because"]'
	json '.packet | keys_unsorted == ["direction", "protocol", "port", "from", "to", "interface"]'
	run -1 gate -f policy.yaml -j explain 5432/tcp
	json '.because == [{file: "policy.yaml", line: 14, rule: "block.any[0]"}, {file: null, line: null, rule: "default"}]'
	run -0 gate -f policy.yaml -j explain echo-request/icmp --to 192.0.2.2
	json '.packet.type == 8 and .packet.port == null'
}

@test "icmp is ICMP and ICMPv6, as in a policy" {
	cat >policy.yaml <<-'END'
		baseline: {ping: false, icmp-errors: false, neighbour-discovery: false}
		allow:
		  icmp: [echo-request, {type: 200, family: ipv6}]
	END
	run -0 gate -f policy.yaml explain echo-request/icmp
	[ "${lines[0]}" = "accept icmp echo-request" ]
	[ "${lines[2]}" = "accept icmpv6 echo-request" ]
	run -1 gate -f policy.yaml explain 200/icmp
	[ "${lines[0]}" = "drop icmp 200" ]
	[ "${lines[2]}" = "accept icmpv6 200" ]
	run -1 gate -f policy.yaml explain icmp
	[ "$(grep -c '^depends icmp' <<<"$output")" -eq 2 ]
	# an address is of one of them, and so are some types
	run -0 gate -f policy.yaml explain 200/icmp --from 2001:db8::9
	[ "${lines[0]}" = "accept icmpv6 200 from 2001:db8::9" ]
	[ "${#lines[@]}" -eq 2 ]
	run -1 gate -f policy.yaml explain nd-redirect/icmp
	[ "${lines[0]}" = "drop icmpv6 nd-redirect" ]
	[ "${#lines[@]}" -eq 2 ]
	run -1 gate -f policy.yaml -j explain 200/icmp
	json '.verdict == "depends" and .packet == null and .against == "policy"'
	json '.answers | map(.packet.protocol + " " + .verdict) == ["icmp drop", "icmpv6 accept"]'
	json '.answers | all(has("because") and .packet.type == 200)'
	run -0 gate -f policy.yaml -j explain echo-request/icmp
	json '.verdict == "accept" and (.answers | length == 2)'
	# many packets: one line each all the same
	printf '%s\n' 'icmp echo-request' 'icmp 200 from 2001:db8::9' >packets
	run -0 gate -f policy.yaml explain --stdin <packets
	[ "${#lines[@]}" -eq 2 ]
	[ "${lines[0]}" = "accept icmp echo-request: policy.yaml:3 allow.icmp[0]; accept icmpv6 echo-request: policy.yaml:3 allow.icmp[0]" ]
	[ "${lines[1]}" = "accept icmpv6 200 from 2001:db8::9: policy.yaml:3 allow.icmp[1]" ]
	gate -f policy.yaml -j explain --stdin <packets >answers
	[ "$(wc -l <answers)" -eq 2 ]
	jq -s -e '(.[0].answers | length == 2) and .[1].packet.protocol == "icmpv6"' answers
}

@test "a service alone is each of its ports; a number alone is that port, and the protocol" {
	cat >policy.yaml <<-'END'
		allow:
		  tcp: [ssh, domain]
		  112: [{from: 192.0.2.0/24}]
	END
	run -1 gate -f policy.yaml explain ssh
	[ "$output" = $'accept tcp 22\n  because policy.yaml:2 allow.tcp[0]\ndrop sctp 22\n  because default: drop' ]
	run -1 gate -f policy.yaml explain postgresql
	[ "$output" = $'drop tcp 5432\n  because default: drop' ]
	run -1 gate -f policy.yaml explain domain
	[ "${lines[0]}" = "accept tcp 53" ]
	[ "${lines[2]}" = "drop udp 53" ]
	run -1 gate -f policy.yaml explain 112 --from 192.0.2.9
	[ "${lines[0]}" = "drop tcp 112 from 192.0.2.9" ]
	[ "${lines[2]}" = "drop udp 112 from 192.0.2.9" ]
	[[ ${lines[4]} =~ ^accept\ (protocol\ 112|112|vrrp)\ from\ 192.0.2.9$ ]]
	[ "${lines[5]}" = "  because policy.yaml:3 allow.112[0]" ]
	run -1 gate -f policy.yaml explain 443
	[ "$output" = $'drop tcp 443\n  because default: drop\ndrop udp 443\n  because default: drop' ]
	run -1 gate -f policy.yaml -j explain 22
	json '.answers | map(.packet.protocol) | .[:2] == ["tcp", "udp"]'
	run -0 gate -f policy.yaml explain --stdin <<<"ssh from 192.0.2.9"
	[ "$output" = "accept tcp 22 from 192.0.2.9: policy.yaml:2 allow.tcp[0]; drop sctp 22 from 192.0.2.9: default: drop" ]
}

@test "tcp+udp is both, as in a policy" {
	printf 'allow: {tcp+udp: [domain], tcp: [ssh]}\n' >policy.yaml
	run -0 gate -f policy.yaml explain 53/tcp+udp
	[ "${lines[0]}" = "accept tcp 53" ]
	[ "${lines[2]}" = "accept udp 53" ]
	run -1 gate -f policy.yaml explain 22/tcp+udp
	[ "${lines[0]}" = "accept tcp 22" ]
	[ "${lines[2]}" = "drop udp 22" ]
}

@test "questions that make no sense" {
	web_policy
	expect() {
		local text=$1
		shift
		run -2 --separate-stderr gate -f policy.yaml explain "$@"
		[ -z "$output" ]
		[ "$stderr" = "sockgate: error: $text" ] || { echo "$stderr"; return 1; }
	}
	expect "'explain' wants PORT/PROTO, for example 22/tcp"
	expect "'65536' is no port (0-65535) and no protocol (0-255)" 65536
	expect "'' names no protocol: PORT/PROTOCOL, for example 22/tcp" ""
	expect "'22/' names no protocol: PORT/PROTOCOL, for example 22/tcp" 22/
	expect "unknown protocol 'TCP', did you mean 'tcp'?" 22/TCP
	expect "unknown protocol 'icmp6', did you mean 'icmpv6'?" icmp6
	for mistyped in "tcp/443 443/tcp" "udp/domain domain/udp" "icmp/8 8/icmp" "echo-request echo-request/icmp" \
		"ping echo-request/icmp" "icmpv6/echo-reply echo-reply/icmpv6"; do
		expect "'${mistyped% *}' is not PORT/PROTOCOL, did you mean '${mistyped#* }'?" "${mistyped% *}"
	done
	expect "'tcp 443' is not PORT/PROTOCOL, did you mean '443/tcp'?" "tcp 443"
	expect "'443 tcp' is not PORT/PROTOCOL, did you mean '443/tcp'?" "443 tcp"
	expect "'icmp echo-request' is not PORT/PROTOCOL, did you mean 'echo-request/icmp'?" "icmp echo-request"
	expect "'8000-8080' is not one port: ask for each, as in '443/tcp'" 8000-8080
	expect "'80,443/tcp' is not one port: ask for each, as in '443/tcp'" 80,443/tcp
	expect "'ssh from 192.0.2.9' is not PORT/PROTOCOL: addresses stand behind --from and --to, and --stdin reads whole packets, as in 'tcp 443 from 192.0.2.9'" "ssh from 192.0.2.9"
	expect "unknown protocol or service 'shh', did you mean 'ssh'?" shh
	expect "unknown protocol 'tpc', did you mean 'tcp'?" 22/tpc
	expect "'htpps' is no port, did you mean 'https'?" htpps/tcp
	expect "'65536' is no port (0-65535) and no service that is known" 65536/tcp
	expect "'' is no port (0-65535) and no service that is known" /tcp
	expect "protocol 50 has no ports" 22/esp
	expect "a port wants a protocol: '22/tcp'" 22/any
	expect "'nonsense' is no type of icmp" nonsense/icmp
	expect "'256' is no type of icmp" 256/icmp
	expect "--from: '192.0.2.300' is no address" 22/tcp --from 192.0.2.300
	expect "--from: '192.0.2.0/24' is no address, a packet has one" 22/tcp --from 192.0.2.0/24
	expect "--to: '::1' is no IPv4 address, as the rest wants it" 22/tcp --from 192.0.2.1 --to ::1
	expect "--from: '192.0.2.1' is no IPv6 address, as the rest wants it" 128/icmpv6 --from 192.0.2.1
	expect "--interface: 'eth*' cannot be the name of an interface" 22/tcp --interface 'eth*'
	expect "--interface: 'eth0:1' cannot be the name of an interface" 22/tcp --interface eth0:1
	expect "--interface: 'averyveryverylongname' cannot be the name of an interface" 22/tcp --interface averyveryverylongname
	expect "with --stdin the packets stand on standard input alone" 22/tcp --stdin
	expect "with --stdin the packets stand on standard input alone" --stdin --from 192.0.2.1
	run -2 gate -f - explain --stdin </dev/null
	[[ $output == *"policy and packets at once"* ]]
}

# A host that sends mail by its relay alone, in policy.yaml.
relay_policy() {
	cat >policy.yaml <<-'END'
		allow:
		  tcp: [22]
		outbound:
		  default: reject
		  allow:
		    tcp: [443, {port: 587, from: 192.0.2.9, interface: eth0}]
		  block:
		    tcp: [{port: 25, except: 198.51.100.25, answer: drop}]
	END
}

@test "what leaves: by its own lines, with the ends the other way round" {
	relay_policy
	run -1 gate -f policy.yaml explain smtp/tcp --outbound --to 203.0.113.9
	[ "$output" = $'drop outbound tcp 25 to 203.0.113.9\n  because policy.yaml:8 outbound.block.tcp[0]' ]
	run -1 gate -f policy.yaml explain 25/tcp --outbound --to 198.51.100.25
	[ "$output" = $'reject outbound tcp 25 to 198.51.100.25\n  because policy.yaml:4 outbound.default: reject' ]
	run -0 gate -f policy.yaml explain 587/tcp --outbound --from 192.0.2.9 --to 203.0.113.9 --interface eth0
	[ "${lines[0]}" = "accept outbound tcp 587 from 192.0.2.9 to 203.0.113.9 interface eth0" ]
	run -1 gate -f policy.yaml explain 587/tcp --outbound --from 192.0.2.9 --interface eth1
	run -1 gate -f policy.yaml explain 443/tcp
	[ "$output" = $'drop tcp 443\n  because default: drop' ]
	run -0 gate -f policy.yaml explain 25/tcp --outbound --interface lo
	[[ $output == *"because baseline.loopback"* ]]
	run -1 gate -f policy.yaml explain 25/tcp --outbound
	[ "${lines[0]}" = "depends outbound tcp 25" ]
	[[ $output == *"  reject    to 198.51.100.25"* ]]
	run -1 gate -f policy.yaml -j explain 25/tcp --outbound --to 203.0.113.9
	json '.packet == {direction: "out", protocol: "tcp", port: 25, from: null, to: "203.0.113.9", interface: null}'
	json '.verdict == "drop" and .because == [{file: "policy.yaml", line: 8, rule: "outbound.block.tcp[0]"}]'
	run -1 gate -f policy.yaml -j explain 587/tcp --outbound
	json '[.boxes[] | select(.verdict == "accept").where] == [{protocol: "tcp", ports: [{first: 587, last: 587}],
		sources: ["192.0.2.9"], destinations: ["0.0.0.0/0"], interfaces: ["eth0"]}]'
}

@test "what leaves is not decided when the policy says nothing of it" {
	web_policy
	run -0 gate -f policy.yaml explain 25/tcp --outbound
	[ "${lines[0]}" = "accept outbound tcp 25" ]
}

@test "many packets, some of which leave" {
	relay_policy
	printf '%s\n' "outbound tcp 25 to 203.0.113.9" "tcp 25 to 203.0.113.9" "outbound tcp 443" "outbound 22/tcp from 192.0.2.9" \
		"outbound" "outbound outbound tcp 25" >packets
	run -2 gate -f policy.yaml explain --stdin <packets
	[ "${lines[0]}" = "drop outbound tcp 25 to 203.0.113.9: policy.yaml:8 outbound.block.tcp[0]" ]
	[ "${lines[1]}" = "drop tcp 25 to 203.0.113.9: default: drop" ]
	[[ ${lines[2]} == "accept outbound tcp 443: "* ]]
	[[ ${lines[3]} == "reject outbound tcp 22 from 192.0.2.9: "* ]]
	[ "${lines[4]}" = "error line 5: no packet in this line" ]
	[[ ${lines[5]} == "error line 6: unknown protocol 'outbound'"* ]]
	run -2 gate -f policy.yaml explain --stdin --outbound <packets
	[[ $output == *"the packets stand on standard input alone" ]]
}

@test "a policy that is not valid is the answer" {
	printf 'allow: {tcp: 0}\n' >bad.yaml
	run -2 --separate-stderr gate -f bad.yaml explain 22/tcp
	[ -z "$output" ]
	[[ $stderr == "bad.yaml:1:14: error:"* ]]
	run -2 --separate-stderr gate -f bad.yaml -j explain 22/tcp
	json '.verb == "explain" and .ok == false and .diagnostics[0].line == 1'
}

@test "many packets: one answer a line, in order" {
	web_policy
	cat >packets <<-'END'
		tcp 443 from 198.51.100.7
		tcp 5432 from 198.51.100.7 to 192.0.2.2 interface eth0
		  tcp	113	from  198.51.100.7
		udp 443
		esp from 192.0.2.1
		icmp 8 from 192.0.2.1
		icmpv6 echo-request from 2001:db8::1
		tcp ssh from 192.0.2.1
		22/tcp from 192.0.2.1
	END
	printf 'tcp 443 from 192.0.2.1 interface lo' >>packets
	run -0 gate -f policy.yaml explain --stdin <packets
	[ "${#lines[@]}" -eq 10 ]
	[ "$(cut -d' ' -f1 <<<"$output" | tr '\n' ' ')" = "accept drop reject depends accept accept accept accept accept accept " ]
	[ "${lines[0]}" = "accept tcp 443 from 198.51.100.7: policy.yaml:6 allow.tcp[0]" ]
	gate -f policy.yaml -j explain --stdin <packets >answers
	[ "$(wc -l <answers)" -eq 10 ]
	[ "$(jq -r .verdict answers | tr '\n' ' ')" = "accept drop reject depends accept accept accept accept accept accept " ]
	# each is what the same question alone is answered
	jq -c . answers | sed -n 1p | cmp - <(gate -f policy.yaml -j explain 443/tcp --from 198.51.100.7 | jq -c .)
	jq -c . answers | sed -n 4p | cmp - <(gate -f policy.yaml -j explain 443/udp | jq -c .)
}

@test "a bad line is answered with an error, and the others all the same" {
	web_policy
	{
		printf 'tcp 443 from 198.51.100.7\r\nnonsense\n\ntcp 443 to\ntcp 443 from 192.0.2.1 from 192.0.2.1\ntcp 1 2\ntcp 443 %%n\n'
		printf 'tcp 443 \377\n'
		head -c 100000 /dev/zero | tr '\0' x
		printf '\ntcp \0 443\n'
		printf 'udp 53\n'
	} >packets
	run -2 --separate-stderr gate -f policy.yaml explain --stdin <packets
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 11 ]
	[[ ${lines[0]} == "accept "* ]]
	[ "${lines[1]}" = "error line 2: unknown protocol 'nonsense'" ]
	[ "${lines[8]}" = "error line 9: line of more than 4096 bytes" ]
	[ "$(grep -c ^error <<<"$output")" -eq 9 ]
	[[ ${lines[10]} == "drop udp 53"* ]]
	run -2 --separate-stderr gate -f policy.yaml -j explain --stdin <packets
	[ "$(jq -s length <<<"$output")" -eq 11 ]
	[ "$(jq -s '[.[] | select(.error)] | length' <<<"$output")" -eq 9 ]
}

@test "no packets, no answers" {
	web_policy
	run -0 gate -f policy.yaml explain --stdin </dev/null
	[ -z "$output" ]
}

@test "who asks on a pipe and waits gets the answer at once" {
	web_policy
	coproc asked { "$SOCKGATE" -f policy.yaml explain --stdin; }
	pid=$asked_PID # bash forgets it as soon as the program is gone
	for port in 443 5432; do
		echo "tcp $port from 198.51.100.7" >&"${asked[1]}"
		read -r -t 10 answer <&"${asked[0]}"
		[[ $answer == *" tcp $port from 198.51.100.7: "* ]]
	done
	eval "exec ${asked[1]}>&-"
	wait "$pid"
}

@test "100,000 packets are answered, each" {
	web_policy
	seq 1 100000 | awk '{print "tcp", $1 % 65536, "from 198.51." int($1 / 256) % 256 "." $1 % 256}' >packets
	gate -f policy.yaml explain --stdin <packets >answers
	[ "$(wc -l <answers)" -eq 100000 ]
	[ "$(cut -d' ' -f2- answers | cut -d: -f1 | cmp - packets && echo same)" = same ]
	# 443 and 65536 + 443
	[ "$(grep -c '^accept ' answers)" -eq 2 ]
}

@test "what goes to published ports: by the lines for what comes in, unless the policy ignores it" {
	cat >policy.yaml <<-'END'
		published: enforce
		allow:
		  tcp: [22, {port: 8080, from: 192.0.2.0/24}]
		  udp: [{port: 53, to: 198.51.100.20}]
		block:
		  any: [{from: 192.0.2.66}]
	END
	run -0 gate -f policy.yaml explain 8080/tcp --published --from 192.0.2.9
	[ "$output" = $'accept published tcp 8080 from 192.0.2.9\n  because policy.yaml:3 allow.tcp[1]' ]
	run -1 gate -f policy.yaml explain 8080/tcp --published --from 192.0.2.66
	[ "$output" = $'drop published tcp 8080 from 192.0.2.66\n  because policy.yaml:6 block.any[0]' ]
	run -1 gate -f policy.yaml explain domain/udp --published
	[ "${lines[0]}" = "depends published udp 53" ]
	[[ $output == *"  accept    from any IPv4 address except 192.0.2.66 to 198.51.100.20"* ]]
	run -1 gate -f policy.yaml -j explain 80/tcp --published --to 198.51.100.20 --interface eth0
	json '.packet == {direction: "published", protocol: "tcp", port: 80, from: null, to: "198.51.100.20", interface: "eth0"}'
	json '.verdict == "drop" and (.because | map(.rule) | index("default") != null)'
	# the baseline holds, but for what is not forwarded
	run -0 gate -f policy.yaml explain 23/tcp --published --interface lo --from 192.0.2.66
	[ "${lines[1]}" = "  because baseline.loopback" ]
	run -2 gate -f policy.yaml explain --stdin <<<$'published echo-request/icmp\npublished 546/udp from fe80::1 to fe80::2\n546/udp from fe80::1 to fe80::2\npublished'
	[[ ${lines[0]} == "accept published icmp echo-request: baseline.ping; accept published icmpv6 echo-request: baseline.ping" ]]
	[[ ${lines[1]} == "drop published udp 546 from fe80::1 to fe80::2: default"* ]]
	[[ ${lines[2]} == "accept udp 546 from fe80::1 to fe80::2: baseline.dhcpv6-client" ]]
	[[ ${lines[3]} == *"no packet in this line"* ]]
	# a DHCPv6 server may answer from any address, to the client's link-local one
	run -0 gate -f policy.yaml explain 546/udp --from 2001:db8::1 --to fe80::2
	run -1 gate -f policy.yaml explain 546/udp --from 2001:db8::1 --to 2001:db8::2
	run -2 gate -f policy.yaml explain 22/tcp --published --outbound
	[[ $output == *"does not leave"* ]]
	sed -i 1d policy.yaml
	run -1 gate -f policy.yaml explain 80/tcp --published
	sed -i '1i published: ignore' policy.yaml
	run -0 gate -f policy.yaml explain 80/tcp --published
	[ "$output" = "accept published tcp 80" ]
}
