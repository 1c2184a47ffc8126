# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the whole-program tests share: a namespace for each test, the program in it, small policies.

TOP=${SOCKGATE_TOP:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
SOCKGATE=${SOCKGATE:-$TOP/build/dev/sockgate}
bats_require_minimum_version 1.5.0
unset SSH_CONNECTION
. "$TOP/tests/lib/netns.sh"

setup() {
	netns_new NS
	cd "$BATS_TEST_TMPDIR" || return 1
	chmod 0755 .
}

teardown() {
	netns_cleanup
}

# The program, in the test's namespace, as whoever is logged in there.
gate() {
	timeout 60 ip netns exec "$NS" "$SOCKGATE" "$@"
}

inside() {
	ip netns exec "$NS" "$@"
}

generation() {
	inside /usr/bin/python3 "$TOP/tests/lib/generation.py"
}

# The rules that are not ours, as text.
foreign() {
	inside nft list ruleset | awk '/^table /{keep = $3 != "sockgate"} keep'
}

web_policy() {
	cat >policy.yaml <<-'END'
		name: web
		groups:
		  office: [192.0.2.0/24, 2001:db8:10::/48]
		allow:
		  tcp:
		    - ssh
		    - 80
		    - https
		    - port: [9100, 9256]
		      from: office
		      except: 192.0.2.66
		    - {port: 8000-8099, from: 198.51.100.0/24, interface: eth1}
		  udp: [443]
		block:
		  tcp: [23]
		  any: [{from: 203.0.113.0/24}]
	END
	chmod 0644 policy.yaml
}
