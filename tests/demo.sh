#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds sockgate and shows it at work, in two network namespaces that are made for it and thrown away:
#
#     sudo tests/demo.sh
#
# The rules and the network of this machine are not touched. What stays is build/release and the packages that the
# build needed. Exit code: 0 when everything went as it says.
set -u
cd "$(dirname "$0")/.." || exit 1
exec </dev/null
unset CDPATH SSH_CONNECTION
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
. tests/lib/packages.sh
. tests/lib/netns.sh

top=$PWD
if [ "$(id -u)" -ne 0 ]; then
	echo "the demonstration makes network namespaces: run it as root" >&2
	exit 1
fi
say() {
	printf '\n== %s\n' "$*"
}
packages_install "${PACKAGES_BUILD[@]}" "${PACKAGES_DEMO[@]}" || exit 1
say "Building (preset release)"
log=$(mktemp)
if ! { cmake --preset release && cmake --build --preset release; } >"$log" 2>&1; then
	cat "$log" >&2
	rm -f "$log"
	exit 1
fi
rm -f "$log"
program=$top/build/release/sockgate
"$program" --version || exit 1

host_generation=$(python3 tests/lib/generation.py)
work=$(mktemp -d)
listener=
cleanup() {
	if [ -n "$listener" ]; then
		kill "$listener" 2>/dev/null
		wait "$listener" 2>/dev/null
	fi
	netns_cleanup
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
netns_new server && netns_new client && netns_pair "$client" "$server" || exit 1
ip -n "$client" addr add 192.0.2.66/24 dev out0
wrong=0

# shown EXPECTED-CODE ARGUMENTS…: runs sockgate on the server as a person would, and checks its exit code.
shown() {
	local expected=$1 code
	shift
	printf '\n$ sockgate %s\n' "$*"
	(cd "$work" && ip netns exec "$server" "$program" -f policy.yaml "$@")
	code=$?
	if [ $code -ne "$expected" ]; then
		echo "(exit code $code where $expected was expected)"
		wrong=1
	fi
}

# reach PORT ADDRESS SOURCE yes|no: opens a TCP connection from the client. What should answer gets more time.
reach() {
	local answer=no patience=0.7
	[ "$4" = yes ] && patience=5
	if ip netns exec "$client" python3 -c 'import socket, sys
socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[4]), (sys.argv[3], 0))' \
		"$2" "$1" "$3" $patience 2>/dev/null; then
		answer=yes
	fi
	printf '  %-12s -> %-12s port %-5s %s\n' "$3" "$2" "$1" "$([ $answer = yes ] && echo connected || echo 'no answer')"
	[ $answer = "$4" ] || { echo "  (that is wrong)"; wrong=1; }
}

cat >"$work/policy.yaml" <<'END'
name: a web server
groups:
  office: [192.0.2.0/24, 2001:db8::/64]
allow:
  tcp:
    - ssh
    - port: 8080
      from: office
      except: 192.0.2.66
      comment: the staging site
block:
  tcp: [telnet]
tests:
  - {expect: allow, tcp: ssh}
  - {expect: block, tcp: 5432}
END

say "A server (a namespace of its own) that listens on ports 22, 23, 5432 and 8080"
mkfifo "$work/end"
ip netns exec "$server" python3 tests/lib/listen.py tcp/0.0.0.0/22 tcp/::/8080 tcp/0.0.0.0/23 tcp/0.0.0.0/5432 \
	>"$work/ready" <"$work/end" &
listener=$!
exec 9>"$work/end"
for _ in $(seq 100); do
	grep -q ready "$work/ready" 2>/dev/null && break
	sleep 0.05
done

say "Before: everything that listens can be reached"
for port in 22 23 5432 8080; do
	reach $port 192.0.2.2 192.0.2.1 yes
done

say "The policy"
cat "$work/policy.yaml"
shown 0 check
say "What would change, without changing it (exit code 1: something would)"
shown 1 diff
say "Apply it: one transaction, read back and proven"
shown 0 apply
printf '\n$ nft list ruleset\n'
ip netns exec "$server" nft list ruleset
say "Who listens, and who can reach them"
shown 0 listening
say "Policy, kernel and sockets side by side"
shown 0 verify
shown 0 explain 8080/tcp --from 192.0.2.1
shown 1 explain 8080/tcp --from 192.0.2.66

say "Real packets, from the client's namespace"
reach 22 192.0.2.2 192.0.2.1 yes
reach 8080 192.0.2.2 192.0.2.1 yes
reach 8080 2001:db8::2 2001:db8::1 yes
reach 8080 192.0.2.2 192.0.2.66 no
reach 23 192.0.2.2 192.0.2.1 no
reach 5432 192.0.2.2 192.0.2.1 no

say "Someone opens a port behind sockgate's back; it notices"
ip netns exec "$server" nft insert rule inet sockgate input tcp dport 5432 accept
shown 1 verify
say "Apply puts it right"
shown 0 apply
reach 5432 192.0.2.2 192.0.2.1 no
shown 0 clear --force

[ "$(python3 tests/lib/generation.py)" = "$host_generation" ] || { echo "the host's own rules changed"; wrong=1; }
if [ $wrong -ne 0 ]; then
	say "Something did not go as it should: see the lines in brackets above"
	exit 1
fi
say "All as it should be. The namespaces are gone; this machine's own rules were not touched. The program: build/release/sockgate"
