#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The loaded table is changed by hand in every way that nft and netlink offer (mutations.py has the list): nothing of it
# is called proven that moves a packet's fate or its log, and apply mends it.

load common

@test "whatever is changed in a small table is noticed, and mended" {
	inside /usr/bin/python3 "$TOP/tests/system/mutations.py" "$SOCKGATE" small
}

@test "whatever is changed in a large set of addresses is noticed, and mended" {
	inside /usr/bin/python3 "$TOP/tests/system/mutations.py" "$SOCKGATE" single
}

@test "whatever is changed in a large set of intervals is noticed, and mended" {
	inside /usr/bin/python3 "$TOP/tests/system/mutations.py" "$SOCKGATE" pairs
}
