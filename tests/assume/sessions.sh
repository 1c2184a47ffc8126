#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the lockout guard leans on, in a network namespace of its own. TAP.
here=$(cd "$(dirname "$0")" && pwd)
if [ "$(id -u)" -ne 0 ]; then
	echo "ok - sessions # SKIP a network namespace of one's own needs root"
	exit 0
fi
exec unshare --net /usr/bin/python3 "$here/sessions.py"
