#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A fault or a signal at system calls of the program, a sample of them; SOCKGATE_FULL=1 takes every one. TAP.
set -u
here=$(cd "$(dirname "$0")" && pwd)
runs=80
[ "${SOCKGATE_FULL:-0}" = 1 ] && runs=0
exec /usr/bin/python3 "$here/faults.py" "${SOCKGATE:-$here/../../build/dev/sockgate}" $runs "${SOCKGATE_SEED:-1}"
