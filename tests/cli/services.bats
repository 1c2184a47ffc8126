#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The names of services that are built in.

load common

@test "all names, by port, each with what it is also called" {
	run -0 --separate-stderr gate services
	[ -z "$stderr" ]
	[[ ${lines[0]} =~ ^NAME\ +PORTS\ +ALSO\ CALLED$ ]]
	grep -qE '^ssh +22/tcp 22/sctp *$' <<<"$output"
	grep -qE '^domain +53/tcp 53/udp +dns$' <<<"$output"
	grep -qE '^postgresql +5432/tcp +postgres, pgsql$' <<<"$output"
	# a name that another one stands for has no line of its own; one of a port that has no other has
	! grep -E '^(dns|postgres) ' <<<"$output" || return 1
	grep -qE '^grafana +3000/tcp' <<<"$output"
	grep -qE '^ipsec +500/udp 4500/udp' <<<"$output"
	# sorted by the first port of each
	sed 1d <<<"$output" | awk '{split($2, port, "/"); print port[1]}' >ports
	sort -nc ports
	[ "$(wc -l <ports)" -gt 300 ]
}

@test "one name, a port, a port of a protocol" {
	run -0 gate services postgres
	[[ ${lines[1]} =~ ^postgres\ +5432/tcp\ +postgresql,\ pgsql$ ]]
	[ "${#lines[@]}" -eq 2 ]
	run -0 gate services 514
	[ "$(awk 'NR > 1 {print $1}' <<<"$output" | sort | paste -sd ' ')" = "rsh shell syslog" ]
	run -0 gate services 514/udp
	[ "$(awk 'NR > 1 {print $1}' <<<"$output" | sort | paste -sd ' ')" = "syslog" ]
	run -1 gate services 3
	[ "$output" = "no built-in name for 3" ]
	run -1 gate services -q 3
	[ -z "$output" ]
	run -0 gate -j services dns
	json '.verb == "services" and (.services | length) == 1 and .services[0].name == "dns"'
	json '.services[0].ports == [{protocol: "tcp", port: 53}, {protocol: "udp", port: 53}]'
	json '.services[0].also_called == ["domain"]'
	run -1 gate -j services 3
	json '.services == []'
	run -0 gate -j services
	json '[.services[].name] | index("ssh") != null and index("dns") == null'
}

@test "what a policy takes as a name is listed, and what is listed a policy takes" {
	gate -j services | jq -r '.services[] | .name as $name | .ports[] | "\($name) \(.protocol)"' | sort -u >rows
	{
		echo "allow:"
		for protocol in tcp udp sctp; do
			echo "  $protocol: [$(awk -v p=$protocol '$2 == p {print $1}' rows | paste -sd ,)]"
		done
		echo "lint-ignore: [policy/wide-open]"
	} >policy.yaml
	run -0 gate check policy.yaml
}

@test "names that are not built in: why, and no other service's name" {
	expect() {
		run -2 --separate-stderr gate services "$1"
		[ "$stderr" = "sockgate: error: unknown service '$1'$2" ] || { echo "$stderr"; return 1; }
	}
	expect htpps ": did you mean 'https'?"
	expect zebra ": it is registered as 2601/tcp, and not built in: write the number"
	expect sftp ": SFTP runs over SSH: write 'ssh'"
	expect gre ": it is a protocol, not a port: write 'gre:' beside 'tcp:'"
	expect nothinglikethis ""
	expect "" ""
	run -2 gate services 22/esp
	[[ $output == *"'esp' is no protocol with ports" ]]
	run -2 gate services 65536
	[ "$output" = "sockgate: error: unknown service '65536': a port is 0 to 65535" ]
	run -2 gate services tcp/443
	[ "$output" = "sockgate: error: 'tcp/443' is not PORT/PROTOCOL, did you mean '443/tcp'?" ]
	run -2 gate services https/udp
	[ "$output" = "sockgate: error: a name stands alone: 'sockgate services https'" ]
	run -2 gate services 22-25
	[ "$output" = "sockgate: error: unknown service '22-25': ask for one port at a time" ]
	# the same where a packet is asked for
	run -2 gate explain rtelnet/tcp
	[[ $output == *"'rtelnet' is no port, it is registered as 107/tcp, 107/udp, and not built in: write the number" ]]
	run -2 gate explain rtelnet
	[[ $output == *"unknown protocol or service 'rtelnet', it is registered as 107/tcp"* ]]
	run -2 gate explain ddp
	[ "$output" = "sockgate: error: unknown protocol 'ddp', it is the one with the number 37" ]
	run -2 gate explain nts/tcp
	[[ $output != *"did you mean"* ]]
}
