#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whether the running kernel does what the program takes for granted of it. TAP, one plan after the other.
cd "$(dirname "$0")" || exit 1
status=0
for facts in *.sh; do
	[ "$facts" = run.sh ] && continue
	echo "# $facts"
	./"$facts" || status=1
done
exit $status
