#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the documents say is what the program does.

load common

@test "the session in README.md is what the program prints" {
	SOCKGATE=$SOCKGATE "$TOP/tests/system/session.sh" --check
}

@test "the manual pages have no faults and name every verb and option of the help" {
	for page in "$TOP"/docs/*.[58]; do
		run -0 groff -man -Tutf8 -ww -z "$page"
		[ -z "$output" ]
	done
	page=$(sed 's/\\-/-/g; s/\\f.//g' "$TOP/docs/sockgate.8")
	"$SOCKGATE" --help >help
	for verb in check diff apply verify status listening explain show clear; do
		grep -qw "$verb" help
		grep -qE "^\.(B|BR) $verb" <<<"$page"
		for option in $("$SOCKGATE" "$verb" --help | grep -oE -- '--[a-z][a-z-]+' | sort -u); do
			grep -qF -- "$option" <<<"$page" || { echo "sockgate.8 does not name $option of $verb"; false; }
		done
	done
}

@test "every key that the policy language has is in sockgate.yaml(5)" {
	page=$(sed 's/\\-/-/g; s/\\f.//g' "$TOP/docs/sockgate.yaml.5")
	count=0
	while read -r key; do
		grep -qwF -- "$key" <<<"$page" || { echo "sockgate.yaml.5 does not name $key"; false; }
		count=$((count + 1))
	done < <(sed -nE 's/^KEY\([^"]*, "([a-z0-9+-]+)", [A-Z]+,.*/\1/p' "$TOP/src/policy/keys.def" | sort -u)
	[ $count -ge 30 ]
}
