# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the tests of the program without a kernel have in common. $SOCKGATE is the program, $SOCKGATE_BUILD its build.

bats_require_minimum_version 1.5.0
umask 022
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$HERE/../.." && pwd)
SOCKGATE_BUILD=${SOCKGATE_BUILD:-$TOP/build/dev}
SOCKGATE=${SOCKGATE:-$SOCKGATE_BUILD/sockgate}
unset SSH_CONNECTION NO_COLOR
export LC_ALL=C.UTF-8

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# gate ARGUMENTS…
gate() {
	"$SOCKGATE" "$@"
}

# A policy with something of everything, in policy.yaml.
web_policy() {
	cat >policy.yaml <<-'END'
		name: edge web server
		groups:
		  office: [192.0.2.0/24, "2001:db8:10::/48"]
		allow:
		  tcp:
		    - https
		    - {port: ssh, from: office}
		    - {port: 9100, from: office, except: 192.0.2.66, comment: node exporter}
		    - {port: 25, interface: eth1}
		  udp: [443]
		  esp:
		block:
		  tcp: [{port: 113, answer: reject}]
		  any: [{from: 203.0.113.0/24}]
		tests:
		  - {expect: allow, tcp: https, from: 198.51.100.0/24}
		  - {expect: block, tcp: ssh, from: 198.51.100.0/24}
	END
}

# json FILTER: the filter is true of $output, which is one JSON object and nothing else.
json() {
	jq -se 'length == 1' <<<"$output" >/dev/null || { echo "not one JSON value: $output"; return 1; }
	jq -e "$@" <<<"$output" >/dev/null || { echo "$* does not hold for: $output"; return 1; }
}
