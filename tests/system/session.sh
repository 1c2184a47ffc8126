#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The session that README.md shows, run for real in a namespace:
#
#     sudo tests/system/session.sh             prints it
#     sudo tests/system/session.sh --update    puts it into README.md, between its markers
#     sudo tests/system/session.sh --check     says whether README.md has it as it is
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
program=${SOCKGATE:-$top/build/dev/sockgate}
unset SSH_CONNECTION
. "$top/tests/lib/netns.sh"
work=$(mktemp -d)
chmod 0755 "$work"
trap 'netns_cleanup; rm -rf "$work"' EXIT

netns_new NS || exit 1
session() {
	cat >"$work/policy.yaml" <<-'END'
		name: edge web server
		groups:
		  office: [192.0.2.0/24, 2001:db8:10::/48]
		allow:
		  tcp:
		    - https
		    - {port: ssh, from: office}
		    - {port: 9100, from: office, except: 192.0.2.66, comment: node exporter}
		block:
		  any: [{from: 203.0.113.0/24, comment: scanners}]
		tests:
		  - {expect: allow, tcp: https, from: 198.51.100.0/24}
		  - {expect: block, tcp: ssh, from: 198.51.100.0/24}
	END
	chmod 0644 "$work/policy.yaml"
	sed 's/office, except/ofice, except/' "$work/policy.yaml" >"$work/typo.yaml"
	sed 's/    - https/    - http\n    - https/' "$work/policy.yaml" >"$work/next.yaml"
	shown cat policy.yaml
	shown sockgate -f policy.yaml check
	shown sockgate -f typo.yaml check
	shown sockgate -f policy.yaml apply
	shown sockgate -f policy.yaml apply
	shown sockgate -f policy.yaml explain 9100/tcp
	shown sockgate -f policy.yaml explain ssh/tcp --from 198.51.100.7
	shown sockgate diff policy.yaml next.yaml
	shown nft insert rule inet sockgate input tcp dport 5432 accept
	shown sockgate -f policy.yaml diff
}

shown() {
	printf '$ %s\n' "$*"
	local command=$1
	shift
	[ "$command" = sockgate ] && command=$program
	(cd "$work" && ip netns exec "$NS" "$command" "$@" 2>&1)
	echo
}

in_readme() {
	sed -n '/^<!-- session: begin/,/^<!-- session: end/p' "$top/README.md" | sed '1,2d' | head -n -2
}

case ${1:-} in
--check)
	session | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' | diff - <(in_readme)
	;;
--update)
	session | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' >"$work/session"
	awk -v file="$work/session" '
		/^<!-- session: begin/ {print; print "```console"; while ((getline line <file) > 0) print line; print "```"; skip = 1}
		/^<!-- session: end/ {skip = 0}
		!skip' "$top/README.md" >"$work/README.md" && cat "$work/README.md" >"$top/README.md"
	;;
*)
	session
	;;
esac
