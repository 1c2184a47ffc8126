#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# BPF programs on netfilter hooks. Where the kernel does not list its hooks, one of any network namespace may be ours, so these
# tests disturb all others that run at the time: they run alone.

load ../system/common
load ../system/outside

setup() {
	outside_setup
}

teardown() {
	outside_teardown
}

@test "a BPF program on each netfilter hook" {
	for hook in 0 1 3 4; do
		attach netfilter ip "$hook"
		[ "$(ask 8080)" = silent ]
		beside bpf-netfilter "hook ip "
		detach
		alone
	done
	attach netfilter ip6 1
	[ "$(ask 8080)" = answered ]
	[ "$(ask 8080 2001:db8::2)" = silent ]
	beside bpf-netfilter "hook ip6 input"
	detach
	attach netfilter ip 2
	beside bpf-netfilter "hook ip forward"
}
